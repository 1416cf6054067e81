import { startSink } from '../capture/sink.ts'
import { median, printTable, runScript } from '../rounds.ts'
import type { EffectsResult } from './contender.ts'

/** Each call: four reads (two of the time, a random number, a UUID); those and a timer that is cleared after it. */
const PROGRAMS = ['reads', 'timers'] as const

/** What recording time and chance adds to recording: the same program with `effects` all and none, 4 KiB in and out a call. */
export async function benchEffects(rounds: number): Promise<void> {
  const sink = await startSink()
  console.log(`\neffects, blocks of 1000 calls of 4 KiB in runs of 50, with and without in turn, ${rounds} rounds (medians)`)
  const rows: string[][] = []
  for (const program of PROGRAMS) {
    const results: EffectsResult[] = []
    for (let round = 0; round < rounds; round++) {
      sink.reset()
      results.push(await runScript<EffectsResult>(new URL('./contender.ts', import.meta.url), [program, sink.url]))
    }
    const of = (key: keyof EffectsResult): number => median(results.map((result) => result[key]))
    const spread = results.map(({ ratio }) => ratio).toSorted((left, right) => left - right)
    rows.push([
      program,
      of('withoutMicros').toFixed(1),
      of('withMicros').toFixed(1),
      of('ratio').toFixed(3),
      `${spread.at(0)?.toFixed(3)} to ${spread.at(-1)?.toFixed(3)}`,
    ])
  }
  printTable(['', 'CPU µs/call without', 'with', 'ratio', 'over the rounds'], rows)
  sink.close()
}
