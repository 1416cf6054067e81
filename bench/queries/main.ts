import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { printTable, runScript } from '../rounds.ts'
import type { QueryResult } from './measure.ts'

/** Steps in runs of 20 to 200; the large store also holds one run of 100,000 steps. */
const SMALL = 10_000
const LARGE = Number(process.env['REPRISE_BENCH_STEPS'] ?? 1_000_000)

/**
 * What pages cost with many steps stored, beside what they cost with few: each store is filled through its own append, then
 * read by processes of their own, in turn. Also what the index costs: at ingest, and made anew from the tape.
 */
export async function benchQueries(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  try {
    const stores = { small: join(folder, 'small'), large: join(folder, 'large') }
    const measure = new URL('./measure.ts', import.meta.url)
    await runScript(measure, ['fill', stores.small, String(SMALL)])
    const filled = await runScript<{ seconds: number }>(measure, ['fill', stores.large, String(LARGE)])
    const results = { small: [] as QueryResult[], large: [] as QueryResult[] }
    for (let round = 0; round <= rounds; round++) {
      for (const name of round % 2 === 0 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
        const result = await runScript<QueryResult>(measure, ['query', stores[name]])
        // The first round warms the disk cache.
        if (round > 0) results[name].push(result)
      }
    }
    const medianOf = (values: readonly number[]): number =>
      [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN
    console.log(
      `\nqueries, ${SMALL} and ${LARGE} steps (filled in ${filled.seconds.toFixed(0)} s, index included), ${rounds} rounds (medians)`,
    )
    const names = Object.keys(results.large[0]?.pages ?? {})
    printTable(
      ['', 'few p50 ms', 'p99', 'many p50 ms', 'p99', 'ratio p50'],
      names.map((name) => {
        const of = (store: 'small' | 'large', percent: 'p50' | 'p99'): number =>
          medianOf(results[store].map(({ pages }) => pages[name]?.[percent] ?? Number.NaN))
        return [
          name,
          of('small', 'p50').toFixed(2),
          of('small', 'p99').toFixed(2),
          of('large', 'p50').toFixed(2),
          of('large', 'p99').toFixed(2),
          (of('large', 'p50') / of('small', 'p50')).toFixed(2),
        ]
      }),
    )
    console.log(
      `start with a warm index: ${medianOf(results.large.map(({ openMillis }) => openMillis)).toFixed(0)} ms to read, ${medianOf(results.large.map(({ openWriteMillis }) => openWriteMillis)).toFixed(0)} ms to write`,
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
