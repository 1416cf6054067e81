import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import type { TapeHead } from '../types.ts'
import { type RowBlock, RowDecoder } from './row-block.ts'

/** Groups that wait to be taken: enough that neither side waits for the other in its turns, and few megabytes. */
export const AHEAD_MAX_GROUPS = 6
/** Places in the shared memory: groups that were made, groups that were taken, whether to end. */
export const MADE = 0
export const TAKEN = 1
export const STOP = 2
/** The thread has ended, or hangs: whoever waits reads the tape by itself. */
const PATIENCE_MILLIS = 10_000
const YOUNG_MAX_MIB = 6

export interface ScanWorkerData {
  readonly dir: string
  readonly head: TapeHead
  readonly fromGroup: number
  readonly control: Int32Array
  readonly port: MessagePort
}

type Rows = ReturnType<RowDecoder['decode']>

/** A thread that reads and scans groups ahead of who puts them into the index, so that the two share the work. */
export class ScanAhead {
  readonly #control = new Int32Array(new SharedArrayBuffer(12))
  readonly #port: MessagePort
  readonly #worker: Worker
  readonly #decoder = new RowDecoder()
  readonly #last: number
  #next: number
  #stopped = false

  /** From a group up to the head. */
  constructor(dir: string, fromGroup: number, head: TapeHead) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#next = fromGroup
    this.#last = head.group
    // The thread runs whichever of the two this file is: a source or what was built from it.
    const file = import.meta.url.endsWith('.ts') ? './scan-worker.ts' : './scan-worker.js'
    this.#worker = new Worker(new URL(file, import.meta.url), {
      workerData: { dir, head, fromGroup, control: this.#control, port: port2 } satisfies ScanWorkerData,
      transferList: [port2],
      name: 'reprise-scan',
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB },
    })
    // Seen as a group that does not come.
    this.#worker.on('error', () => this.#fail())
    this.#worker.unref()
    this.#port.unref()
  }

  /** The rows of the next group and how many they are; waits for it. Undefined where it does not come: it is then to be read from the tape. */
  take(group: number): { readonly count: number; readonly next: Rows } | undefined {
    if (this.#stopped || group !== this.#next || group > this.#last) return undefined
    const deadline = performance.now() + PATIENCE_MILLIS
    for (;;) {
      const made = Atomics.load(this.#control, MADE)
      const received = receiveMessageOnPort(this.#port)
      if (received !== undefined) {
        const block = received.message as RowBlock
        this.#next++
        Atomics.add(this.#control, TAKEN, 1)
        Atomics.notify(this.#control, TAKEN)
        return { count: block.lines, next: this.#decoder.decode(block) }
      }
      const left = deadline - performance.now()
      if (Atomics.load(this.#control, STOP) !== 0 || left <= 0) {
        this.#fail()
        return undefined
      }
      Atomics.wait(this.#control, MADE, made, Math.min(left, 100))
    }
  }

  #fail(): void {
    this.#stopped = true
    Atomics.store(this.#control, STOP, 1)
    Atomics.add(this.#control, TAKEN, 1)
    Atomics.notify(this.#control, TAKEN)
  }

  /** Ends the thread. Resolves when its files are closed. */
  async close(): Promise<void> {
    this.#fail()
    await this.#worker.terminate()
    this.#port.close()
  }
}
