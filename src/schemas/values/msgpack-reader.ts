import { isUtf8 } from 'node:buffer'
import { RepriseError } from '../errors.ts'
import { setOwn } from './value-tags.ts'

// Text up to this long is put together here when it is ASCII; a call into the engine costs more.
const SHORT_TEXT_BYTES = 24
const REPLACEMENT = '\ufffd'

function malformed(reason: string, offset: number): RepriseError {
  return new RepriseError('malformed_body', `not a MessagePack value: ${reason} (byte ${offset})`)
}

/**
 * Reads one MessagePack value. The bytes may come from anyone who can reach a collector, hence not msgpackr: that allocates
 * what a length announces, recurses as deep as the bytes say, takes broken UTF-8, renames `__proto__`, and shares its
 * extension types with the whole process. Here nothing is made before the bytes for it were there.
 */
export class MsgpackReader {
  readonly #bytes: Buffer
  readonly #maxDepth: number
  #at = 0

  constructor(bytes: Uint8Array, maxDepth: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#maxDepth = maxDepth
  }

  /** The value; there may be no bytes after it. Throws `malformed_body` with the byte offset, `invalid_utf8`, `limit_exceeded`. */
  readAll(): unknown {
    const value = this.#read(0)
    if (this.#at < this.#bytes.length) throw malformed('bytes after its end', this.#at)
    return value
  }

  /** Moves past `size` bytes and gives the offset at which they begin. */
  #take(size: number): number {
    const start = this.#at
    if (size > this.#bytes.length - start) throw malformed('unexpected end', start)
    this.#at = start + size
    return start
  }

  #length(size: 1 | 2 | 4): number {
    return this.#bytes.readUIntBE(this.#take(size), size)
  }

  #read(depth: number): unknown {
    const start = this.#take(1)
    const first = this.#bytes[start] as number
    if (first < 0x80) return first
    if (first < 0x90) return this.#map(first & 0x0f, depth)
    if (first < 0xa0) return this.#array(first & 0x0f, depth)
    if (first < 0xc0) return this.#text(first & 0x1f)
    if (first >= 0xe0) return first - 0x100
    switch (first) {
      case 0xc0:
        return null
      case 0xc2:
        return false
      case 0xc3:
        return true
      case 0xc4:
        return this.#memory(this.#length(1))
      case 0xc5:
        return this.#memory(this.#length(2))
      case 0xc6:
        return this.#memory(this.#length(4))
      case 0xca:
        return this.#bytes.readFloatBE(this.#take(4))
      case 0xcb:
        return this.#bytes.readDoubleBE(this.#take(8))
      case 0xcc:
        return this.#length(1)
      case 0xcd:
        return this.#length(2)
      case 0xce:
        return this.#length(4)
      case 0xcf:
        return this.#bytes.readBigUInt64BE(this.#take(8))
      case 0xd0:
        return this.#bytes.readInt8(this.#take(1))
      case 0xd1:
        return this.#bytes.readInt16BE(this.#take(2))
      case 0xd2:
        return this.#bytes.readInt32BE(this.#take(4))
      case 0xd3:
        return this.#bytes.readBigInt64BE(this.#take(8))
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#textLength(first))
      case 0xdc:
        return this.#array(this.#length(2), depth)
      case 0xdd:
        return this.#array(this.#length(4), depth)
      case 0xde:
        return this.#map(this.#length(2), depth)
      case 0xdf:
        return this.#map(this.#length(4), depth)
      default:
        throw malformed('an extension type', start)
    }
  }

  #textLength(first: number): number {
    return this.#length(first === 0xd9 ? 1 : first === 0xda ? 2 : 4)
  }

  #text(length: number): string {
    const start = this.#take(length)
    const end = start + length
    if (length <= SHORT_TEXT_BYTES) {
      let text = ''
      let at = start
      for (; at < end; at += 1) {
        const byte = this.#bytes[at] as number
        if (byte >= 0x80) break
        text += String.fromCharCode(byte)
      }
      if (at === end) return text
    }
    const text = this.#bytes.toString('utf8', start, end)
    // Broken UTF-8 is decoded to U+FFFD, which may also have been sent.
    if (text.includes(REPLACEMENT) && !isUtf8(this.#bytes.subarray(start, end))) {
      throw new RepriseError('invalid_utf8', `the text is not valid UTF-8 (byte ${start})`)
    }
    return text
  }

  #memory(length: number): Uint8Array {
    const start = this.#take(length)
    return new Uint8Array(this.#bytes.subarray(start, start + length))
  }

  #enter(depth: number): void {
    if (depth >= this.#maxDepth) throw new RepriseError('limit_exceeded', `the value is nested deeper than ${this.#maxDepth} levels`)
  }

  #array(length: number, depth: number): unknown[] {
    this.#enter(depth)
    const array: unknown[] = []
    for (let index = 0; index < length; index += 1) array.push(this.#read(depth + 1))
    return array
  }

  #map(length: number, depth: number): Record<string, unknown> {
    this.#enter(depth)
    const object: Record<string, unknown> = {}
    for (let index = 0; index < length; index += 1) {
      const key = this.#key()
      setOwn(object, key, this.#read(depth + 1))
    }
    return object
  }

  #key(): string {
    const start = this.#take(1)
    const first = this.#bytes[start] as number
    if (first >= 0xa0 && first < 0xc0) return this.#text(first & 0x1f)
    if (first < 0xd9 || first > 0xdb) throw malformed('a key that is not text', start)
    return this.#text(this.#textLength(first))
  }
}
