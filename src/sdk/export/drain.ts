import { clearTimeout, setTimeout } from 'node:timers'
import type { RecorderSettings } from '../recorder/options.ts'
import type { Gap, QueuedStep, SendQueue } from '../recorder/send-queue.ts'
import { warnOnce } from '../recorder/warning.ts'
import { nowMillis } from '../run/clock.ts'
import { withoutTracing } from '../run/otel.ts'
import { runtime } from '../run/runtime.ts'
import { pickUpSpool } from '../spool/pick-up.ts'
import type { Spool } from '../spool/spool.ts'
import type { SpoolFolder } from '../spool/spool-folder.ts'
import { greet } from './handshake.ts'
import { countOf, LossLines } from './loss-lines.ts'
import { encodeAtOnce, type RepriseBatch, RepriseWay, repriseBatchOf } from './reprise-way.ts'
import { Sender } from './sender.ts'
import { Spill } from './spill.ts'
import { Transport } from './transport.ts'
import type { Batch, SendResult, Way } from './way.ts'

/** What one flush came to. */
export interface DrainReport {
  /** Steps, and announcements of steps, that were acknowledged. */
  readonly sent: number
  /** Those that could not be sent; they are kept, and tried again as long as the process lives. A recorder that was stopped leaves them in its spool. */
  readonly failed: number
  /** Those given up for good since the last report: refused by the other side, or over the bound of the queue. */
  readonly dropped: number
  /** Those that went to the spool, redacted, because nobody answered for long: since the last report. Absent where there are none. */
  readonly spooled?: number
}

/** What a process that ends has not sent. */
export interface Left {
  /** A batch that was made ready. */
  readonly held: Batch | undefined
  readonly items: readonly QueuedStep[]
  readonly gaps: readonly Gap[]
}

const MAX_TRIES = 5
const FIRST_BACKOFF_MILLIS = 200
const MAX_WAIT_MILLIS = 30_000
const REFUSED_CONNECTION = 'connection refused'
/** A program that goes on is told this long after its collector was first missed. */
const WARN_AFTER_MILLIS = 10_000

/** Empties the queue into whatever is at the endpoint. One run at a time; a batch that did not get through is kept for the next. */
export class Drain {
  readonly #queue: SendQueue
  readonly #options: RecorderSettings
  readonly #sender: Sender = new Sender()
  readonly #spill: Spill
  readonly #lines: LossLines
  /** Writes what is spooled while nobody has said what there is at the endpoint. */
  #spillWay: RepriseWay | undefined
  #way: Way | undefined
  #held: Batch | undefined
  /** Taken from the queue for the batch that is being written. */
  #filling: QueuedStep[] = []
  #tail: Promise<void> = Promise.resolve()
  /** The run that waits for the present one to end. */
  #next: Promise<void> | undefined
  #abort = new AbortController()
  #waiting: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  /** How many wait for what is sent: while any does, sending keeps the process alive. */
  #waiters = 0
  #transport: Transport | undefined
  #pickingUp = false
  #paused = false
  #missedSince: number | undefined
  #sent = 0
  #refused = 0
  /** Dropped spans that a report has told of. */
  #reported = 0
  #reportedSpooled = 0
  /** Whether the last run found somebody. */
  reached = true
  lastReason = ''

  constructor(options: RecorderSettings, queue: SendQueue, spool: Spool) {
    this.#options = options
    this.#queue = queue
    this.#spill = new Spill(spool, queue, options.queueMaxBytes)
    this.#lines = new LossLines(options, queue)
  }

  /** Taken from the queue and not acknowledged yet. */
  get heldSpans(): number {
    return (this.#held?.spans ?? 0) + this.#filling.length + this.#spill.heldSpans
  }

  /** The way out that was found, `undefined` before the first answer. */
  get way(): Way | undefined {
    return this.#way
  }

  /**
   * Sends all that is queued now. Never rejects.
   * @param reported whether somebody reads the report: what was dropped is then not told again
   */
  async run(reported: boolean): Promise<DrainReport> {
    const sentBefore = this.#sent
    const addedBefore = this.#queue.added
    const work = (): Promise<void> => (this.#next ??= this.#begin())
    await (reported ? this.awaited(work) : work())
    const dropped = this.#refused + this.#queue.droppedSteps
    const spooled = this.#spill.spooled - this.#reportedSpooled
    // What ended meanwhile is for the next run; the oldest go first.
    const since = this.#queue.added - addedBefore
    const failed = Math.max(0, this.#queue.length + this.heldSpans - since)
    const report = { sent: this.#sent - sentBefore, failed, dropped: dropped - this.#reported }
    if (reported) {
      this.#reported = dropped
      this.#lines.reported()
      this.#reportedSpooled += spooled
    }
    return spooled === 0 ? report : { ...report, spooled }
  }

  /** A run after the present one. It takes what is queued when it begins, so one that waits is enough for all who come meanwhile. */
  #begin(): Promise<void> {
    const run = this.#tail.then(() => {
      this.#next = undefined
      return outsideOfPrograms(() => this.#empty())
    })
    this.#tail = run
    return run
  }

  /**
   * Sends what earlier programs left in the spool, if a Reprise collector was found and all of this one's is sent. Never
   * rejects; it ends when this drain is paused.
   */
  async pickUp(spool: { readonly folder: SpoolFolder; readonly destination: string }): Promise<void> {
    const way = this.#way
    if (this.#pickingUp || !this.reached || !(way instanceof RepriseWay)) return
    this.#pickingUp = true
    const { signal } = this.#abort
    const losses = await outsideOfPrograms(() =>
      pickUpSpool(spool, async (body) => {
        if (signal.aborted || this.heldSpans > 0) return 'later'
        const { kind } = await way.sendBody(body, signal)
        return kind === 'retry' ? 'later' : kind
      }),
    )
    for (const { reason, count } of losses) this.#queue.addGap(undefined, undefined, reason, count)
    this.#pickingUp = false
  }

  /** Breaks off whatever is under way; runs that wait, or come before `resume`, send nothing. */
  pause(reason: string): void {
    this.#paused = true
    this.#abort.abort(new Error(reason))
    this.#wake?.()
    this.#abort = new AbortController()
  }

  resume(): void {
    this.#paused = false
  }

  /** While `work` is under way, sending keeps the process alive. */
  async awaited<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiters++ === 0) this.#keepAlive(true)
    try {
      return await work()
    } finally {
      if (--this.#waiters === 0) this.#keepAlive(false)
    }
  }

  #keepAlive(keepsAlive: boolean): void {
    this.#transport?.keepAlive(keepsAlive)
    this.#spill.keepAlive(keepsAlive)
    if (keepsAlive) this.#waiting?.ref()
    else this.#waiting?.unref()
  }

  /** All that is queued and held, written without a pause, and `gaps` with it: for a process on its way out. */
  takeUnsent(gaps: readonly Gap[] = this.#queue.takeGaps(), untilMillis?: number): RepriseBatch[] {
    const { batches, left } = this.encodeLeft(this.takeLeft(gaps), untilMillis)
    this.addLate(left)
    return batches
  }

  /** The same as it is, for a process that does not know yet whom it is for. */
  takeLeft(gaps: readonly Gap[] = this.#queue.takeGaps()): Left {
    const held = this.#held
    this.#held = undefined
    const filling = this.#filling.splice(0)
    return { held, items: [...filling, ...this.#queue.takeAll()], gaps }
  }

  /** For a Reprise collector, or its spool. What is not written by `untilMillis` is left out: so many steps. */
  encodeLeft({ held, items, gaps }: Left, untilMillis?: number): { readonly batches: RepriseBatch[]; readonly left: number } {
    const { batches, left } = encodeAtOnce(this.#options, this.#sender, items, gaps, untilMillis)
    const older = [...this.#spill.takeAll(), ...(held === undefined ? [] : [repriseBatchOf(held)])]
    // Of many the first has the errors and roots, which tell what became of a run when there is no time for the rest.
    const [first, ...rest] = batches
    return { batches: first === undefined || rest.length === 0 ? [...older, ...batches] : [first, ...older, ...rest], left }
  }

  /** Steps that are lost because there was no time to write them. */
  addLate(steps: number): void {
    this.#lines.addLate(steps)
  }

  /** Says, once per process, how many steps did not get through, why, and what to do. */
  warnUnsent(what: string, reason: string = this.lastReason, count: number = this.#queue.length + this.heldSpans): void {
    this.#lines.unsent(count, what, this.#why(reason))
  }

  /** The same where the end of the program left them to the spool. */
  warnSpooled(spooled: number, folder: string, losses: readonly { reason: string; count: number }[], problem: string | undefined): void {
    // With those that went there while nobody answered.
    const all = spooled + this.#spill.spooled - this.#reportedSpooled
    this.#lines.spooled(all, folder, losses, problem, this.#why(this.lastReason))
  }

  /** The same of those that there was no room or no time for. Nothing where there are none, or a report has told of them. */
  warnGivenUp(): void {
    this.#lines.rest()
  }

  #why(reason: string): string {
    const { endpoint } = this.#options
    if (this.reached) return `${endpoint} did not take them (${reason}).`
    // It has been there in this process, and where nobody listens any more that is said.
    return this.#way !== undefined && reason !== REFUSED_CONNECTION
      ? `${endpoint} does not answer (${reason}).`
      : `no collector at ${endpoint} (${reason}). Start one with \`reprise up\`, or set REPRISE_ENABLED=false.`
  }

  async close(): Promise<void> {
    await this.#tail
    this.#spill.rest()
    await this.#way?.close()
  }

  async #empty(): Promise<void> {
    if (this.#paused) return
    const { signal } = this.#abort
    // What is put in from here on is for the next run: a busy program must not keep this one from its end.
    const goal = this.#queue.added
    let rounds = 0
    try {
      if (this.#held === undefined && this.#queue.length === 0 && this.#queue.gapCount === 0 && this.#spill.heldSpans === 0) return
      // A try can take long where an address swallows everything.
      await this.#spillOldest(signal)
      const way = (this.#way ??= await this.#openWay(signal))
      if (way === undefined) return
      while (!signal.aborted) {
        this.#held ??= (way instanceof RepriseWay ? this.#spill.takeReturned() : undefined) ?? (await this.#nextBatch(way))
        if (this.#held !== undefined && !(await this.#deliver(way, this.#held, signal))) return
        this.#held = undefined
        // One more round where this one itself left a gap to tell of.
        if (this.#queue.taken >= goal && (this.#queue.gapCount === 0 || rounds++ > 0)) return
      }
    } catch (error) {
      this.missed(error instanceof Error ? error.message : String(error))
    } finally {
      if (this.reached) this.#spill.rest()
      else await this.#spillOldest(signal)
    }
  }

  /** Takes the oldest to the spool when nobody answers and so much waits that it would soon be given up. */
  async #spillOldest(signal: AbortSignal): Promise<void> {
    const found = this.#way
    const forReprise = found === undefined ? this.#options.exporter !== 'otlp' : found instanceof RepriseWay
    if (this.reached || !forReprise || signal.aborted || !this.#spill.due) return
    const way = found instanceof RepriseWay ? found : (this.#spillWay ??= this.#openSpillWay())
    try {
      await this.#spill.run(async () => {
        // Notices stay here: a file of the spool may have to give way to newer ones, and its notices would go with it.
        const batch = await this.#nextBatch(way, [])
        return batch === undefined ? undefined : repriseBatchOf(batch)
      }, signal)
    } catch (error) {
      this.lastReason = error instanceof Error ? error.message : String(error)
    }
  }

  /** One that only writes: it never connects. */
  #openSpillWay(): RepriseWay {
    return new RepriseWay(this.#options, new Transport(this.#options.endpoint, this.#options.otlpHeaders), this.#sender)
  }

  async #nextBatch(way: Way, gaps: readonly Gap[] = this.#queue.takeGaps()): Promise<Batch | undefined> {
    const batch = await way.fill(() => {
      const item = this.#queue.shift()
      if (item !== undefined) this.#filling.push(item)
      return item
    }, gaps)
    for (const { step, pending } of this.#filling) if (!pending) step.release()
    this.#filling = []
    if (batch.unwritable > 0) {
      this.#refused += batch.unwritable
      this.#queue.addGap(undefined, undefined, 'not_writable', batch.unwritable)
    }
    return batch.spans === 0 ? undefined : batch
  }

  async #openWay(signal: AbortSignal): Promise<Way | undefined> {
    const { exporter, endpoint, otlpHeaders, flushTimeoutMillis } = this.#options
    const transport = new Transport(endpoint, otlpHeaders)
    transport.keepAlive(this.#waiters > 0)
    this.#transport = transport
    if (exporter === 'reprise') return new RepriseWay(this.#options, transport, this.#sender)
    if (exporter === 'auto') {
      const greeting = await greet(transport, flushTimeoutMillis, signal)
      if (greeting.speaks === 'reprise') return new RepriseWay(this.#options, transport, this.#sender)
      await transport.close()
      if (greeting.speaks === 'nothing') {
        this.missed(greeting.reason)
        return undefined
      }
    }
    const { OtlpWay } = await import('./otlp-way.ts')
    return await OtlpWay.open({ ...this.#options, leaveRecordedSpans: !this.#options.ownEndpoint })
  }

  /** @returns false when the batch has to wait for another run */
  async #deliver(way: Way, batch: Batch, signal: AbortSignal): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      const result = await way.send(batch, signal)
      if (result.kind === 'retry' && !result.answered) this.missed(result.reason)
      else this.#found()
      if (result.kind !== 'retry') {
        this.#count(batch, result)
        return true
      }
      this.lastReason = result.reason
      // Where nobody answers there is nothing to wait for within this run.
      if (tries >= MAX_TRIES || signal.aborted || !result.answered) return false
      const backoff = FIRST_BACKOFF_MILLIS * 2 ** (tries - 1) * (0.75 + Math.random() / 2)
      await this.#wait(Math.min(Math.max(backoff, result.afterMillis ?? 0), MAX_WAIT_MILLIS))
      if (signal.aborted) return false
    }
  }

  /** Counts steps; of notices nothing is told, and one that is refused would only be refused again. */
  #count(batch: Batch, result: Exclude<SendResult, { kind: 'retry' }>): void {
    const steps = batch.spans - batch.gaps.length
    const refused = Math.min(steps, result.kind === 'refused' ? steps : result.rejected)
    this.#sent += steps - refused
    if (result.kind === 'refused') this.lastReason = result.reason
    if (refused === 0) return
    this.#refused += refused
    this.lastReason = result.kind === 'refused' ? result.reason : result.message
    warnOnce(`${countOf(refused)} refused by ${this.#options.endpoint}, not recorded: ${this.lastReason}`)
    this.#queue.addGap(undefined, undefined, 'refused', refused)
  }

  /** Nobody answered. */
  missed(reason: string): void {
    this.reached = false
    this.lastReason = reason
    this.#missedSince ??= nowMillis()
    if (nowMillis() - this.#missedSince > WARN_AFTER_MILLIS) this.warnUnsent('not recorded so far')
  }

  #found(): void {
    this.reached = true
    this.#missedSince = undefined
  }

  async #wait(millis: number): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      this.#waiting = setTimeout(resolve, millis)
      if (this.#waiters === 0) this.#waiting.unref()
    })
    clearTimeout(this.#waiting)
    this.#waiting = undefined
  }
}

/** Sending is no part of any run, nor of the user's traces, whoever happened to set it off. */
function outsideOfPrograms<T>(fn: () => Promise<T>): Promise<T> {
  return runtime().scopes.exit(() => withoutTracing(fn))
}
