import { Buffer } from 'node:buffer'
import type { AttributeValue } from '../schemas/index.ts'
import { isWireText, type WireValue } from './protobuf/wire.ts'
import { textOf } from './text.ts'

/**
 * The canonical form of a value; `wireValueOf` is its exact inverse.
 * @throws RepriseError `invalid_utf8` when an undecoded text is not UTF-8
 */
export function attributeValueOf(value: WireValue): AttributeValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return doubleForm(value)
  if ('int' in value) {
    const number = Number(value.int)
    return Number.isSafeInteger(number) ? number : { int: value.int.toString() }
  }
  if (isWireText(value)) return textOf(value)
  if ('bytes' in value) return { bytes: Buffer.from(value.bytes.buffer, value.bytes.byteOffset, value.bytes.byteLength).toString('base64') }
  if ('array' in value) return value.array.map(attributeValueOf)
  return { kvlist: value.kvlist.map(([key, element]) => [key, attributeValueOf(element)] as const) }
}

/** A double with a fraction stands for itself; an integral one must not be taken for an int64. */
function doubleForm(value: number): AttributeValue {
  if (Number.isNaN(value)) return { double: 'NaN' }
  if (value === Infinity) return { double: 'Infinity' }
  if (value === -Infinity) return { double: '-Infinity' }
  if (Object.is(value, -0)) return { double: '-0' }
  return Number.isInteger(value) ? { double: value } : value
}

/** The wire form of a canonical value. */
export function wireValueOf(value: AttributeValue): WireValue {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isSafeInteger(value) ? { int: BigInt(value) } : value
  if (isList(value)) return { array: value.map(wireValueOf) }
  if ('double' in value) return Number(value.double)
  if ('int' in value) return { int: BigInt(value.int) }
  if ('bytes' in value) {
    const bytes = Buffer.from(value.bytes, 'base64')
    return { bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) }
  }
  return { kvlist: value.kvlist.map(([key, element]) => [key, wireValueOf(element)] as const) }
}

function isList(value: AttributeValue): value is readonly AttributeValue[] {
  return Array.isArray(value)
}
