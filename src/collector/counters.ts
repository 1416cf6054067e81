import type { QuarantineStats } from '../store/quarantine/index.ts'
import type { SpoolIntakeStats } from './spool/spool-intake.ts'

/** What one signal's way to a destination has come to. */
interface ForwardProgress {
  /** Origin and path; no query, no user information. */
  readonly url: string
  readonly state: 'idle' | 'sending' | 'retrying' | 'stopped'
  /** The next group of the tape to be sent. */
  readonly nextGroup: number
  readonly sentBytes: number
  readonly deadByReason: Readonly<Record<string, number>>
  /** Payloads that were erased or damaged; their records went without them. */
  readonly missingPayloads: number
  /** Groups of the tape that could not be read, and were passed over. */
  readonly damagedGroups: number
  readonly retries: number
  readonly lastError?: string
}

/** Log records on their way to a destination: with a cursor of their own, so that spans do not wait for them. */
export interface ForwardedLogs extends ForwardProgress {
  readonly sentLogs: number
  readonly rejectedLogs: number
  readonly deadLogs: number
}

/** One forwarding destination, without its credentials. */
export interface ForwardStats extends ForwardProgress {
  readonly sentSpans: number
  /** Spans that the destination took part of a request without, with a reason; they are not sent again. */
  readonly rejectedSpans: number
  /** Spans given up: refused for good, by reason. */
  readonly deadSpans: number
  /** Absent for a destination that takes spans alone: one whose URL names `/v1/traces`. */
  readonly logs?: ForwardedLogs
}

/** The same numbers whatever the signal. */
export interface SignalForwardStats extends ForwardProgress {
  readonly sent: number
  readonly rejected: number
  readonly dead: number
}

/** `received` = `accepted` + `rejected` + `refused`. */
export interface RecordCounts {
  /** Decoded, good and bad. */
  readonly received: number
  /** On the disk and acknowledged. */
  readonly accepted: number
  /** Can never be kept; told to the sender. */
  readonly rejected: number
  /** Not taken by the store; the sender was told to try again. */
  readonly refused: number
}

/** All records together as `RecordCounts`, and of each signal alone. */
export interface CollectorStats extends RecordCounts {
  readonly requests: number
  /** Requests turned away before or instead of decoding, by reason; how many records they held is not known. */
  readonly requestsTurnedAway: Readonly<Record<string, number>>
  readonly spans: RecordCounts
  readonly logs: RecordCounts
  /** Replaced stretches of text, by rule. */
  readonly redactions: Readonly<Record<string, number>>
  /** Contents not kept because they could not be cleaned, by reason. */
  readonly withheld: Readonly<Record<string, number>>
  /** Images, typed arrays and other bytes that were left alone, by kind. */
  readonly unscanned: Readonly<Record<string, number>>
  readonly wireBytes: number
  readonly decodedBytes: number
  /** Bytes of requests being worked on now. */
  readonly inFlightBytes: number
  /** Worker threads that died and were started again; what they had was refused with 503. */
  readonly workersLost: number
  /** Of what programs left in the spool, since the start. */
  readonly spool: SpoolIntakeStats
  readonly forward: readonly ForwardStats[]
  /** Absent where nothing is kept of content that cannot be cleaned. */
  readonly quarantine?: QuarantineStats
}

export class Tally {
  readonly #counts = new Map<string, number>()

  add(reason: string, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count)
  }

  addAll(counts: Readonly<Record<string, number>>): void {
    for (const [reason, count] of Object.entries(counts)) this.add(reason, count)
  }

  total(): number {
    let total = 0
    for (const count of this.#counts.values()) total += count
    return total
  }

  toRecord(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
  }
}

export class Counters {
  requests = 0
  received = 0
  accepted = 0
  rejected = 0
  refused = 0
  /** Of the four before, those that are log records. */
  readonly logs: { -readonly [Key in keyof RecordCounts]: number } = { received: 0, accepted: 0, rejected: 0, refused: 0 }
  wireBytes = 0
  decodedBytes = 0
  inFlightBytes = 0
  workersLost = 0
  /** Why the last append was refused; undefined when it was not. */
  storeFailure: string | undefined
  readonly turnedAway: Tally = new Tally()
  readonly redactions: Tally = new Tally()
  readonly withheld: Tally = new Tally()
  readonly unscanned: Tally = new Tally()

  snapshot(forward: readonly ForwardStats[], spool: SpoolIntakeStats, quarantine?: QuarantineStats): CollectorStats {
    return {
      requests: this.requests,
      requestsTurnedAway: this.turnedAway.toRecord(),
      received: this.received,
      accepted: this.accepted,
      rejected: this.rejected,
      refused: this.refused,
      spans: {
        received: this.received - this.logs.received,
        accepted: this.accepted - this.logs.accepted,
        rejected: this.rejected - this.logs.rejected,
        refused: this.refused - this.logs.refused,
      },
      logs: { ...this.logs },
      redactions: this.redactions.toRecord(),
      withheld: this.withheld.toRecord(),
      unscanned: this.unscanned.toRecord(),
      wireBytes: this.wireBytes,
      decodedBytes: this.decodedBytes,
      inFlightBytes: this.inFlightBytes,
      workersLost: this.workersLost,
      spool,
      forward,
      ...(quarantine !== undefined && { quarantine }),
    }
  }
}
