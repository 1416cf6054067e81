import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median, printTable, runScript } from '../rounds.ts'
import type { OpenResult, PagesResult } from './measure.ts'

/** Steps in runs of 20 to 200; the large store also holds one run of 100,000 steps. */
const SMALL = 10_000
const LARGE = Number(process.env['REPRISE_BENCH_STEPS'] ?? 1_000_000)

/**
 * What pages cost with many steps stored, beside what they cost with few: each store is filled through its own append, then
 * both are read by one process, call by call in turn, and by another one in the next round. Also what the index costs: at
 * ingest, and made anew from the tape.
 */
export async function benchQueries(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  try {
    const stores = { small: join(folder, 'small'), large: join(folder, 'large') }
    const measure = new URL('./measure.ts', import.meta.url)
    await runScript(measure, ['fill', stores.small, String(SMALL)])
    const filled = await runScript<{ seconds: number }>(measure, ['fill', stores.large, String(LARGE)])
    const pages: PagesResult[] = []
    const opened: OpenResult[] = []
    for (let round = 0; round <= rounds; round++) {
      const read = await runScript<PagesResult>(measure, ['pages', stores.small, stores.large])
      const open = await runScript<OpenResult>(measure, ['open', stores.large])
      // The first round warms the disk cache.
      if (round === 0) continue
      pages.push(read)
      opened.push(open)
    }
    console.log(
      `\nqueries, ${SMALL} and ${LARGE} steps (filled in ${filled.seconds.toFixed(0)} s, index included), ${rounds} rounds (medians)`,
    )
    printTable(
      ['', 'few p50 ms', 'p99', 'many p50 ms', 'p99', 'ratio p50'],
      Object.keys(pages[0] ?? {}).map((name) => {
        const of = (store: 'small' | 'large', percent: 'p50' | 'p99'): string =>
          median(pages.map((page) => page[name]?.[store][percent] ?? Number.NaN)).toFixed(2)
        const ratio = median(pages.map((page) => (page[name]?.large.p50 ?? Number.NaN) / (page[name]?.small.p50 ?? Number.NaN)))
        return [name, of('small', 'p50'), of('small', 'p99'), of('large', 'p50'), of('large', 'p99'), ratio.toFixed(2)]
      }),
    )
    console.log(
      `start with a warm index: ${median(opened.map(({ openMillis }) => openMillis)).toFixed(0)} ms to read, ${median(opened.map(({ openWriteMillis }) => openWriteMillis)).toFixed(0)} ms to write`,
    )
    const made = await runScript<{ stepsPerSecond: number; cpuMicros: number; parseMicros: number; scanMicros: number }>(measure, [
      'reindex',
      stores.large,
    ])
    console.log(
      `reindex: ${made.stepsPerSecond.toFixed(0)} steps/s, ${made.cpuMicros.toFixed(1)} µs of CPU a step; finding its fields in a line ${made.scanMicros.toFixed(1)} µs, JSON.parse of that line ${made.parseMicros.toFixed(1)} µs`,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
