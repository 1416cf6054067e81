import { classifyForeignSpan, deriveGenAiContent, deriveGenAiScalars } from '../../adapters/dialects/index.ts'
import { type WireAttribute, type WireValue, type WritableSpan, wireValueOf } from '../../otlp/index.ts'
import { ATTR, decodeValue, GENAI, MEDIA_TYPE, SPAN_KINDS, type SpanRecord, STATUS_CODES } from '../../schemas/index.ts'
import { type Content, Contents, type ReadPayload, type RestoredOrigin } from './contents.ts'

/** A span as it is sent on: what the record holds with its payloads back in their places. */
export interface RestoredSpan extends RestoredOrigin {
  readonly span: WritableSpan
}

const OWN_ROLES = [
  ['input', ATTR.input, ATTR.inputMediaType],
  ['output', ATTR.output, ATTR.outputMediaType],
  ['error', ATTR.error, ATTR.errorMediaType],
] as const

/** @returns undefined for a record that is not sent on: an announcement of a step, or a gap */
export function restoreSpan(record: SpanRecord, read: ReadPayload): RestoredSpan | undefined {
  const { core } = record
  if (core.pending === true) return undefined
  const contents = new Contents(record, read)
  const attributes = contents.attributes('/attributes', core.attributes)
  return {
    ...contents.origin(core),
    span: {
      traceId: core.traceId,
      spanId: core.spanId,
      parentSpanId: core.parentSpanId ?? '',
      traceState: contents.text('/traceState', core.traceState),
      flags: core.flags ?? 0,
      name: contents.text('/name', core.name),
      kind: SPAN_KINDS.indexOf(core.spanKind),
      startNanos: BigInt(core.startNanos),
      endNanos: BigInt(core.endNanos ?? 0),
      attributes: [...attributes, ...ownAttributes(record, contents, attributes), ...genAiAttributes(record, contents, attributes)],
      droppedAttributes: core.droppedAttributes ?? 0,
      events: core.events.map((event, index) => ({
        name: contents.text(`/events/${index}/name`, event.name),
        timeNanos: BigInt(event.timeNanos),
        attributes: contents.attributes(`/events/${index}/attributes`, event.attributes),
        droppedAttributes: event.droppedAttributes ?? 0,
      })),
      droppedEvents: core.droppedEvents ?? 0,
      links: core.links.map((link, index) => ({
        traceId: link.traceId,
        spanId: link.spanId,
        traceState: contents.text(`/links/${index}/traceState`, link.traceState),
        attributes: contents.attributes(`/links/${index}/attributes`, link.attributes),
        droppedAttributes: link.droppedAttributes ?? 0,
        flags: link.flags ?? 0,
      })),
      droppedLinks: core.droppedLinks ?? 0,
      status: { code: STATUS_CODES.indexOf(core.status.code), message: contents.text('/status/message', core.status.message) },
    },
  }
}

/** The fields that were lifted out of the span, as the attributes they came from: another collector reads them as we did. */
function ownAttributes({ core }: SpanRecord, contents: Contents, present: readonly WireAttribute[]): WireAttribute[] {
  const list: WireAttribute[] = []
  const add = (key: string, value: WireValue | undefined): void => void (value !== undefined && list.push([key, value]))
  const replayable = core.fidelity === 'replayable'
  if (replayable || core.runId !== core.traceId) add(ATTR.runId, core.runId)
  if (replayable || !isSelfEvident(core, present)) {
    add(ATTR.kind, core.kind)
    add(ATTR.operation, contents.text('/operation', core.operation))
    add(ATTR.stepName, contents.text('/stepName', core.stepName))
  }
  if (replayable) add(ATTR.fidelity, core.fidelity)
  add(ATTR.sequence, core.sequence === undefined ? undefined : { int: BigInt(core.sequence) })
  add(ATTR.effect, core.effect)
  add(ATTR.shape, core.shape)
  add(ATTR.streamEnd, core.streamEnd)
  add(ATTR.deliveries, core.deliveries === undefined ? undefined : { array: core.deliveries.map((number) => ({ int: BigInt(number) })) })
  add(ATTR.seed, core.seed === undefined ? undefined : contents.text('/seed', core.seed))
  add(ATTR.cuts, core.cuts === undefined ? undefined : JSON.stringify(core.cuts))
  for (const [role, key, mediaTypeKey] of OWN_ROLES) {
    const content = contents.get(role)
    if (content === undefined) continue
    if (content.mediaType === MEDIA_TYPE.json) add(key, { utf8: content.bytes })
    else {
      add(key, isText(content.mediaType) ? { utf8: content.bytes } : { bytes: content.bytes })
      add(mediaTypeKey, content.mediaType)
    }
  }
  return list
}

/** Whether the span's own attributes say what the record says of its kind: a foreign span then goes on as it came. */
function isSelfEvident(core: SpanRecord['core'], attributes: readonly WireAttribute[]): boolean {
  const kind = SPAN_KINDS.indexOf(core.spanKind)
  const found = classifyForeignSpan({ name: core.name, kind, parentSpanId: core.parentSpanId ?? '', attributes })
  return found.kind === core.kind && found.operation === core.operation && found.stepName === core.stepName
}

function isText(mediaType: string): boolean {
  return mediaType.startsWith('text/')
}

/** Larger calls go without a view for others: it would hold everything else up, and few backends would take it. */
const DERIVE_MAX_BYTES = 4 * 1024 * 1024

/** What a backend that knows nothing of us can read: derived from the raw call, and never over what the span says itself. */
function genAiAttributes({ core }: SpanRecord, contents: Contents, present: readonly WireAttribute[]): WireAttribute[] {
  const input = contents.get('input')
  const output = contents.get('output')
  if (input === undefined || input.bytes.length + (output?.bytes.length ?? 0) > DERIVE_MAX_BYTES) return []
  const said = new Map(present)
  const textAt = (key: string): string | undefined => {
    const value = said.get(key)
    return typeof value === 'string' ? value : undefined
  }
  try {
    const step = {
      kind: core.kind,
      operation: core.operation,
      stepName: core.stepName,
      provider: textAt(GENAI.providerName),
      model: textAt(GENAI.requestModel),
      args: decodedOf(input),
      output: output === undefined ? undefined : decodedOf(output),
      shape: core.shape,
    }
    return Object.entries({ ...deriveGenAiScalars(step), ...deriveGenAiContent(step) })
      .filter(([key]) => !said.has(key))
      .map(([key, value]) => [key, wireValueOf(value)])
  } catch {
    // A value that does not decode is sent as it is, without a view of it.
    return []
  }
}

function decodedOf({ mediaType, bytes }: Content): unknown {
  return decodeValue(mediaType, mediaType === MEDIA_TYPE.json ? Buffer.from(bytes).toString('utf8') : bytes)
}
