import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { Spool, type SpoolOptions, type UnsentBody } from './spool.ts'

// The entry of the thread that spools while the program goes on (spill-thread.ts starts it). It alone loads the redaction engine.

const NICE = 10

try {
  // On Linux the priority is a thread's own: `<pid>/task/<thread>`. The program that is recorded goes first.
  setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICE)
} catch {
  // Elsewhere the whole process would become slow.
}

const spool = new Spool(workerData as SpoolOptions)

parentPort?.on('message', (body: UnsentBody | undefined) => {
  if (body === undefined) {
    parentPort?.close()
    return
  }
  // What is lost is told by the program itself, whose batches are numbered.
  parentPort?.postMessage(spool.save([body], () => [], Number.POSITIVE_INFINITY))
})
