// One kind of payload, one process: prints the longest holds of the event loop, flush by flush, as the last line.
import { flush, instrument, startRecorder, tool } from 'reprise'

export type HoldsResult = { flushMillis: number[]; idleMillis: number[]; totalMillis: number }

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
  const result: HoldsResult = { flushMillis: [], idleMillis: [], totalMillis: 0 }
  for (let time = 0; time < TIMES; time++) {
    await instrument(async () => void (await call(value)), { name: 'run' })()
    // What the call itself left to collect is not the flush's.
    globalThis.gc?.()
    const started = performance.now()
    const flushed = await longestHold(async () => void (await flush()))
    const lasted = performance.now() - started
    // As long with nothing to do: what the neighbours take.
    const idle = await longestHold(() => new Promise((resolve) => setTimeout(resolve, lasted)))
    // The first two warm up.
    if (time < 2) continue
    result.flushMillis.push(flushed)
    result.idleMillis.push(idle)
    result.totalMillis += lasted / (TIMES - 2)
  }
  console.log(JSON.stringify(result))
  process.exit(0)
}

async function longestHold(work: () => Promise<void>): Promise<number> {
  let longest = 0
  let last = performance.now()
  let running = true
  const beat = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (running) setImmediate(beat)
  }
  setImmediate(beat)
  await work()
  running = false
  return longest
}
