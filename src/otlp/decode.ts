import { parseJson, RepriseError } from '../schemas/index.ts'
import { readJsonLogs, readJsonRecords, readJsonSpans, readJsonTraces } from './json/decode-json.ts'
import { FieldFault } from './json/json-fields.ts'
import { locateJsonFault, scanJson } from './json/json-scan.ts'
import { bodyLimit, DEFAULT_DECODE_LIMITS, type DecodeLimits } from './limits.ts'
import type { StreamedFrame } from './protobuf/decode-frame.ts'
import { decodeProtobufLogs, decodeProtobufTraces, streamProtobufLogs, streamProtobufTraces } from './protobuf/decode-protobuf.ts'
import { WireFault } from './protobuf/proto-reader.ts'
import type { DecodedLogs, DecodedTraces, OtlpEncoding, WireLog, WireSpan } from './protobuf/wire.ts'
import type { NamedLog, NamedSpan } from './signals.ts'
import { decodeUtf8, invalidUtf8Offset } from './text.ts'

/** JSON levels around and between attribute values: 4 for each level of a value, and room for what encloses them. */
const JSON_LEVELS_PER_VALUE = 4
const JSON_LEVELS_SPARE = 64
/** An attribute value takes some brackets and commas in JSON, and so does what stands around it. */
const JSON_VALUES_PER_VALUE = 8
const JSON_VALUES_SPARE = 65_536

/**
 * Decodes an ExportTraceServiceRequest. Long strings and bytes of a protobuf body stay ranges of it, so `body` must not
 * be reused while the result lives.
 * @throws RepriseError `malformed_body` when the body as a whole cannot be read; its message names the byte or the field;
 *   `limit_exceeded` when it holds more spans, groups, JSON values or levels than one body may
 */
export function decodeTraces(body: Uint8Array, encoding: OtlpEncoding, limits?: Partial<DecodeLimits>): DecodedTraces {
  return decodeWith(encoding === 'json' ? fromJson(readJsonTraces) : decodeProtobufTraces, body, encoding, limits)
}

/** As `decodeTraces`, for an ExportLogsServiceRequest; `maxSpans` bounds its log records. */
export function decodeLogs(body: Uint8Array, encoding: OtlpEncoding, limits?: Partial<DecodeLimits>): DecodedLogs {
  return decodeWith(encoding === 'json' ? fromJson(readJsonLogs) : decodeProtobufLogs, body, encoding, limits)
}

/**
 * As `decodeTraces`, but the spans of a protobuf body are read one by one while they are gone through, so that a large body
 * never is in memory as objects. What `limit_exceeded` says of bad spans is then thrown on the way.
 */
export function streamTraces(body: Uint8Array, encoding: OtlpEncoding, limits?: Partial<DecodeLimits>): StreamedFrame<WireSpan, NamedSpan> {
  return decodeWith(encoding === 'json' ? fromJson(readJsonSpans) : streamProtobufTraces, body, encoding, limits)
}

/** As `streamTraces`, for log records. */
export function streamLogs(body: Uint8Array, encoding: OtlpEncoding, limits?: Partial<DecodeLimits>): StreamedFrame<WireLog, NamedLog> {
  return decodeWith(encoding === 'json' ? fromJson(readJsonRecords) : streamProtobufLogs, body, encoding, limits)
}

type Decoder<T> = (body: Uint8Array, limits: DecodeLimits) => T

function fromJson<T>(read: (root: unknown, limits: DecodeLimits) => T): Decoder<T> {
  return (body, limits) => read(parseJsonBody(body, limits), limits)
}

function decodeWith<T>(decode: Decoder<T>, body: Uint8Array, encoding: OtlpEncoding, limits: Partial<DecodeLimits> | undefined): T {
  try {
    return decode(body, { ...DEFAULT_DECODE_LIMITS, ...limits })
  } catch (error) {
    throw malformed(`an OTLP ${encoding === 'json' ? 'JSON' : 'protobuf'} body`, error)
  }
}

/** The error of the room's users for a fault of a reader; any other error comes back as it is. */
export function malformed(what: string, error: unknown): unknown {
  if (error instanceof WireFault) {
    return new RepriseError('malformed_body', `not ${what}: ${error.message} (byte ${error.offset})`, { details: { offset: error.offset } })
  }
  return error instanceof FieldFault ? new RepriseError('malformed_body', `not ${what}: ${error.message}`) : error
}

/**
 * Parses the JSON of a request or response, whose depth and number of values are looked over first.
 * @throws FieldFault
 */
export function parseJsonBody(body: Uint8Array, limits: DecodeLimits): unknown {
  // Much deeper than a span may be, so that one span too deep is rejected alone.
  const maxDepth = (limits.maxDepth * JSON_LEVELS_PER_VALUE + JSON_LEVELS_SPARE) * 4
  const maxValues = limits.maxValues * JSON_VALUES_PER_VALUE + JSON_VALUES_SPARE
  const bytes = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? body.subarray(3) : body
  const scan = scanJson(bytes, { maxDepth, maxValues })
  if (scan.depth > maxDepth) throw bodyLimit('levels of nesting', maxDepth)
  if (scan.values > maxValues) throw bodyLimit('JSON values', maxValues)
  const text = decodeUtf8(bytes)
  if (text === undefined) throw new FieldFault(`body: not valid UTF-8 at byte ${invalidUtf8Offset(bytes)}`)
  try {
    return parseJson(text, scan.longNumbers ? keepLongInteger : undefined)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    // The engine's own message quotes the text, which may hold anything: it is not passed on.
    const position = locateJsonFault(text)
    throw new FieldFault(
      position === text.length
        ? `body: the JSON text ends at position ${position}, before it is whole`
        : `body: no JSON at position ${position}`,
    )
  }
}

/** Integers that a double cannot hold come back as bigint. */
function keepLongInteger(source: string): number | bigint {
  const value = Number(source)
  return !Number.isSafeInteger(value) && /^-?[0-9]{1,40}$/.test(source) ? BigInt(source) : value
}
