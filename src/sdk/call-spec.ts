import type { Attributes, Effect, StepKind } from '../schemas/index.ts'
import type { StepStart } from './step.ts'

/** What is known beforehand of the results of a wrapper's calls. */
export interface ResultSpec {
  /** The user's reading of a result as documents. */
  readonly documents?: ((result: unknown) => unknown) | undefined
  /** The result is the bytes or the text of an artifact of this media type. */
  readonly mediaType?: string | undefined
}

/** What a wrapper knows of every call it stands before. */
export interface CallSpec {
  readonly kind: StepKind
  readonly name: string
  readonly effect?: Effect | undefined
  readonly provider?: string | undefined
  readonly model?: string | ((request: unknown) => unknown) | undefined
  readonly results?: ResultSpec | undefined
  readonly attributes?: Attributes | undefined
  /** Set by `instrument()`: the call is a run of its own, or the start of one. */
  readonly run?: { readonly training: boolean; readonly seed: string | undefined } | undefined
}

export type Callee = (...args: unknown[]) => unknown

export function startOf(spec: CallSpec, args: readonly unknown[]): StepStart {
  return {
    kind: spec.kind,
    name: spec.name,
    effect: spec.effect,
    provider: spec.provider,
    model: typeof spec.model === 'function' ? readModel(spec.model, args) : spec.model,
    attributes: spec.attributes,
  }
}

/** The user's function that reads the model off a request; what it throws is nobody's concern but the record's. */
function readModel(read: (request: unknown) => unknown, args: readonly unknown[]): string | undefined {
  try {
    const model = read(args[0])
    return typeof model === 'string' ? model : undefined
  } catch {
    return undefined
  }
}
