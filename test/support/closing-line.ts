import type { Reporter, TestModule } from 'vitest/node'

/** What scripts/test.ts needs to know of a run of vitest, sent to it over the IPC channel. */
export type TestCounts = {
  passed: number
  failed: number
  skipped: number
  /** Tests among those that passed, but not at their first try: name, and why not. */
  again: { name: string; reason: string }[]
}

/**
 * Counts tests; a file that does not load and an error outside any test count as one failure each, so that no broken suite
 * can look like a smaller green one.
 */
export function countTests(testModules: readonly TestModule[], unhandledErrors: readonly unknown[]): TestCounts {
  const counts: TestCounts = { passed: 0, failed: unhandledErrors.length, skipped: 0, again: [] }
  for (const testModule of testModules) {
    let failedHere = 0
    for (const test of testModule.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') counts.passed++
      else if (state === 'skipped') counts.skipped++
      else failedHere++
      if (test.diagnostic()?.flaky === true) {
        const reason = test.result().errors?.[0]?.message.split('\n')[0] ?? 'unknown'
        counts.again.push({ name: `${testModule.relativeModuleId} > ${test.fullName}`, reason })
      }
    }
    // A hook that throws, or an import that fails, fails the module or a suite without failing a test.
    if (failedHere === 0 && testModule.state() !== 'passed' && testModule.state() !== 'skipped') failedHere = 1
    counts.failed += failedHere
  }
  return counts
}

export default class CountingReporter implements Reporter {
  onTestRunEnd(testModules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    process.send?.(countTests(testModules, unhandledErrors))
  }
}
