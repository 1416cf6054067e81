import { type ByteWriter, int64Size, textSize, varintSize } from './byte-writer.ts'
import { isWireText, type WireAttribute, type WireValue } from './wire.ts'

/** A value that its sender has ready in pieces, written one after the other without a copy in between. */
export type WritableValue =
  | WireValue
  /** UTF-8; the pieces together are one string. */
  | { readonly textPieces: readonly Uint8Array[] }
  | { readonly bytesPieces: readonly Uint8Array[] }

export type WritableAttribute = readonly [key: string, value: WritableValue]

/**
 * Sizes of length-delimited fields, found on a first walk and used on a second over the same data in the same order, so
 * that each string is measured once and no length has to be patched in later.
 */
export class Sizes {
  readonly #sizes: number[] = []
  #next = 0

  /** Takes a place for a size that is not known yet. */
  reserve(): number {
    return this.#sizes.push(0) - 1
  }

  set(place: number, size: number): number {
    this.#sizes[place] = size
    return size
  }

  add(size: number): number {
    this.#sizes.push(size)
    return size
  }

  next(): number {
    return this.#sizes[this.#next++] ?? 0
  }

  clear(): void {
    this.#sizes.length = 0
    this.#next = 0
  }
}

/** Size of a field of `size` bytes with its one-byte tag and its length. */
export function fieldSize(size: number): number {
  return 1 + varintSize(size) + size
}

export function piecesSize(pieces: readonly Uint8Array[]): number {
  let size = 0
  for (const piece of pieces) size += piece.length
  return size
}

/** Size of a string field, nothing for an empty one. */
export function measureText(text: string, sizes: Sizes): number {
  return text === '' ? 0 : fieldSize(sizes.add(textSize(text)))
}

export function writeText(writer: ByteWriter, tag: number, text: string, sizes: Sizes): void {
  if (text === '') return
  const size = sizes.next()
  writer.byte(tag)
  writer.varint(size)
  writer.text(text, size)
}

/** Size of a list of KeyValue fields. */
export function measureAttributes(attributes: readonly WritableAttribute[], sizes: Sizes): number {
  let total = 0
  for (const [key, value] of attributes) {
    const place = sizes.reserve()
    const size = measureText(key, sizes) + fieldSize(measureValue(value, sizes))
    total += fieldSize(sizes.set(place, size))
  }
  return total
}

export function writeAttributes(writer: ByteWriter, tag: number, attributes: readonly WritableAttribute[], sizes: Sizes): void {
  for (const [key, value] of attributes) {
    writer.byte(tag)
    writer.varint(sizes.next())
    writeText(writer, 0x0a, key, sizes)
    writer.byte(0x12)
    writeValue(writer, value, sizes)
  }
}

/** Size of the AnyValue message, its own tag and length not counted. */
function measureValue(value: WritableValue, sizes: Sizes): number {
  const place = sizes.reserve()
  return sizes.set(place, measureContent(value, sizes))
}

function measureContent(value: WritableValue, sizes: Sizes): number {
  if (value === null) return 0
  if (typeof value === 'string') return fieldSize(sizes.add(textSize(value)))
  if (typeof value === 'boolean') return 2
  if (typeof value === 'number') return 9
  if ('int' in value) return 1 + int64Size(value.int)
  if ('textPieces' in value) return fieldSize(sizes.add(piecesSize(value.textPieces)))
  if ('bytesPieces' in value) return fieldSize(sizes.add(piecesSize(value.bytesPieces)))
  if (isWireText(value)) return fieldSize(value.utf8.length)
  if ('bytes' in value) return fieldSize(value.bytes.length)
  const place = sizes.reserve()
  let size = 0
  if ('array' in value) for (const element of value.array) size += fieldSize(measureValue(element, sizes))
  else size = measureAttributes(value.kvlist, sizes)
  return fieldSize(sizes.set(place, size))
}

/** Size of a field that is one AnyValue, with its one-byte tag; `writeValue` writes what follows the tag. */
export function measureBody(value: WritableValue, sizes: Sizes): number {
  return fieldSize(measureValue(value, sizes))
}

/** Writes the length of an AnyValue and the value. */
export function writeValue(writer: ByteWriter, value: WritableValue, sizes: Sizes): void {
  writer.varint(sizes.next())
  if (value === null) return
  if (typeof value === 'string') {
    const size = sizes.next()
    writer.byte(0x0a)
    writer.varint(size)
    writer.text(value, size)
  } else if (typeof value === 'boolean') {
    writer.byte(0x10)
    writer.byte(value ? 1 : 0)
  } else if (typeof value === 'number') {
    writer.byte(0x21)
    writer.double(value)
  } else if ('int' in value) {
    writer.byte(0x18)
    writer.int64(value.int)
  } else if ('textPieces' in value) writePieces(writer, 0x0a, value.textPieces, sizes)
  else if ('bytesPieces' in value) writePieces(writer, 0x3a, value.bytesPieces, sizes)
  else if (isWireText(value)) writeBytes(writer, 0x0a, value.utf8)
  else if ('bytes' in value) writeBytes(writer, 0x3a, value.bytes)
  else if ('array' in value) {
    writer.byte(0x2a)
    writer.varint(sizes.next())
    for (const element of value.array) {
      writer.byte(0x0a)
      writeValue(writer, element, sizes)
    }
  } else {
    writer.byte(0x32)
    writer.varint(sizes.next())
    writeAttributes(writer, 0x0a, value.kvlist satisfies readonly WireAttribute[], sizes)
  }
}

function writePieces(writer: ByteWriter, tag: number, pieces: readonly Uint8Array[], sizes: Sizes): void {
  writer.byte(tag)
  writer.varint(sizes.next())
  for (const piece of pieces) writer.bytes(piece)
}

function writeBytes(writer: ByteWriter, tag: number, bytes: Uint8Array): void {
  writer.byte(tag)
  writer.varint(bytes.length)
  writer.bytes(bytes)
}
