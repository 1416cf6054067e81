import { interleave, median, printTable, runScript } from '../rounds.ts'
import { CASES } from './cases.ts'
import type { CaptureResult } from './contender.ts'
import { startSink } from './sink.ts'

const CONTENDERS = ['bare', 'opentelemetry', 'reprise']

/** Capture per call: on the call path, and all CPU with the flush; beside a bare call and plain OpenTelemetry (OTLP/HTTP JSON). */
export async function benchCapture(rounds: number): Promise<void> {
  const sink = await startSink()
  for (const { name, calls } of CASES) {
    let delivered = ''
    const results = await interleave(CONTENDERS, rounds, async (contender) => {
      sink.reset()
      const result = await runScript<CaptureResult>(new URL('./contender.ts', import.meta.url), [contender, name, sink.url])
      // Both record 2 runs' roots, the calls of the first loop and those of the second.
      const expected = calls + Math.min(2000, calls) + 2
      const count = sink.countSpans()
      if (contender !== 'bare' && count < expected) delivered += `${contender} delivered ${count} of ${expected} spans; `
      return result
    })
    const of = (contender: string, key: keyof CaptureResult): number => median(results.get(contender)!.map((result) => result[key]))
    console.log(`\ncapture, ${name}, ${calls} calls, ${rounds} rounds (medians)${delivered === '' ? '' : `   ${delivered}`}`)
    printTable(
      ['', 'path p50 µs', 'p99 µs', 'ratio to OTel', 'CPU µs/call', 'ratio to OTel', 'stall ms', 'heap KiB/call'],
      CONTENDERS.map((contender) => [
        contender,
        of(contender, 'pathMicrosP50').toFixed(2),
        of(contender, 'pathMicrosP99').toFixed(1),
        (
          (of(contender, 'pathMicrosP50') - of('bare', 'pathMicrosP50')) /
          (of('opentelemetry', 'pathMicrosP50') - of('bare', 'pathMicrosP50'))
        ).toFixed(2),
        of(contender, 'cpuMicrosPerCall').toFixed(1),
        (of(contender, 'cpuMicrosPerCall') / of('opentelemetry', 'cpuMicrosPerCall')).toFixed(2),
        of(contender, 'stallMillisMax').toFixed(1),
        of(contender, 'heapKiBPerCall').toFixed(2),
      ]),
    )
  }
  sink.close()
}
