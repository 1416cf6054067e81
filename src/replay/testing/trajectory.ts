import type { StepKind, Verdict, VerdictStep } from '../../schemas/index.ts'
import { printable } from '../verdict/format-verdict.ts'

/** A step that is expected: by its name, or by its kind, or both. */
export type ExpectedStep = string | { readonly kind?: StepKind; readonly name?: string }

/**
 * `strict`: these steps and no others, in this order. `unordered`: these and no others, in any order. `subset`: no step but these,
 * each at most as often. `superset`: these at least, in any order.
 */
export type TrajectoryMode = 'strict' | 'unordered' | 'subset' | 'superset'

export interface TrajectoryMatch {
  readonly pass: boolean
  readonly taken: readonly string[]
  /** Expected, and not taken. */
  readonly missing: readonly string[]
  /** Taken, and not expected. */
  readonly extra: readonly string[]
}

/**
 * Holds the steps that a replayed program took against those expected of it. Counted are the steps below the root, in the order of
 * the recording, and after them the calls that no record matched; steps within a served one did not happen.
 */
export function matchTrajectory(verdict: Verdict, expected: readonly ExpectedStep[], mode: TrajectoryMode): TrajectoryMatch {
  const taken = verdict.steps.slice(1).filter((step) => step.how !== 'covered' && !wasUnused(verdict, step))
  const left = [...taken]
  const missing: string[] = []
  for (const step of expected) {
    const at = left.findIndex((one) => isExpected(one, step))
    if (at < 0) missing.push(nameOfExpected(step))
    else left.splice(at, 1)
  }
  const extra = left.map(nameOf)
  const inOrder = taken.length === expected.length && taken.every((step, index) => isExpected(step, expected[index] ?? ''))
  const pass =
    mode === 'strict'
      ? inOrder
      : mode === 'unordered'
        ? missing.length === 0 && extra.length === 0
        : mode === 'subset'
          ? extra.length === 0
          : missing.length === 0
  return { pass, taken: taken.map(nameOf), missing, extra }
}

/** A recorded step that the program did not come to again. */
function wasUnused({ divergences }: Verdict, { lineage }: VerdictStep): boolean {
  return lineage !== undefined && divergences.some((divergence) => divergence.reason === 'unused' && divergence.lineage === lineage)
}

function isExpected({ kind, name }: VerdictStep, expected: ExpectedStep): boolean {
  if (typeof expected === 'string') return name === expected
  return (expected.kind === undefined || expected.kind === kind) && (expected.name === undefined || expected.name === name)
}

function nameOf({ kind, name }: VerdictStep): string {
  return `${kind} ${printable(name)}`
}

function nameOfExpected(expected: ExpectedStep): string {
  if (typeof expected === 'string') return printable(expected)
  return `${expected.kind ?? 'any'} ${printable(expected.name ?? 'step')}`
}
