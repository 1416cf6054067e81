import { isUtf8 } from 'node:buffer'
import { isContentAttribute } from '../../adapters/dialects/index.ts'
import {
  decodeTraces,
  isWireText,
  TraceWriter,
  textOf,
  type WireAttribute,
  type WireEvent,
  type WireLink,
  type WireScope,
  type WireSpan,
  type WireValue,
} from '../../otlp/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { ATTR, ATTRIBUTE_INLINE_MAX_BYTES, MEDIA_TYPE } from '../../schemas/index.ts'
import { isWithheldAttribute, WITHHELD } from './limited.ts'

export interface RedactedBody {
  readonly body: Uint8Array
  readonly spans: number
  /** Spans that could not be cleaned, or not be read: nothing of them is in the body. */
  readonly withheld: number
}

/** The collector lifts these out as they are, once they have this form. */
const STRUCTURE: ReadonlyMap<string, RegExp> = new Map([
  ...[ATTR.kind, ATTR.effect, ATTR.fidelity, ATTR.shape, ATTR.streamEnd].map((key) => [key, /^[a-z._]{1,32}$/] as const),
  [ATTR.runId, /^[0-9a-f]{32}$/],
  ['reprise.parent.step', /^[0-9a-f]{16}$/],
  [ATTR.senderId, /^[0-9a-f]{32}$/],
  ...[ATTR.inputMediaType, ATTR.outputMediaType, ATTR.errorMediaType].map(
    (key) => [key, /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}(?:; ?[a-z0-9-]{1,40}=[a-z0-9._-]{1,60}){0,4}$/] as const,
  ),
])
/** Ours as well, and text like any other: the collector cleans them without regard to their names. */
const PLAIN: ReadonlySet<string> = new Set([ATTR.operation, ATTR.stepName, ATTR.seed, ATTR.cuts, ATTR.gapReason])
const PAYLOADS: ReadonlyMap<string, string> = new Map([
  [ATTR.input, ATTR.inputMediaType],
  [ATTR.output, ATTR.outputMediaType],
  [ATTR.error, ATTR.errorMediaType],
])

/**
 * A body of ours as it may stand on the disk: every string of every span, event, link, scope and resource has passed the
 * redactor, in the form in which the collector would redact it. What cannot be cleaned is left out.
 */
export function redactBody(body: Uint8Array, redactor: Redactor): RedactedBody {
  const decoded = decodeTraces(body, 'protobuf')
  const writer = new TraceWriter()
  let spans = 0
  let withheld = decoded.rejected.length
  for (const { resource, schemaUrl, scopeSpans } of decoded.resourceSpans) {
    writer.startResource({ ...resource, attributes: cleanAttributes(resource.attributes, redactor) }, cleanText(schemaUrl, redactor))
    for (const { scope, schemaUrl: scopeUrl, spans: found } of scopeSpans) {
      writer.startScope(cleanScope(scope, redactor), cleanText(scopeUrl, redactor))
      for (const span of found) {
        let clean: WireSpan
        try {
          clean = cleanSpan(span, ofKind(span.attributes, redactor))
        } catch {
          withheld++
          continue
        }
        writer.addSpan(clean)
        spans++
      }
    }
  }
  return { body: writer.finish(), spans, withheld }
}

function cleanScope(scope: WireScope, redactor: Redactor): WireScope {
  return {
    ...scope,
    name: cleanText(scope.name, redactor),
    version: cleanText(scope.version, redactor),
    attributes: cleanAttributes(scope.attributes, redactor),
  }
}

function cleanSpan(span: WireSpan, redactor: Redactor): WireSpan {
  return {
    ...span,
    name: cleanText(span.name, redactor),
    traceState: cleanText(span.traceState, redactor),
    status: { code: span.status.code, message: cleanMessage(span.status.message, redactor) },
    attributes: cleanAttributes(span.attributes, redactor),
    events: span.events.map(
      (event): WireEvent => ({
        ...event,
        name: cleanText(event.name, redactor),
        attributes: cleanAttributes(event.attributes, redactor),
      }),
    ),
    links: span.links.map(
      (link): WireLink => ({
        ...link,
        traceState: cleanText(link.traceState, redactor),
        attributes: cleanAttributes(link.attributes, redactor),
      }),
    ),
  }
}

function ofKind(attributes: readonly WireAttribute[], redactor: Redactor): Redactor {
  if (redactor.ofKind === undefined) return redactor
  const kind = attributes.findLast(([key]) => key === ATTR.kind)?.[1]
  return typeof kind === 'string' ? redactor.ofKind(kind) : redactor
}

/** What somebody wrote, of which a policy may keep nothing. */
function cleanMessage(text: string, redactor: Redactor): string {
  return text !== '' && redactor.limits !== undefined ? WITHHELD : cleanText(text, redactor)
}

function cleanText(text: string, redactor: Redactor, field = ''): string {
  return text === '' ? text : redactor.redactText(text, field).value
}

function cleanAttributes(attributes: readonly WireAttribute[], redactor: Redactor): WireAttribute[] {
  return attributes.map(([key, value]): WireAttribute => {
    if (typeof value === 'string' && STRUCTURE.get(key)?.test(value) === true) return [key, value]
    const mediaTypeKey = PAYLOADS.get(key)
    if (mediaTypeKey !== undefined) return [key, cleanPayload(value, mediaTypeOf(attributes, mediaTypeKey), redactor)]
    if (isWithheldAttribute(redactor, key, isNumber(value)) && !isLookedThrough(value, redactor))
      return [cleanText(key, redactor), WITHHELD]
    return [cleanText(key, redactor), cleanValue(value, PLAIN.has(key) ? '' : key, redactor, isContentAttribute(key))]
  })
}

const isNumber = (value: WireValue): boolean =>
  value === null || typeof value === 'boolean' || typeof value === 'number' || (typeof value === 'object' && 'int' in value)

/** JSON in which the policy names places that it keeps. */
function isLookedThrough(value: WireValue, { limits }: Redactor): boolean {
  if (limits?.keepsPayload(MEDIA_TYPE.json) !== true || (typeof value !== 'string' && !isWireText(value))) return false
  const first = typeof value === 'string' ? value.charCodeAt(0) : value.utf8[0]
  return first === 0x5b || first === 0x7b
}

function mediaTypeOf(attributes: readonly WireAttribute[], key: string): string | undefined {
  const found = attributes.findLast(([name]) => name === key)?.[1]
  return typeof found === 'string' ? found : undefined
}

function cleanPayload(value: WireValue, mediaType: string | undefined, redactor: Redactor): WireValue {
  if (typeof value === 'string') return redactedText(redactor.redactPayload(mediaType ?? MEDIA_TYPE.json, value).value)
  if (typeof value === 'object' && value !== null && 'bytes' in value) {
    const clean = redactor.redactPayload(mediaType ?? MEDIA_TYPE.bytes, value.bytes).value
    return { bytes: typeof clean === 'string' ? Buffer.from(clean) : clean }
  }
  if (isWireText(value)) return redactedText(redactor.redactPayload(mediaType ?? MEDIA_TYPE.json, value.utf8).value)
  return redactor.limits === undefined ? cleanValue(value, '', redactor, true) : WITHHELD
}

function redactedText(clean: string | Uint8Array): WireValue {
  return typeof clean === 'string' ? clean : { utf8: clean }
}

function cleanValue(value: WireValue, field: string, redactor: Redactor, content: boolean): WireValue {
  if (typeof value === 'string') return cleanString(value, field, redactor, content)
  if (value === null || typeof value === 'boolean') return value
  if (typeof value === 'number') return numberOr(value, redactor.redactValue(value, field).value)
  if (isWireText(value)) return cleanString(textOf(value), field, redactor, content)
  if ('int' in value) return numberOr(value, redactor.redactValue(value.int, field).value)
  if ('bytes' in value) return { bytes: cleanBytes(value.bytes, field, redactor) }
  if ('array' in value) return { array: value.array.map((item) => cleanValue(item, field, redactor, content)) }
  return { kvlist: value.kvlist.map(([key, item]) => [cleanText(key, redactor), cleanValue(item, key, redactor, content)] as const) }
}

/** A number that is a secret becomes the text that stands for it. */
function numberOr(value: WireValue, clean: unknown): WireValue {
  return typeof clean === 'string' ? clean : value
}

function cleanString(text: string, field: string, redactor: Redactor, content: boolean): string {
  const first = text.charCodeAt(0)
  const isLong = content || text.length > ATTRIBUTE_INLINE_MAX_BYTES || redactor.limits !== undefined
  const isJson = (first === 0x5b || first === 0x7b) && isLong
  return isJson ? redactor.redactJson(text, field).value : cleanText(text, redactor, field)
}

/** Bytes may be text; those that are not UTF-8 are read as latin1, in which every ASCII secret keeps its form. */
function cleanBytes(bytes: Uint8Array, field: string, redactor: Redactor): Uint8Array {
  const encoding = isUtf8(bytes) ? 'utf8' : 'latin1'
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding)
  const clean = cleanText(text, redactor, field)
  return clean === text ? bytes : Buffer.from(clean, encoding)
}
