import { differenceLines, printable } from '../verdict/format-verdict.ts'
import type { ForkPlan, PlannedStep } from './fork-plan.ts'

const MAX_SHOWN = 20

/** A plan for people: plain text, a line for what is changed, then what is expected. */
export function formatForkPlan({ name, runId, step, paths, differences, counts, steps }: ForkPlan): string {
  const { served, uncertain, changed, live, missing } = counts
  const maybe = uncertain === 0 ? '' : ` (${uncertain} of them unless the program asks for something else)`
  return [
    `fork of ${printable(name)} (run ${runId}): ${paths.map(printable).join(', ')} at step ${step.sequence ?? '?'}, ${step.kind} ${printable(step.name)}`,
    ...differenceLines(differences, 'set to'),
    `  expected: ${served} served${maybe}, ${changed} changed, ${live} live, ${missing} missing`,
    ...list('live', steps),
    ...list('missing', steps),
  ].join('\n')
}

function list(expected: PlannedStep['expected'], steps: readonly PlannedStep[]): string[] {
  const chosen = steps.filter((step) => step.expected === expected)
  const lines = chosen.slice(0, MAX_SHOWN).map(({ sequence, kind, name, writes, because }) => {
    const why = because === undefined ? '' : `: ${printable(because)}`
    return `    ${expected}: step ${sequence ?? '?'}, ${kind} ${printable(name)}${writes ? ' (writes)' : ''}${why}`
  })
  return chosen.length > MAX_SHOWN ? [...lines, `    and ${chosen.length - MAX_SHOWN} more ${expected}`] : lines
}
