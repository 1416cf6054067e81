import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DecodeLimits, OtlpEncoding } from '../../otlp/index.ts'
import type { PolicyConfig } from '../../redaction/index.ts'
import { RepriseError } from '../../schemas/index.ts'
import { type SpareBuffers, type Store, sizeOfBatch } from '../../store/index.ts'
import type { QuarantineFolder } from '../../store/quarantine/index.ts'
import type { Counters } from '../counters.ts'
import type { ContentEncoding } from '../http/inflate.ts'
import { Refusal, type RefusalData, unavailable } from '../http/refusal.ts'
import type { Logger } from '../log.ts'
import type { startBodyThread } from './body-threads.ts'
import type { Signal } from './signals.ts'
import { type Part, WorkerPool } from './worker-pool.ts'

export interface IntakeOptions {
  readonly store: Store
  readonly namespace: string
  readonly policy?: PolicyConfig | undefined
  readonly quarantine?: { readonly folder: QuarantineFolder; readonly key: string } | undefined
  readonly decodedMaxBytes: number
  readonly decodeLimits?: Partial<DecodeLimits>
  readonly counters: Counters
  readonly log: Logger
  /** Worker threads; 0 works on the event loop. */
  readonly threads: number
  readonly startThread?: typeof startBodyThread
}

/** A request body, whole and within its limits. */
export interface IntakeBody {
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly contentEncoding: ContentEncoding
  /** Handed over, in a buffer of its own: it must not be used after. */
  readonly body: Uint8Array
}

/** What becomes of a body whose good records are on the disk. */
export interface IntakeOutcome {
  /** Records that can never be kept. */
  readonly rejected: number
  /** Names some of them, redacted; '' when there are none. */
  readonly errorMessage: string
}

/** Parts that wait for the disk. The disk takes what several workers make; where it does not, bodies wait as they came. */
const PARTS_MAX_BYTES = 4 * 1024 * 1024

/**
 * The one way in for everything that is received: bodies go through the workers to the store, and are counted on the way.
 * How many bytes may be here at a time is for the receivers to bound, before they read a body.
 */
export class Intake {
  readonly #options: IntakeOptions
  readonly #pool: WorkerPool
  #nextId = 0

  constructor(options: IntakeOptions) {
    this.#options = options
    const { store, namespace, policy, quarantine, decodedMaxBytes, decodeLimits, counters, log } = options
    this.#pool = new WorkerPool({
      setup: {
        namespace,
        policy,
        quarantineKey: quarantine?.key,
        redactionKey: store.key(),
        decodedMaxBytes,
        ...(decodeLimits !== undefined && { decodeLimits }),
      },
      threads: options.threads,
      partsMaxBytes: PARTS_MAX_BYTES,
      store: async (part) => await this.#keep(part),
      partBytes: ({ batch }) => sizeOfBatch(batch),
      onDeath: (reason, lostJobs) => {
        counters.workersLost++
        log.warn('worker-died', { reason, requests: lostJobs })
      },
      turn: async () => await nextTurn(),
      ...(options.startThread !== undefined && { startThread: options.startThread }),
    })
  }

  /** Memory for bodies that are being received, of bodies that were. */
  get spareBuffers(): SpareBuffers {
    return this.#pool.spareBodies
  }

  /**
   * Resolves once every record that is kept is on the disk.
   * @throws Refusal when nothing of the body can be kept, or the store does not take it now
   */
  async take({ signal, encoding, contentEncoding, body }: IntakeBody): Promise<IntakeOutcome> {
    const { counters, log } = this.#options
    counters.wireBytes += body.length
    if (body.length === 0) return { rejected: 0, errorMessage: '' }
    const outcome = await this.#pool.run({ id: this.#nextId++, signal, encoding, contentEncoding, body })
    if ('refusal' in outcome) throw Refusal.of(outcome.refusal)
    const { rejected, errorMessage } = outcome.finished
    if (rejected > 0) log.warn(`${signal === 'traces' ? 'spans' : 'logs'}-rejected`, { [signal === 'traces' ? 'spans' : 'logs']: rejected })
    return { rejected, errorMessage }
  }

  async #keep({ batch, counts, quarantined }: Part): Promise<RefusalData | undefined> {
    const { store, counters, log } = this.#options
    const { records, rejected, decodedBytes, redactions, withheld, unscanned, logs } = counts
    counters.received += records + rejected
    counters.rejected += rejected
    counters.logs.received += logs.records + logs.rejected
    counters.logs.rejected += logs.rejected
    counters.decodedBytes += decodedBytes
    counters.redactions.addAll(redactions)
    counters.withheld.addAll(withheld)
    counters.unscanned.addAll(unscanned)
    const contents = Object.entries(withheld).reduce((sum, [reason, count]) => (reason === 'policy' ? sum : sum + count), 0)
    if (contents > 0) log.warn('content-withheld', { contents })
    // Before the records, so that none tells of a content that is lost.
    if (quarantined !== undefined) this.#options.quarantine?.folder.keep(quarantined.items, quarantined.dropped)
    if (records === 0) return undefined
    try {
      await store.append(batch)
      counters.storeFailure = undefined
      counters.accepted += records
      counters.logs.accepted += logs.records
      return undefined
    } catch (error) {
      counters.storeFailure = RepriseError.isInstance(error) ? error.code : 'internal'
      counters.refused += records
      counters.logs.refused += logs.records
      log.warn('store-refused', { code: counters.storeFailure, spans: records })
      return unavailable('store_refused', 'the store cannot take spans now; try again later', 5).toData()
    }
  }

  /** Ends the workers. Call it when nothing is received any more. */
  async close(): Promise<void> {
    await this.#pool.close()
  }
}
