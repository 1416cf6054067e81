import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { flush, type RecorderHandle, startRecorder, tool } from '../../src/sdk/index.ts'
import { type FakeCollector, startFakeCollector } from './fake-collector.ts'

let collector: FakeCollector
let recorder: RecorderHandle
const one = tool((value: unknown) => value, { name: 'one' })

beforeEach(async () => {
  collector = await startFakeCollector()
  recorder = startRecorder({ endpoint: collector.url, flushIntervalMillis: 3_600_000, flushTimeoutMillis: 2000 })
})
afterEach(async () => {
  vi.useRealTimers()
  await recorder.stop()
  await collector.close()
})

test('a recorder sends while a test has faked all timers', async () => {
  one(1)
  expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
  vi.useFakeTimers()
  for (const value of [2, 'x'.repeat(4_000_000), 3]) {
    one(value)
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
  }
  vi.useRealTimers()
  one(4)
  expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
})
