import { createRedactorFor, type Redactor } from '../../redaction/index.ts'
import { loadDetectors } from '../../sdk/spool/index.ts'
import { inflateBody } from '../http/inflate.ts'
import { InflatedBudget } from '../http/inflated-budget.ts'
import { Rejections } from '../http/partial-success.ts'
import { refusalOf } from '../http/refusal.ts'
import { createPrepareContext, type PrepareContext } from './batch.ts'
import { NOUN_OF, READ_BODY } from './signals.ts'
import type { BodyJob, FinishedJob, FromWorker, PartCounts, WorkerSetup } from './worker-messages.ts'

export interface BodyWorkerOptions extends WorkerSetup {
  readonly post: (message: FromWorker) => void
  /** Asked after an open part: whether the rest of its job is still wanted. */
  readonly isStored: () => Promise<boolean>
  /** Lets others have a turn where there are others. */
  readonly turn?: () => Promise<void>
}

const LARGE_MIN_BYTES = 1024 * 1024

/**
 * Makes bodies ready for the store: inflate, decode, normalize, redact, address. One at a time. Everything it keeps between
 * bodies (caches of names and clean values) saves time only: the same body gives the same bytes in every worker, salts aside.
 */
export class BodyWorker {
  readonly #options: BodyWorkerOptions
  readonly #redactor: Redactor
  readonly #context: PrepareContext
  readonly #inflated: InflatedBudget | undefined
  #finished: FinishedJob[] = []
  #decodedBytes = 0
  #undecoded = 0
  #logs = { records: 0, rejected: 0 }

  constructor(options: BodyWorkerOptions) {
    this.#options = options
    this.#redactor = createRedactorFor({
      policy: options.policy,
      plugged: loadDetectors(options.policy),
      key: options.redactionKey,
      namespace: options.namespace,
    })
    this.#context = createPrepareContext({
      namespace: options.namespace,
      redactor: this.#redactor,
      quarantineKey: options.quarantineKey,
    })
    const { inflated, decodedMaxBytes } = options
    if (inflated !== undefined) this.#inflated = new InflatedBudget(inflated.memory, inflated.worker, decodedMaxBytes)
  }

  async work(jobs: readonly BodyJob[], spare: readonly ArrayBuffer[]): Promise<void> {
    for (const buffer of spare) this.#context.batch.packer.spare.give(buffer)
    for (const job of jobs) await this.#one(job)
    // What was handed over goes back, so that the next body finds memory that need not be asked for.
    const bodies = jobs.flatMap(({ body: { buffer } }) => (buffer instanceof ArrayBuffer && !buffer.detached ? [buffer] : []))
    this.#post(undefined, true, bodies)
  }

  async #one({ id, signal, encoding, contentEncoding, body }: BodyJob): Promise<void> {
    const rejections = new Rejections(NOUN_OF[signal])
    const { batch } = this.#context
    let before = batch.packer.mark()
    let inflated: Buffer | undefined
    let seen = batch.rejected.length
    const count = (undecoded = 0): void => {
      if (signal !== 'logs') return
      this.#logs.records += batch.packer.records - before.records
      this.#logs.rejected += batch.rejected.length - seen + undecoded
    }
    try {
      const wire = Buffer.from(body.buffer, body.byteOffset, body.length)
      const decodedBody = await inflateBody(wire, contentEncoding, this.#options.decodedMaxBytes, this.#inflated)
      if (decodedBody !== wire) inflated = decodedBody
      this.#decodedBytes += decodedBody.length
      const { rejected, steps } = READ_BODY[signal](decodedBody, encoding, this.#context, this.#options.decodeLimits ?? {})
      for (const step of steps) {
        if (step === 'turn') await this.#options.turn?.()
        else {
          rejections.add(batch.rejected.slice(seen))
          count()
          seen = 0
          this.#post(id, false)
          // When not, the sender has been told to send it all again.
          if (!(await this.#options.isStored())) return
          before = batch.packer.mark()
        }
      }
      rejections.add(rejected)
      rejections.add(batch.rejected.slice(seen))
      this.#undecoded += rejected.length
      count(rejected.length)
      this.#finished.push({ id, rejected: rejections.count, errorMessage: rejections.describe(this.#redactor) })
    } catch (error) {
      batch.packer.backTo(before)
      count()
      this.#finished.push({ id, refusal: refusalOf(error).toData(), rejected: 0, errorMessage: '' })
    } finally {
      if (inflated !== undefined) this.#letGo(inflated)
    }
  }

  /** Of a large body nothing is left to the collector of garbage, which sees little of such memory. */
  #letGo({ buffer }: Buffer): void {
    if (buffer.byteLength >= LARGE_MIN_BYTES && buffer instanceof ArrayBuffer) buffer.transfer(0)
    this.#inflated?.release()
  }

  #post(open: number | undefined, messageDone: boolean, spare: readonly ArrayBuffer[] = []): void {
    const { packed, rejected, redactions, withheld, unscanned, quarantined } = this.#context.batch.take()
    const counts: PartCounts = {
      records: packed.lines.ends.length,
      rejected: rejected.length + this.#undecoded,
      decodedBytes: this.#decodedBytes,
      redactions,
      withheld,
      unscanned,
      logs: this.#logs,
    }
    this.#options.post({ kind: 'part', batch: packed, counts, finished: this.#finished, open, messageDone, spare, quarantined })
    this.#finished = []
    this.#decodedBytes = 0
    this.#undecoded = 0
    this.#logs = { records: 0, rejected: 0 }
  }
}
