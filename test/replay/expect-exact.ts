import { expect } from 'vitest'
import { formatVerdict } from '../../src/replay/index.ts'
import { type Verdict, verdictSchema } from '../../src/schemas/public.ts'

/** What a wrapped function would do if it ran: in a replay none does. */
export function live(): never {
  throw new Error('a live effect')
}

export function expectExact(verdict: Verdict): void {
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  expect(verdictSchema.parse(verdict)).toEqual(verdict)
  expect(verdict.counts).toMatchObject({ live: 0, unmatched: 0, unused: 0, missing: 0, socketsDenied: 0 })
  expect(verdict.output.equal).toBe(true)
  expect(verdict.divergences).toEqual([])
  expect(verdict.steps.every(({ label }) => label === 'exact')).toBe(true)
}

export function reasonsOf(verdict: Verdict): string[] {
  return verdict.divergences.map(({ reason }) => reason)
}
