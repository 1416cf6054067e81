import { Worker } from 'node:worker_threads'
import { type ErrorCode, RepriseError } from '../../schemas/index.ts'
import { closeAll } from '../files/close-all.ts'
import type { Layout } from '../files/layout.ts'
import type { Tape } from '../tape/tape.ts'
import type { ReindexProgress, ReindexResult, StoreIndex, TapeHead } from '../types.ts'
import { IndexDatabase, isSqliteError, notOpened } from './database.ts'
import { IndexQueries } from './index-queries.ts'
import { type OfferedRows, releaseRows } from './offered-rows.ts'
import type { QuerySource } from './query-source.ts'
import { type StepRows, sizeOfRows } from './step-rows.ts'
import { THREAD_TIMES } from './thread-times.ts'

const YOUNG_MAX_MIB = 6
/** Some forty times of what it keeps. The less it may have, the sooner is collected what it does not. */
const OLD_MAX_MIB = 512
/** Groups that come close together are told of once: to wake another thread costs as much as to index some steps. */
const FEED_MILLIS = 10
/** And while they keep coming no more often than this: it begins no transaction sooner. */
const FEEDS_APART_MILLIS = THREAD_TIMES.gatherMillis
/** But with so much to tell at once. */
const FEED_BYTES = 256 * 1024

/** Rows that the thread has not taken yet; past it the thread reads the tape instead. */
const OFFERED_MAX_BYTES = 8 * 1024 * 1024

/** Each message tells how far the tape is durable: the thread sees the files, and may look no further. */
export type ToIndexThread =
  | { readonly kind: 'follow'; readonly head: TapeHead; readonly offered: readonly OfferedRows[] }
  | { readonly kind: 'catchUp' | 'reindex' | 'close'; readonly head: TapeHead; readonly id: number }

export interface IndexThreadData {
  readonly dir: string
  readonly head: TapeHead
  /** Bytes of offered rows that are done with, modulo 2^32. */
  readonly doneBytes: Uint32Array<SharedArrayBuffer>
  /** How many wait for what they asked of the thread. */
  readonly asked: Int32Array<SharedArrayBuffer>
}

export type FromIndexThread =
  | { readonly kind: 'ready'; readonly problem: string | undefined }
  | { readonly kind: 'anew' }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: ReindexProgress }
  | { readonly kind: 'done'; readonly id: number; readonly result?: ReindexResult; readonly problem?: string | undefined }
  | { readonly kind: 'failed'; readonly id: number; readonly code: ErrorCode; readonly message: string }

interface Waiting {
  readonly resolve: (result: ReindexResult | undefined) => void
  readonly reject: (error: unknown) => void
  readonly onProgress: ((progress: ReindexProgress) => void) | undefined
}

/**
 * The index kept by a thread of its own, so that a busy writer's event loop is left to receiving and answering. Queries are
 * answered here, over a connection that only reads.
 */
export class ThreadedIndex extends IndexQueries implements StoreIndex {
  readonly #layout: Layout
  readonly #tape: Tape
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #database: IndexDatabase | undefined
  readonly #doneBytes: Uint32Array<SharedArrayBuffer>
  readonly #asked: Int32Array<SharedArrayBuffer>
  #offered: OfferedRows[] = []
  #offeredBytes = 0
  /** Of those that the thread has not been told of. */
  #heldBytes = 0
  #nextId = 0
  #problem: string | undefined
  #feeding: NodeJS.Timeout | undefined
  #fedAt = Number.NEGATIVE_INFINITY
  #closed = false

  private constructor(layout: Layout, tape: Tape, worker: Worker, { doneBytes, asked }: IndexThreadData, problem: string | undefined) {
    super()
    this.#problem = problem
    this.#layout = layout
    this.#tape = tape
    this.#worker = worker
    this.#doneBytes = doneBytes
    this.#asked = asked
    worker.on('message', (message: FromIndexThread) => this.#take(message))
    worker.on('error', (error) => {
      this.#problem = `the index thread failed: ${error instanceof Error ? error.message : String(error)}`
    })
    this.#ended = new Promise((resolve) => {
      worker.once('exit', () => {
        this.#problem ??= this.#closed ? undefined : 'the index thread ended'
        for (const { reject } of this.#waiting.values()) reject(this.#gone())
        this.#waiting.clear()
        resolve()
      })
    })
  }

  /** Resolves when the thread has opened the index, or found that the disk does not let it. */
  static async start(layout: Layout, tape: Tape): Promise<ThreadedIndex> {
    // The thread runs whichever of the two this file is: a source or what was built from it.
    const file = import.meta.url.endsWith('.ts') ? './index-worker.ts' : './index-worker.js'
    const workerData: IndexThreadData = {
      dir: layout.dir,
      head: tape.head(),
      doneBytes: new Uint32Array(new SharedArrayBuffer(Uint32Array.BYTES_PER_ELEMENT)),
      asked: new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)),
    }
    const worker = new Worker(new URL(file, import.meta.url), {
      workerData,
      name: 'reprise-index',
      // Nothing that the program was started with: `--input-type` would keep a thread from starting, an `--import` would run again.
      // node:sqlite announces itself on some versions of Node; nobody who reads that can do anything about it.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      // What it makes is gone a moment later: more room would only be more memory.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB, maxOldGenerationSizeMb: OLD_MAX_MIB },
    })
    try {
      return new ThreadedIndex(layout, tape, worker, workerData, await isReady(worker))
    } catch (error) {
      await worker.terminate()
      throw error
    }
  }

  #take(message: FromIndexThread): void {
    switch (message.kind) {
      case 'ready':
        return
      case 'anew':
        // The file that the present connection has open is gone.
        this.#database?.close()
        this.#database = undefined
        return
      case 'progress':
        this.#waiting.get(message.id)?.onProgress?.(message.progress)
        return
      case 'done':
        this.#problem = message.problem
        this.#settle(message.id)?.resolve(message.result)
        return
      case 'failed':
        this.#problem = message.message
        this.#settle(message.id)?.reject(new RepriseError(message.code, message.message, { retryable: true }))
        return
    }
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    if (this.#waiting.delete(id)) Atomics.sub(this.#asked, 0, 1)
    return waiting
  }

  #gone(): RepriseError {
    return this.#closed
      ? new RepriseError('store_closed', 'the store is closed')
      : new RepriseError('store_write_failed', this.#problem ?? 'the index thread ended', { retryable: false })
  }

  #ask(kind: 'catchUp' | 'reindex' | 'close', onProgress?: (progress: ReindexProgress) => void): Promise<ReindexResult | undefined> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      if (this.#worker.threadId === -1) {
        reject(this.#gone())
        return
      }
      this.#waiting.set(id, { resolve, reject, onProgress })
      Atomics.add(this.#asked, 0, 1)
      Atomics.notify(this.#asked, 0)
      this.#worker.postMessage({ kind, id, head: this.#tape.head() } satisfies ToIndexThread)
    })
  }

  protected override source(): QuerySource {
    if (this.#closed) throw new RepriseError('store_closed', 'the store is closed')
    try {
      this.#database ??= IndexDatabase.openForReading(this.#layout.index)
    } catch (error) {
      this.feed()
      throw notOpened(error)
    }
    if (this.#database === undefined) {
      this.feed()
      throw this.#problem === undefined
        ? new RepriseError('integrity', 'the index is being made anew', { retryable: true })
        : notOpened(this.#problem)
    }
    return { database: this.#database, readLine: (group, line) => this.#tape.readLine(group, line) }
  }

  protected override failed(error: unknown): unknown {
    if (!isSqliteError(error)) return error
    this.#database?.close()
    this.#database = undefined
    // The thread finds the damage itself, and makes the index anew.
    this.feed()
    return new RepriseError('integrity', `the index could not be read: ${error.message}`, { cause: error, retryable: true })
  }

  problem(): string | undefined {
    return this.#problem
  }

  /** A group has become durable: all its lines, in order, where their rows are known. The rows are handed over. */
  feed(group?: number, rows?: readonly StepRows[]): void {
    if (this.#closed) return
    if (group !== undefined && rows !== undefined) this.#offer(group, rows)
    const wait = Math.max(FEED_MILLIS, this.#fedAt + FEEDS_APART_MILLIS - performance.now())
    if (this.#heldBytes >= FEED_BYTES) this.#feedNow()
    else this.#feeding ??= setTimeout(() => this.#feedNow(), wait)
  }

  #feedNow(): void {
    clearTimeout(this.#feeding)
    this.#feeding = undefined
    this.#fedAt = performance.now()
    const offered = this.#offered
    this.#offered = []
    this.#heldBytes = 0
    const message: ToIndexThread = { kind: 'follow', head: this.#tape.head(), offered }
    this.#worker.postMessage(
      message,
      offered.flatMap((each) => each.rows.map(({ numbers }) => numbers.buffer)),
    )
  }

  #offer(group: number, rows: readonly StepRows[]): void {
    const bytes = rows.reduce((sum, each) => sum + sizeOfRows(each), 0)
    const waitingBytes = (this.#offeredBytes - Atomics.load(this.#doneBytes, 0)) >>> 0
    if (waitingBytes + bytes > OFFERED_MAX_BYTES) {
      releaseRows(rows)
      return
    }
    this.#offeredBytes = (this.#offeredBytes + bytes) >>> 0
    this.#heldBytes += bytes
    this.#offered.push({ group, rows, bytes })
  }

  /** Rows of lines in which something may be erased since. */
  #takeBackOffered(): void {
    for (const { rows, bytes } of this.#offered.splice(0)) {
      releaseRows(rows)
      this.#offeredBytes = (this.#offeredBytes - bytes) >>> 0
    }
    this.#heldBytes = 0
  }

  async catchUp(): Promise<void> {
    await this.#ask('catchUp')
  }

  async reindex(onProgress?: (progress: ReindexProgress) => void): Promise<ReindexResult> {
    this.#takeBackOffered()
    return (await this.#ask('reindex', onProgress)) ?? { groups: 0, records: 0 }
  }

  async close(): Promise<void> {
    if (this.#closed) return await this.#ended
    this.#closed = true
    clearTimeout(this.#feeding)
    await closeAll([
      // Before the thread does: the last one to close empties and removes the log, which a connection that only reads cannot.
      () => this.#database?.close(),
      async () => await this.#ask('close').catch(() => undefined),
      async () => await this.#ended,
    ])
  }
}

/** Resolves to the index's problem, if it has one. */
async function isReady(worker: Worker): Promise<string | undefined> {
  return await new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the index thread ended'))
    const take = (message: FromIndexThread): void => {
      if (message.kind !== 'ready') return
      worker.off('message', take).off('error', reject).off('exit', ended)
      resolve(message.problem)
    }
    worker.on('message', take).on('error', reject).on('exit', ended)
  })
}
