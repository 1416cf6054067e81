import { types } from 'node:util'
import { type EncodedKey, encodeKey, encodeSpanFields, type SpanWriter, type WireEvent, wireValueOf } from '../../otlp/index.ts'
import { ATTR, type Attributes, GENAI, MEDIA_TYPE, RESULT_SHAPES, STREAM_ENDS } from '../../schemas/index.ts'
import type { CallSpec } from '../calls/call-spec.ts'
import { genAiStart, spanNameOf } from '../calls/describe.ts'
import type { Gap, QueuedStep } from '../recorder/send-queue.ts'
import { unixMicros, unixNanos } from '../run/clock.ts'
import { spanKindOf } from '../run/otel.ts'
import type { RunState } from '../run/run-state.ts'
import type { Step } from '../run/step.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { LargePayloads } from './large-payloads.ts'
import type { EncodedPayload, PayloadWriter } from './payload.ts'
import { cutsOf } from './visible.ts'

/** OTLP SpanFlags: sampled, and known not to have a remote parent. */
const LOCAL_SAMPLED = 0x101

// @opentelemetry/api counts span kinds from internal = 0, OTLP from unspecified = 0.
const WIRE_KIND = [1, 2, 3, 4, 5]

/** What the steps of one wrapper have in common, and those in one run. */
interface SharedFields {
  readonly run: RunState
  readonly model: string | undefined
  readonly traceId: string
  readonly ofSpec: Uint8Array
  readonly fields: Uint8Array
}

/**
 * Writes what our own exporter sends for a step: the raw values of the call and what makes the record replayable. What can be
 * derived from the values is not sent. What the calls of one wrapper, and the steps of one run, have in common is encoded once.
 */
export class StepWriter {
  readonly #payloads: PayloadWriter
  readonly #shared: WeakMap<CallSpec, SharedFields> = new WeakMap()
  readonly #runs: WeakMap<RunState, { readonly traceId: string; readonly fields: Uint8Array }> = new WeakMap()

  constructor(payloads: PayloadWriter) {
    this.#payloads = payloads
  }

  /** Whether the step has a payload so large that it is written in slices beforehand. */
  isLarge({ step }: QueuedStep): boolean {
    const payloads = this.#payloads
    const { input, output, error, documents, returned } = step
    if (isLarge(payloads, input) || isLarge(payloads, output) || isLarge(payloads, error)) return true
    return isLarge(payloads, documents) || isLarge(payloads, returned)
  }

  /** For what `isLarge`: its large payloads, each written with pauses. They are valid until the payload writer is reset. */
  async encodeInSlices({ step }: QueuedStep): Promise<LargePayloads> {
    const large = new LargePayloads(this.#payloads)
    const encode = async (snapshot: Snapshot | undefined, ownMediaType?: string): Promise<void> => {
      if (isLarge(this.#payloads, snapshot)) await large.add(snapshot, ownMediaType)
    }
    await encode(step.input)
    await encode(step.output, step.outputMediaType)
    await encode(step.error)
    // Documents are JSON text whatever is in them.
    if (step.documents?.json === true) await encode(step.documents)
    if (step.returned?.json === true) await encode(step.returned)
    return large
  }

  /** @throws whatever a value of the step has against being written; the span has to be dropped then */
  write(span: SpanWriter, { step, pending }: QueuedStep, large?: LargePayloads): void {
    const { anchorMillis } = step.run.shared
    const { endMillis } = step
    const { spanId, parentSpanId } = step.ids
    span.encoded(this.#sharedFields(step))
    span.ids(spanId, parentSpanId)
    span.times(
      unixMicros(anchorMillis, step.startMillis),
      pending || endMillis === undefined ? undefined : unixMicros(anchorMillis, endMillis),
    )
    span.int(KEYS.sequence, step.sequence)
    if (step.parent !== undefined && step.parent.ids.spanId !== parentSpanId) span.text(KEYS.parentStep, step.parent.ids.spanId)
    if (step.run.owner === step) writeSeed(span, step)
    this.#payload(span, KEYS.input, KEYS.inputMediaType, step.input, undefined, large)
    if (pending) {
      span.encoded(PENDING)
      return
    }
    if (step.shape !== undefined) span.encoded(SHAPES[step.shape])
    if (step.streamEnd !== undefined) span.encoded(STREAM_END[step.streamEnd])
    if (step.deliveries !== undefined) span.ints(KEYS.deliveries, step.deliveries)
    this.#payload(span, KEYS.output, KEYS.outputMediaType, step.output, step.outputMediaType, large)
    if (step.error !== undefined) this.#failure(span, step, step.error, large)
    // Attributes of JSON text: of the GenAI conventions, whatever is in it.
    if (step.documents !== undefined) this.#json(span, KEYS.documents, step.documents, large)
    // Another value than the program had would be worse than none, which the cuts tell of.
    if (step.returned?.json === true) this.#json(span, KEYS.returned, step.returned, large)
    const effects = step.encodeEffects()
    if (effects !== undefined) span.ints(KEYS.effects, effects)
    if (step.events !== undefined) span.events(eventsOf(step), step.droppedEvents)
    const cuts = cutsOf(step)
    if (cuts !== undefined) span.text(KEYS.cuts, JSON.stringify(cuts))
  }

  #payload(
    span: SpanWriter,
    key: EncodedKey,
    mediaTypeKey: EncodedKey,
    snapshot: Snapshot | undefined,
    ownMediaType: string | undefined,
    large: LargePayloads | undefined,
  ): void {
    if (snapshot === undefined) return
    if (snapshot.tokens !== undefined) {
      // Most of them: small, and JSON, which is what no media type says.
      span.utf8(key, this.#payloads.writeTokens(snapshot.tokens, snapshot.sizeBytes))
      return
    }
    const mediaType = this.#value(span, key, snapshot, ownMediaType, large)
    if (mediaType !== MEDIA_TYPE.json) span.text(mediaTypeKey, mediaType)
  }

  /** @returns its media type */
  #value(
    span: SpanWriter,
    key: EncodedKey,
    snapshot: Snapshot,
    ownMediaType: string | undefined,
    large: LargePayloads | undefined,
  ): string {
    const known = large?.get(snapshot)
    if (known !== undefined) {
      large?.leaveRoom(span, key, known.content)
      return known.mediaType
    }
    const { mediaType, content } = this.#payloads.write(snapshot, ownMediaType)
    this.#content(span, key, content)
    return mediaType
  }

  #content(span: SpanWriter, key: EncodedKey, content: EncodedPayload['content']): void {
    if (typeof content === 'string') span.text(key, content)
    else if (types.isUint8Array(content)) span.bytes(key, content)
    else span.utf8(key, this.#payloads.bytesOf(content))
  }

  #failure(span: SpanWriter, step: Step, error: Snapshot, large: LargePayloads | undefined): void {
    // The message of an error is content: it is in the payload, not in the status.
    span.failed()
    if (step.errorType !== undefined) span.text(KEYS.errorType, step.errorType.toWellFormed())
    this.#payload(span, KEYS.error, KEYS.errorMediaType, error, undefined, large)
  }

  #json(span: SpanWriter, key: EncodedKey, snapshot: Snapshot, large: LargePayloads | undefined): void {
    const known = large?.get(snapshot)
    if (known !== undefined) large?.leaveRoom(span, key, known.content)
    else this.#content(span, key, this.#payloads.writeText(snapshot).content)
  }

  /** What all calls of one wrapper in one run have in common. */
  #sharedFields(step: Step): Uint8Array {
    const { spec, model, run, ids } = step
    const known = this.#shared.get(spec)
    if (known !== undefined && known.run === run && known.model === model && known.traceId === ids.traceId) return known.fields
    const ofSpec = known !== undefined && known.model === model ? known.ofSpec : encodeSpec(step)
    const fields = Buffer.concat([ofSpec, this.#runFields(step)])
    // A spec with attributes of its own was made for one call.
    if (spec.attributes === undefined) this.#shared.set(spec, { run, model, traceId: ids.traceId, ofSpec, fields })
    return fields
  }

  #runFields({ run, ids: { traceId } }: Step): Uint8Array {
    const known = this.#runs.get(run)
    if (known !== undefined && known.traceId === traceId) return known.fields
    const fields = encodeSpanFields({ traceId, attributes: [[ATTR.runId, run.id]] })
    this.#runs.set(run, { traceId, fields })
    return fields
  }
}

function encodeSpec(step: Step): Uint8Array {
  const { spec } = step
  return encodeSpanFields({
    name: spanNameOf(step).toWellFormed(),
    kind: WIRE_KIND[spanKindOf(spec.kind)] ?? 1,
    flags: LOCAL_SAMPLED,
    attributes: [
      [ATTR.kind, spec.kind],
      [ATTR.operation, step.operation],
      [ATTR.stepName, spec.name.toWellFormed()],
      [ATTR.fidelity, 'replayable'],
      ...(spec.effect === undefined ? [] : [[ATTR.effect, spec.effect] as const]),
      ...wireAttributes(genAiStart(step)),
    ],
  })
}

function isLarge(payloads: PayloadWriter, snapshot: Snapshot | undefined): snapshot is Snapshot {
  return snapshot !== undefined && payloads.isLarge(snapshot)
}

/** The step of an `instrument()` says which seed holds below it, unless that is the one above. */
function writeSeed(span: SpanWriter, step: Step): void {
  const { run } = step
  if (step.isRoot || run.seed !== step.parent?.run.seed) span.text(KEYS.seed, run.seed.toWellFormed())
}

function eventsOf(step: Step): WireEvent[] {
  return (step.events ?? []).map(({ name, millis, attributes }) => ({
    name: name.toWellFormed(),
    timeNanos: unixNanos(step.run.shared.anchorMillis, millis),
    attributes: wireAttributes(attributes),
    droppedAttributes: 0,
  }))
}

function wireAttributes(attributes: Attributes): WireEvent['attributes'] {
  return Object.entries(attributes).map(([key, value]) => [key.toWellFormed(), wireValueOf(wellFormed(value))] as const)
}

function wellFormed(value: Attributes[string]): Attributes[string] {
  return typeof value === 'string' ? value.toWellFormed() : value
}

/** The notice that spans are missing: never silence. */
export function writeGap(span: SpanWriter, gap: Gap, ids: { readonly traceId: string; readonly spanId: string }, nowMicros: number): void {
  span.encoded(
    encodeSpanFields({
      traceId: ids.traceId,
      name: 'reprise.gap',
      kind: 1,
      attributes: [
        [ATTR.gapReason, gap.reason],
        [ATTR.gapCount, { int: BigInt(gap.count) }],
        ...(gap.runId === undefined ? [] : [[ATTR.runId, gap.runId] as const]),
      ],
    }),
  )
  span.ids(ids.spanId, '')
  span.times(nowMicros, nowMicros)
}

/**
 * The recorded parent of a step whose parent span is somebody else's: that span may never reach the collector. Not lifted,
 * so it stays an attribute.
 */
const PARENT_STEP_ATTRIBUTE = 'reprise.parent.step'

const KEYS = {
  sequence: encodeKey(ATTR.sequence),
  parentStep: encodeKey(PARENT_STEP_ATTRIBUTE),
  seed: encodeKey(ATTR.seed),
  deliveries: encodeKey(ATTR.deliveries),
  effects: encodeKey(ATTR.effects),
  cuts: encodeKey(ATTR.cuts),
  input: encodeKey(ATTR.input),
  inputMediaType: encodeKey(ATTR.inputMediaType),
  output: encodeKey(ATTR.output),
  outputMediaType: encodeKey(ATTR.outputMediaType),
  error: encodeKey(ATTR.error),
  errorMediaType: encodeKey(ATTR.errorMediaType),
  errorType: encodeKey(GENAI.errorType),
  documents: encodeKey(GENAI.retrievalDocuments),
  returned: encodeKey(ATTR.streamReturned),
}

const PENDING = encodeSpanFields({ attributes: [[ATTR.pending, true]] })
const SHAPES = encodedEach(RESULT_SHAPES, ATTR.shape)
const STREAM_END = encodedEach(STREAM_ENDS, ATTR.streamEnd)

function encodedEach<T extends string>(values: readonly T[], key: string): Readonly<Record<T, Uint8Array>> {
  return Object.fromEntries(values.map((value) => [value, encodeSpanFields({ attributes: [[key, value]] })])) as Record<T, Uint8Array>
}
