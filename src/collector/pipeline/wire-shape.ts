import { isWireText, textOf, type WireAttribute, type WireValue } from '../../otlp/index.ts'
import { ATTRIBUTE_INLINE_MAX_BYTES } from '../../schemas/index.ts'
import { hasRepeats } from './attribute-shapes.ts'
import type { Findings } from './findings.ts'

export const isScalar = (value: WireValue): boolean =>
  value === null || typeof value === 'boolean' || typeof value === 'number' || (typeof value === 'object' && 'int' in value)

export function fitsInline(text: string): boolean {
  if (text.length > ATTRIBUTE_INLINE_MAX_BYTES) return false
  return text.length * 3 <= ATTRIBUTE_INLINE_MAX_BYTES || Buffer.byteLength(text) <= ATTRIBUTE_INLINE_MAX_BYTES
}

/** Begins like an object or an array. */
export function looksLikeJson(text: string | Uint8Array): boolean {
  const first = typeof text === 'string' ? text.charCodeAt(0) : text[0]
  return first === 0x5b || first === 0x7b
}

/** Of equal keys the last one sent holds; the others are counted. */
export function lastOfEach(list: readonly WireAttribute[], pointer: string, found: Findings): readonly WireAttribute[] {
  if (!hasRepeats(list)) return list
  const unique = [...new Map(list)]
  found.cuts.push({ what: pointer, reason: 'repeated_key', count: list.length - unique.length })
  return unique
}

/** A content as it came, to be looked at by people: text and bytes as they are, what is made of several values as JSON. */
export function rawOf(value: WireValue | Uint8Array): string | Uint8Array {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  if (isWireText(value)) return value.utf8
  if (typeof value === 'object' && value !== null && 'bytes' in value) return value.bytes
  return JSON.stringify(value, (_key, held: unknown) => {
    if (typeof held === 'bigint') return held.toString()
    if (held instanceof Uint8Array) return Buffer.from(held).toString('base64')
    return isText(held) ? textOf(held) : held
  })
}

const isText = (held: unknown): held is { readonly utf8: Uint8Array } =>
  typeof held === 'object' && held !== null && 'utf8' in held && held.utf8 instanceof Uint8Array
