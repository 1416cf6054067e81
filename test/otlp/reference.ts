import { create, type DescField, type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import { messageSchema } from './descriptors.ts'

// What a reader of OTLP has to make of any bytes, said in a second way: a literal walk by the rules of the wire format decides
// what is well-formed, and @bufbuild/protobuf says what well-formed bytes mean. (It reads a field of the wrong wire type as if
// it were of the right one, and past the end of a message, so that it is only ever given what the walk lets through.)

export type SignalName = 'traces' | 'logs'

/** The bytes are not what they should be. */
export class Unreadable extends Error {}

const MAX_GROUP_DEPTH = 64
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const GROUP_START = 3
const GROUP_END = 4
const FIXED32 = 5

/** Wire types of the scalar types in use, by their number in descriptor.proto. */
const WIRE_TYPE_OF: Readonly<Record<number, number>> = { 1: 1, 3: 0, 5: 0, 6: 1, 7: 5, 8: 0, 9: 2, 12: 2, 13: 0 }

function wireTypeOf(field: DescField): number {
  switch (field.fieldKind) {
    case 'scalar':
      return WIRE_TYPE_OF[field.scalar] ?? -1
    case 'enum':
      return VARINT
    case 'list':
      return field.listKind === 'scalar' ? (WIRE_TYPE_OF[field.scalar] ?? -1) : LENGTH
    default:
      return LENGTH
  }
}

interface Varint {
  readonly value: bigint
  readonly end: number
}

function readVarint(bytes: Uint8Array, start: number, end: number): Varint {
  let value = 0n
  for (let at = start; at < start + 10; at++) {
    const byte = at < end ? bytes[at] : undefined
    if (byte === undefined) throw new Unreadable('varint cut off')
    value |= BigInt(byte & 0x7f) << BigInt(7 * (at - start))
    if (byte < 0x80) return { value, end: at + 1 }
  }
  throw new Unreadable('varint longer than 10 bytes')
}

/** Offset behind a field whose tag has been read. */
function endOf(bytes: Uint8Array, field: bigint, wireType: number, start: number, end: number, depth: number): number {
  const within = (stop: number): number => {
    if (stop > end) throw new Unreadable('past the end')
    return stop
  }
  switch (wireType) {
    case VARINT:
      return readVarint(bytes, start, end).end
    case FIXED64:
      return within(start + 8)
    case FIXED32:
      return within(start + 4)
    case LENGTH: {
      const length = readVarint(bytes, start, end)
      if (length.value > BigInt(end - length.end)) throw new Unreadable('past the end')
      return length.end + Number(length.value)
    }
    case GROUP_START: {
      if (depth >= MAX_GROUP_DEPTH) throw new Unreadable('groups too deep')
      for (let at = start; ; ) {
        const tag = readTag(bytes, at, end)
        if (tag.wireType === GROUP_END) {
          if (tag.field !== field) throw new Unreadable('another group ends')
          return tag.end
        }
        at = endOf(bytes, tag.field, tag.wireType, tag.end, end, depth + 1)
      }
    }
    default:
      throw new Unreadable(`wire type ${wireType}`)
  }
}

function readTag(bytes: Uint8Array, start: number, end: number): { field: bigint; wireType: number; end: number } {
  const { value, end: after } = readVarint(bytes, start, end)
  if (value > 0xffff_ffffn || value < 8n) throw new Unreadable('field number out of range')
  return { field: value >> 3n, wireType: Number(value & 7n), end: after }
}

function varintBytes(value: number): number[] {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest]
    bytes.push((rest % 128) | 128)
  }
}

const ID_BYTES: Readonly<Record<string, number>> = {
  'Span.trace_id': 16,
  'Span.span_id': 8,
  'Span.parent_span_id': 8,
  'Link.trace_id': 16,
  'Link.span_id': 8,
}

/** The message with what its reader knows: known fields of the right wire type. @throws Unreadable */
export function wellFormed(schema: DescMessage, bytes: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length; ) {
    const tag = readTag(bytes, at, bytes.length)
    const end = endOf(bytes, tag.field, tag.wireType, tag.end, bytes.length, 0)
    const field = schema.fields.find(({ number }) => BigInt(number) === tag.field)
    if (field !== undefined && wireTypeOf(field) === tag.wireType) {
      const head = varintBytes(Number((tag.field << 3n) | BigInt(tag.wireType)))
      if (tag.wireType === LENGTH) {
        const content = bytes.subarray(readVarint(bytes, tag.end, bytes.length).end, end)
        const inner = field.message === undefined ? content : wellFormed(field.message, content)
        // A wrong id of a span or a link is a fault wherever it stands, also where a later one would hold: as text that is no text is.
        const idBytes = ID_BYTES[`${schema.name}.${field.name}`]
        if (idBytes !== undefined && content.length !== 0 && content.length !== idBytes) throw new Unreadable('id')
        pieces.push(Uint8Array.from([...head, ...varintBytes(inner.length)]), inner)
      } else pieces.push(Uint8Array.from(head), bytes.subarray(tag.end, end))
    }
    at = end
  }
  return Buffer.concat(pieces)
}

const READ = { readUnknownFields: false, recursionLimit: 10_000 }

/** @throws Unreadable */
function readMessage(name: string, bytes: Uint8Array): Message {
  const schema = messageSchema(name)
  try {
    return fromBinary(schema, wellFormed(schema, bytes), READ)
  } catch (error) {
    // Of well-formed bytes it refuses only text that is not UTF-8.
    throw error instanceof Unreadable ? error : new Unreadable(String(error))
  }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof Unreadable) return undefined
    throw error
  }
}

function bytesIn(message: object, name: string): Uint8Array {
  const value: unknown = Reflect.get(message, name)
  return value instanceof Uint8Array ? value : new Uint8Array(0)
}

function listIn(message: object, name: string): readonly unknown[] {
  const value: unknown = Reflect.get(message, name)
  return Array.isArray(value) ? value : []
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0)
const isId = (bytes: Uint8Array, size: number): boolean => bytes.length === size && !isZero(bytes)

/** Puts right what OTLP says beyond protobuf. False for a span that has to be rejected. */
function settleSpan(span: Message): boolean {
  if (!isId(bytesIn(span, 'traceId'), 16) || !isId(bytesIn(span, 'spanId'), 8)) return false
  const parent = bytesIn(span, 'parentSpanId')
  if (parent.length !== 0 && parent.length !== 8) return false
  if (isZero(parent)) Reflect.set(span, 'parentSpanId', new Uint8Array(0))
  for (const link of listIn(span, 'links')) {
    if (typeof link !== 'object' || link === null) return false
    for (const [name, size] of [
      ['traceId', 16],
      ['spanId', 8],
    ] as const) {
      const id = bytesIn(link, name)
      if (id.length !== 0 && id.length !== size) return false
      // A link without ids is given with zeros.
      Reflect.set(link, name, id.length === 0 ? new Uint8Array(size) : id)
    }
  }
  return true
}

/** Ids of a log record that are none are as good as absent. */
function settleLog(log: Message): boolean {
  for (const [name, size] of [
    ['traceId', 16],
    ['spanId', 8],
  ] as const) {
    if (!isId(bytesIn(log, name), size)) Reflect.set(log, name, new Uint8Array(0))
  }
  return true
}

/** Absent and empty are one to us where protobuf can tell them apart: a value, a body, a status. */
function settlePresence(value: unknown): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  const type: unknown = Reflect.get(value, '$typeName')
  if (type === 'otlp.KeyValue' && Reflect.get(value, 'value') === undefined) Reflect.set(value, 'value', create(messageSchema('AnyValue')))
  if (type === 'otlp.LogRecord' && isEmpty('AnyValue', Reflect.get(value, 'body'))) Reflect.set(value, 'body', undefined)
  if (type === 'otlp.Span' && isEmpty('Status', Reflect.get(value, 'status'))) Reflect.set(value, 'status', undefined)
  for (const key of Object.keys(value)) settlePresence(Reflect.get(value, key))
}

function isEmpty(name: string, value: unknown): boolean {
  return typeof value === 'object' && value !== null && toBinary(messageSchema(name), value as Message).length === 0
}

/** The bytes that the oracle writes for the record: equal for equal records. */
export function canonicalBytes(name: string, message: Message): string {
  settlePresence(message)
  return Buffer.from(toBinary(messageSchema(name), message)).toString('hex')
}

export interface ReferenceScope {
  readonly resource: string
  readonly resourceSchemaUrl: string
  readonly scope: string
  readonly scopeSchemaUrl: string
  /** Each record as canonical bytes; undefined for one that is rejected. */
  readonly records: readonly (string | undefined)[]
}

const SIGNALS = {
  traces: { record: 'Span', settle: settleSpan },
  logs: { record: 'LogRecord', settle: settleLog },
} as const

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** What stands in a request, scope by scope. @throws Unreadable when its frame is broken */
export function readReference(body: Uint8Array, signal: SignalName): readonly ReferenceScope[] {
  const { record, settle } = SIGNALS[signal]
  const scopes: ReferenceScope[] = []
  for (const group of listIn(readMessage('FrameRequest', body), 'groups')) {
    if (typeof group !== 'object' || group === null) continue
    const resource = partOf('Resource', listIn(group, 'resource'))
    const resourceSchemaUrl = textOf(bytesIn(group, 'schemaUrl'))
    for (const part of listIn(group, 'scopes')) {
      if (typeof part !== 'object' || part === null) continue
      const scope = partOf('InstrumentationScope', listIn(part, 'scope'))
      const scopeSchemaUrl = textOf(bytesIn(part, 'schemaUrl'))
      const whole = resource !== undefined && resourceSchemaUrl !== undefined && scope !== undefined && scopeSchemaUrl !== undefined
      const records = listIn(part, 'records').map((bytes) => {
        if (!whole || !(bytes instanceof Uint8Array)) return undefined
        const message = attempt(() => readMessage(record, bytes))
        return message !== undefined && settle(message) ? canonicalBytes(record, message) : undefined
      })
      scopes.push({
        resource: resource ?? '',
        resourceSchemaUrl: resourceSchemaUrl ?? '',
        scope: scope ?? '',
        scopeSchemaUrl: scopeSchemaUrl ?? '',
        records,
      })
    }
  }
  return scopes
}

/** A message that came in pieces, put together as protobuf has it. */
function partOf(name: string, pieces: readonly unknown[]): string | undefined {
  const bytes = Buffer.concat(pieces.filter((piece): piece is Uint8Array => piece instanceof Uint8Array))
  // Each piece by itself has to be whole.
  const readable = pieces.every((piece) => piece instanceof Uint8Array && attempt(() => readMessage(name, piece)) !== undefined)
  return readable ? canonicalBytes(name, readMessage(name, bytes)) : undefined
}
