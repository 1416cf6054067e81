import { deriveGenAiScalars, type DerivableStep } from '../../adapters/dialects/index.ts'
import { type WireEvent, type WireValue, wireValueOf, type WritableAttribute, type WritableSpan } from '../../otlp/index.ts'
import { ATTR, type Attributes, type Cut, GENAI, jsonTreeOf, MEDIA_TYPE } from '../../schemas/index.ts'
import { unixNanos } from '../clock.ts'
import { genAiStart, spanNameOf } from '../describe.ts'
import { spanKindOf } from '../otel.ts'
import type { Gap, QueuedStep } from '../send-queue.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Step } from '../step.ts'
import { type EncodedPayload, encodePayload } from './payload.ts'
import type { Slices } from './slices.ts'

/**
 * The recorded parent of a step whose parent span is somebody else's: that span may never reach the collector. Not lifted,
 * so it stays an attribute.
 */
export const PARENT_STEP_ATTRIBUTE = 'reprise.parent.step'

/** What our own exporter sends for a step. A promise only where a large payload is written in slices. */
export function spanOfStep({ step, pending }: QueuedStep, slices: Slices | undefined): WritableSpan | Promise<WritableSpan> {
  const input = payloadOf(step.input, slices)
  const output = pending ? undefined : payloadOf(step.output, slices, step.outputMediaType)
  const error = payloadOf(step.error, slices)
  const documents = pending ? undefined : documentsOf(step.documents, slices)
  if (input instanceof Promise || output instanceof Promise || error instanceof Promise || documents instanceof Promise) {
    return Promise.all([input, output, error, documents]).then((parts) => spanOf(step, pending, ...parts))
  }
  return spanOf(step, pending, input, output, error, documents)
}

type Encoded = EncodedPayload | undefined

/** The documents are an attribute of the GenAI conventions, always JSON text; what JSON has no form for is tagged in it. */
function documentsOf(snapshot: Snapshot | undefined, slices: Slices | undefined): Encoded | Promise<Encoded> {
  if (snapshot === undefined || snapshot.json) return payloadOf(snapshot, slices)
  return { mediaType: MEDIA_TYPE.json, content: { text: JSON.stringify(jsonTreeOf(snapshot.value).tree) } }
}

function payloadOf(snapshot: Snapshot | undefined, slices: Slices | undefined, mediaType?: string): Encoded | Promise<Encoded> {
  return snapshot === undefined ? undefined : encodePayload(snapshot, slices, mediaType)
}

function spanOf(step: Step, pending: boolean, input: Encoded, output: Encoded, error: Encoded, documents: Encoded): WritableSpan {
  const { anchorMillis } = step.run.shared
  const attributes: WritableAttribute[] = recordAttributes(step, pending)
  for (const [key, value] of Object.entries(visibleAttributes(step, pending))) attributes.push([key, wireValueOf(value)])
  addPayload(attributes, ATTR.input, ATTR.inputMediaType, input)
  addPayload(attributes, ATTR.output, ATTR.outputMediaType, output)
  addPayload(attributes, ATTR.error, ATTR.errorMediaType, error)
  addPayload(attributes, GENAI.retrievalDocuments, '', documents)
  return {
    ...step.ids,
    traceState: '',
    flags: LOCAL_SAMPLED,
    name: spanNameOf(step.start).toWellFormed(),
    kind: WIRE_KIND[spanKindOf(step.start.kind)] ?? 1,
    startNanos: unixNanos(anchorMillis, step.startMillis),
    endNanos: pending || step.endMillis === undefined ? 0n : unixNanos(anchorMillis, step.endMillis),
    attributes,
    droppedAttributes: 0,
    events: pending ? [] : eventsOf(step),
    droppedEvents: pending ? 0 : step.droppedEvents,
    links: [],
    droppedLinks: 0,
    status: { code: step.error === undefined ? 0 : 2, message: '' },
  }
}

/** OTLP SpanFlags: sampled, and known not to have a remote parent. */
const LOCAL_SAMPLED = 0x101

// @opentelemetry/api counts span kinds from internal = 0, OTLP from unspecified = 0.
const WIRE_KIND = [1, 2, 3, 4, 5]

function addPayload(attributes: WritableAttribute[], key: string, mediaTypeKey: string, payload: Encoded): void {
  if (payload === undefined) return
  const { content, mediaType } = payload
  attributes.push([key, 'text' in content ? content.text : content])
  if (mediaType !== MEDIA_TYPE.json) attributes.push([mediaTypeKey, mediaType])
}

function int(value: number): WireValue {
  return { int: BigInt(value) }
}

/** What makes the record replayable. */
function recordAttributes(step: Step, pending: boolean): WritableAttribute[] {
  const { run, start } = step
  const attributes: WritableAttribute[] = [
    [ATTR.runId, run.id],
    [ATTR.kind, start.kind],
    [ATTR.operation, step.operation],
    [ATTR.stepName, start.name.toWellFormed()],
    [ATTR.sequence, int(step.sequence)],
    [ATTR.fidelity, 'replayable'],
  ]
  if (start.effect !== undefined) attributes.push([ATTR.effect, start.effect])
  if (run.owner === step && (step.isRoot || run.seed !== step.parent?.run.seed)) attributes.push([ATTR.seed, run.seed.toWellFormed()])
  if (step.parent !== undefined && step.parent.ids.spanId !== step.ids.parentSpanId) attributes.push([PARENT_STEP_ATTRIBUTE, step.parent.ids.spanId])
  if (pending) attributes.push([ATTR.pending, true])
  else {
    if (step.shape !== undefined) attributes.push([ATTR.shape, step.shape])
    if (step.streamEnd !== undefined) attributes.push([ATTR.streamEnd, step.streamEnd])
    if (step.deliveries !== undefined) attributes.push([ATTR.deliveries, { array: step.deliveries.map(int) }])
  }
  const cuts = cutsOf(step)
  if (cuts.length > 0) attributes.push([ATTR.cuts, JSON.stringify(cuts)])
  return attributes
}

function cutsOf(step: Step): Cut[] {
  const cuts: Cut[] = []
  const add = (what: string, snapshot: Snapshot | undefined): void => {
    for (const { reason, count } of snapshot?.cuts ?? []) cuts.push({ what, reason, count })
  }
  add('input', step.input)
  add('output', step.output)
  add('error', step.error)
  add('documents', step.documents)
  if (step.payloadsDropped) cuts.push({ what: 'payloads', reason: 'queue_full', count: 1 })
  if (step.droppedEvents > 0) cuts.push({ what: 'events', reason: 'entries', count: step.droppedEvents })
  return cuts
}

/** What people and other backends read: the GenAI scalars, known at the start or derived from what came back. */
export function visibleAttributes(step: Step, pending: boolean): Attributes {
  const attributes: Record<string, Attributes[string]> = { ...genAiStart(step.start) }
  if (!pending) {
    Object.assign(attributes, deriveGenAiScalars(derivable(step)))
    if (step.errorType !== undefined) attributes[GENAI.errorType] = step.errorType
  }
  for (const [key, value] of Object.entries(attributes)) if (typeof value === 'string') attributes[key] = value.toWellFormed()
  return attributes
}

export function derivable(step: Step): DerivableStep {
  const { kind, name, provider, model } = step.start
  return { kind, operation: step.operation, stepName: name, provider, model, args: step.input?.value, output: step.output?.value, shape: step.shape }
}

function eventsOf(step: Step): WireEvent[] {
  return (step.events ?? []).map(({ name, millis, attributes }) => ({
    name,
    timeNanos: unixNanos(step.run.shared.anchorMillis, millis),
    attributes: Object.entries(attributes).map(([key, value]) => [key, wireValueOf(typeof value === 'string' ? value.toWellFormed() : value)] as const),
    droppedAttributes: 0,
  }))
}

/** The notice that spans are missing: never silence. */
export function spanOfGap(gap: Gap, ids: { readonly traceId: string; readonly spanId: string }, nowNanos: bigint): WritableSpan {
  const attributes: WritableAttribute[] = [
    [ATTR.gapReason, gap.reason],
    [ATTR.gapCount, int(gap.count)],
  ]
  if (gap.runId !== undefined) attributes.push([ATTR.runId, gap.runId])
  return {
    ...ids,
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'reprise.gap',
    kind: 1,
    startNanos: nowNanos,
    endNanos: nowNanos,
    attributes,
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    status: { code: 0, message: '' },
  }
}
