import { randomBytes } from 'node:crypto'
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { createRedactor, type Redactor } from '../../redaction/index.ts'
import { ATTR, type OptionValues, RepriseError } from '../../schemas/index.ts'
import type { Gap, QueuedStep } from '../send-queue.ts'
import type { Step } from '../step.ts'
import { type ReadableSpan, readableGapOf, readableSpanOf, resourceOf } from './readable-span.ts'
import { RedactedView, withheldAttributes } from './redacted-view.ts'
import { reasonOf } from './reprise-way.ts'
import { resourceAttributes } from './resource.ts'
import { Slices } from './slices.ts'
import type { Batch, SendResult, Way } from './way.ts'

const BATCH_MAX_SPANS = 256
/** The standard exporter writes a batch in one go: with more than this in it the program would be held up for long. */
const BATCH_MAX_BYTES = 256 * 1024

interface OtlpBatch extends Batch {
  readonly readable: ReadableSpan[]
}

export interface OtlpWayOptions
  extends Pick<OptionValues, 'endpoint' | 'otlpHeaders' | 'flushTimeoutMillis' | 'exitTimeoutMillis' | 'serviceName'> {
  /** Spans that an SDK of the user's sends to this same endpoint already are not sent twice. */
  readonly leaveRecordedSpans: boolean
}

/**
 * To any OTLP backend, through the standard exporter: GenAI attributes in the place of raw values, redacted in this
 * process under a key that never leaves it.
 */
export class OtlpWay implements Way {
  readonly #exporter: OTLPTraceExporter
  readonly #redactor: Redactor = createRedactor({ key: randomBytes(32) })
  readonly #resource: ReadableSpan['resource']
  readonly #leaveRecorded: boolean

  private constructor(exporter: OTLPTraceExporter, options: OtlpWayOptions) {
    this.#exporter = exporter
    this.#resource = resourceOf(resourceAttributes(options))
    this.#leaveRecorded = options.leaveRecordedSpans
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
    const readable = gaps.map((gap) => readableGapOf(gap, gapAttributes(gap), this.#resource))
    let bytes = 0
    while (readable.length < BATCH_MAX_SPANS && bytes < BATCH_MAX_BYTES) {
      const item = next()
      if (item === undefined) break
      bytes += item.sizeBytes
      // Nobody but a Reprise collector merges an announcement with the step that follows.
      if (item.pending || (this.#leaveRecorded && item.step.spanRecorded)) continue
      readable.push(this.#readable(item.step))
      if (slices.over) await slices.pause()
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

  #readable(step: Step): ReadableSpan {
    try {
      return readableSpanOf(step, new RedactedView(step, this.#redactor), this.#resource)
    } catch {
      return readableGapOf(
        { runId: step.run.id, traceId: step.ids.traceId, reason: 'redaction_failed', count: 1 },
        withheldAttributes(step),
        this.#resource,
      )
    }
  }
}

function spansOf(batch: Batch): ReadableSpan[] {
  if ('readable' in batch && Array.isArray(batch.readable)) return batch.readable as ReadableSpan[]
  throw new RepriseError('internal', 'a batch of another way out')
}

function gapAttributes({ runId, reason, count }: Gap): Record<string, string | number> {
  return { [ATTR.gapReason]: reason, [ATTR.gapCount]: count, ...(runId !== undefined && { [ATTR.runId]: runId }) }
}

/** The exporter has tried again already where the protocol asks for it; what it gives up with tells whether to keep the batch. */
function failureOf(error: Error | undefined): SendResult {
  const code: unknown = error === undefined ? undefined : Reflect.get(error, 'code')
  const reason = typeof code === 'number' ? `HTTP ${code} ${error?.message ?? ''}`.trim() : reasonOf(error ?? 'the exporter gave no reason')
  if (typeof code === 'number' && code >= 400 && code < 500 && code !== 429) return { kind: 'refused', reason }
  return { kind: 'retry', answered: typeof code === 'number', afterMillis: undefined, reason }
}
