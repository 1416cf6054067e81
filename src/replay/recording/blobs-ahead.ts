import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { RecordingManifest } from '../../schemas/index.ts'
import { type AheadOrder, FREE, HERE, PART_BLOBS, type PartRead } from './ahead-order.ts'
import { BLOBS_FOLDER, HELD_MAX_BYTES } from './recording-text.ts'

/** With fewer a thread would take longer to start than it saves. */
const AHEAD_MIN_BLOBS = 4_000
/** As it is before a replay guards it: this thread is no program's. */
const PlainWorker = Worker

type Part = readonly (Uint8Array | undefined)[]

/**
 * A second thread that reads the blobs of a large recording and verifies their digests, from the last to the first, while this one
 * does all else and then goes on from the first to the last. What it does not read, or finds to be other than it should be, is left
 * to be read here, where it is said.
 */
export class BlobsAhead {
  readonly #sizes: Uint32Array
  readonly #claims: Int32Array
  readonly #worker: Worker
  readonly #arrived = new Map<number, Part>()
  readonly #waiting = new Map<number, (part: Part | undefined) => void>()
  #ended = false
  /** When the thread has read all that is left to it. */
  readonly done: Promise<void>

  constructor(home: string, blobs: RecordingManifest['blobs']) {
    this.#sizes = Uint32Array.from(blobs, ({ sizeBytes }) => sizeBytes)
    this.#claims = new Int32Array(new SharedArrayBuffer(Math.ceil(blobs.length / PART_BLOBS) * Int32Array.BYTES_PER_ELEMENT))
    const names = blobs.map(({ digest }) => digest.slice('sha256:'.length)).join('')
    const file = import.meta.url.endsWith('.ts') ? './ahead-worker.ts' : './ahead-worker.js'
    this.#worker = new PlainWorker(new URL(file, import.meta.url), {
      workerData: { folder: join(home, BLOBS_FOLDER), names, sizes: this.#sizes, claims: this.#claims } satisfies AheadOrder,
      name: 'reprise-blobs',
      env: {},
      execArgv: [],
    })
    this.#worker.on('message', (read: PartRead) => this.#arrive(read))
    this.#worker.on('error', () => this.#end())
    this.done = new Promise((resolve) =>
      this.#worker.on('exit', () => {
        this.#end()
        resolve()
      }),
    )
  }

  /** The blobs of a part, undefined each that is to be read here; undefined for all of them. */
  async take(part: number): Promise<Part | undefined> {
    if (Atomics.compareExchange(this.#claims, part, FREE, HERE) === FREE) return undefined
    const arrived = this.#arrived.get(part)
    this.#arrived.delete(part)
    if (arrived !== undefined || this.#ended) return arrived
    return await new Promise((resolve) => this.#waiting.set(part, resolve))
  }

  #arrive({ part, bytes, isRead }: PartRead): void {
    let start = 0
    const blobs = Array.from(isRead, (read, index) => {
      const size = this.#sizes[part * PART_BLOBS + index] ?? 0
      if (read !== 1) return undefined
      start += size
      return Buffer.from(bytes.buffer, start - size, size)
    })
    const waiting = this.#waiting.get(part)
    if (waiting === undefined) this.#arrived.set(part, blobs)
    else {
      this.#waiting.delete(part)
      waiting(blobs)
    }
  }

  #end(): void {
    this.#ended = true
    for (const resolve of this.#waiting.values()) resolve(undefined)
    this.#waiting.clear()
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}

/** Undefined where it would not pay. */
export function startBlobsAhead(home: string, { blobs }: RecordingManifest): BlobsAhead | undefined {
  if (blobs.length < AHEAD_MIN_BLOBS || availableParallelism() < 2) return undefined
  if (blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) > HELD_MAX_BYTES) return undefined
  return new BlobsAhead(home, blobs)
}
