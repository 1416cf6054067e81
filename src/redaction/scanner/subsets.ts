/** Places inside of anchors whose byte may come next, and anchors that the last byte completed; both ascend. */
export interface Step {
  readonly places: Int32Array
  readonly accepted: Int32Array
}

/** A step that many subsets have in common; equal ones are one. */
export interface SharedStep extends Step {
  readonly index: number
  /** By class, what the next byte makes of it. */
  readonly next: (SharedStep | undefined)[]
}

/** What the last byte began, which depends on it and on the contexts before it alone. Many anchors begin with any letter. */
export interface Beginning extends SharedStep {
  readonly contexts: number
}

/** What is known after some bytes. */
export interface Subset {
  readonly contexts: number
  readonly beginning: Beginning
  /** What the byte before the last one began. */
  readonly second: SharedStep
  /** Places other than these. */
  readonly places: Int32Array
  readonly accepted: Int32Array
}

export const NONE: Int32Array = new Int32Array(0)
/** Lists that have nothing in common, as one that ascends. */
export function joined(some: readonly number[] | undefined, ...others: readonly Int32Array[]): Int32Array {
  if (some === undefined && others.every(({ length }) => length === 0)) return NONE
  return Int32Array.from([...(some ?? []), ...others.flatMap((list) => [...list])]).sort()
}

export function hashOf({ contexts, beginning, second, places, accepted }: Subset): number {
  let hash = Math.imul(contexts * 4096 + beginning.index, 0x9e3779b1) ^ second.index
  for (let index = 0; index < places.length; index++) hash = Math.imul(hash ^ (places[index] as number), 0x9e3779b1) ^ (hash >>> 15)
  for (let index = 0; index < accepted.length; index++) hash = Math.imul(hash ^ ~(accepted[index] as number), 0x85ebca6b) ^ (hash >>> 13)
  return hash ^ (hash >>> 16)
}

export const areSame = (a: Int32Array, b: Int32Array): boolean => {
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
