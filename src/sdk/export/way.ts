import type { Gap, QueuedStep } from '../recorder/send-queue.ts'
import type { OtlpWriter } from './otlp-writer.ts'

/** Spans made ready to be sent; held as they are when they have to be sent again. */
export interface Batch {
  readonly spans: number
  /** The gap notices among them. */
  readonly gaps: readonly Gap[]
  /** Steps taken from the queue that could not be put into it, for a reason of their own. */
  readonly unwritable: number
}

export type SendResult =
  /** Acknowledged, but for `rejected` spans that the other side will never take. */
  | { readonly kind: 'sent'; readonly rejected: number; readonly message: string }
  /** Worth another try. `answered`: somebody is there. */
  | { readonly kind: 'retry'; readonly answered: boolean; readonly afterMillis: number | undefined; readonly reason: string }
  /** Refused for good. */
  | { readonly kind: 'refused'; readonly reason: string }

/** One way out of the process. */
export interface Way {
  /** What makes spans for a backend that is no Reprise collector; absent on the way to one. */
  readonly writer?: OtlpWriter
  /** Takes steps with `next` until a batch is full or there are no more. */
  fill(next: () => QueuedStep | undefined, gaps: readonly Gap[]): Promise<Batch>
  send(batch: Batch, signal: AbortSignal): Promise<SendResult>
  close(): Promise<void>
}
