import { type HrTime, type SpanContext, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { type Attributes, type AttributeValue, randomId16, randomId32 } from '../../schemas/index.ts'
import { spanNameOf } from '../calls/describe.ts'
import type { Gap } from '../recorder/send-queue.ts'
import { nowMillis, readClockAnchor } from '../run/clock.ts'
import { spanKindOf } from '../run/otel.ts'
import type { Step } from '../run/step.ts'
import { SDK_NAME, SDK_VERSION } from '../version.ts'
import type { RedactedView } from './redacted-view.ts'

/** What the standard exporter takes: the shape of a span that an OpenTelemetry SDK has ended. */
export type ReadableSpan = Parameters<OTLPTraceExporter['export']>[0][number]
type Resource = ReadableSpan['resource']
type OtelValue = NonNullable<ReadableSpan['attributes'][string]>

export function resourceOf(attributes: Readonly<Record<string, string | number>>): Resource {
  const resource: Resource = { attributes, merge: () => resource, getRawAttributes: () => Object.entries(attributes) }
  return resource
}

export function readableSpanOf(step: Step, view: RedactedView, resource: Resource): ReadableSpan {
  const { anchorMillis } = step.run.shared
  const { traceId, spanId, parentSpanId } = step.ids
  const endMillis = step.endMillis ?? step.startMillis
  const events = (step.events ?? []).map(({ name, millis, attributes }) => ({
    name,
    time: hrTime(anchorMillis + millis),
    attributes: otelAttributes(view.attributes(attributes)),
    droppedAttributesCount: 0,
  }))
  if (view.exception !== undefined) {
    events.push({
      name: 'exception',
      time: hrTime(anchorMillis + endMillis),
      attributes: otelAttributes(view.exception),
      droppedAttributesCount: 0,
    })
  }
  return {
    ...COMMON,
    resource,
    name: view.text(spanNameOf(step)),
    kind: spanKindOf(step.spec.kind),
    spanContext: () => contextOf(traceId, spanId),
    ...(parentSpanId !== '' && { parentSpanContext: contextOf(traceId, parentSpanId) }),
    startTime: hrTime(anchorMillis + step.startMillis),
    endTime: hrTime(anchorMillis + endMillis),
    duration: hrTime(endMillis - step.startMillis),
    status: step.error === undefined ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: view.errorMessage },
    attributes: otelAttributes(view.spanAttributes),
    events,
    droppedEventsCount: step.droppedEvents,
  }
}

/** The notice that spans are missing. */
export function readableGapOf(gap: Gap, attributes: Attributes, resource: Resource): ReadableSpan {
  const traceId = gap.traceId ?? randomId32()
  const spanId = randomId16()
  const time = hrTime(readClockAnchor() + nowMillis())
  return {
    ...COMMON,
    resource,
    name: 'reprise.gap',
    kind: 0,
    spanContext: () => contextOf(traceId, spanId),
    startTime: time,
    endTime: time,
    duration: [0, 0],
    status: { code: SpanStatusCode.UNSET },
    attributes: otelAttributes(attributes),
    events: [],
    droppedEventsCount: 0,
  }
}

const COMMON = {
  links: [],
  ended: true,
  instrumentationScope: { name: SDK_NAME, version: SDK_VERSION },
  droppedAttributesCount: 0,
  droppedLinksCount: 0,
}

function contextOf(traceId: string, spanId: string): SpanContext {
  return { traceId, spanId, traceFlags: TraceFlags.SAMPLED }
}

function hrTime(millis: number): HrTime {
  const seconds = Math.floor(millis / 1000)
  return [seconds, Math.round((millis - seconds * 1000) * 1e6)]
}

function otelAttributes(attributes: Attributes): ReadableSpan['attributes'] {
  const converted: Record<string, OtelValue> = {}
  for (const [key, value] of Object.entries(attributes)) {
    const otel = otelValue(value)
    if (otel !== undefined) converted[key] = otel
  }
  return converted
}

/** OpenTelemetry has one number type in JavaScript, and arrays of one primitive type. */
function otelValue(value: AttributeValue): OtelValue | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value
  if (value === null) return undefined
  if (Array.isArray(value)) return value.map((element) => (typeof element === 'string' ? element : JSON.stringify(element)))
  if ('double' in value) return Number(value.double)
  return 'int' in value ? value.int : JSON.stringify(value)
}
