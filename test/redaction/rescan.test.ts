import fc from 'fast-check'
import { expect, it } from 'vitest'
import { policyDataOf } from '../../src/redaction/policy.ts'
import { rescanText } from '../../src/redaction/rescan.ts'
import { compiledPolicy, compilePolicy } from '../../src/redaction/scanner/compile.ts'
import { scanText } from '../../src/redaction/scanner/scan.ts'
import { SAMPLES } from './samples.ts'

const fragment = fc.oneof(
  fc.constantFrom(...SAMPLES.map((sample) => sample.text ?? sample.secret)),
  fc.constantFrom('password=', ' ', '\n', '\\', '%40', 'a', '.', '1234', '@', 'sk-', '<email:0a1b2c3d4e5f>', 'x'.repeat(300)),
  fc.string({ maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', 'B', '2', '7'), minLength: 10, maxLength: 40 }),
)
const longText = fc.array(fragment, { minLength: 30, maxLength: 90, size: 'max' }).map((parts) => parts.join(' '))
/** Cuts a text at random places and puts something else for every other piece. */
const edited = fc.tuple(longText, fc.array(fc.tuple(fc.nat(), fc.nat(60), fragment), { maxLength: 6 })).map(([before, cuts]) => {
  const edits: { start: number; end: number; shown: number }[] = []
  let after = ''
  let from = 0
  for (const [at, length, shown] of [...cuts]
    .map(([at, ...rest]) => [at % (before.length + 1), ...rest] as const)
    .sort((a, b) => a[0] - b[0])) {
    if (at < from) continue
    const end = Math.min(before.length, at + length)
    after += before.slice(from, at) + shown
    edits.push({ start: at, end, shown: shown.length })
    from = end
  }
  return { before, after: after + before.slice(from), edits }
})

it('finds in an edited text what a scan of all of it finds', () => {
  // Without guards, which may say yes where they see less.
  const { automaton } = compilePolicy(policyDataOf('default'), false)
  let saved = 0
  fc.assert(
    fc.property(edited, ({ before, after, edits }) => {
      expect(rescanText(automaton, after, scanText(automaton, before), edits)).toEqual(scanText(automaton, after))
      if (edits.length > 0 && after.length > 2_000) saved++
    }),
    { numRuns: 500 },
  )
  expect(saved).toBeGreaterThan(50)
})

it('leaves out no anchor that a guard lets pass', () => {
  const { automaton } = compiledPolicy('default')
  fc.assert(
    fc.property(edited, ({ before, after, edits }) => {
      const found = new Set(rescanText(automaton, after, scanText(automaton, before), edits).filter((_, index) => index % 2 === 0))
      const all = scanText(automaton, after).filter((_, index) => index % 2 === 0)
      expect(all.filter((end) => !found.has(end))).toEqual([])
    }),
    { numRuns: 500 },
  )
})
