import { type DerivableStep, deriveGenAiScalars } from '../../adapters/dialects/index.ts'
import { type WireEvent, type WireValue, type WritableAttribute, type WritableSpan, wireValueOf } from '../../otlp/index.ts'
import { ATTR, type Attributes, type Cut, GENAI, MEDIA_TYPE } from '../../schemas/index.ts'
import type { CallSpec } from '../call-spec.ts'
import { unixNanos } from '../clock.ts'
import { genAiStart, spanNameOf } from '../describe.ts'
import { spanKindOf } from '../otel.ts'
import type { Gap, QueuedStep } from '../send-queue.ts'
import type { Snapshot } from '../snapshot.ts'
import type { Step } from '../step.ts'
import type { EncodedPayload, PayloadWriter } from './payload.ts'

/**
 * The recorded parent of a step whose parent span is somebody else's: that span may never reach the collector. Not lifted,
 * so it stays an attribute.
 */
export const PARENT_STEP_ATTRIBUTE = 'reprise.parent.step'

/** What our own exporter sends for a step. A promise where a large payload is written in slices. */
export function spanOfStep({ step, pending }: QueuedStep, writer: PayloadWriter): WritableSpan | Promise<WritableSpan> {
  const parts = partsOf(step, pending)
  if (parts.some(({ snapshot }) => writer.isLarge(snapshot))) return spanOfLargeStep(step, pending, parts, writer)
  const payloads: WritableAttribute[] = []
  for (const part of parts)
    addPayload(payloads, part, part.asText ? writer.writeText(part.snapshot) : writer.write(part.snapshot, part.mediaType))
  return spanOf(step, pending, payloads)
}

async function spanOfLargeStep(step: Step, pending: boolean, parts: readonly Part[], writer: PayloadWriter): Promise<WritableSpan> {
  const payloads: WritableAttribute[] = []
  for (const part of parts) {
    if (writer.isLarge(part.snapshot)) addPayload(payloads, part, await writer.writeInSlices(part.snapshot))
    else addPayload(payloads, part, part.asText ? writer.writeText(part.snapshot) : writer.write(part.snapshot, part.mediaType))
  }
  return spanOf(step, pending, payloads)
}

interface Part {
  readonly key: string
  readonly mediaTypeKey: string
  readonly snapshot: Snapshot
  /** The payload is bytes or text of this type, not a value. */
  readonly mediaType: string | undefined
  /** An attribute of the GenAI conventions: JSON text, whatever is in it. */
  readonly asText: boolean
}

function partsOf(step: Step, pending: boolean): Part[] {
  const parts: Part[] = []
  const add = (key: string, mediaTypeKey: string, snapshot: Snapshot | undefined, mediaType?: string): void => {
    if (snapshot !== undefined) parts.push({ key, mediaTypeKey, snapshot, mediaType, asText: mediaTypeKey === '' })
  }
  add(ATTR.input, ATTR.inputMediaType, step.input)
  if (pending) return parts
  add(ATTR.output, ATTR.outputMediaType, step.output, step.outputMediaType)
  add(ATTR.error, ATTR.errorMediaType, step.error)
  add(GENAI.retrievalDocuments, '', step.documents)
  return parts
}

function addPayload(attributes: WritableAttribute[], { key, mediaTypeKey }: Part, { content, mediaType }: EncodedPayload): void {
  attributes.push([key, content])
  if (mediaType !== MEDIA_TYPE.json) attributes.push([mediaTypeKey, mediaType])
}

function spanOf(step: Step, pending: boolean, payloads: readonly WritableAttribute[]): WritableSpan {
  const { anchorMillis } = step.run.shared
  const attributes = recordAttributes(step, pending)
  const visible = visibleAttributes(step, pending)
  for (const key in visible) attributes.push([key, wireValueOf(wellFormed(visible[key] ?? null))])
  for (const payload of payloads) attributes.push(payload)
  return {
    traceId: step.ids.traceId,
    spanId: step.ids.spanId,
    parentSpanId: step.ids.parentSpanId,
    traceState: '',
    flags: LOCAL_SAMPLED,
    name: spanNameOf(step).toWellFormed(),
    kind: WIRE_KIND[spanKindOf(step.spec.kind)] ?? 1,
    startNanos: unixNanos(anchorMillis, step.startMillis),
    endNanos: pending || step.endMillis === undefined ? 0n : unixNanos(anchorMillis, step.endMillis),
    attributes,
    droppedAttributes: 0,
    events: pending || step.events === undefined ? NONE : eventsOf(step),
    droppedEvents: pending ? 0 : step.droppedEvents,
    links: NONE,
    droppedLinks: 0,
    status: step.error === undefined || pending ? UNSET : ERROR,
  }
}

const NONE: readonly never[] = []
const UNSET = { code: 0, message: '' }
// The message of an error is content: it is in the payload, not here.
const ERROR = { code: 2, message: '' }

/** OTLP SpanFlags: sampled, and known not to have a remote parent. */
const LOCAL_SAMPLED = 0x101

// @opentelemetry/api counts span kinds from internal = 0, OTLP from unspecified = 0.
const WIRE_KIND = [1, 2, 3, 4, 5]

function int(value: number): WireValue {
  return { int: BigInt(value) }
}

/** What every call of one wrapper has in common, made once. */
const commonAttributes = new WeakMap<CallSpec, readonly WritableAttribute[]>()

function commonOf(step: Step): readonly WritableAttribute[] {
  const { spec } = step
  let common = commonAttributes.get(spec)
  if (common === undefined) {
    common = [
      [ATTR.kind, spec.kind],
      [ATTR.operation, step.operation],
      [ATTR.stepName, spec.name.toWellFormed()],
      [ATTR.fidelity, 'replayable'],
      ...(spec.effect === undefined ? [] : [[ATTR.effect, spec.effect] as const]),
    ]
    commonAttributes.set(spec, common)
  }
  return common
}

/** What makes the record replayable. */
function recordAttributes(step: Step, pending: boolean): WritableAttribute[] {
  const { run } = step
  const attributes = commonOf(step).slice()
  attributes.push([ATTR.runId, run.id], [ATTR.sequence, int(step.sequence)])
  if (run.owner === step && (step.isRoot || run.seed !== step.parent?.run.seed)) attributes.push([ATTR.seed, run.seed.toWellFormed()])
  if (step.parent !== undefined && step.parent.ids.spanId !== step.ids.parentSpanId)
    attributes.push([PARENT_STEP_ATTRIBUTE, step.parent.ids.spanId])
  if (pending) attributes.push([ATTR.pending, true])
  else {
    if (step.shape !== undefined) attributes.push([ATTR.shape, step.shape])
    if (step.streamEnd !== undefined) attributes.push([ATTR.streamEnd, step.streamEnd])
    if (step.deliveries !== undefined) attributes.push([ATTR.deliveries, { array: step.deliveries.map(int) }])
  }
  const cuts = cutsOf(step)
  if (cuts !== undefined) attributes.push([ATTR.cuts, JSON.stringify(cuts)])
  return attributes
}

function cutsOf(step: Step): Cut[] | undefined {
  let cuts: Cut[] | undefined
  const add = (what: string, reason: string, count: number): void => {
    cuts ??= []
    cuts.push({ what, reason, count })
  }
  const addOf = (what: string, snapshot: Snapshot | undefined): void => {
    if (snapshot?.cuts !== undefined) for (const { reason, count } of snapshot.cuts) add(what, reason, count)
  }
  addOf('input', step.input)
  addOf('output', step.output)
  addOf('error', step.error)
  addOf('documents', step.documents)
  if (step.documentsFailed) add('documents', 'failed', 1)
  if (step.payloadsDropped) add('payloads', 'queue_full', 1)
  if (step.droppedEvents > 0) add('events', 'entries', step.droppedEvents)
  return cuts
}

/** What people and other backends read: the GenAI scalars, known at the start or derived from what came back. */
export function visibleAttributes(step: Step, pending: boolean): Attributes {
  if (pending) return genAiStart(step)
  const derived = deriveGenAiScalars(derivable(step))
  const { attributes } = step.spec
  const { errorType } = step
  if (attributes === undefined && errorType === undefined) return derived
  return { ...attributes, ...derived, ...(errorType !== undefined && { [GENAI.errorType]: errorType }) }
}

function wellFormed(value: Attributes[string]): Attributes[string] {
  return typeof value === 'string' ? value.toWellFormed() : value
}

export function derivable(step: Step): DerivableStep {
  const { kind, name, provider } = step.spec
  return {
    kind,
    operation: step.operation,
    stepName: name,
    provider,
    model: step.model,
    args: step.input?.value,
    output: step.output?.value,
    shape: step.shape,
  }
}

function eventsOf(step: Step): WireEvent[] {
  return (step.events ?? []).map(({ name, millis, attributes }) => ({
    name,
    timeNanos: unixNanos(step.run.shared.anchorMillis, millis),
    attributes: Object.entries(attributes).map(([key, value]) => [key, wireValueOf(wellFormed(value))] as const),
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
    events: NONE,
    droppedEvents: 0,
    links: NONE,
    droppedLinks: 0,
    status: UNSET,
  }
}
