import { startSink } from '../capture/sink.ts'
import { interleave, median, printTable, runScript } from '../rounds.ts'
import type { EffectsResult } from './contender.ts'

const CONTENDERS = ['without', 'with'] as const
/** Beside two readings of the clock for the measurement itself: four reads a call; those and a timer that is cleared. */
const PROGRAMS = ['reads', 'timers'] as const

/** What recording time and chance adds to recording: the same program with `effects` all and none, 4 KiB in and out a call. */
export async function benchEffects(rounds: number): Promise<void> {
  const sink = await startSink()
  console.log(`\neffects, 20000 calls of 4 KiB in runs of 50, ${rounds} rounds (medians)`)
  const rows: string[][] = []
  for (const program of PROGRAMS) {
    const results = await interleave(CONTENDERS, rounds, async (contender) => {
      sink.reset()
      return await runScript<EffectsResult>(new URL('./contender.ts', import.meta.url), [contender, program, sink.url])
    })
    const of = (contender: (typeof CONTENDERS)[number], key: keyof EffectsResult): number =>
      median(results.get(contender)!.map((result) => result[key]))
    const ratios = results.get('with')!.map((result, at) => result.cpuMicrosPerCall / results.get('without')![at]!.cpuMicrosPerCall)
    for (const contender of CONTENDERS) {
      rows.push([
        `${program}, ${contender}`,
        of(contender, 'pathMicrosP50').toFixed(2),
        of(contender, 'cpuMicrosPerCall').toFixed(1),
        contender === 'with' ? median(ratios).toFixed(3) : '1',
      ])
    }
  }
  printTable(['', 'path p50 µs', 'CPU µs/call', 'ratio'], rows)
  sink.close()
}
