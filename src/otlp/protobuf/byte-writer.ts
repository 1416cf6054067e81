import { Buffer } from 'node:buffer'
import { RepriseError } from '../../schemas/index.ts'

const INITIAL_BYTES = 16 * 1024
/** Below this many characters a loop beats the call into the engine. */
const LOOP_CHARACTERS = 24
/** What the length of an open message takes; 28 bits of it count. */
const LENGTH_BYTES = 4
const LENGTH_LIMIT = 2 ** 28

/** Value of a lowercase hex digit by its character code; 0x100 for any other character. */
const NIBBLES = new Uint16Array(128).fill(0x100)
for (let nibble = 0; nibble < 16; nibble++) NIBBLES[nibble.toString(16).charCodeAt(0)] = nibble

/** Bytes that a varint of this (non-negative, safe) number takes. */
export function varintSize(value: number): number {
  if (value < 0x80) return 1
  let size = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 128)) size++
  return size
}

export function int64Size(value: bigint): number {
  if (value < 0n) return 10
  return value <= 0x1f_ffff_ffff_ffffn ? varintSize(Number(value)) : Math.ceil(value.toString(2).length / 7)
}

/**
 * UTF-8 bytes of a string.
 * @throws RepriseError `invalid_utf8` for a lone surrogate, which has no UTF-8 form
 */
export function textSize(text: string): number {
  const length = text.length
  if (length <= LOOP_CHARACTERS) {
    let at = 0
    while (at < length && text.charCodeAt(at) < 0x80) at++
    if (at === length) return length
  }
  if (!text.isWellFormed()) throw new RepriseError('invalid_utf8', 'a string with a lone surrogate cannot be sent as UTF-8')
  return Buffer.byteLength(text)
}

/** A growing buffer that writes the protobuf wire format. Sizes are known before anything is written. */
export class ByteWriter {
  #buffer: Buffer
  #view: DataView
  pos = 0

  /** @param memory to write into, from its beginning; it is left alone once it is too small */
  constructor(memory: ArrayBufferLike = new ArrayBuffer(INITIAL_BYTES)) {
    this.#buffer = Buffer.from(memory)
    this.#view = new DataView(memory)
  }

  /** Makes room for so many more bytes; every write needs it first. */
  ensure(size: number): void {
    const needed = this.pos + size
    if (needed <= this.#buffer.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(grown, 0, 0, this.pos)
    this.#buffer = grown
    this.#view = new DataView(grown.buffer)
  }

  byte(value: number): void {
    this.#buffer[this.pos++] = value
  }

  varint(value: number): void {
    const buffer = this.#buffer
    if (value < 0x80) {
      buffer[this.pos++] = value
      return
    }
    let rest = value
    while (rest >= 0x80) {
      buffer[this.pos++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    buffer[this.pos++] = rest
  }

  int64(value: bigint): void {
    if (value >= 0n && value <= 0x1f_ffff_ffff_ffffn) {
      this.varint(Number(value))
      return
    }
    let rest = BigInt.asUintN(64, value)
    while (rest >= 0x80n) {
      this.byte(Number(rest & 0x7fn) | 0x80)
      rest >>= 7n
    }
    this.byte(Number(rest))
  }

  fixed64(value: bigint): void {
    this.#view.setBigUint64(this.pos, value, true)
    this.pos += 8
  }

  fixed32(value: number): void {
    this.#view.setUint32(this.pos, value, true)
    this.pos += 4
  }

  double(value: number): void {
    this.#view.setFloat64(this.pos, value, true)
    this.pos += 8
  }

  /** Writes a string whose UTF-8 size is known. */
  text(text: string, size: number): void {
    if (size === text.length && size <= LOOP_CHARACTERS) {
      const buffer = this.#buffer
      const start = this.pos
      for (let at = 0; at < size; at++) buffer[start + at] = text.charCodeAt(at)
    } else if (size === text.length) this.#buffer.write(text, this.pos, size, 'latin1')
    else this.#buffer.write(text, this.pos, size, 'utf8')
    this.pos += size
  }

  bytes(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.pos)
    this.pos += bytes.length
  }

  /** Bytes for a place that was passed over. */
  put(at: number, bytes: Uint8Array): void {
    this.#buffer.set(bytes, at)
  }

  /** For a few bytes, where a loop beats the call into the engine. */
  shortBytes(bytes: Uint8Array): void {
    const buffer = this.#buffer
    const start = this.pos
    const { length } = bytes
    for (let at = 0; at < length; at++) buffer[start + at] = bytes[at] ?? 0
    this.pos = start + length
  }

  /**
   * Writes an id given as lowercase hex of so many bytes.
   * @throws RepriseError `invalid_argument` for anything else; what was written of it does not count
   */
  hex(id: string, size: number): void {
    const buffer = this.#buffer
    const start = this.pos
    let bad = id.length === size * 2 ? 0 : 0x100
    for (let index = 0; index < size; index++) {
      const byte = ((NIBBLES[id.charCodeAt(index * 2) & 0x7f] ?? 0x100) << 4) | (NIBBLES[id.charCodeAt(index * 2 + 1) & 0x7f] ?? 0x100)
      bad |= byte | ((id.charCodeAt(index * 2) | id.charCodeAt(index * 2 + 1)) & 0x80 ? 0x100 : 0)
      buffer[start + index] = byte
    }
    if (bad >= 0x100) throw new RepriseError('invalid_argument', `an id of ${size * 2} lowercase hex digits expected`)
    this.pos = start + size
  }

  /** Leaves room for the length of a message that is still open; `close` with the offset given here fills it in. */
  open(): number {
    const at = this.pos
    this.pos += LENGTH_BYTES
    return at
  }

  /**
   * Fills in the length of the message opened at `at`: a varint of four bytes whatever its value, which every reader has to
   * take, so that nothing has to be moved.
   * @throws RepriseError `limit_exceeded` for a message that no receiver would take
   */
  close(at: number): void {
    const size = this.pos - at - LENGTH_BYTES
    if (size >= LENGTH_LIMIT)
      throw new RepriseError('limit_exceeded', `a message of ${size} bytes; at most ${LENGTH_LIMIT - 1} can be written`)
    const buffer = this.#buffer
    buffer[at] = (size & 0x7f) | 0x80
    buffer[at + 1] = ((size >>> 7) & 0x7f) | 0x80
    buffer[at + 2] = ((size >>> 14) & 0x7f) | 0x80
    buffer[at + 3] = size >>> 21
  }

  /** Nanoseconds as fixed64, from whole microseconds: below 2^53 without a BigInt. */
  nanosOfMicros(micros: number): void {
    const low = (micros % 0x1_0000_0000) * 1000
    const high = Math.floor(micros / 0x1_0000_0000) * 1000 + Math.floor(low / 0x1_0000_0000)
    this.#view.setUint32(this.pos, low % 0x1_0000_0000, true)
    this.#view.setUint32(this.pos + 4, high, true)
    this.pos += 8
  }

  finish(): Uint8Array {
    return new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, this.pos)
  }
}
