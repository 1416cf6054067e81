// Replays a recording (`replay DIR CALLS`) or runs the bare program (`bare DIR CALLS`); prints its figures as the last line.
import { loadRecording, replay } from 'reprise/replay'
import { bare, program } from './program.ts'

export type ReplayResult = { callsPerSecond: number; loadMillis: number; heapMiB: number }

const [contender, folder, calls] = process.argv.slice(2)
const count = Number(calls)
globalThis.gc?.()
const heapBefore = process.memoryUsage().heapUsed
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
const seconds = (performance.now() - started) / 1000
const result: ReplayResult = {
  callsPerSecond: count / seconds,
  loadMillis,
  heapMiB: (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20,
}
console.log(JSON.stringify(result))
process.exit(0)
