import { randomBytes } from 'node:crypto'
import { TraceWriter, type WireAttribute, type WireValue, type WritableSpan } from '../../otlp/index.ts'
import { createRedactorFor, type PolicyConfig, type Redactor } from '../../redaction/index.ts'
import { ATTR, type OptionValues } from '../../schemas/index.ts'
import type { Gap, QueuedStep } from '../recorder/send-queue.ts'
import { nowMillis } from '../run/clock.ts'
import type { Step } from '../run/step.ts'
import { isWithheldAttribute, WITHHELD } from '../spool/limited.ts'
import { loadDetectorsNow } from '../spool/policy-now.ts'
import { type ReadableSpan, readableGapOf, readableSpanOf, resourceOf } from './readable-span.ts'
import { RedactedView, withheldAttributes } from './redacted-view.ts'
import { resourceAttributes } from './resource.ts'

export interface OtlpWriterOptions extends Pick<OptionValues, 'serviceName' | 'namespace'> {
  /** The default one if absent. */
  readonly policy?: PolicyConfig
  /** Spans that an SDK of the user's sends to this same endpoint already are not sent twice. */
  readonly leaveRecordedSpans: boolean
}

/** A request body, and the steps in it. */
export interface OtlpBody {
  readonly body: Uint8Array
  readonly steps: number
}

const BODY_MAX_SPANS = 256

/** Makes GenAI spans of steps, redacted in this process under a key that never leaves it. */
export class OtlpWriter {
  readonly #redactor: Redactor
  readonly #resource: ReadableSpan['resource']
  readonly #leaveRecorded: boolean

  constructor(options: OtlpWriterOptions) {
    const { policy, namespace } = options
    this.#redactor = createRedactorFor({ policy, namespace, plugged: loadDetectorsNow(policy), key: randomBytes(32) })
    this.#resource = resourceOf(redactedResource(resourceAttributes(options), this.#redactor))
    this.#leaveRecorded = options.leaveRecordedSpans
  }

  /** Undefined for what is not sent: nobody but a Reprise collector merges an announcement with the step that follows. */
  readable({ step, pending }: QueuedStep): ReadableSpan | undefined {
    return pending || (this.#leaveRecorded && step.spanRecorded) ? undefined : this.#clean(step)
  }

  readableGap(gap: Gap): ReadableSpan {
    return readableGapOf(gap, gapAttributes(gap), this.#resource)
  }

  /**
   * Request bodies at once, for a process that is on its way out: what was made ready already, then steps until the time is
   * over, by the clock of `nowMillis`. `left` counts those that there was no time for.
   */
  encodeAtOnce(
    ready: readonly ReadableSpan[],
    items: readonly QueuedStep[],
    gaps: readonly Gap[],
    deadlineMillis: number,
  ): { readonly bodies: readonly OtlpBody[]; readonly left: number } {
    const spans = [...ready]
    let left = 0
    for (const item of items) {
      if (nowMillis() > deadlineMillis) left += item.pending ? 0 : 1
      else {
        const span = this.readable(item)
        if (span !== undefined) spans.push(span)
      }
    }
    const notices = gaps.map((gap) => this.readableGap(gap))
    const bodies: OtlpBody[] = []
    for (let at = 0; at < spans.length; at += BODY_MAX_SPANS) {
      const part = spans.slice(at, at + BODY_MAX_SPANS)
      bodies.push({ body: bodyOf(at === 0 ? [...notices, ...part] : part), steps: part.length })
    }
    if (spans.length === 0 && notices.length > 0) bodies.push({ body: bodyOf(notices), steps: 0 })
    return { bodies, left }
  }

  #clean(step: Step): ReadableSpan {
    try {
      return readableSpanOf(step, new RedactedView(step, this.#redactor.ofKind?.(step.spec.kind) ?? this.#redactor), this.#resource)
    } catch {
      return readableGapOf(
        { runId: step.run.id, traceId: step.ids.traceId, reason: 'redaction_failed', count: 1 },
        withheldAttributes(step),
        this.#resource,
      )
    }
  }
}

/** OTEL_RESOURCE_ATTRIBUTES may hold anything. What cannot be cleaned does not leave. */
function redactedResource(attributes: Readonly<Record<string, string | number>>, redactor: Redactor): Record<string, string | number> {
  const redacted: Record<string, string | number> = {}
  for (const [key, value] of Object.entries(attributes)) {
    try {
      const cleanKey = redactor.redactText(key.toWellFormed()).value
      if (isWithheldAttribute(redactor, key, typeof value === 'number')) redacted[cleanKey] = WITHHELD
      else redacted[cleanKey] = typeof value === 'number' ? value : redactor.redactText(value.toWellFormed(), key).value
    } catch {
      // What cannot be redacted is left out.
    }
  }
  return redacted
}

function gapAttributes({ runId, reason, count }: Gap): Record<string, string | number> {
  return { [ATTR.gapReason]: reason, [ATTR.gapCount]: count, ...(runId !== undefined && { [ATTR.runId]: runId }) }
}

function bodyOf(spans: readonly ReadableSpan[]): Uint8Array {
  const writer = new TraceWriter()
  const [first] = spans
  writer.startResource({ attributes: wireAttributes(first?.resource.attributes ?? {}), droppedAttributes: 0 })
  const { name = '', version = '' } = first?.instrumentationScope ?? {}
  writer.startScope({ name, version, attributes: [], droppedAttributes: 0 })
  for (const span of spans) writer.addSpan(writableOf(span))
  return writer.finish()
}

/** The same span as OTLP has it: kinds count from 1 there. */
function writableOf(span: ReadableSpan): WritableSpan {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? '',
    traceState: '',
    flags: traceFlags,
    name: span.name.toWellFormed(),
    kind: span.kind + 1,
    startNanos: nanosOf(span.startTime),
    endNanos: nanosOf(span.endTime),
    attributes: wireAttributes(span.attributes),
    droppedAttributes: 0,
    events: span.events.map(({ name, time, attributes }) => ({
      name: name.toWellFormed(),
      timeNanos: nanosOf(time),
      attributes: wireAttributes(attributes ?? {}),
      droppedAttributes: 0,
    })),
    droppedEvents: span.droppedEventsCount,
    links: [],
    droppedLinks: 0,
    status: { code: span.status.code, message: (span.status.message ?? '').toWellFormed() },
  }
}

function nanosOf([seconds, nanos]: ReadableSpan['startTime']): bigint {
  return BigInt(seconds) * 1_000_000_000n + BigInt(nanos)
}

function wireAttributes(attributes: Readonly<Record<string, unknown>>): WireAttribute[] {
  return Object.entries(attributes).map(([key, value]) => [key.toWellFormed(), wireValue(value)] as const)
}

function wireValue(value: unknown): WireValue {
  if (typeof value === 'string') return value.toWellFormed()
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { int: BigInt(value) } : value
  return Array.isArray(value) ? { array: value.map(wireValue) } : null
}
