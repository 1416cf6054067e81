import { exactJson } from './json-text.ts'

// Event streams of AWS (vnd.amazon.eventstream, smithy.io): messages of lengths and their checksum, headers, a payload, and a checksum
// of it all, big-endian.

export const EVENT_STREAM_TYPE = 'application/vnd.amazon.eventstream'

const PRELUDE_BYTES = 12
const CHECKSUM_BYTES = 4
const TYPE_TEXT = 7
/** Bytes of a header's value by its type; those of types 6 and 7 begin with their length. */
const VALUE_BYTES: readonly (number | undefined)[] = [0, 0, 1, 2, 4, 8, undefined, undefined, 8, 16]

/** Name, type and value: of text itself, of any other type the bytes in hex. */
type EventHeader = readonly [name: string, type: number, value: string]

/** One message as it is kept. */
export interface KeptEvent {
  readonly headers: readonly EventHeader[]
  /** The payload is JSON, kept beside; `bytes`: whose member `bytes` was JSON in base64, as Bedrock sends a model's own chunks. */
  readonly json?: true | 'bytes'
  readonly text?: string
  /** In base64, where it is no text. */
  readonly base64?: string
}

interface KeptEvents {
  readonly events: KeptEvent[]
  /** The JSON payloads, in order. */
  readonly data: unknown[]
  /** Their texts, where they are payloads as they came. */
  readonly texts: string[]
  /** What stands after the last whole message, in base64. */
  readonly rest: string | undefined
  /** Where chunks ended: message and offset in it by turns. */
  readonly chunkEnds: number[]
}

/** Reads the messages that chunks make together. Undefined where that is no event stream. */
export function readEventStream(chunks: readonly Uint8Array[]): KeptEvents | undefined {
  const bytes = Buffer.concat(chunks)
  const events: KeptEvent[] = []
  const data: unknown[] = []
  const texts: string[] = []
  const starts: number[] = []
  let at = 0
  while (at < bytes.length) {
    const message = messageAt(bytes, at)
    if (message === 'damaged') return undefined
    if (message === undefined) break
    const payload = readPayload(message.payload)
    const { event } = payload
    if ('value' in payload) {
      data.push(payload.value)
      texts.push(payload.text)
    }
    events.push({ headers: message.headers, ...event })
    starts.push(at)
    at = message.end
  }
  const rest = at < bytes.length ? bytes.toString('base64', at) : undefined
  return { events, data, texts, rest, chunkEnds: placesOf(chunks, [...starts, at]) }
}

type Payload = { readonly event: Pick<KeptEvent, 'text' | 'base64'> } | JsonPayload
type JsonPayload = { readonly event: Pick<KeptEvent, 'json'>; readonly value: unknown; readonly text: string }

function readPayload(payload: Buffer): Payload {
  if (payload.length === 0) return { event: {} }
  const text = payload.toString('utf8')
  if (!Buffer.from(text).equals(payload)) return { event: { base64: payload.toString('base64') } }
  const value = exactJson(text)
  if (value === undefined) return { event: { text } }
  const inner = innerJson(value)
  return inner === undefined
    ? { event: { json: true }, value, text }
    : { event: { json: 'bytes' }, value: inner, text: JSON.stringify(inner) }
}

function innerJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('bytes' in value) || typeof value.bytes !== 'string') return undefined
  const bytes = Buffer.from(value.bytes, 'base64')
  const inner = bytes.toString('base64') === value.bytes ? exactJson(bytes.toString('utf8')) : undefined
  return inner === undefined ? undefined : { ...value, bytes: inner }
}

/** Loaded at its first use: most programs have no such body. */
const crc32 = (bytes: Uint8Array): number => process.getBuiltinModule('node:zlib').crc32(bytes)

interface Message {
  readonly headers: EventHeader[]
  readonly payload: Buffer
  readonly end: number
}

/** Undefined where the message is not there as a whole. */
function messageAt(bytes: Buffer, at: number): Message | 'damaged' | undefined {
  if (bytes.length - at < PRELUDE_BYTES) return undefined
  const end = at + bytes.readUInt32BE(at)
  const headersEnd = at + PRELUDE_BYTES + bytes.readUInt32BE(at + 4)
  const payloadEnd = end - CHECKSUM_BYTES
  if (headersEnd > payloadEnd || crc32(bytes.subarray(at, at + 8)) !== bytes.readUInt32BE(at + 8)) return 'damaged'
  if (end > bytes.length) return undefined
  if (crc32(bytes.subarray(at, payloadEnd)) !== bytes.readUInt32BE(payloadEnd)) return 'damaged'
  const headers = readHeaders(bytes.subarray(at + PRELUDE_BYTES, headersEnd))
  return headers === undefined ? 'damaged' : { headers, payload: bytes.subarray(headersEnd, payloadEnd), end }
}

function readHeaders(bytes: Buffer): EventHeader[] | undefined {
  const headers: EventHeader[] = []
  let at = 0
  while (at < bytes.length) {
    const nameEnd = at + 1 + (bytes[at] ?? 0)
    const type = bytes[nameEnd] ?? -1
    const known = VALUE_BYTES[type]
    const valueAt = nameEnd + (known === undefined ? 3 : 1)
    if (type < 0 || type >= VALUE_BYTES.length || valueAt > bytes.length) return undefined
    const end = valueAt + (known ?? bytes.readUInt16BE(nameEnd + 1))
    if (end > bytes.length) return undefined
    headers.push([bytes.toString('utf8', at + 1, nameEnd), type, bytes.toString(type === TYPE_TEXT ? 'utf8' : 'hex', valueAt, end)])
    at = end
  }
  // Text that is none could not be written again.
  return headersBytes(headers).equals(bytes) ? headers : undefined
}

/** Where each chunk but the last ended; at the end of a message that is the beginning of the next. */
function placesOf(chunks: readonly Uint8Array[], starts: readonly number[]): number[] {
  const places: number[] = []
  let offset = 0
  let message = 0
  for (const { length } of chunks.slice(0, -1)) {
    offset += length
    while (message + 1 < starts.length && (starts[message + 1] ?? 0) <= offset) message++
    places.push(message, offset - (starts[message] ?? 0))
  }
  return places
}

/**
 * The messages made anew, cut where the chunks ended.
 *
 * @param data the JSON payloads, in order
 * @param write gives the text of one
 */
export function writeEventStream(
  events: readonly KeptEvent[],
  data: readonly unknown[],
  rest: string | undefined,
  chunkEnds: readonly number[],
  write: (value: unknown) => string,
): Uint8Array[] {
  const messages: Uint8Array[] = []
  let used = 0
  for (const event of events)
    messages.push(messageOf(event.headers, payloadOf(event, event.json === undefined ? undefined : data[used++], write)))
  if (rest !== undefined) messages.push(Buffer.from(rest, 'base64'))
  const starts: number[] = []
  let length = 0
  for (const message of messages) {
    starts.push(length)
    length += message.length
  }
  const bytes = Buffer.concat(messages)
  if (length === 0) return []
  const pieces: Uint8Array[] = []
  let from = 0
  for (let index = 0; index + 1 < chunkEnds.length; index += 2) {
    const message = chunkEnds[index] ?? 0
    const start = starts[message] ?? length
    const to = Math.max(from, start + Math.min(chunkEnds[index + 1] ?? 0, messages[message]?.length ?? 0))
    pieces.push(Uint8Array.from(bytes.subarray(from, to)))
    from = to
  }
  pieces.push(Uint8Array.from(bytes.subarray(from)))
  return pieces
}

function payloadOf({ json, text, base64 }: KeptEvent, value: unknown, write: (value: unknown) => string): Buffer {
  if (json === undefined) return base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')
  if (json === true) return Buffer.from(write(value))
  const inner = (value as { readonly bytes?: unknown } | null)?.bytes
  return Buffer.from(JSON.stringify({ ...(value as object), bytes: Buffer.from(JSON.stringify(inner)).toString('base64') }))
}

function messageOf(headers: readonly EventHeader[], payload: Buffer): Buffer {
  const head = headersBytes(headers)
  const message = Buffer.alloc(PRELUDE_BYTES + head.length + payload.length + CHECKSUM_BYTES)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(head.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  head.copy(message, PRELUDE_BYTES)
  payload.copy(message, PRELUDE_BYTES + head.length)
  message.writeUInt32BE(crc32(message.subarray(0, -CHECKSUM_BYTES)), message.length - CHECKSUM_BYTES)
  return message
}

function headersBytes(headers: readonly EventHeader[]): Buffer {
  return Buffer.concat(
    headers.flatMap(([name, type, value]) => {
      const nameBytes = Buffer.from(name).subarray(0, 0xff)
      const valueBytes = Buffer.from(value, type === TYPE_TEXT ? 'utf8' : 'hex').subarray(0, 0xffff)
      const length = VALUE_BYTES[type] === undefined ? [valueBytes.length >> 8, valueBytes.length & 0xff] : []
      return [Buffer.from([nameBytes.length]), nameBytes, Buffer.from([type, ...length]), valueBytes]
    }),
  )
}

export function areKeptEvents(value: unknown): value is readonly KeptEvent[] {
  return Array.isArray(value) && value.every(isKeptEvent)
}

function isKeptEvent(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const { headers, json, text, base64 } = value as Record<string, unknown>
  const isText = (field: unknown): boolean => field === undefined || typeof field === 'string'
  return (
    Array.isArray(headers) &&
    headers.every(isHeader) &&
    [undefined, true, 'bytes'].includes(json as undefined) &&
    isText(text) &&
    isText(base64)
  )
}

function isHeader(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 3) return false
  const [name, type, held] = value as unknown[]
  return (
    typeof name === 'string' &&
    typeof held === 'string' &&
    Number.isInteger(type) &&
    (type as number) >= 0 &&
    (type as number) < VALUE_BYTES.length
  )
}
