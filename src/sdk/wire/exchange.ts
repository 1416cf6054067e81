import { TextEncoder, types } from 'node:util'
import { charsetOf, decodeText, isJsonLinesType, isJsonType, piecesAt, placesOf, typeOf } from './body-text.ts'
import { decodedChunks } from './content-encoding.ts'
import { areKeptEvents, EVENT_STREAM_TYPE, type KeptEvent, readEventStream, writeEventStream } from './event-stream.ts'
import { type HeaderPair, keptResponseHeaders, keptUrl } from './headers.ts'
import { isJsonLayout, type JsonLayout, layoutOf, writeJson } from './json-layout.ts'
import { exactJson } from './json-text.ts'

/** What a response says before its body. */
export interface WireHead {
  readonly status: number
  readonly statusText: string
  readonly headers: readonly HeaderPair[]
  /** Where it came from at last, when that is not where it was asked for. */
  readonly url: string | undefined
  /** A response to HEAD, a 204 and the like have no body. */
  readonly hasBody: boolean
  /** Content-Encoding that the chunks of the body are in; absent where they are decoded. */
  readonly encoding?: string
  /** Of a served response: with what was said of the body as it came over the connection, for clients that are given it unpacked. */
  readonly shownHeaders?: readonly HeaderPair[]
}

/** A response as it is kept, in the order of its JSON text. */
interface KeptResponse {
  status: number
  statusText?: string
  url?: string
  headers: readonly HeaderPair[]
  timedOut?: true
  /** Content-Encoding that it came in: the body here is without. */
  encoding?: string
  /** As it came; made anew for a body that is served whole. Of older recordings only that there was one. */
  contentLength?: number | true
  json?: unknown
  /** Of the JSON here, or of that in `data`; without one it is compact. */
  layout?: JsonLayout
  text?: string
  bytes?: Uint8Array
  /** With the parts of `data` between them, the text of the body. */
  frames?: string[]
  /** Messages of a binary event stream, whose JSON payloads are the parts of `data`, and in base64 what came of one that broke off. */
  events?: KeptEvent[]
  rest?: string
  /** Where chunks ended: of text line and column by turns, of events message and offset by turns, of bytes offsets. */
  chunkEnds?: number[]
}

/**
 * A response as the output of a step: a list, whose last element is the response. Before it stand the JSON parts of a stream of
 * events or lines, so that a text that goes on from part to part is redacted as one.
 *
 * @param received chunks of the body, in the order in which the program took them; undefined without a body
 * @param maxBytes of the body once it is decoded
 */
export function keptExchange(head: WireHead, received: readonly Uint8Array[] | undefined, maxBytes: number): unknown[] {
  const encoding = head.encoding ?? ''
  const unpacked = received === undefined ? undefined : decodedChunks(received, encoding, maxBytes)
  const chunks = unpacked ?? received
  const contentType = valueOf(head, 'content-type')
  const contentLength = valueOf(head, 'content-length')
  const sentEncoding = valueOf(head, 'content-encoding')
  const kept: KeptResponse = {
    status: head.status,
    ...(head.statusText !== '' && { statusText: head.statusText }),
    ...(head.url !== undefined && URL.canParse(head.url) && { url: keptUrl(new URL(head.url)) }),
    headers: keptResponseHeaders(head.headers),
    ...(chunks === unpacked && sentEncoding !== undefined && { encoding: sentEncoding }),
    ...(contentLength !== undefined && /^\d{1,15}$/.test(contentLength) && { contentLength: Number(contentLength) }),
  }
  // What cannot be decoded here is for the client to decode.
  if (chunks !== unpacked) kept.headers = [...kept.headers, ['content-encoding', encoding]]
  if (chunks === undefined) return [kept]
  const decoded = chunks === unpacked ? decodeText(chunks, contentType) : undefined
  if (decoded === undefined) {
    const stream = chunks === unpacked && typeOf(contentType) === EVENT_STREAM_TYPE ? readEventStream(chunks) : undefined
    if (stream !== undefined) return [...keepEvents(kept, stream), kept]
    kept.bytes = Uint8Array.from(Buffer.concat(chunks))
    if (chunks.length > 1) kept.chunkEnds = offsetsOf(chunks)
    return [kept]
  }
  const { text, ends } = decoded
  if (charsetOf(contentType) !== 'utf-8' && contentType !== undefined) kept.headers = kept.headers.map(inUtf8)
  const data = keepText(kept, text, typeOf(contentType))
  if (ends.length > 1) kept.chunkEnds = placesOf(text, ends)
  return [...data, kept]
}

function keepEvents(
  kept: KeptResponse,
  { events, data, texts, rest, chunkEnds }: NonNullable<ReturnType<typeof readEventStream>>,
): unknown[] {
  kept.events = events
  if (rest !== undefined) kept.rest = rest
  keepLayout(kept, texts, data)
  if (chunkEnds.length > 0) kept.chunkEnds = chunkEnds
  // Events have little in common, and redaction reads on from one to the next where they begin alike.
  return data.map((payload) => ({ payload }))
}

function valueOf({ headers }: WireHead, wanted: string): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1]
}

function keepText(kept: KeptResponse, text: string, type: string): unknown[] {
  if (isJsonType(type)) {
    const json = exactJson(text)
    if (json !== undefined) {
      kept.json = json
      keepLayout(kept, [text], [json])
      return []
    }
  }
  const parts = type === 'text/event-stream' || isJsonLinesType(type) ? jsonParts(text) : undefined
  if (parts === undefined) {
    kept.text = text
    return []
  }
  kept.frames = parts.frames
  keepLayout(kept, parts.texts, parts.data)
  return parts.data
}

function keepLayout(kept: KeptResponse, texts: readonly string[], values: readonly unknown[]): void {
  const layout = layoutOf(texts, values)
  if (layout !== undefined) kept.layout = layout
}

/** A line of JSON, alone or behind `data:` (WHATWG HTML, server-sent events). */
const JSON_LINE = /^(?:data:[ \t]*)?([{[].*[}\]])[ \t]*\r?$/gm

function jsonParts(text: string): { frames: string[]; texts: string[]; data: unknown[] } | undefined {
  const frames: string[] = []
  const texts: string[] = []
  const data: unknown[] = []
  let from = 0
  for (const match of text.matchAll(JSON_LINE)) {
    const json = match[1] ?? ''
    const value = exactJson(json)
    if (value === undefined) continue
    const start = match.index + match[0].indexOf(json)
    frames.push(text.slice(from, start))
    texts.push(json)
    data.push(value)
    from = start + json.length
  }
  if (data.length === 0) return undefined
  frames.push(text.slice(from))
  return { frames, texts, data }
}

function inUtf8([name, value]: HeaderPair): HeaderPair {
  return name === 'content-type' ? [name, value.replace(/charset\s*=\s*"?[^\s;"]+"?/i, 'charset=utf-8')] : [name, value]
}

function offsetsOf(chunks: readonly Uint8Array[]): number[] {
  const offsets: number[] = []
  let offset = 0
  for (const { length } of chunks.slice(0, -1)) offsets.push((offset += length))
  return offsets
}

/** Kept in the place of a response where the program was told of a timeout, and then of an error. */
export function timedOutExchange(): unknown[] {
  return [{ status: 0, headers: [], timedOut: true }]
}

/** A response as it is served: the body in pieces that begin and end where the recorded chunks did. */
export interface ServedResponse {
  readonly head: WireHead
  readonly chunks: readonly Uint8Array[]
  /** There was no response, and the program had been told of a timeout. */
  readonly timedOut: boolean
}

/**
 * Reads what `keptExchange` made, after redaction. Undefined when it is not that.
 *
 * @param isWhole whether the body came to its end
 */
export function servedExchange(output: unknown, isWhole = true): ServedResponse | undefined {
  const kept: unknown = Array.isArray(output) ? output.at(-1) : undefined
  if (!Array.isArray(output) || !isKept(kept)) return undefined
  const { status, statusText = '', url, bytes, chunkEnds = [] } = kept
  const text = textOf(kept, output)
  const events = eventChunks(kept, output)
  const hasBody = bytes !== undefined || text !== undefined || events !== undefined
  const chunks = events ?? (bytes === undefined ? textChunks(text ?? '', chunkEnds) : byteChunks(bytes, chunkEnds))
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const headers = withLength(kept, servedLength(kept, length, isWhole || !hasBody))
  const shown = withLength(kept, typeof kept.contentLength === 'number' ? kept.contentLength : length)
  const shownHeaders = kept.encoding === undefined ? shown : [...shown, ['content-encoding', kept.encoding] as const]
  return { head: { status, statusText, headers, url, hasBody, shownHeaders }, chunks, timedOut: kept.timedOut === true }
}

function withLength({ headers, contentLength }: KeptResponse, length: number): readonly HeaderPair[] {
  // Older recordings do not say how long the body is that HEAD did not get.
  const isKnown = contentLength !== undefined && (contentLength !== true || length > 0)
  return isKnown ? [...headers, ['content-length', String(length)]] : headers
}

/** What a body broke off from was longer than what came of it, or a client would take it for whole. To HEAD there is a length alone. */
function servedLength({ contentLength }: KeptResponse, length: number, isWhole: boolean): number {
  const recorded = typeof contentLength === 'number' ? contentLength : 0
  if (isWhole) return length === 0 ? recorded : length
  return Math.max(recorded, length + 1)
}

function textOf({ json, layout: kept, text, frames }: KeptResponse, output: readonly unknown[]): string | undefined {
  const layout = isJsonLayout(kept) ? kept : undefined
  if (json !== undefined) return writeJson(json, layout)
  if (frames === undefined) return text
  return frames.map((frame, index) => (index < output.length - 1 ? frame + writeJson(output[index], layout) : frame)).join('')
}

function eventChunks({ events, rest, chunkEnds = [], layout: kept }: KeptResponse, output: readonly unknown[]): Uint8Array[] | undefined {
  if (events === undefined) return undefined
  const layout = isJsonLayout(kept) ? kept : undefined
  const payloads = output.slice(0, -1).map((part) => (part as { readonly payload?: unknown } | null)?.payload)
  return writeEventStream(events, payloads, rest, chunkEnds, (value) => writeJson(value, layout))
}

const encoder = new TextEncoder()

function textChunks(text: string, chunkEnds: readonly number[]): Uint8Array[] {
  if (text === '' && chunkEnds.length === 0) return []
  return piecesAt(text, chunkEnds).map((piece) => encoder.encode(piece))
}

function byteChunks(bytes: Uint8Array, chunkEnds: readonly number[]): Uint8Array[] {
  if (bytes.length === 0) return []
  return [...chunkEnds, bytes.length].map((end, index) => bytes.slice(chunkEnds[index - 1] ?? 0, end))
}

function isKept(value: unknown): value is KeptResponse {
  if (typeof value !== 'object' || value === null) return false
  const { status, headers, text, bytes, frames, events, rest, chunkEnds, url, statusText, encoding } = value as Record<string, unknown>
  const isText = (field: unknown): boolean => field === undefined || typeof field === 'string'
  return (
    Number.isInteger(status) &&
    Array.isArray(headers) &&
    headers.every((pair) => Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')) &&
    [text, url, statusText, encoding, rest].every(isText) &&
    (bytes === undefined || types.isUint8Array(bytes)) &&
    (events === undefined || areKeptEvents(events)) &&
    (frames === undefined || (Array.isArray(frames) && frames.every(isText))) &&
    (chunkEnds === undefined || (Array.isArray(chunkEnds) && chunkEnds.every((end) => Number.isSafeInteger(end) && end >= 0)))
  )
}
