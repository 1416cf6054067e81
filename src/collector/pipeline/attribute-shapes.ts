import type { WireAttribute } from '../../otlp/index.ts'

/** What is known of one list of keys. */
export interface AttributeShape<Known> {
  readonly keys: readonly string[]
  readonly known: readonly Known[]
  /** Places in the list, in the order of the keys. */
  readonly order: readonly number[]
}

const MAX_KEYS = 64
const MAX_OF_A_LENGTH = 8

/**
 * Spans of a kind carry the same keys in the same order: their sorting, and that none repeats, is found out once. Bounded;
 * keys are compared one by one, so that a sender cannot make one list look like another.
 */
export class AttributeShapes<Known> {
  readonly #byLength: (AttributeShape<Known>[] | undefined)[] = []

  find(list: readonly WireAttribute[]): AttributeShape<Known> | undefined {
    const candidates = this.#byLength[list.length]
    if (candidates === undefined) return undefined
    for (const shape of candidates) if (isOf(list, shape.keys)) return shape
    return undefined
  }

  add(keys: readonly string[], known: readonly Known[]): void {
    if (keys.length > MAX_KEYS) return
    const candidates = (this.#byLength[keys.length] ??= [])
    // The oldest gives way.
    if (candidates.length >= MAX_OF_A_LENGTH) candidates.shift()
    candidates.push({ keys, known, order: orderOf(keys) })
  }

  clear(): void {
    this.#byLength.length = 0
  }
}

function isOf(list: readonly WireAttribute[], keys: readonly string[]): boolean {
  for (let index = 0; index < keys.length; index++) if (list[index]![0] !== keys[index]) return false
  return true
}

/** By UTF-16 code units, as RFC 8785 section 3.2.3 orders keys. */
function orderOf(keys: readonly string[]): number[] {
  return keys.map((_, index) => index).sort((a, b) => (keys[a]! < keys[b]! ? -1 : 1))
}

const FEW = 24

/** By UTF-16 code units, as RFC 8785 section 3.2.3 orders keys. */
export function sortByKey<T extends { readonly key: string }>(entries: T[]): void {
  if (entries.length > FEW) {
    entries.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    return
  }
  for (let i = 1; i < entries.length; i++) {
    const entry = entries[i]!
    let at = i
    for (; at > 0 && entries[at - 1]!.key > entry.key; at--) entries[at] = entries[at - 1]!
    entries[at] = entry
  }
}

export function hasRepeats(list: readonly WireAttribute[]): boolean {
  if (list.length > FEW) return new Set(list.map(([key]) => key)).size !== list.length
  for (let i = 1; i < list.length; i++) {
    const key = list[i]![0]
    for (let j = 0; j < i; j++) if (list[j]![0] === key) return true
  }
  return false
}
