import { Buffer } from 'node:buffer'
import { malformed, parseJsonBody } from './decode.ts'
import { field, objectOf, readInt64, readString } from './json/json-fields.ts'
import { DEFAULT_DECODE_LIMITS } from './limits.ts'
import { ByteWriter, int64Size } from './protobuf/byte-writer.ts'
import { ProtoReader } from './protobuf/proto-reader.ts'
import { fieldSize } from './protobuf/value-writer.ts'
import type { OtlpEncoding } from './protobuf/wire.ts'

export interface ExportResponse {
  /** Spans that the receiver refused for good: they must not be sent again. */
  readonly rejectedSpans: number
  /** Says why, or warns when nothing was rejected; '' for neither. */
  readonly errorMessage: string
}

/** google.rpc.Status: the body of a 4xx or 5xx answer. `code` is a gRPC code. */
export interface RpcStatus {
  readonly code: number
  readonly message: string
}

/** As `ExportResponse`, for log records. */
export interface ExportLogsResponse {
  readonly rejectedLogRecords: number
  readonly errorMessage: string
}

/** The body of a 200 answer. Without rejected spans and message it says full success and is empty (`{}` in JSON). */
export function encodeExportResponse(encoding: OtlpEncoding, response: Partial<ExportResponse> = {}): Uint8Array {
  return encodePartialSuccess(encoding, 'rejectedSpans', response.rejectedSpans ?? 0, response.errorMessage ?? '')
}

/** As `encodeExportResponse`, of an ExportLogsServiceResponse. */
export function encodeLogsResponse(encoding: OtlpEncoding, response: Partial<ExportLogsResponse> = {}): Uint8Array {
  return encodePartialSuccess(encoding, 'rejectedLogRecords', response.rejectedLogRecords ?? 0, response.errorMessage ?? '')
}

/** @throws RepriseError `malformed_body` */
export function decodeExportResponse(encoding: OtlpEncoding, body: Uint8Array): ExportResponse {
  const { number, text } = decodePartialSuccess(encoding, 'rejectedSpans', 'rejected_spans', body)
  return { rejectedSpans: countOf(number), errorMessage: text }
}

/** @throws RepriseError `malformed_body` */
export function decodeLogsResponse(encoding: OtlpEncoding, body: Uint8Array): ExportLogsResponse {
  const { number, text } = decodePartialSuccess(encoding, 'rejectedLogRecords', 'rejected_log_records', body)
  return { rejectedLogRecords: countOf(number), errorMessage: text }
}

function encodePartialSuccess(encoding: OtlpEncoding, name: string, rejected: number, errorMessage: string): Uint8Array {
  const partial = rejected !== 0 || errorMessage !== ''
  switch (encoding) {
    case 'json':
      return Buffer.from(
        JSON.stringify(partial ? { partialSuccess: { [name]: String(rejected), ...(errorMessage === '' ? {} : { errorMessage }) } } : {}),
      )
    case 'protobuf': {
      if (!partial) return new Uint8Array(0)
      return fieldsOf([0x0a, encodeNumberAndText(BigInt(rejected), errorMessage)])
    }
  }
}

function decodePartialSuccess(encoding: OtlpEncoding, name: string, protoName: string, body: Uint8Array): NumberAndText {
  return reading('an OTLP response', () => {
    const found: NumberAndText = { number: 0n, text: '' }
    if (encoding === 'json') {
      if (body.length === 0) return found
      const partial = field(objectOf(parseJsonBody(body, DEFAULT_DECODE_LIMITS), 'body'), 'partialSuccess', 'partial_success')
      if (partial === undefined) return found
      const object = objectOf(partial, 'partialSuccess')
      const rejected = field(object, name, protoName)
      if (rejected !== undefined) found.number = readInt64(rejected, `partialSuccess.${name}`)
      found.text = readString(field(object, 'errorMessage', 'error_message'), 'partialSuccess.errorMessage', body.length)
      return found
    }
    const reader = new ProtoReader(body)
    while (reader.pos < body.length) {
      const tag = reader.tag(body.length)
      if (tag === 0x0a) readNumberAndText(reader, reader.lengthEnd(body.length), found)
      else reader.skip(tag, body.length)
    }
    return found
  })
}

export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Uint8Array {
  switch (encoding) {
    case 'json':
      return Buffer.from(JSON.stringify({ code, message }))
    case 'protobuf':
      return encodeNumberAndText(BigInt(code), message)
  }
}

const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo'

/**
 * A google.rpc.Status of protobuf whose one detail is a google.rpc.RetryInfo: what a gRPC answer carries as
 * `grpc-status-details-bin` when its sender may try again after so many seconds.
 */
export function encodeRetryInfo(code: number, message: string, retryAfterSeconds: number): Uint8Array {
  // RetryInfo { retry_delay = 1: Duration { seconds = 1 } } in Any { type_url = 1, value = 2 } in Status { details = 3 }.
  const delay = encodeNumberAndText(BigInt(Math.max(0, Math.ceil(retryAfterSeconds))), '')
  const any = fieldsOf([0x0a, Buffer.from(RETRY_INFO)], [0x12, fieldsOf([0x0a, delay])])
  return Buffer.concat([encodeNumberAndText(BigInt(code), message), fieldsOf([0x1a, any])])
}

function fieldsOf(...fields: readonly (readonly [tag: number, content: Uint8Array])[]): Uint8Array {
  const writer = new ByteWriter(new ArrayBuffer(fields.reduce((size, [, content]) => size + fieldSize(content.length), 0)))
  for (const [tag, content] of fields) {
    writer.byte(tag)
    writer.varint(content.length)
    writer.bytes(content)
  }
  return writer.finish()
}

/** @throws RepriseError `malformed_body` */
export function decodeStatus(encoding: OtlpEncoding, body: Uint8Array): RpcStatus {
  return reading('a google.rpc.Status', () => {
    if (encoding === 'json') {
      const object = objectOf(parseJsonBody(body, DEFAULT_DECODE_LIMITS), 'body')
      const code = field(object, 'code')
      return {
        code: code === undefined ? 0 : Number(BigInt.asIntN(32, readInt64(code, 'code'))),
        message: readString(field(object, 'message'), 'message', body.length),
      }
    }
    const found: NumberAndText = { number: 0n, text: '' }
    readNumberAndText(new ProtoReader(body), body.length, found)
    return { code: Number(BigInt.asIntN(32, found.number)), message: found.text }
  })
}

// Export…PartialSuccess and google.rpc.Status have the same make: 1 is an integer, 2 a string.
interface NumberAndText {
  number: bigint
  text: string
}

function encodeNumberAndText(number: bigint, text: string): Uint8Array {
  // A message for people: a lone surrogate in it is replaced rather than the answer lost.
  const bytes = Buffer.from(text.toWellFormed())
  const writer = new ByteWriter(new ArrayBuffer(1 + int64Size(number) + fieldSize(bytes.length)))
  if (number !== 0n) {
    writer.byte(0x08)
    writer.int64(number)
  }
  if (bytes.length > 0) {
    writer.byte(0x12)
    writer.varint(bytes.length)
    writer.bytes(bytes)
  }
  return writer.finish()
}

function readNumberAndText(reader: ProtoReader, end: number, into: NumberAndText): void {
  while (reader.pos < end) {
    const tag = reader.tag(end)
    if (tag === 0x08) into.number = reader.int64(end)
    else if (tag === 0x12) {
      const stop = reader.lengthEnd(end)
      into.text = reader.text(reader.pos, stop)
      reader.pos = stop
    } else reader.skip(tag, end)
  }
}

/** The receiver controls this number: no count is below zero, none is beyond what a double holds. */
function countOf(value: bigint): number {
  return value < 0n ? 0 : Math.min(Number(value), Number.MAX_SAFE_INTEGER)
}

function reading<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw malformed(what, error)
  }
}
