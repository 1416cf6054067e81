import { syncNames } from '../effects/builtin-names.ts'
import { ownTimers } from '../effects/real.ts'
import { Drain, type DrainReport } from '../export/drain.ts'
import { nowMillis } from '../run/clock.ts'
import { OpenSteps } from '../run/open-steps.ts'
import { endSpan } from '../run/otel.ts'
import { RunState, randomSeed } from '../run/run-state.ts'
import { runtime } from '../run/runtime.ts'
import type { Step } from '../run/step.ts'
import { Copier, ListCopier, type Snapshot, type SnapshotLimits } from '../snapshot/snapshot.ts'
import { preloadRedaction } from '../spool/redaction-loader.ts'
import { Spool } from '../spool/spool.ts'
import { installClientHooks, installFetchHook } from '../wire/install.ts'
import { unwatchSignals, watchSignals } from './exit-signals.ts'
import { type RecorderSettings, snapshotLimitsOf } from './options.ts'
import { SendQueue } from './send-queue.ts'

const { clearTimeout, setImmediate, setTimeout } = ownTimers

/** A step that has been open for this long at a flush is announced. */
const ANNOUNCE_AFTER_MILLIS = 1000
/** Past this the queue is sent without waiting for the interval. */
const EAGER_FLUSH_BYTES = 1024 * 1024
const MAX_FOREIGN_RUNS = 1000
/** Past this many open steps the oldest is announced at once: what is announced is not held, should it never end. */
const MAX_OPEN_STEPS = 10_000

/** Records steps and sends them: from the start of a step to the acknowledgement of the collector. */
export class Recorder {
  readonly options: RecorderSettings
  readonly limits: SnapshotLimits
  readonly queue: SendQueue
  /** Everything ever queued, announcements included. */
  enqueued = 0
  readonly drain: Drain
  /** For what is left when the program ends. */
  readonly spool: Spool
  /** Flushes the OpenTelemetry SDK that was set up with this recorder. */
  flushSdk: (() => Promise<void>) | undefined
  /** Steps that have started, not ended, and not been announced. */
  readonly #open: OpenSteps<Step> = new OpenSteps()
  readonly #foreignRuns: Map<string, RunState> = new Map()
  #copier: Copier | undefined
  #timer: NodeJS.Timeout | undefined
  #eager = false
  #stopped = false
  #missedRounds = 0
  /** Whether the spool was looked at since the collector was last found. */
  #pickedUp = false

  constructor(options: RecorderSettings) {
    this.options = options
    this.limits = snapshotLimitsOf(options)
    this.queue = new SendQueue(options.queueMaxBytes)
    this.spool = new Spool(options)
    this.drain = new Drain(options, this.queue, this.spool)
    if (!options.wire) return
    installClientHooks()
    syncNames()
  }

  snapshot(value: unknown, limits: SnapshotLimits = this.limits): Snapshot {
    if (limits !== this.limits) return new Copier(limits).take(value)
    // One for all; a value whose own code calls something recorded while it is copied finds it gone.
    const copier = this.#copier ?? new Copier(limits)
    this.#copier = undefined
    const snapshot = copier.take(value)
    this.#copier = copier
    return snapshot
  }

  openList(): ListCopier {
    return new ListCopier(this.limits)
  }

  /** A call that could not be recorded; the program has not noticed, the record does. */
  missed(run: RunState | undefined): void {
    this.queue.addGap(run?.id, undefined, 'capture_failed', 1)
    if (this.#timer === undefined) this.#schedule()
  }

  /** The run that somebody else's trace is, for steps that stand in it outside of any run of ours. */
  runOfTrace(traceId: string): RunState {
    let run = this.#foreignRuns.get(traceId)
    if (run === undefined) {
      run = new RunState(traceId, randomSeed(), false)
      if (this.#foreignRuns.size >= MAX_FOREIGN_RUNS)
        for (const oldest of this.#foreignRuns.keys()) {
          this.#foreignRuns.delete(oldest)
          break
        }
      this.#foreignRuns.set(traceId, run)
    }
    return run
  }

  started(step: Step): void {
    // A mock may have come or gone since the last run.
    if (step.isRoot && this.options.wire) installFetchHook()
    this.#open.add(step)
    if (this.#open.size > MAX_OPEN_STEPS) this.#announceOldest()
    if (this.#timer === undefined) this.#schedule()
  }

  ended(step: Step): void {
    this.#open.delete(step)
    const successor = this.#stopped ? runtime().recorder : this
    // What began under a recorder that has ended since goes to the one after it, if there is one.
    if (successor !== this) return successor?.ended(step)
    try {
      if (step.span !== undefined) endSpan(step.span, step.errorType)
    } catch {
      // A span processor of the user's that throws: theirs, and not to be thrown from a call of ours.
    }
    this.#enqueue(step, false)
    if (this.queue.sizeBytes > EAGER_FLUSH_BYTES && !this.#eager) {
      this.#eager = true
      setImmediate(() => {
        this.#eager = false
        void this.drain.run(false)
      })
    } else if (this.#timer === undefined) this.#schedule()
  }

  /** Announces what is open, then sends all there is and waits for the acknowledgement. Never rejects. */
  async flush(): Promise<DrainReport> {
    this.announce(ANNOUNCE_AFTER_MILLIS, true)
    const [report] = await Promise.all([this.drain.run(true), this.flushSdk?.()])
    return report
  }

  /** What is neither sent nor known to be lost. */
  get unsent(): number {
    return this.queue.length + this.drain.heldSpans
  }

  /** Whether there is anything to send, gap notices included. */
  get hasUnsent(): boolean {
    return this.unsent > 0 || this.queue.gapCount > 0
  }

  /** Whether anything would be lost if the program ended at once. */
  get busy(): boolean {
    return this.#open.size > 0 || this.hasUnsent
  }

  /** Queues announcements of the steps open for that long, of roots of runs however young, and, if asked, of what outlives its run. */
  announce(afterMillis: number, outliving = false): void {
    const latest = nowMillis() - afterMillis
    for (const step of this.#open) {
      if (step.startMillis > latest && !step.isRoot && !(outliving && step.run.shared.ended)) continue
      this.#open.delete(step)
      this.#enqueue(step, true)
    }
  }

  #announceOldest(): void {
    for (const step of this.#open) {
      this.#open.delete(step)
      this.#enqueue(step, true)
      return
    }
  }

  #enqueue(step: Step, pending: boolean): void {
    this.enqueued++
    this.queue.push(step, pending)
  }

  /** Ends the work of timers; what is queued stays queued. */
  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #schedule(): void {
    if (this.#stopped) return
    if (this.options.exitTimeoutMillis > 0) watchSignals()
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        void this.#tick()
      },
      this.options.flushIntervalMillis * Math.min(2 ** this.#missedRounds, 60),
    )
    this.#timer.unref()
  }

  async #tick(): Promise<void> {
    this.announce(ANNOUNCE_AFTER_MILLIS)
    await this.drain.run(false)
    if (this.drain.reached && !this.#pickedUp && this.spool.enabled && !this.#stopped) {
      this.#pickedUp = true
      void this.drain.pickUp(this.spool)
    } else if (!this.drain.reached) {
      this.#pickedUp = false
      // For the case that the program ends so.
      if (this.spool.enabled) void preloadRedaction().catch(() => {})
    }
    // Nobody there: ask less and less often, at most once in sixty intervals.
    this.#missedRounds = this.drain.reached ? 0 : this.#missedRounds + 1
    if (this.#timer !== undefined) return
    if (this.busy) this.#schedule()
    else if (runtime().recorder === this) unwatchSignals()
  }
}
