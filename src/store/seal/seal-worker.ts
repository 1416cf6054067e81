import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { runSealJob, type SealJob, type SealReply } from './seal-job.ts'

// The entry of the thread that seals (sealer.ts starts it). It works when nothing else does.

const NICE = 15

try {
  // On Linux the priority is a thread's own: `<pid>/task/<thread>`.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICE)
} catch {
  // Elsewhere the whole process would become slow.
}

parentPort?.on('message', (job: SealJob) => {
  let reply: SealReply
  try {
    reply = { outcome: runSealJob(job) }
  } catch (error) {
    reply = { failed: error instanceof Error ? error.message : String(error) }
  }
  parentPort?.postMessage(reply)
})
