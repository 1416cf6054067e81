import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { RepriseError } from '../schemas/index.ts'
import type { WireText } from './protobuf/wire.ts'

function bufferOver(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The text, or undefined where the bytes are not UTF-8. Never puts U+FFFD in place of what was sent; keeps a leading BOM. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return ''
  // ASCII goes through latin1: V8 then keeps one byte a character, and need not look at the text again.
  if (isAscii(bytes)) return bufferOver(bytes).toString('latin1')
  return isUtf8(bytes) ? bufferOver(bytes).toString('utf8') : undefined
}

/**
 * The string of a value, decoded now.
 * @throws RepriseError `invalid_utf8`
 */
export function textOf(value: string | WireText): string {
  if (typeof value === 'string') return value
  const text = decodeUtf8(value.utf8)
  if (text === undefined) throw new RepriseError('invalid_utf8', `the text is not valid UTF-8 at byte ${invalidUtf8Offset(value.utf8)}`)
  return text
}

/** Offset of the first byte that begins no valid UTF-8 sequence (RFC 3629, section 4); the length where all is valid. */
export function invalidUtf8Offset(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length) {
    const size = sequenceSize(bytes, at)
    if (size === 0) return at
    at += size
  }
  return at
}

function sequenceSize(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0
  if (lead < 0x80) return 1
  const size = lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0
  if (size === 0 || at + size > bytes.length) return 0
  // The second byte's range keeps out overlong forms, surrogates and what lies beyond U+10FFFF.
  const second = bytes[at + 1] ?? 0
  const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80
  const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf
  if (second < low || second > high) return 0
  for (let next = at + 2; next < at + size; next++) if (((bytes[next] ?? 0) & 0xc0) !== 0x80) return 0
  return size
}
