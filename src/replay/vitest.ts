import { test as base, expect, type RunnerTask, type TestAPI } from 'vitest'
import { matchers } from './testing/matchers.ts'
import { createRecorded, type Recorded } from './testing/recorded.ts'
import type { RecordedMeta, RecordedUse } from './testing/recorded-use.ts'
import { recordingPlace } from './testing/recording-place.ts'
import { type RecordedSources, TestRecorder } from './testing/test-recorder.ts'
import type { ExpectedStep, TrajectoryMode } from './testing/trajectory.ts'
import { runnerUpdateState } from './testing/update-state.ts'

export type { Recorded, RecordedResult } from './testing/recorded.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** What came of the test's recordings, for the reporter. */
    reprise?: RecordedMeta
  }
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The verdict of `replay` is `exact`: nothing live, nothing unmatched, nothing unused, no socket, equal output. */
    toReplayExactly: () => R
    /** The first departure of the verdict is at the step of that name, or at that path: `answer > chat`. */
    toDivergeAt: (step: string) => R
    /** The replayed program took these steps below its root. Default mode: `strict`. */
    toMatchTrajectory: (expected: readonly ExpectedStep[], options?: { readonly mode?: TrajectoryMode }) => R
  }
}

expect.extend(matchers)

interface RecordedFixtures {
  allowNetwork: readonly string[]
  wire: boolean | undefined
  effects: RecordedSources['effects']
  serve: 'call' | 'wire'
  recorded: Recorded
  testRecorder: TestRecorder
}

/**
 * vitest's `test` with a fixture: `recorded(fn, ...args)` records what `fn` does into `__recordings__` beside the test file when that is
 * not there yet, and replays it otherwise. In CI it only replays; `vitest -u` records again. While it replays, the whole process is denied
 * the network but for the hosts in the fixture `allowNetwork`: `test.extend({ allowNetwork: ['127.0.0.1:8080'] })`. The fixtures `wire`
 * (HTTP exchanges are recorded, too; default: as REPRISE_WIRE says), `effects` (which sources of time and chance are recorded: `all` for the
 * bytes of `getRandomValues`, too; default: as REPRISE_EFFECTS says) and `serve` (`wire`: the code of HTTP clients runs in a replay, above the
 * recorded exchanges) are set in the same way.
 */
export const test: TestAPI<RecordedFixtures> = base.extend<RecordedFixtures>({
  allowNetwork: [[], { scope: 'test' }],
  wire: [undefined, { scope: 'test' }],
  effects: [undefined, { scope: 'test' }],
  serve: ['call', { scope: 'test' }],
  testRecorder: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures off the pattern
    async ({}, use) => {
      const recorder = new TestRecorder()
      await use(recorder)
      await recorder.close()
    },
    { scope: 'file' },
  ],
  recorded: async ({ task, testRecorder, allowNetwork, wire, effects, serve }, use) => {
    const uses: RecordedUse[] = []
    task.meta.reprise = { uses }
    await use(
      createRecorded({
        place: recordingPlace(task.file.filepath, namesOf(task), ordinalOf(task)),
        state: runnerUpdateState(),
        recorder: testRecorder,
        allowNetwork,
        wire,
        effects,
        serve,
        onUse: (use) => uses.push(use),
      }),
    )
  },
})

/** Those of the suites above it first. */
function namesOf(task: Readonly<RunnerTask>): string[] {
  const names: string[] = [task.name]
  for (let suite = task.suite; suite !== undefined && suite.name !== ''; suite = suite.suite) names.unshift(suite.name)
  return names
}

/** Among the tests of its file that have the same names, as those of `test.each` have whose title says nothing of the case. */
function ordinalOf(task: Readonly<RunnerTask>): number {
  const wanted = JSON.stringify(namesOf(task))
  let ordinal = 0
  const isBelow = (tasks: readonly RunnerTask[]): boolean =>
    tasks.some((each) => {
      if (each.type === 'suite') return isBelow(each.tasks)
      if (each.name !== task.name || JSON.stringify(namesOf(each)) !== wanted) return false
      ordinal++
      return each.id === task.id
    })
  isBelow(task.file.tasks)
  return Math.max(1, ordinal)
}

export { test as it }
