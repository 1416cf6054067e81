import { ATTR, type Attributes } from '../../schemas/index.ts'
import type { Effects } from '../../sdk/effects/index.ts'
import type { InterceptedCall } from '../../sdk/index.ts'
import { inheritedAttributes } from '../fork/inherited-changes.ts'
import type { Patch } from '../fork/patch.ts'
import type { Comparable } from '../matching/comparison.ts'
import type { EqualCalls } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'

/** A container of the running program and the recorded one that it stands for; what the sdk hands back as `parent`. */
export interface LiveContainer {
  readonly recorded: LineageNode | undefined
  readonly path: readonly string[]
  /** Calls so far by the recorded ones that they are equal to, containers so far by name. */
  readonly counts: Map<string | EqualCalls, number>
  readonly effects: Effects | undefined
  /** It is, or is within, a call that was made past the recording. */
  readonly isLive?: true
}

/** For the record: the step of the recording that a step stands for. */
export function originOf({ record }: LineageNode): Attributes {
  return { [ATTR.parentSpanId]: record.core.spanId }
}

export function changedArguments(
  patch: Patch | undefined,
  { args }: InterceptedCall,
): { args?: readonly unknown[]; attributes?: Attributes } {
  return patch?.setsInput === true ? { args: patch.applyToInput(args), attributes: inheritedAttributes({ patch }) } : {}
}

export function liveContainer(parent: LiveContainer | undefined, call: InterceptedCall): LiveContainer {
  return { recorded: undefined, path: [...(parent?.path ?? []), call.name], counts: new Map(), effects: undefined, isLive: true }
}

export function nextCount({ counts }: LiveContainer, key: string | EqualCalls): number {
  const before = counts.get(key) ?? 0
  counts.set(key, before + 1)
  return before
}

export function missMessage(
  call: InterceptedCall,
  parent: LiveContainer | undefined,
  request: Comparable | undefined,
  recordedEqual: number,
  recordedNamesakes: number,
): string {
  const what = `${call.kind} ${call.name}`
  if (request === undefined) return `${what}: its request could not be redacted, so it has no equal in the recording`
  if (recordedEqual > 0) return `${what} was called once more with a request that the recording has ${times(recordedEqual)} here`
  if (parent?.recorded === undefined) return `${what} was called outside every recorded step`
  if (recordedNamesakes === 0) return `${what} was called, and the recording has no call of that name here`
  return `${what} was called with a request that the recording does not have here`
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}

export function referenceTo(node: LineageNode): { lineage: string; name: string; sequence?: number } {
  const { stepName, sequence } = node.record.core
  return { lineage: node.lineage, name: stepName, ...(sequence === undefined ? {} : { sequence }) }
}
