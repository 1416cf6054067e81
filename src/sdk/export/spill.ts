import type { SendQueue } from '../recorder/send-queue.ts'
import { warnOnce } from '../recorder/warning.ts'
import type { SpillThread } from '../spool/spill-thread.ts'
import type { Spool } from '../spool/spool.ts'
import type { RepriseBatch } from './reprise-way.ts'

/** Spooling begins when what waits takes this share of its bound, and goes on until it takes no more than the second. */
const BEGIN_SHARE = 0.5
const END_SHARE = 0.25

/**
 * Where the oldest batches go while nobody answers for long: to the spool, through a thread that redacts them, instead of
 * being given up when the queue is full. They come back like everything in the spool, once a collector is there.
 */
export class Spill {
  readonly #spool: Spool
  readonly #queue: SendQueue
  readonly #maxBytes: number
  #thread: SpillThread | undefined
  /** With the thread; kept until it says that it is on the disk. */
  #underWay: RepriseBatch | undefined
  /** What could not be spooled: it waits in memory as if it had never been tried. */
  readonly #returned: RepriseBatch[] = []
  #broken = false
  #keepsAlive = false
  /** Steps and announcements that it took to the disk, since the start. */
  spooled = 0

  constructor(spool: Spool, queue: SendQueue, maxBytes: number) {
    this.#spool = spool
    this.#queue = queue
    this.#maxBytes = maxBytes
  }

  get heldSpans(): number {
    return (this.#underWay?.spans ?? 0) + this.#returned.reduce((sum, { spans }) => sum + spans, 0)
  }

  /** Whether so much waits that it should begin. */
  get due(): boolean {
    return this.#spool.enabled && !this.#broken && this.#queue.sizeBytes > this.#maxBytes * BEGIN_SHARE
  }

  /** Takes batches from `next` to the spool until little waits, or there are no more. */
  async run(next: () => Promise<RepriseBatch | undefined>, signal: AbortSignal): Promise<void> {
    const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
    const abort = (): void => resolve(undefined)
    signal.addEventListener('abort', abort, { once: true })
    try {
      while (!this.#broken && !signal.aborted && this.#queue.sizeBytes > this.#maxBytes * END_SHARE) {
        const batch = await next()
        if (batch === undefined) return
        this.#underWay = batch
        await this.#save(batch, aborted)
      }
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async #save(batch: RepriseBatch, aborted: Promise<undefined>): Promise<void> {
    const steps = batch.spans - batch.gaps.length
    let problem: string | undefined
    try {
      if (this.#thread === undefined) {
        const { SpillThread } = await import('../spool/spill-thread.ts')
        this.#thread = new SpillThread(this.#spool.options)
        this.#thread.keepAlive(this.#keepsAlive)
      }
      const outcome = await Promise.race([this.#thread.save({ body: batch.body, steps }), aborted])
      // Whoever breaks this off takes the batch; should the thread have kept it as well, its spans are the same ones.
      if (outcome === undefined) return
      problem = outcome.losses.some(({ reason }) => reason === 'spool_failed') ? (outcome.problem ?? 'unknown') : undefined
      if (problem === undefined) {
        this.spooled += outcome.spooled
        for (const { reason, count } of outcome.losses) this.#queue.addGap(undefined, undefined, reason, count)
      }
    } catch (error) {
      problem = error instanceof Error ? error.message : String(error)
    }
    // Not there any more where the program is on its way out and has taken it.
    const kept = this.#underWay
    this.#underWay = undefined
    if (problem === undefined || kept === undefined) return
    this.#broken = true
    this.#returned.push(kept)
    warnOnce(`nothing can be spooled while the program runs (${problem}): what no longer fits into memory is lost`)
  }

  /** One of those that could not be spooled, to be sent. */
  takeReturned(): RepriseBatch | undefined {
    return this.#returned.shift()
  }

  /** All that is not known to be on the disk, for a process on its way out. */
  takeAll(): RepriseBatch[] {
    const batches = [...(this.#underWay === undefined ? [] : [this.#underWay]), ...this.#returned.splice(0)]
    this.#underWay = undefined
    return batches
  }

  /** Whether the thread keeps the process alive: while somebody waits for it. At first it does not. */
  keepAlive(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive
    this.#thread?.keepAlive(keepsAlive)
  }

  /** Ends the thread; the next outage starts another one. */
  rest(): void {
    this.#thread?.close()
    this.#thread = undefined
  }
}
