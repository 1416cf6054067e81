import { parentPort, workerData } from 'node:worker_threads'
import { Spool, type SpoolOptions, type UnsentBody } from './spool.ts'

// The entry of the thread that spools while the program goes on (spill-thread.ts starts it). It alone loads the redaction engine.

const spool = new Spool(workerData as SpoolOptions)

parentPort?.on('message', (body: UnsentBody) => {
  // What is lost is told by the program itself, whose batches are numbered.
  parentPort?.postMessage(spool.save([body], () => [], Number.POSITIVE_INFINITY))
})
