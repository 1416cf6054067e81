import type { Attributes, Effect, StepKind } from '../../schemas/index.ts'
import { artifactLimitsOf } from '../recorder/options.ts'
import type { SnapshotLimits } from '../snapshot/snapshot.ts'

/** What of a recorded call a replay gives: its result, a chunk of its stream, or what it threw. */
export type ServedPart = 'result' | 'chunk' | 'error'

/** Makes of a value as it was recorded what the call gave. */
export type Restore = (value: unknown, part: ServedPart) => unknown

/** What is known beforehand of the results of a wrapper's calls. */
export interface ResultSpec {
  /** The user's reading of a result as documents. */
  readonly documents?: ((result: unknown) => unknown) | undefined
  readonly restore?: Restore | undefined
  /** The result is the bytes or the text of an artifact of this media type. */
  readonly mediaType?: string | undefined
}

/** What a wrapper knows of every call it stands before. */
export interface CallSpec {
  readonly kind: StepKind
  /** The name the user gave the step. */
  readonly name: string
  readonly effect?: Effect | undefined
  readonly provider?: string | undefined
  readonly model?: string | ((request: unknown) => unknown) | undefined
  readonly results?: ResultSpec | undefined
  /** Sent as they are. */
  readonly attributes?: Attributes | undefined
  /** Set by `instrument()`: the call is a run of its own, or the start of one. */
  readonly run?: { readonly training: boolean; readonly seed: string | undefined } | undefined
}

/** The same with every field in place: all specs of one shape are quicker for the engine to read. */
export function callSpec({ kind, name, effect, provider, model, results, attributes, run }: CallSpec): CallSpec {
  return { kind, name, effect, provider, model, results, attributes, run }
}

/** One call, as far as it is known when it starts. */
export interface Call {
  readonly spec: CallSpec
  readonly model: string | undefined
}

export type Callee = (...args: unknown[]) => unknown

/** Bounds on the output of a call. */
export function limitsFor(spec: CallSpec, limits: SnapshotLimits): SnapshotLimits {
  return spec.results?.mediaType === undefined ? limits : artifactLimitsOf(limits)
}

/** The model that a call asks for. The user's function that reads it off the request may throw: that is no concern of the call. */
export function modelOf({ model }: CallSpec, args: readonly unknown[]): string | undefined {
  if (typeof model !== 'function') return model
  try {
    const read = model(args[0])
    return typeof read === 'string' ? read : undefined
  } catch {
    return undefined
  }
}
