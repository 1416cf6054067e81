import { TextDecoder } from 'node:util'

/** Types whose bytes are no text, or whose text would say nothing. */
const BINARY_TYPE =
  /^(?:image|audio|video|font)\/(?!svg)|^application\/(?:octet-stream|pdf|zip|gzip|wasm|protobuf|x-protobuf|grpc|vnd\.amazon\.eventstream|msgpack|x-msgpack)\b/

/** The type without its parameters, in lower case. */
export function typeOf(contentType: string | undefined): string {
  return (contentType ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

export function isJsonType(type: string): boolean {
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json')
}

/** Types whose text is one JSON text a line, or one a `data:` line. */
export function isJsonLinesType(type: string): boolean {
  return /^application\/(?:x-)?(?:ndjson|jsonl|json-lines|jsonlines|stream\+json)$/.test(type)
}

export function charsetOf(contentType: string | undefined): string {
  return /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType ?? '')?.[1]?.toLowerCase() ?? 'utf-8'
}

/**
 * The text that chunks make together, and where in it each ends; a character that two chunks share counts to the second. Undefined for
 * what is no text, or none in its own charset.
 */
export function decodeText(chunks: readonly Uint8Array[], contentType: string | undefined): { text: string; ends: number[] } | undefined {
  const type = typeOf(contentType)
  if (BINARY_TYPE.test(type)) return undefined
  try {
    const decoder = new TextDecoder(charsetOf(contentType), { fatal: true, ignoreBOM: true })
    let text = ''
    const ends: number[] = []
    for (const [index, chunk] of chunks.entries()) {
      text += decoder.decode(chunk, { stream: index < chunks.length - 1 })
      ends.push(text.length)
    }
    return { text, ends }
  } catch {
    return undefined
  }
}

/** Ends of chunks, but the last, as pairs of line and column, one after the other: what redaction changes in a line moves no other line. */
export function placesOf(text: string, ends: readonly number[]): number[] {
  const places: number[] = []
  let line = 0
  let lineStart = 0
  for (const end of ends.slice(0, -1)) {
    for (let next = text.indexOf('\n', lineStart); next >= 0 && next < end; next = text.indexOf('\n', lineStart)) {
      line++
      lineStart = next + 1
    }
    places.push(line, end - lineStart)
  }
  return places
}

/** The pieces of a text between such places. A place that the text does not have any more is the nearest that it has. */
export function piecesAt(text: string, places: readonly number[]): string[] {
  const pieces: string[] = []
  let line = 0
  let lineStart = 0
  let from = 0
  for (let index = 0; index + 1 < places.length; index += 2) {
    const wanted = places[index] ?? 0
    while (line < wanted && lineStart < text.length) {
      const next = text.indexOf('\n', lineStart)
      lineStart = next < 0 ? text.length : next + 1
      line++
    }
    const lineEnd = text.indexOf('\n', lineStart)
    let end = Math.max(from, Math.min(lineStart + (places[index + 1] ?? 0), lineEnd < 0 ? text.length : lineEnd + 1))
    // Not between the halves of one character.
    if (isLowSurrogate(text.charCodeAt(end)) && end < text.length) end++
    pieces.push(text.slice(from, end))
    from = end
  }
  pieces.push(text.slice(from))
  return pieces
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}
