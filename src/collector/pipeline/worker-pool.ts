import { buffersOfBatch, SpareBuffers } from '../../store/index.ts'
import { releaseInflated, shareInflatedBudget } from '../http/inflated-budget.ts'
import { type RefusalData, unavailable } from '../http/refusal.ts'
import { type BodyThread, type BodyThreadEvents, startBodyThread, startInlineBodies } from './body-threads.ts'
import type { BodyJob, FinishedJob, FromWorker, WorkerSetup } from './worker-messages.ts'

export type Part = Extract<FromWorker, { kind: 'part' }>

export interface WorkerPoolOptions {
  readonly setup: WorkerSetup
  /** Threads; 0 works on the event loop. */
  readonly threads: number
  /** Bytes of parts that wait for the disk; past it the workers get nothing new to do. */
  readonly partsMaxBytes: number
  /** Stores a part. Resolves to a refusal when the store did not take it. */
  readonly store: (part: Part) => Promise<RefusalData | undefined>
  readonly partBytes: (part: Part) => number
  readonly onDeath: (reason: string, lostJobs: number) => void
  readonly turn: () => Promise<void>
  /** Starts a worker; for tests that kill it. */
  readonly startThread?: typeof startBodyThread
}

type Outcome = { readonly refusal: RefusalData } | { readonly finished: FinishedJob }

interface Waiting {
  readonly job: BodyJob
  readonly settle: (outcome: Outcome) => void
}

/** One worker, and what it has been given. */
interface Slot {
  readonly number: number
  thread: BodyThread | undefined
  /** No map: what comes and goes all the time would make garbage of it that grows old. */
  readonly jobs: Waiting[]
  messages: number
  deaths: number
  lastDeathAt: number
}

/** Messages that a worker has at a time: one to work on, one so that it never waits for the next. */
const MESSAGES_PER_WORKER = 2
/** Small bodies share a message, and with it a batch and a group. */
const MESSAGE_MAX_BYTES = 256 * 1024
const SPARE_MAX_BYTES = 2 * 1024 * 1024
const RESTART_MAX_MILLIS = 5_000
/** A worker that lived so long has earned a restart at once. */
const QUIET_MILLIS = 60_000

/**
 * Hands bodies to workers in the order of their coming, and their parts to the store. Who waits here is bounded by the byte
 * budget of the receivers. A worker that dies is started again; what it had is refused, to be sent again.
 */
export class WorkerPool {
  readonly #options: WorkerPoolOptions
  readonly #slots: Slot[]
  readonly #waiting: Waiting[] = []
  /** Memory of parts that are on the disk, on its way back to the workers. */
  readonly #spareParts = new SpareBuffers(SPARE_MAX_BYTES)
  /** Memory of bodies that are done with, for the receivers. */
  readonly spareBodies: SpareBuffers = new SpareBuffers(SPARE_MAX_BYTES)
  readonly #inflated: SharedArrayBuffer
  #partsBytes = 0
  #closed = false

  constructor(options: WorkerPoolOptions) {
    this.#options = options
    this.#inflated = shareInflatedBudget(Math.max(1, options.threads))
    this.#slots = Array.from({ length: Math.max(1, options.threads) }, (_, number) => ({
      number,
      thread: undefined,
      jobs: [],
      messages: 0,
      deaths: 0,
      lastDeathAt: Number.NEGATIVE_INFINITY,
    }))
    for (const slot of this.#slots) this.#start(slot)
  }

  /** Bytes of parts that wait for the disk. */
  get partsBytes(): number {
    return this.#partsBytes
  }

  /** Resolves when everything of the body that is kept is on the disk, or when it is refused. */
  run(job: BodyJob): Promise<Outcome> {
    if (this.#closed) return Promise.resolve({ refusal: CLOSED })
    return new Promise((settle) => {
      this.#waiting.push({ job, settle })
      this.#dispatch()
    })
  }

  #start(slot: Slot): void {
    const { setup, threads, turn, startThread = startBodyThread } = this.#options
    const events: BodyThreadEvents = {
      onMessage: (message) => void (message.kind === 'part' && this.#take(slot, message)),
      onDeath: (reason) => this.#bury(slot, reason),
    }
    if (threads === 0) slot.thread = startInlineBodies(setup, events, turn)
    else {
      const inflated = { memory: this.#inflated, worker: slot.number }
      slot.thread = startThread({ ...setup, inflated }, `reprise-worker-${slot.number}`, events)
    }
  }

  #dispatch(): void {
    while (this.#waiting.length > 0 && (this.#partsBytes === 0 || this.#partsBytes < this.#options.partsMaxBytes)) {
      let slot: Slot | undefined
      for (const candidate of this.#slots) {
        if (candidate.thread === undefined || candidate.messages >= MESSAGES_PER_WORKER) continue
        if (slot === undefined || candidate.messages < slot.messages) slot = candidate
      }
      if (slot?.thread === undefined) return
      const jobs: BodyJob[] = []
      let bytes = 0
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        if (jobs.length > 0 && bytes + next.job.body.length > MESSAGE_MAX_BYTES) break
        this.#waiting.shift()
        slot.jobs.push(next)
        bytes += next.job.body.length
        jobs.push(next.job)
      }
      slot.messages++
      slot.thread.send({ kind: 'work', jobs, spare: this.#spareParts.takeAll() })
    }
  }

  #take(slot: Slot, part: Part): void {
    if (part.messageDone) slot.messages--
    const ended = part.finished.flatMap((finished) => {
      const waiting = takeJob(slot, finished.id)
      return waiting === undefined ? [] : [{ finished, settle: waiting.settle }]
    })
    const bytes = this.#options.partBytes(part)
    this.#partsBytes += bytes
    const thread = slot.thread
    for (const buffer of part.spare) this.spareBodies.give(buffer)
    void this.#options.store(part).then((refusal) => {
      this.#partsBytes -= bytes
      for (const buffer of buffersOfBatch(part.batch)) this.#spareParts.give(buffer)
      for (const { finished, settle } of ended) {
        if (finished.refusal !== undefined) settle({ refusal: finished.refusal })
        else settle(refusal === undefined ? { finished } : { refusal })
      }
      if (part.open !== undefined) {
        if (refusal !== undefined) {
          takeJob(slot, part.open)?.settle({ refusal })
        }
        // Not another one that was started in its place.
        if (slot.thread === thread) thread?.send({ kind: refusal === undefined ? 'goOn' : 'drop' })
      }
      this.#dispatch()
    })
    this.#dispatch()
  }

  #bury(slot: Slot, reason: string): void {
    if (this.#closed) return
    const lost = slot.jobs.splice(0)
    slot.messages = 0
    slot.thread = undefined
    releaseInflated(this.#inflated, slot.number)
    this.#options.onDeath(reason, lost.length)
    for (const { settle } of lost) settle({ refusal: LOST })
    const now = performance.now()
    slot.deaths = now - slot.lastDeathAt > QUIET_MILLIS ? 1 : slot.deaths + 1
    slot.lastDeathAt = now
    const again = (): void => {
      if (this.#closed) return
      this.#start(slot)
      this.#dispatch()
    }
    // A body that kills its worker comes again and again: what each round costs is bounded.
    if (slot.deaths === 1) again()
    else setTimeout(again, Math.min(RESTART_MAX_MILLIS, 50 * 2 ** slot.deaths)).unref()
  }

  /** Ends the workers. What is not answered by then is refused. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const left = [...this.#waiting.splice(0), ...this.#slots.flatMap((slot) => slot.jobs.splice(0))]
    for (const { settle } of left) settle({ refusal: CLOSED })
    await Promise.all(this.#slots.map((slot) => slot.thread?.close()))
  }
}

/** The jobs of a worker end in the order in which it was given them. */
function takeJob(slot: Slot, id: number): Waiting | undefined {
  const index = slot.jobs.findIndex(({ job }) => job.id === id)
  return index < 0 ? undefined : slot.jobs.splice(index, 1)[0]
}

const LOST = unavailable('worker_died', 'the collector lost what it was working on; send it again', 1).toData()
const CLOSED = unavailable('closing', 'the collector is closing', 1).toData()
