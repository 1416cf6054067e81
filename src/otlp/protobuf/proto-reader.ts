import { Buffer, isAscii, isUtf8 } from 'node:buffer'
import { invalidUtf8Offset } from '../text.ts'
import { StringCache } from './key-cache.ts'

/**
 * The bytes break the protobuf wire format, or a bound, at `offset` of the body. It never leaves this room, and it is no
 * Error: a body can hold a hundred thousand bad spans, and a stack trace for each would cost more than all the rest.
 */
export class WireFault {
  message: string
  readonly offset: number
  constructor(message: string, offset: number) {
    this.message = message
    this.offset = offset
  }
}

const WIRE_VARINT = 0
const WIRE_FIXED64 = 1
const WIRE_LENGTH = 2
const WIRE_GROUP_START = 3
const WIRE_GROUP_END = 4
const WIRE_FIXED32 = 5
const MAX_GROUP_DEPTH = 64

// Shared by all readers: the same keys come with every request. Holds at most 2,048 strings of 64 bytes each.
const keyCache = new StringCache()
const valueCache = new StringCache()

/**
 * Reads the protobuf wire format from one body. Every read is bounded by the `end` of the message it stands in, so that
 * a wrong length inside a span cannot reach its neighbours.
 */
export class ProtoReader {
  readonly bytes: Buffer
  readonly #view: DataView
  pos = 0

  constructor(body: Uint8Array) {
    this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  }

  /** Field number and wire type as one number, `field << 3 | type`. */
  tag(end: number): number {
    const start = this.pos
    const first = this.bytes[start] ?? 0
    if (first < 0x80 && start < end) {
      this.pos = start + 1
      if (first >= 8) return first
    } else {
      const tag = this.varint(end)
      if (tag >= 8 && tag <= 0xffff_ffff) return tag
    }
    throw new WireFault('a field number out of range', start)
  }

  /** Any varint as a number: exact up to 2^53, and never negative. */
  varint(end: number): number {
    const bytes = this.bytes
    const start = this.pos
    let at = start
    let value = 0
    let scale = 1
    for (let count = 0; count < 10; count++) {
      if (at >= end) throw new WireFault('a number is cut off', start)
      const byte = bytes[at++] ?? 0
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.pos = at
        return value
      }
      scale *= 128
    }
    throw new WireFault('a number is longer than 10 bytes', start)
  }

  /** The low 32 bits of a varint, as protobuf truncates uint32 and enum. */
  uint32(end: number): number {
    const start = this.pos
    const value = this.varint(end)
    if (value <= 0xffff_ffff) return value
    this.pos = start
    return Number(this.int64(end) & 0xffff_ffffn)
  }

  int64(end: number): bigint {
    const start = this.pos
    const value = this.varint(end)
    if (value <= Number.MAX_SAFE_INTEGER) return BigInt(value)
    let exact = 0n
    for (let at = start, shift = 0n; at < this.pos; at++, shift += 7n) exact |= BigInt((this.bytes[at] ?? 0) & 0x7f) << shift
    return BigInt.asIntN(64, exact)
  }

  bool(end: number): boolean {
    return this.varint(end) !== 0
  }

  fixed64(end: number): bigint {
    const at = this.#advance(8, end)
    return this.#view.getBigUint64(at, true)
  }

  fixed32(end: number): number {
    const at = this.#advance(4, end)
    return this.#view.getUint32(at, true)
  }

  double(end: number): number {
    const at = this.#advance(8, end)
    return this.#view.getFloat64(at, true)
  }

  /** Reads a length and gives the offset where that field ends; the reader stands at its first byte. */
  lengthEnd(end: number): number {
    const start = this.pos
    let length = this.bytes[start] ?? 0
    if (length < 0x80 && start < end) this.pos = start + 1
    else length = this.varint(end)
    const fieldEnd = this.pos + length
    if (fieldEnd > end) throw new WireFault(`a field of ${length} bytes runs past the end of its message`, start)
    return fieldEnd
  }

  /** A short string that is likely to repeat: an attribute key, a name. */
  name(end: number, maxBytes: number): string {
    const stop = this.lengthEnd(end)
    const start = this.pos
    this.pos = stop
    if (stop - start > maxBytes) throw new WireFault(`a name of ${stop - start} bytes is over the bound of ${maxBytes}`, start)
    return keyCache.read(this.bytes, start, stop) ?? this.text(start, stop)
  }

  /** A string value of the field whose length was just read. */
  shortText(start: number, stop: number): string {
    return stop - start <= 32 ? (valueCache.read(this.bytes, start, stop) ?? this.text(start, stop)) : this.text(start, stop)
  }

  /** The string in [start, stop); a fault when it is not UTF-8. */
  text(start: number, stop: number): string {
    const bytes = this.bytes
    if (stop - start <= 256) {
      let bits = 0
      for (let at = start; at < stop; at++) bits |= bytes[at] ?? 0
      if (bits < 0x80) return bytes.toString('latin1', start, stop)
    } else if (isAscii(bytes.subarray(start, stop))) return bytes.toString('latin1', start, stop)
    this.utf8Range(start, stop)
    return bytes.toString('utf8', start, stop)
  }

  /** The range [start, stop); a fault when it is not UTF-8. */
  utf8Range(start: number, stop: number): Uint8Array {
    const range = this.range(start, stop)
    if (!isUtf8(range)) throw new WireFault('a string is not valid UTF-8', start + invalidUtf8Offset(range))
    return range
  }

  range(start: number, stop: number): Uint8Array {
    return new Uint8Array(this.bytes.buffer, this.bytes.byteOffset + start, stop - start)
  }

  hex(start: number, stop: number): string {
    return this.bytes.toString('hex', start, stop)
  }

  sameBytes(left: number, right: number, size: number): boolean {
    const bytes = this.bytes
    for (let at = 0; at < size; at++) if (bytes[left + at] !== bytes[right + at]) return false
    return true
  }

  /** Whether the first `size` of these bytes stand here, before `end`, and past them. */
  hasBytes(known: Uint8Array, size: number, end: number): boolean {
    const { bytes, pos } = this
    // A difference is likeliest at the end.
    if (pos + size > end || bytes[pos + size - 1] !== known[size - 1]) return false
    for (let at = 0; at < size; at++) if (bytes[pos + at] !== known[at]) return false
    this.pos = pos + size
    return true
  }

  /** Passes over a field of any type; groups to a bounded depth. */
  skip(tag: number, end: number): void {
    let depth = 0
    const open: number[] = []
    let current = tag
    for (;;) {
      switch (current & 7) {
        case WIRE_VARINT:
          this.varint(end)
          break
        case WIRE_FIXED64:
          this.#advance(8, end)
          break
        case WIRE_LENGTH:
          this.pos = this.lengthEnd(end)
          break
        case WIRE_GROUP_START:
          if (++depth > MAX_GROUP_DEPTH) throw new WireFault(`groups nested deeper than ${MAX_GROUP_DEPTH}`, this.pos)
          open.push(current >>> 3)
          break
        case WIRE_GROUP_END:
          if (open.pop() !== current >>> 3) throw new WireFault('a group ends that was not begun', this.pos)
          depth--
          break
        case WIRE_FIXED32:
          this.#advance(4, end)
          break
        default:
          throw new WireFault(`wire type ${current & 7} does not exist`, this.pos)
      }
      if (depth === 0) return
      current = this.tag(end)
    }
  }

  #advance(size: number, end: number): number {
    const at = this.pos
    if (at + size > end) throw new WireFault(`${size} bytes expected, ${end - at} left`, at)
    this.pos = at + size
    return at
  }
}
