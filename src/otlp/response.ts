import { Buffer } from 'node:buffer'
import { ByteWriter, int64Size } from './byte-writer.ts'
import { malformed, parseJsonBody } from './decode.ts'
import { field, objectOf, readInt64, readString } from './json-fields.ts'
import { DEFAULT_DECODE_LIMITS } from './limits.ts'
import { ProtoReader } from './proto-reader.ts'
import { fieldSize } from './value-writer.ts'
import type { OtlpEncoding } from './wire.ts'

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

/** The body of a 200 answer. Without rejected spans and message it says full success and is empty (`{}` in JSON). */
export function encodeExportResponse(encoding: OtlpEncoding, response: Partial<ExportResponse> = {}): Uint8Array {
  const { rejectedSpans = 0, errorMessage = '' } = response
  const partial = rejectedSpans !== 0 || errorMessage !== ''
  switch (encoding) {
    case 'json':
      return Buffer.from(
        JSON.stringify(
          partial ? { partialSuccess: { rejectedSpans: String(rejectedSpans), ...(errorMessage === '' ? {} : { errorMessage }) } } : {},
        ),
      )
    case 'protobuf': {
      if (!partial) return new Uint8Array(0)
      const message = encodeNumberAndText(BigInt(rejectedSpans), errorMessage)
      const writer = new ByteWriter(new ArrayBuffer(fieldSize(message.length)))
      writer.byte(0x0a)
      writer.varint(message.length)
      writer.bytes(message)
      return writer.finish()
    }
  }
}

/** @throws RepriseError `malformed_body` */
export function decodeExportResponse(encoding: OtlpEncoding, body: Uint8Array): ExportResponse {
  return reading('an OTLP response', () => {
    if (encoding === 'json') {
      if (body.length === 0) return { rejectedSpans: 0, errorMessage: '' }
      const partial = field(objectOf(parseJsonBody(body, DEFAULT_DECODE_LIMITS), 'body'), 'partialSuccess', 'partial_success')
      if (partial === undefined) return { rejectedSpans: 0, errorMessage: '' }
      const object = objectOf(partial, 'partialSuccess')
      const rejected = field(object, 'rejectedSpans', 'rejected_spans')
      return {
        rejectedSpans: rejected === undefined ? 0 : countOf(readInt64(rejected, 'partialSuccess.rejectedSpans')),
        errorMessage: readString(field(object, 'errorMessage', 'error_message'), 'partialSuccess.errorMessage', body.length),
      }
    }
    const reader = new ProtoReader(body)
    const found: NumberAndText = { number: 0n, text: '' }
    while (reader.pos < body.length) {
      const tag = reader.tag(body.length)
      if (tag === 0x0a) readNumberAndText(reader, reader.lengthEnd(body.length), found)
      else reader.skip(tag, body.length)
    }
    return { rejectedSpans: countOf(found.number), errorMessage: found.text }
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

// ExportTracePartialSuccess and google.rpc.Status have the same make: 1 is an integer, 2 a string.
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
