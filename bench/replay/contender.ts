// Replays a recording (`replay DIR CALLS`) or runs the bare program (`bare DIR CALLS`), a few times; prints its figures as the last line.
import { loadRecording, replay } from 'reprise/replay'
import { bare, program } from './program.ts'

type Run = { callsPerSecond: number; loadMillis: number }
export type ReplayResult = { first: Run; again: Run; heapMiB: number }

const [contender, folder, calls] = process.argv.slice(2)
const count = Number(calls)
/** As a suite of tests replays many recordings in one process. */
const TIMES = 4

async function once(): Promise<{ callsPerSecond: number; loadMillis: number }> {
  const began = performance.now()
  let loadMillis = 0
  let started = began
  if (contender === 'replay') {
    const recording = await loadRecording(folder ?? '')
    started = performance.now()
    loadMillis = started - began
    const verdict = await replay(recording, program)
    if (verdict.label !== 'exact' || verdict.counts.served !== count)
      throw new Error(`expected ${count} exact calls: ${JSON.stringify(verdict.counts)}`)
  } else await bare(count)
  return { callsPerSecond: count / ((performance.now() - started) / 1000), loadMillis }
}

globalThis.gc?.()
const heapBefore = process.memoryUsage().heapUsed
const first = await once()
const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20
let again = first
for (let time = 1; time < TIMES; time++) again = await once()
const result: ReplayResult = { first, again, heapMiB }
console.log(JSON.stringify(result))
process.exit(0)
