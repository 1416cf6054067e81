import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Pace } from '../pace.ts'
import { runSealJob, type SealJob, type SealReply } from './seal-job.ts'

// The entry of the thread that seals (sealer.ts starts it). It works when nothing else does.

const NICE = 15
/** One block takes a few milliseconds: a third of a core at most. */
const WORK_MILLIS = 1
const REST_MILLIS = 8

const pace = new Pace({ workMillis: WORK_MILLIS, restMillis: REST_MILLIS, asked: workerData as Int32Array<SharedArrayBuffer> })

try {
  // On Linux the priority is a thread's own: `<pid>/task/<thread>`.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICE)
} catch {
  // Elsewhere the whole process would become slow.
}

parentPort?.on('message', (job: SealJob) => {
  let reply: SealReply
  try {
    pace.start(Number.POSITIVE_INFINITY)
    reply = { outcome: runSealJob(job, () => pace.breathe()) }
  } catch (error) {
    reply = { failed: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(reply)
})
