import { Worker } from 'node:worker_threads'
import { RepriseError } from '../../schemas/index.ts'
import type { PackSet } from '../blobs/pack-set.ts'
import type { Tape } from '../tape/tape.ts'
import type { SealProgress } from '../types.ts'
import { CpuShare } from './cpu-share.ts'
import { isSealedFile } from './is-sealed-file.ts'
import { ASKED, ENDING, SEAL_CELLS, type SealJob, type SealReply } from './seal-job.ts'
import type { FileOutcome } from './seal-segment.ts'

export interface SealerOptions {
  readonly tape: Tape
  readonly packs: PackSet
  /** Seal whenever something is closed, not only when asked. */
  readonly automatic?: boolean
  /** A segment that was to be sealed has groups that cannot be read. */
  readonly onDamage?: (groups: readonly { readonly group: number; readonly records: number }[]) => void
}

/**
 * Compresses closed segments and packs in a thread of its own, one after the other. Killed at any moment it has changed
 * nothing or all of one file; what is left to do is found again when the store is next opened.
 */
export class Sealer {
  readonly #options: SealerOptions
  /** Files that are done, or cannot be sealed: not looked at again. */
  readonly #settled = new Set<string>()
  #worker: Worker | undefined
  #running: Promise<void> | undefined
  #held = 0
  readonly #cells = new Int32Array(new SharedArrayBuffer(SEAL_CELLS * Int32Array.BYTES_PER_ELEMENT))
  /** What the thread was given last. */
  #sent: Promise<unknown> | undefined
  #closed = false
  readonly #load = new CpuShare()
  #timer: NodeJS.Timeout | undefined
  #putOff = 0
  /** Commits since the last look. */
  #commits = 0
  #lastSegment = -1
  #lastPack = -1
  readonly progress: { files: number; fromBytes: number; toBytes: number; problem?: string } = { files: 0, fromBytes: 0, toBytes: 0 }

  constructor(options: SealerOptions) {
    this.#options = options
  }

  /** To be called after a commit: looks for work when a segment or a pack has been closed since. */
  afterCommit(): void {
    this.#commits++
    const segment = this.#options.tape.segments().at(-1) ?? -1
    const pack = this.#ifSeen(() => this.#markedPack())
    if (pack === undefined) return
    if (segment === this.#lastSegment && pack === this.#lastPack) return
    this.#lastSegment = segment
    this.#lastPack = pack
    this.#startWhenIdle()
  }

  /**
   * Looks whether there is time for one file: priority alone does not keep a thread from slowing down the ones on the same core,
   * nor its writes from holding up those that senders wait for. After a while, or when many files wait, it is done all the same.
   */
  #startWhenIdle(): void {
    if (this.#closed || this.#timer !== undefined || this.#running !== undefined) return
    this.#load.restart()
    this.#commits = 0
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      // The share alone says little where other programs take the cores.
      const busy = this.#load.read() > BUSY_SHARE || this.#commits >= BUSY_COMMITS
      const waiting = this.#ifSeen(() => this.#waiting())
      if (waiting === undefined || (busy && ++this.#putOff < PUT_OFF_MAX && waiting <= WAITING_MAX_FILES)) this.#startWhenIdle()
      else {
        this.#putOff = 0
        this.start(true)
      }
    }, LOOK_MILLIS)
    this.#timer.unref()
  }

  /** Starts sealing what can be, unless that is under way. `one`: a file, and the next one when there is time for it. */
  start(one = false): void {
    if (this.#closed || this.#held > 0) return
    this.#running ??= this.#run(one)
      .catch((error: unknown) => {
        this.progress.problem = `closed files could not be sealed: ${error instanceof Error ? error.message : String(error)}`
      })
      .then(() => {
        this.#running = undefined
        if (one && this.progress.problem === undefined && this.#held === 0 && this.#ifSeen(() => this.#next()) !== undefined)
          this.#startWhenIdle()
      })
  }

  /** Undefined where the files cannot be looked at now, as without a descriptor: nobody waits for what is looked for here. */
  #ifSeen<T>(look: () => T): T | undefined {
    try {
      return look()
    } catch {
      return undefined
    }
  }

  /** Resolves when everything that is closed now has been sealed, or could not be. */
  async sealAll(): Promise<SealProgress> {
    const unhurry = this.#hurry()
    try {
      while (!this.#closed) {
        this.start()
        await this.#running
        if (this.#next() === undefined || this.progress.problem !== undefined) break
      }
    } finally {
      unhurry()
    }
    return { ...this.progress }
  }

  /** Lets what is under way end, and nothing new begin until the returned function is called: for who changes files himself. */
  async hold(): Promise<() => void> {
    this.#held++
    const unhurry = this.#hurry()
    await this.#running
    unhurry()
    this.#settled.clear()
    return () => {
      this.#held--
      void this.#worker?.terminate()
      this.#worker = undefined
      if (this.#options.automatic === true) this.start()
    }
  }

  /** The thread does not rest until the returned function is called. */
  #hurry(): () => void {
    Atomics.add(this.#cells, ASKED, 1)
    Atomics.notify(this.#cells, ASKED)
    return () => void Atomics.sub(this.#cells, ASKED, 1)
  }

  /** The last pack that the last group vouches for: it may still grow, those before it do not. */
  #markedPack(): number {
    const { tape } = this.#options
    return tape.entryOf(tape.head().group)?.mark.pack ?? 0
  }

  #next(): SealJob | undefined {
    const { tape, packs } = this.#options
    const segments = tape.segments()
    for (const [index, number] of segments.entries()) {
      const endGroup = segments[index + 1]
      const path = tape.segmentFile(number)
      // The one after it holds an acknowledged group: this one is closed for good.
      if (endGroup === undefined || endGroup > tape.head().group || this.#settled.has(path)) continue
      return { type: 'segment', path, number, endGroup }
    }
    const marked = this.#markedPack()
    for (const number of packs.packs()) {
      const path = packs.packFile(number)
      if (number < marked && !this.#settled.has(path)) return { type: 'pack', path, number }
    }
    return undefined
  }

  /** Closed files that are not sealed, as far as is known without looking into them. */
  #waiting(): number {
    const { tape, packs } = this.#options
    const marked = this.#markedPack()
    const files = tape
      .segments()
      .slice(0, -1)
      .map((number) => tape.segmentFile(number))
    for (const number of packs.packs()) if (number < marked) files.push(packs.packFile(number))
    return files.filter((path) => !this.#settled.has(path)).length
  }

  async #run(one: boolean): Promise<void> {
    // Where far more comes than a thread that rests gets done, what is stored would only grow.
    const unhurry = this.#waiting() > HURRY_FILES ? this.#hurry() : undefined
    try {
      for (let job = this.#next(); job !== undefined && !this.#closed && this.#held === 0; job = this.#next()) {
        // Found at once, without waking the thread.
        const outcome = isSealedFile(job.path) ? ({ type: 'already' } as const) : await this.#ask(job)
        if (outcome === undefined) return
        this.#settled.add(job.path)
        this.#take(job, outcome)
        if (one && outcome.type !== 'already') return
      }
    } finally {
      unhurry?.()
      const worker = this.#worker
      this.#worker = undefined
      await worker?.terminate()
    }
  }

  #take(job: SealJob, outcome: FileOutcome): void {
    const { tape, packs, onDamage } = this.#options
    if (outcome.type === 'damaged' && outcome.groups.length > 0) onDamage?.(outcome.groups)
    if (outcome.type !== 'sealed') return
    this.progress.files++
    this.progress.fromBytes += outcome.fromBytes
    this.progress.toBytes += outcome.toBytes
    // The old file is gone once nobody has it open.
    if (job.type === 'segment') tape.forget(job.number)
    else packs.forget(job.number)
  }

  /** Undefined where it failed or the thread was ended; the file is as it was. */
  async #ask(job: SealJob): Promise<FileOutcome | undefined> {
    const reply = await this.#send(job)
    if ('outcome' in reply) {
      delete this.progress.problem
      return reply.outcome
    }
    if (!this.#closed) this.progress.problem = `${job.path} could not be sealed: ${reply.failed}`
    return undefined
  }

  /** One job out of turn, for who has taken `hold`. Throws `store_write_failed`. */
  async perform(job: SealJob): Promise<FileOutcome> {
    const reply = await this.#send(job)
    if ('outcome' in reply) return reply.outcome
    throw new RepriseError('store_write_failed', `${job.path} could not be written anew: ${reply.failed}`, { retryable: true })
  }

  async #send(job: SealJob): Promise<SealReply> {
    this.#worker ??= startWorker(this.#cells)
    const worker = this.#worker
    const sent = new Promise<SealReply>((resolve) => {
      const settle = (answer: SealReply): void => {
        worker.off('exit', ended).off('error', failed).off('message', settle)
        resolve(answer)
      }
      const ended = (): void => settle({ failed: 'the sealing thread ended' })
      const failed = (error: unknown): void => settle({ failed: error instanceof Error ? error.message : String(error) })
      worker.on('exit', ended).on('error', failed).on('message', settle)
      worker.postMessage(job)
    })
    this.#sent = sent
    return await sent
  }

  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    // Asked to end, it leaves the file as it was. Ended by force while it compresses, it could take the whole process with it: Node
    // 24 aborts where a stream of zlib is let go of before it is ready.
    Atomics.store(this.#cells, ENDING, 1)
    this.#hurry()
    await Promise.all([this.#sent, this.#running])
    await this.#worker?.terminate()
  }
}

const LOOK_MILLIS = 500
/** Of all cores. Above it those who send are served first. */
const BUSY_SHARE = 0.6
/** In the time of a look: senders that come so often wait for every one. */
const BUSY_COMMITS = 5
/** Of 64 MiB each at most, before the disk would fill faster than it is worth. */
const WAITING_MAX_FILES = 16
/** With more, a file is sealed without rests. */
const HURRY_FILES = 2 * WAITING_MAX_FILES
/** Looks after which a file is sealed however busy the process is: ten minutes. */
const PUT_OFF_MAX = 1_200

/** It works on buffers. */
const YOUNG_MAX_MIB = 3

function startWorker(cells: Int32Array<SharedArrayBuffer>): Worker {
  // The thread runs whichever of the two this file is: a source or what was built from it.
  const file = import.meta.url.endsWith('.ts') ? './seal-worker.ts' : './seal-worker.js'
  return new Worker(new URL(file, import.meta.url), {
    name: 'reprise-seal',
    workerData: cells,
    // Nothing that the program was started with: `--input-type` would keep a thread from starting, an `--import` would run again.
    execArgv: [],
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MAX_MIB },
  })
}
