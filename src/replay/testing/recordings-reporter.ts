import { relative } from 'node:path'
import { LABELS } from '../../schemas/index.ts'
import { printable } from '../verdict/format-verdict.ts'
import { findObsolete, removeRecordings, type TestedFile } from './obsolete.ts'
import { type RecordedUse, recordedMeta } from './recorded-use.ts'
import { recordingPlace } from './recording-place.ts'

// What we use of vitest's own types, so that who has no vitest need not have them.

interface TestNode {
  readonly type: string
  readonly name?: string
  readonly parent?: TestNode
}

interface TestCase extends TestNode {
  readonly name: string
  readonly fullName: string
  meta(): object
  result(): { readonly state: string }
}

interface TestModule {
  readonly moduleId: string
  readonly children: { allTests(): Iterable<TestCase> }
  errors(): readonly unknown[]
}

interface Vitest {
  readonly config: { readonly root: string; readonly snapshotOptions: { readonly updateSnapshot: string } }
  readonly logger: { log(...args: string[]): void }
}

export interface RecordingsReporter {
  onInit(vitest: Vitest): void
  onTestRunEnd(testModules: readonly TestModule[]): void
}

const MAX_SHOWN = 20

/**
 * A reporter for vitest that says at the end what came of the recordings: how many were replayed with which label, made, or missing, and
 * which tests were not exact. Recordings that no test has any more are listed, and removed by `vitest -u`.
 *
 *     import { recordingsReporter } from 'reprise/replay'
 *     export default { test: { reporters: ['default', recordingsReporter()] } }
 */
export function recordingsReporter(): RecordingsReporter {
  let vitest: Vitest | undefined
  return {
    onInit: (started) => {
      vitest = started
    },
    onTestRunEnd: (testModules) => {
      if (vitest === undefined) return
      const { root, snapshotOptions } = vitest.config
      const tests = testModules.flatMap((module) => [...module.children.allTests()])
      const uses = tests.flatMap((test) => (recordedMeta(test.meta())?.uses ?? []).map((use) => ({ test, use })))
      // Of a file that could not be read it is not known which tests it has.
      const obsolete = findObsolete(testModules.filter((module) => module.errors().length === 0).map(testedFile))
      const isRemoved = snapshotOptions.updateSnapshot === 'all'
      if (isRemoved) removeRecordings(obsolete)
      const lines = [...usedLines(uses), ...obsoleteLines(obsolete, isRemoved, root)]
      if (lines.length > 0) vitest.logger.log(`\n${lines.join('\n')}\n`)
    },
  }
}

function testedFile({ moduleId, children }: TestModule): TestedFile {
  const seen = new Map<string, number>()
  const tests = [...children.allTests()].map((test) => {
    const names = namesOf(test)
    const said = JSON.stringify(names)
    const ordinal = (seen.get(said) ?? 0) + 1
    seen.set(said, ordinal)
    const ended = test.result().state === 'passed'
    const calls = ended ? (recordedMeta(test.meta())?.uses.length ?? 0) : undefined
    return { place: recordingPlace(moduleId, names, ordinal), calls }
  })
  return { path: moduleId, tests }
}

/** Those of the suites above it first. */
function namesOf(test: TestCase): string[] {
  const names = [test.name]
  for (let above = test.parent; above?.type === 'suite'; above = above.parent) names.unshift(above.name ?? '')
  return names
}

function usedLines(uses: readonly { readonly test: TestCase; readonly use: RecordedUse }[]): string[] {
  if (uses.length === 0) return []
  const count = (chosen: (use: RecordedUse) => boolean): number => uses.filter(({ use }) => chosen(use)).length
  const counts = [
    ...LABELS.map((label) => [count((use) => use.label === label), label] as const),
    [count(({ how }) => how === 'recorded'), 'recorded'] as const,
    [count(({ how }) => how === 'missing'), 'not there'] as const,
  ].filter(([number]) => number > 0)
  const bad = uses.filter(({ use }) => use.how === 'missing' || (use.label !== undefined && use.label !== 'exact'))
  return [
    ` Recordings  ${counts.map(([number, what]) => `${number} ${what}`).join(', ')}`,
    ...shown(
      bad.map(
        ({ test, use }) => `   ${use.label ?? 'not there'}  ${printable(test.fullName)}${use.call === 1 ? '' : `, call ${use.call}`}`,
      ),
    ),
  ]
}

function obsoleteLines(obsolete: readonly string[], isRemoved: boolean, root: string): string[] {
  if (obsolete.length === 0) return []
  const what = isRemoved ? 'removed, since no test has them any more' : 'obsolete: no test has them any more (vitest -u removes them)'
  return [` Recordings  ${obsolete.length} ${what}`, ...shown(obsolete.map((folder) => `   ${printable(relative(root, folder))}`))]
}

function shown(lines: readonly string[]): string[] {
  return lines.length > MAX_SHOWN ? [...lines.slice(0, MAX_SHOWN), `   and ${lines.length - MAX_SHOWN} more`] : [...lines]
}
