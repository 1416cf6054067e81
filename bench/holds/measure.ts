// One kind of payload, one process: prints the longest holds of the event loop, flush by flush, as the last line.
import { PerformanceObserver } from 'node:perf_hooks'
import { flush, instrument, startRecorder, tool } from 'reprise'

export type HoldsResult = { flushMillis: number[]; withoutGcMillis: number[]; idleMillis: number[]; totalMillis: number }

const TIMES = 14

export const PAYLOADS: Readonly<Record<string, () => unknown>> = {
  small: () => [{ a: 1 }],
  'JSON, 3.5 MB': () => Array.from({ length: 10_000 }, (_, id) => ({ id, score: id / 7, text: 'some words here '.repeat(20) })),
  'text, 4.2 MB': () => 'word "quoted"\n'.repeat(300_000),
  'numbers, 3.6 MB': () => Array.from({ length: 200_000 }, (_, index) => index / 3),
  'floats, 4 MiB': () => new Float32Array(1 << 20),
  'dates, 100,000': () => Array.from({ length: 100_000 }, (_, id) => ({ id, at: new Date(id), text: 'y'.repeat(20) })),
}

const [name = '', endpoint] = process.argv.slice(2)
const make = PAYLOADS[name]
if (make !== undefined && endpoint !== undefined) {
  startRecorder({ endpoint, exporter: 'reprise', queueMaxBytes: 2 ** 30, captureMaxBytes: 2 ** 26, captureMaxEntries: 2 ** 22 })
  const value = make()
  const call = tool(async (held: unknown) => held, { name: 'hold' })
  const result: HoldsResult = { flushMillis: [], withoutGcMillis: [], idleMillis: [], totalMillis: 0 }
  for (let time = 0; time < TIMES; time++) {
    await instrument(async () => void (await call(value)), { name: 'run' })()
    // What the call itself left to collect is not the flush's.
    globalThis.gc?.()
    const started = performance.now()
    const flushed = await longestHold(async () => void (await flush()))
    const lasted = performance.now() - started
    // As long with nothing to do: what the neighbours take.
    const idle = await longestHold(async () => await new Promise((resolve) => setTimeout(resolve, lasted)))
    // The first two warm up.
    if (time < 2) continue
    result.flushMillis.push(flushed.longest)
    result.withoutGcMillis.push(flushed.withoutGc)
    result.idleMillis.push(idle.longest)
    result.totalMillis += lasted / (TIMES - 2)
  }
  console.log(JSON.stringify(result))
  process.exit(0)
}

/** Milliseconds between two turns of the loop, at most; and the same with the pauses of the garbage collector taken out. */
async function longestHold(work: () => Promise<void>): Promise<{ longest: number; withoutGc: number }> {
  const pauses: { start: number; end: number }[] = []
  const observer = new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) pauses.push({ start: startTime, end: startTime + duration })
  })
  observer.observe({ entryTypes: ['gc'] })
  const turns: { start: number; end: number }[] = []
  let last = performance.now()
  let running = true
  const beat = (): void => {
    const now = performance.now()
    // Most turns are short: only those that may be the longest are kept.
    if (now - last > 0.5 || turns.length === 0) turns.push({ start: last, end: now })
    last = performance.now()
    if (running) setImmediate(beat)
  }
  setImmediate(beat)
  await work()
  running = false
  // What was observed is told a little later.
  await new Promise((resolve) => setTimeout(resolve, 20))
  observer.disconnect()
  const within = (turn: { start: number; end: number }): number =>
    pauses.reduce((sum, { start, end }) => sum + Math.max(0, Math.min(end, turn.end) - Math.max(start, turn.start)), 0)
  return {
    longest: Math.max(...turns.map(({ start, end }) => end - start)),
    withoutGc: Math.max(...turns.map((turn) => turn.end - turn.start - within(turn))),
  }
}
