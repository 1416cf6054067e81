import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { TapeHead } from '../types.ts'
import type { RowBatch } from './row-batch.ts'
import { COUNTERS, DONE, MADE, type ScanData, TAKEN, UNWANTED } from './scan-counters.ts'

/**
 * A second thread that goes through the tape from its beginning and finds in its lines what the index keeps, ahead of the
 * thread that writes it. It reads the files itself, as far as the head; what goes wrong in it is left to be read here.
 */
export class ScanAhead {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #counters = new Int32Array(new SharedArrayBuffer(COUNTERS * Int32Array.BYTES_PER_ELEMENT))
  readonly #exited: Promise<void>
  #ended = false

  constructor(dir: string, head: TapeHead) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    // The thread runs whichever of the two this file is: a source or what was built from it.
    const file = import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js'
    this.#worker = new Worker(new URL(file, import.meta.url), {
      workerData: { dir, head, port: port2, counters: this.#counters } satisfies ScanData,
      transferList: [port2],
      name: 'reprise-scan',
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    this.#worker.on('error', () => this.#end())
    this.#exited = new Promise((resolve) => {
      this.#worker.on('exit', () => {
        this.#end()
        resolve()
      })
    })
  }

  #end(): void {
    this.#ended = true
  }

  /** The next batch, for which this thread waits until the deadline; `ended` when there is none and never will be. */
  next(deadline: number): RowBatch | 'ended' | undefined {
    for (;;) {
      const made = Atomics.load(this.#counters, MADE)
      const ended = this.#ended || Atomics.load(this.#counters, DONE) === 1
      const received: { message: RowBatch } | undefined = receiveMessageOnPort(this.#port)
      if (received !== undefined) {
        Atomics.add(this.#counters, TAKEN, 1)
        Atomics.notify(this.#counters, TAKEN)
        return received.message
      }
      if (ended) return 'ended'
      const left = deadline - performance.now()
      if (left <= 0) return undefined
      Atomics.wait(this.#counters, MADE, made, left)
    }
  }

  /** Asks the thread to end, and waits: by force it could take the process with it while it unpacks a group (see `Sealer.close`). */
  async close(): Promise<void> {
    this.#port.close()
    Atomics.store(this.#counters, UNWANTED, 1)
    // Changed as if one had been taken, which wakes a thread that has made enough.
    Atomics.add(this.#counters, TAKEN, 1)
    Atomics.notify(this.#counters, TAKEN)
    await this.#exited
  }
}
