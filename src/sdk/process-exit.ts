import { clearTimeout, setTimeout } from 'node:timers'
import { sendAtExit } from './export/exit-send.ts'
import { RepriseWay } from './export/reprise-way.ts'
import type { Recorder } from './recorder.ts'
import { runtime } from './runtime.ts'
import { warnOnce } from './warning.ts'

/**
 * Sends what is left when the program ends, within `exitTimeoutMillis` and without changing its exit code. A program that
 * ends by itself stays alive for it; one that exits, or dies of an error, waits for a worker. A signal leaves no time.
 */
export function watchExit(): void {
  const shared = runtime()
  if (shared.exitWatched) return
  shared.exitWatched = true
  // What was queued when the last attempt to send at the end was made.
  let triedUpTo = -1
  process.on('beforeExit', () => {
    const { recorder } = shared
    if (recorder == null) return
    recorder.announce(0)
    // Emitted again when that gave the process something to do; with nothing new since, it may go.
    if (recorder.enqueued === triedUpTo || (recorder.unsent === 0 && recorder.flushSdk === undefined)) return
    triedUpTo = recorder.enqueued
    void finish(recorder)
  })
  process.on('exit', () => {
    try {
      const { recorder } = shared
      if (recorder != null && recorder.enqueued !== triedUpTo) finishAtOnce(recorder)
    } catch (error) {
      warnOnce(`the last steps are not recorded: ${String(error)}`)
    }
  })
}

async function finish(recorder: Recorder): Promise<void> {
  const { exitTimeoutMillis } = recorder.options
  recorder.drain.exiting()
  const timer = setTimeout(() => recorder.drain.abort(`no acknowledgement within ${exitTimeoutMillis} ms`), exitTimeoutMillis)
  try {
    await Promise.all([recorder.drain.run(false), recorder.flushSdk?.()])
  } finally {
    clearTimeout(timer)
  }
  if (recorder.unsent > 0) recorder.drain.warnUnsent('not recorded')
}

function finishAtOnce(recorder: Recorder): void {
  recorder.announce(0)
  const { drain, options } = recorder
  const count = recorder.unsent
  // Whoever was not there a moment ago is not there now.
  if (count === 0 || !drain.reached || options.exitTimeoutMillis === 0) return count === 0 ? undefined : drain.warnUnsent('not recorded')
  const { way } = drain
  const tooLate = (): void =>
    warnOnce(`${count} steps not recorded: the program exited before they were sent. Call \`await flush()\` before it does.`)
  if (way === undefined ? options.exporter === 'otlp' : !(way instanceof RepriseWay)) return tooLate()
  const result = sendAtExit({
    endpoint: options.endpoint,
    headers: options.otlpHeaders,
    bodies: drain.takeBodies(),
    greet: way === undefined && options.exporter === 'auto',
    timeoutMillis: options.exitTimeoutMillis,
  })
  switch (result) {
    case 'sent':
      return
    case 'not reprise':
      return tooLate()
    case 'refused':
      return drain.warnUnsent('not recorded', 'refused', count)
    case 'unreachable':
    case 'timeout':
      drain.reached = false
      drain.warnUnsent(
        'not recorded',
        result === 'timeout' ? `no acknowledgement within ${options.exitTimeoutMillis} ms` : 'connection refused',
        count,
      )
  }
}
