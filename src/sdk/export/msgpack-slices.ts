import { types } from 'node:util'
import { msgpackTreeOf } from '../../schemas/index.ts'
import { isPlain } from './json-bytes.ts'

/** What is written goes into pieces of this size: nothing is moved when there is more. */
const PIECE_BYTES = 256 * 1024
/** Bytes of the value's own beyond this become a piece as they are. */
const OWN_PIECE_BYTES = 64 * 1024
/** About how many bytes are written without a look at the clock. */
const STEP_BYTES = 16 * 1024
const TAG = '$reprise'

type Fields = Readonly<Record<string, unknown>>

type Frame =
  | { readonly kind: 'values'; readonly values: Iterator<unknown> }
  | { readonly kind: 'entries'; readonly entries: Iterator<readonly [unknown, unknown]> }
  | { readonly kind: 'text'; readonly text: string; index: number }
  | { readonly kind: 'fields'; readonly fields: Fields; readonly keys: readonly string[]; index: number }

/**
 * Writes one value as MessagePack, in steps that each take well below a millisecond: the bytes that the codec of schemas gives
 * for it in one go. For values of bounded depth: a snapshot.
 */
export class MsgpackSlices {
  readonly #pieces: Uint8Array[] = []
  /** In the pieces that are full. */
  #writtenBytes = 0
  #buffer: Buffer = Buffer.allocUnsafeSlow(PIECE_BYTES)
  #position = 0
  readonly #stack: Frame[] = []

  constructor(value: unknown) {
    this.#value(value)
  }

  /** @returns whether there is more to write */
  step(): boolean {
    const until = this.#writtenBytes + this.#position + STEP_BYTES
    // Small values count by their number: what is little to write can be much to look at.
    for (let left = STEP_BYTES / 64; left > 0 && this.#writtenBytes + this.#position < until; left--) {
      const frame = this.#stack.at(-1)
      if (frame === undefined) return false
      if (frame.kind === 'fields') this.#field(frame)
      else if (frame.kind === 'values') this.#element(frame.values)
      else if (frame.kind === 'text') this.#stretch(frame)
      else this.#entry(frame.entries)
    }
    return this.#stack.length > 0
  }

  /** All that was written, in pieces; some are the value's own bytes. */
  finish(): readonly Uint8Array[] {
    this.#endPiece()
    return this.#pieces
  }

  #stretch(frame: Extract<Frame, { kind: 'text' }>): void {
    const { text, index } = frame
    let end = Math.min(index + STEP_BYTES, text.length)
    // A surrogate pair stays together.
    if (end < text.length && text.charCodeAt(end - 1) >= 0xd800 && text.charCodeAt(end - 1) <= 0xdbff) end -= 1
    this.#ensure((end - index) * 3)
    this.#position += this.#buffer.write(text.slice(index, end), this.#position)
    frame.index = end
    if (end === text.length) this.#stack.pop()
  }

  #element(values: Iterator<unknown>): void {
    const next = values.next()
    if (next.done === true) this.#stack.pop()
    else this.#value(next.value)
  }

  #entry(entries: Iterator<readonly [unknown, unknown]>): void {
    const next = entries.next()
    if (next.done === true) {
      this.#stack.pop()
      return
    }
    this.#head(0x90, 0xdc, 2)
    const [key, held] = next.value
    // The last in is the first out.
    this.#stack.push({ kind: 'values', values: [held].values() })
    this.#value(key)
  }

  #field(frame: Extract<Frame, { kind: 'fields' }>): void {
    const key = frame.keys[frame.index++]
    if (key === undefined) this.#stack.pop()
    else {
      this.#text(key)
      this.#value(frame.fields[key])
    }
  }

  #value(value: unknown): void {
    if (typeof value === 'string' && value.isWellFormed()) {
      if (value.length <= STEP_BYTES) this.#text(value)
      else this.#longText(value)
    } else if (typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)) this.#number(value)
    else if (typeof value === 'boolean') this.#byte(value ? 0xc3 : 0xc2)
    else if (value === null) this.#byte(0xc0)
    else if (Array.isArray(value)) {
      this.#head(0x90, 0xdc, value.length)
      this.#stack.push({ kind: 'values', values: value.values() })
    } else if (value instanceof Uint8Array && value.constructor === Uint8Array) this.#bytes(value)
    else if (types.isDate(value)) this.#date(value)
    else if (types.isMap(value)) this.#tagged('map', 'entries', value.size, { kind: 'entries', entries: value.entries() })
    else if (types.isSet(value)) this.#tagged('set', 'values', value.size, { kind: 'values', values: value.values() })
    else if (typeof value === 'object' && isPlain(value) && this.#fields(value)) return
    // Whatever else has a tag is small, or bytes, or of a kind that hardly anybody passes.
    else this.#tree(msgpackTreeOf(value))
  }

  /** What stands for a value: nothing in it needs a tag any more. */
  #tree(tree: unknown): void {
    if (typeof tree === 'string') this.#text(tree)
    else if (typeof tree === 'number') this.#number(tree)
    else if (typeof tree === 'boolean') this.#byte(tree ? 0xc3 : 0xc2)
    else if (types.isUint8Array(tree)) this.#bytes(tree)
    else if (Array.isArray(tree)) {
      this.#head(0x90, 0xdc, tree.length)
      for (const element of tree) this.#tree(element)
    } else if (typeof tree === 'object' && tree !== null) {
      const entries = Object.entries(tree)
      this.#head(0x80, 0xde, entries.length)
      for (const [key, held] of entries) {
        this.#text(key)
        this.#tree(held)
      }
    } else this.#byte(0xc0)
  }

  #date(date: Date): void {
    this.#head(0x80, 0xde, 2)
    this.#text(TAG)
    this.#text('date')
    this.#text('value')
    if (Number.isNaN(date.getTime())) this.#byte(0xc0)
    else this.#text(date.toISOString())
  }

  /** @returns false, with nothing written, for an object that is not written as the map it looks like */
  #fields(fields: Fields): boolean {
    const keys = Object.keys(fields)
    for (const key of keys) if (key === TAG || !key.isWellFormed()) return false
    this.#head(0x80, 0xde, keys.length)
    this.#stack.push({ kind: 'fields', fields, keys, index: 0 })
    return true
  }

  #tagged(tag: string, key: string, size: number, frame: Frame): void {
    this.#head(0x80, 0xde, 2)
    this.#text(TAG)
    this.#text(tag)
    this.#text(key)
    this.#head(0x90, 0xdc, size)
    this.#stack.push(frame)
  }

  // The forms below are those of the MessagePack specification, the shortest for each value.

  /** The head of an array or a map: with its size in four bits, in 16 or in 32. */
  #head(fixed: number, sized: number, size: number): void {
    this.#ensure(5)
    if (size < 0x10) this.#byte(fixed | size)
    else if (size < 0x10000) this.#sized(sized, size, 2)
    else this.#sized(sized + 1, size, 4)
  }

  #longText(text: string): void {
    this.#textHead(Buffer.byteLength(text))
    this.#stack.push({ kind: 'text', text, index: 0 })
  }

  #text(text: string): void {
    if (text.length < 0x20 && this.#shortAscii(text)) return
    const size = Buffer.byteLength(text)
    this.#textHead(size)
    this.#ensure(size)
    this.#buffer.write(text, this.#position)
    this.#position += size
  }

  #textHead(size: number): void {
    this.#ensure(5)
    if (size < 0x20) this.#byte(0xa0 | size)
    else if (size < 0x100) this.#sized(0xd9, size, 1)
    else if (size < 0x10000) this.#sized(0xda, size, 2)
    else this.#sized(0xdb, size, 4)
  }

  /** @returns false, with nothing written, where a character takes more than one byte */
  #shortAscii(text: string): boolean {
    const { length } = text
    this.#ensure(0x20)
    const buffer = this.#buffer
    const start = this.#position
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code > 0x7f) return false
      buffer[start + 1 + index] = code
    }
    buffer[start] = 0xa0 | length
    this.#position = start + 1 + length
    return true
  }

  #bytes(bytes: Uint8Array): void {
    const size = bytes.length
    this.#ensure(5)
    if (size < 0x100) this.#sized(0xc4, size, 1)
    else if (size < 0x10000) this.#sized(0xc5, size, 2)
    else this.#sized(0xc6, size, 4)
    if (size > OWN_PIECE_BYTES) {
      this.#endPiece()
      this.#pieces.push(bytes)
      this.#writtenBytes += size
      return
    }
    this.#ensure(size)
    this.#buffer.set(bytes, this.#position)
    this.#position += size
  }

  #number(value: number): void {
    this.#ensure(9)
    if (value >>> 0 === value) {
      if (value < 0x80) this.#byte(value)
      else if (value < 0x100) this.#sized(0xcc, value, 1)
      else if (value < 0x10000) this.#sized(0xcd, value, 2)
      else this.#sized(0xce, value, 4)
    } else if (value >> 0 === value) {
      if (value >= -0x20) this.#byte(0x100 + value)
      else if (value >= -0x80) this.#sized(0xd0, value & 0xff, 1)
      else if (value >= -0x8000) this.#sized(0xd1, value & 0xffff, 2)
      else this.#sized(0xd2, value >>> 0, 4)
    } else {
      this.#byte(0xcb)
      this.#position = this.#buffer.writeDoubleBE(value, this.#position)
    }
  }

  #sized(first: number, size: number, bytes: 1 | 2 | 4): void {
    this.#byte(first)
    const buffer = this.#buffer
    if (bytes === 4) {
      buffer[this.#position++] = size >>> 24
      buffer[this.#position++] = size >>> 16
    }
    if (bytes > 1) buffer[this.#position++] = size >>> 8
    buffer[this.#position++] = size
  }

  #byte(byte: number): void {
    this.#ensure(1)
    this.#buffer[this.#position++] = byte
  }

  #ensure(bytes: number): void {
    if (this.#position + bytes <= this.#buffer.length) return
    this.#endPiece()
    this.#buffer = Buffer.allocUnsafeSlow(Math.max(bytes, PIECE_BYTES))
  }

  /** The rest of the buffer is written into next. */
  #endPiece(): void {
    if (this.#position === 0) return
    this.#pieces.push(this.#buffer.subarray(0, this.#position))
    this.#writtenBytes += this.#position
    this.#buffer = this.#buffer.subarray(this.#position)
    this.#position = 0
  }
}
