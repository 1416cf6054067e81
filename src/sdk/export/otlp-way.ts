import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { type OptionValues, RepriseError } from '../../schemas/index.ts'
import type { Gap, QueuedStep } from '../recorder/send-queue.ts'
import { OtlpWriter, type OtlpWriterOptions } from './otlp-writer.ts'
import type { ReadableSpan } from './readable-span.ts'
import { reasonOf } from './reprise-way.ts'
import { Slices } from './slices.ts'
import type { Batch, SendResult, Way } from './way.ts'

const BATCH_MAX_SPANS = 256
/** The standard exporter writes a batch in one go: with more than this in it the program would be held up for long. */
const BATCH_MAX_BYTES = 256 * 1024

interface OtlpBatch extends Batch {
  readonly readable: ReadableSpan[]
}

export interface OtlpWayOptions
  extends OtlpWriterOptions,
    Pick<OptionValues, 'endpoint' | 'otlpHeaders' | 'flushTimeoutMillis' | 'exitTimeoutMillis'> {}

/**
 * To any OTLP backend, through the standard exporter: GenAI attributes in the place of raw values, redacted in this
 * process under a key that never leaves it.
 */
export class OtlpWay implements Way {
  readonly #exporter: OTLPTraceExporter
  /** Also for what is left when the program ends. */
  readonly writer: OtlpWriter

  private constructor(exporter: OTLPTraceExporter, options: OtlpWayOptions) {
    this.#exporter = exporter
    this.writer = new OtlpWriter(options)
  }

  static async open(options: OtlpWayOptions): Promise<OtlpWay> {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http')
    // Its own retries end with this time; a batch that is still not through is held and tried again by the drain.
    const timeoutMillis = Math.min(options.flushTimeoutMillis, Math.max(options.exitTimeoutMillis, 1000))
    return new OtlpWay(
      new OTLPTraceExporter({ url: `${options.endpoint}/v1/traces`, headers: { ...options.otlpHeaders }, timeoutMillis }),
      options,
    )
  }

  async fill(next: () => QueuedStep | undefined, gaps: readonly Gap[]): Promise<Batch> {
    const slices = new Slices()
    const readable = gaps.map((gap) => this.writer.readableGap(gap))
    let bytes = 0
    while (readable.length < BATCH_MAX_SPANS && bytes < BATCH_MAX_BYTES) {
      const item = next()
      if (item === undefined) break
      bytes += item.sizeBytes
      const span = this.writer.readable(item)
      if (span === undefined) continue
      readable.push(span)
      if (slices.over(item.sizeBytes)) await slices.pause()
    }
    const batch: OtlpBatch = { readable, spans: readable.length, gaps, unwritable: 0 }
    return batch
  }

  async send(batch: Batch, signal: AbortSignal): Promise<SendResult> {
    const spans = spansOf(batch)
    return await new Promise<SendResult>((resolve) => {
      const aborted = (): void => resolve({ kind: 'retry', answered: false, afterMillis: undefined, reason: reasonOf(signal.reason) })
      signal.addEventListener('abort', aborted, { once: true })
      this.#exporter.export(spans, ({ code, error }) => {
        signal.removeEventListener('abort', aborted)
        resolve(code === 0 ? { kind: 'sent', rejected: 0, message: '' } : failureOf(error))
      })
    })
  }

  async close(): Promise<void> {
    await this.#exporter.shutdown()
  }
}

function spansOf(batch: Batch): ReadableSpan[] {
  if ('readable' in batch && Array.isArray(batch.readable)) return batch.readable as ReadableSpan[]
  throw new RepriseError('internal', 'a batch of another way out')
}

/** The exporter has tried again already where the protocol asks for it; what it gives up with tells whether to keep the batch. */
function failureOf(error: Error | undefined): SendResult {
  const code: unknown = error === undefined ? undefined : Reflect.get(error, 'code')
  const reason = typeof code === 'number' ? `HTTP ${code} ${error?.message ?? ''}`.trim() : reasonOf(error ?? 'the exporter gave no reason')
  if (typeof code === 'number' && code >= 400 && code < 500 && code !== 429) return { kind: 'refused', reason }
  return { kind: 'retry', answered: typeof code === 'number', afterMillis: undefined, reason }
}
