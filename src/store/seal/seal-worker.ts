import { parentPort, workerData } from 'node:worker_threads'
import { lowerThreadPriority } from '../files/thread-priority.ts'
import { Pace } from '../pace.ts'
import { ENDING, runSealJob, type SealJob, type SealReply } from './seal-job.ts'

// The entry of the thread that seals (sealer.ts starts it). It works when nothing else does.

const NICER = 15
/** One block takes a few milliseconds: a third of a core at most. */
const WORK_MILLIS = 1
const REST_MILLIS = 8

const cells = workerData as Int32Array<SharedArrayBuffer>
const pace = new Pace({ workMillis: WORK_MILLIS, restMillis: REST_MILLIS, asked: cells })

function breathe(): void {
  if (Atomics.load(cells, ENDING) !== 0) throw new Error('the store is being closed')
  pace.breathe()
}

lowerThreadPriority(NICER)

parentPort?.on('message', (job: SealJob) => {
  let reply: SealReply
  try {
    // Who erases is waited for.
    pace.start(job.type === 'segment' || job.type === 'pack' ? Number.POSITIVE_INFINITY : 0)
    reply = { outcome: runSealJob(job, breathe) }
  } catch (error) {
    reply = { failed: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(reply)
})
