import { parentPort, workerData } from 'node:worker_threads'
import { buffersToTransfer } from '../../store/index.ts'
import { BodyWorker } from './body-worker.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './worker-messages.ts'

// The entry of a thread that makes bodies ready (worker-pool.ts starts it).

/** Small buffers are cut from larger ones. Those of Node 24 have 64 KiB, and the last small one that grows old keeps all of it. */
Buffer.poolSize = 8 * 1024

function post(message: FromWorker): void {
  parentPort?.postMessage(message, message.kind === 'part' ? [...buffersToTransfer(message.batch), ...message.spare] : [])
}

let answer: ((stored: boolean) => void) | undefined
let working: Promise<void> = Promise.resolve()
const worker = new BodyWorker({
  ...(workerData as WorkerSetup),
  post,
  isStored: () => new Promise((resolve) => (answer = resolve)),
})

parentPort?.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'work':
      // One after the other: the batch is shared. An error here is unforeseen and ends the thread, which the pool sees to.
      working = working.then(() => worker.work(message.jobs, message.spare))
      return
    case 'goOn':
    case 'drop':
      answer?.(message.kind === 'goOn')
      answer = undefined
  }
})
post({ kind: 'ready' })
