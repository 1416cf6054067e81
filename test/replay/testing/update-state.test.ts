import { runInNewContext } from 'node:vm'
import { afterEach, expect, it, vi } from 'vitest'
import { runnerUpdateState } from '../../../src/replay/testing/update-state.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

/** As in Jest, whose `expect` is a function that knows the state of the snapshots. */
function inJest(update: unknown): void {
  vi.stubGlobal('__vitest_worker__', undefined)
  vi.stubGlobal(
    'expect',
    Object.assign(() => {}, { getState: () => ({ snapshotState: { _updateSnapshot: update } }) }),
  )
}

it.each(['all', 'new', 'none'] as const)('recordings are updated as the snapshots of Jest are: %s', (update) => {
  vi.stubEnv('CI', update === 'none' ? '' : 'true')
  inJest(update)
  expect(runnerUpdateState()).toBe(update)
})

it.each([
  ['true', 'none'],
  ['1', 'none'],
  ['false', 'new'],
  ['', 'new'],
] as const)('where no runner tells, CI=%j means %s', (ci, state) => {
  vi.stubEnv('CI', ci)
  inJest('sometimes')
  expect(runnerUpdateState()).toBe(state)
  vi.stubGlobal('expect', () => runInNewContext('throw new Error()'))
  expect(runnerUpdateState()).toBe(state)
})
