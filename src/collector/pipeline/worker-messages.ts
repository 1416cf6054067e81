import type { DecodeLimits, OtlpEncoding } from '../../otlp/index.ts'
import type { PolicyConfig } from '../../redaction/index.ts'
import type { PackedBatch } from '../../store/index.ts'
import type { ContentEncoding } from '../http/inflate.ts'
import type { RefusalData } from '../http/refusal.ts'
import type { Signal } from './signals.ts'
import type { Quarantined } from './withheld-sealer.ts'

/** A request body as it came, to be made ready for the store. */
export interface BodyJob {
  /** Unique in the collector. */
  readonly id: number
  readonly signal: Signal
  readonly encoding: OtlpEncoding
  readonly contentEncoding: ContentEncoding
  /** Handed over: in a buffer of its own, which comes back when the job is done. */
  readonly body: Uint8Array
}

export type ToWorker =
  /** `spare`: memory of batches that are done with, to be used again. */
  | { readonly kind: 'work'; readonly jobs: readonly BodyJob[]; readonly spare: readonly ArrayBuffer[] }
  /** Of an open part: the rest of its job goes on, or is not wanted any more. */
  | { readonly kind: 'goOn' | 'drop' }

/** What a worker is told when it starts. The key is never logged. */
export interface WorkerSetup {
  readonly namespace: string
  readonly redactionKey: Uint8Array
  /** The default one if absent. */
  readonly policy?: PolicyConfig | undefined
  /** For whom content is sealed that cannot be cleaned; not kept at all if absent. */
  readonly quarantineKey?: string | undefined
  readonly decodedMaxBytes: number
  /** Over the defaults of the codec. */
  readonly decodeLimits?: Partial<DecodeLimits>
  /** What all workers together may hold after decompression, and which of them this is, from 0. Not there without threads. */
  readonly inflated?: { readonly memory: SharedArrayBuffer; readonly worker: number }
}

export interface FinishedJob {
  readonly id: number
  /** Set where nothing of the body can be kept, or nothing can be read. */
  readonly refusal?: RefusalData
  /** Records that can never be kept, and some of them by name, redacted. */
  readonly rejected: number
  readonly errorMessage: string
}

/** What a part adds to the counters, once it is known whether the store took it. */
export interface PartCounts {
  readonly records: number
  readonly rejected: number
  readonly decodedBytes: number
  readonly redactions: Readonly<Record<string, number>>
  readonly withheld: Readonly<Record<string, number>>
  readonly unscanned: Readonly<Record<string, number>>
  /** How many of them are log records; the others are spans. */
  readonly logs: { readonly records: number; readonly rejected: number }
}

export type FromWorker =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'part'
      readonly batch: PackedBatch
      readonly counts: PartCounts
      /** Jobs that end with this part. */
      readonly finished: readonly FinishedJob[]
      /** A job of which this part is only the beginning: the worker waits for `goOn` or `drop`. */
      readonly open: number | undefined
      /** The last part of what came in one message. */
      readonly messageDone: boolean
      /** Memory of bodies that are done with, to be used again. */
      readonly spare: readonly ArrayBuffer[]
      readonly quarantined?: Quarantined | undefined
    }
