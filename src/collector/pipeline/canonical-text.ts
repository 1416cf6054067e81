/**
 * Pieces of canonical JSON (RFC 8785) written directly. JSON.stringify of a well-formed string and of a finite number is
 * already the canonical form (sections 3.2.2.2 and 3.2.2.3); only key order and lone surrogates need care.
 */

/** A string that UTF-8 cannot carry came through a JSON body: its span cannot be kept as it was sent. */
export class LoneSurrogate extends Error {
  override readonly message = 'a text holds a lone surrogate, which UTF-8 cannot carry'
}

export function jsonOfText(text: string): string {
  if (!text.isWellFormed()) throw new LoneSurrogate()
  return JSON.stringify(text)
}

/**
 * The same text in one piece. What was put together of others stays their pieces, to be gone through anew by each text that it
 * becomes part of; a text that stands in many is made whole once.
 */
export const inOnePiece = (text: string): string => Buffer.from(text).toString()

/** An OTLP double in the loss-free form of AttributeValue. */
export function jsonOfDouble(value: number): string {
  if (Number.isNaN(value)) return '{"double":"NaN"}'
  if (value === Infinity) return '{"double":"Infinity"}'
  if (value === -Infinity) return '{"double":"-Infinity"}'
  if (Object.is(value, -0)) return '{"double":"-0"}'
  return Number.isInteger(value) ? `{"double":${value}}` : String(value)
}

/** An OTLP int64 in the loss-free form of AttributeValue. */
export function jsonOfInt(value: bigint): string {
  return value >= -9007199254740991n && value <= 9007199254740991n ? String(value) : `{"int":"${value}"}`
}

export function jsonOfBytes(bytes: Uint8Array): string {
  return `{"bytes":"${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')}"}`
}

/** One reference token of a JSON pointer (RFC 6901, section 4). */
export function pointerToken(key: string): string {
  return key.includes('~') || key.includes('/') ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key
}
