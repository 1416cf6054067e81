import type { ResultShape, StepKind } from '../../schemas/index.ts'

/** A step as its raw call values show it. Raw is the truth; what is derived from it here is a view for people and backends. */
export interface DerivableStep {
  readonly kind: StepKind
  readonly operation: string
  readonly stepName: string
  /** As the user named it; otherwise the provider whose form the values have. */
  readonly provider?: string | undefined
  readonly model?: string | undefined
  /** The arguments, as an array; anything else is taken for the only one. */
  readonly args: unknown
  /** The returned or resolved value; for a stream the array of its chunks. */
  readonly output: unknown
  readonly shape?: ResultShape | undefined
}

export function argumentsOf(step: DerivableStep): readonly unknown[] {
  return Array.isArray(step.args) ? step.args : step.args === undefined ? [] : [step.args]
}

/** True when the output is the array of chunks that a stream gave. */
export function isStreamed(step: DerivableStep): boolean {
  return step.shape !== undefined && step.shape !== 'value' && step.shape !== 'promise'
}
