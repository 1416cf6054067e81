import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flush, startRecorder } from 'reprise'
import { startCollector } from 'reprise/collector'
import { exportRecording } from 'reprise/replay'
import { openStore } from '../../src/store/index.ts'
import { interleave, median, printTable, runScript } from '../rounds.ts'
import type { ReplayResult } from './contender.ts'
import { program } from './program.ts'

const CALLS = 10_000

/** Served calls per second at 4 KiB in and out, beside the bare program; loading of the recording apart. */
export async function benchReplay(rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-bench-'))
  try {
    const collector = await startCollector({ store: join(folder, 'store'), port: 0 })
    // The program leaves the event loop no turn: all of it waits until the end.
    startRecorder({ endpoint: collector.url, exporter: 'reprise', queueMaxBytes: 2 ** 30 })
    await program(CALLS)
    await flush()
    await collector.close()
    const store = await openStore(join(folder, 'store'), { mode: 'write' })
    const [run] = store.index.listRuns({ limit: 1 }).runs
    if (run === undefined) throw new Error('the run was not recorded')
    await exportRecording(store, run.id, join(folder, 'recording'))
    await store.close()

    const results = await interleave(['bare', 'replay'], rounds, (contender) =>
      runScript<ReplayResult>(new URL('./contender.ts', import.meta.url), [contender, join(folder, 'recording'), String(CALLS)]),
    )
    const of = (contender: 'bare' | 'replay', pick: (result: ReplayResult) => number): number => median(results.get(contender)!.map(pick))
    console.log(`\nreplay, ${CALLS} calls of 4 KiB in and out, ${rounds} rounds (medians); the first in a process, and the fourth`)
    printTable(
      ['', 'calls/s, first', 'fourth', 'load ms, first', 'fourth', 'load and replay ms, first', 'heap MiB'],
      (['bare', 'replay'] as const).map((contender) => [
        contender,
        of(contender, ({ first }) => first.callsPerSecond).toFixed(0),
        of(contender, ({ again }) => again.callsPerSecond).toFixed(0),
        of(contender, ({ first }) => first.loadMillis).toFixed(0),
        of(contender, ({ again }) => again.loadMillis).toFixed(0),
        of(contender, ({ first }) => first.loadMillis + (CALLS / first.callsPerSecond) * 1000).toFixed(0),
        of(contender, ({ heapMiB }) => heapMiB).toFixed(1),
      ]),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
