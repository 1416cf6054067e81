/** The protobuf wire format by hand, for bodies that no writer would make. */

export function varint(value: number | bigint): Uint8Array {
  const bytes: number[] = []
  let rest = BigInt(value)
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

export function concat(...pieces: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]))
}

export function tag(field: number, wireType: number): Uint8Array {
  return varint((BigInt(field) << 3n) | BigInt(wireType))
}

/** A length-delimited field. */
export function bytesField(field: number, ...content: readonly (Uint8Array | string)[]): Uint8Array {
  const bytes = concat(...content.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)))
  return concat(tag(field, 2), varint(bytes.length), bytes)
}

export function varintField(field: number, value: number | bigint): Uint8Array {
  return concat(tag(field, 0), varint(value))
}

const TRACE_ID = Uint8Array.from({ length: 16 }, (_, index) => index + 1)
const SPAN_ID = Uint8Array.from({ length: 8 }, (_, index) => index + 1)

export const TRACE_ID_HEX = '0102030405060708090a0b0c0d0e0f10'
export const SPAN_ID_HEX = '0102030405060708'

/** A span with ids, a name, and whatever else is given, as a field of ScopeSpans. */
export function spanField(name: string, ...fields: readonly Uint8Array[]): Uint8Array {
  return bytesField(2, bytesField(1, TRACE_ID), bytesField(2, SPAN_ID), bytesField(5, name), ...fields)
}

/** A request with these fields in its only ScopeSpans. */
export function requestOf(...scopeSpansFields: readonly Uint8Array[]): Uint8Array {
  return bytesField(1, bytesField(2, ...scopeSpansFields))
}

export function attributeField(field: number, key: string, anyValue: Uint8Array): Uint8Array {
  return bytesField(field, bytesField(1, key), bytesField(2, anyValue))
}
