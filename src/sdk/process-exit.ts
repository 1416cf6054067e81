import { clearTimeout, setTimeout } from 'node:timers'
import { warnMissing } from './export/drain.ts'
import type { Recorder } from './recorder.ts'
import { runtime } from './runtime.ts'

/**
 * Sends what is left when the program ends by itself: the process stays alive until it is acknowledged, at most
 * `exitTimeoutMillis`. Never changes the exit code.
 */
export function watchExit(): void {
  const shared = runtime()
  if (shared.exitWatched) return
  shared.exitWatched = true
  let triedUpTo = -1
  process.on('beforeExit', () => {
    const { recorder } = shared
    if (recorder == null) return
    recorder.announce(0)
    // Emitted again when that gave the process something to do; with nothing new since, it may go.
    if (recorder.unsent === 0 || recorder.enqueued === triedUpTo) return
    triedUpTo = recorder.enqueued
    void finish(recorder)
  })
}

async function finish(recorder: Recorder): Promise<void> {
  const { exitTimeoutMillis, endpoint } = recorder.options
  recorder.drain.exiting()
  const timer = setTimeout(() => recorder.drain.abort(`no acknowledgement within ${exitTimeoutMillis} ms`), exitTimeoutMillis)
  try {
    await recorder.drain.run()
  } finally {
    clearTimeout(timer)
  }
  if (recorder.unsent > 0) warnMissing(endpoint, recorder.unsent, recorder.drain.lastReason, 'were not recorded')
}
