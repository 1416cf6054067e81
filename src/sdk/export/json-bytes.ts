import { jsonTreeOf } from '../../schemas/index.ts'

const INITIAL_BYTES = 64 * 1024
/** A buffer that grew beyond this is not kept for the next payload. */
const KEEP_BYTES = 4 * 1024 * 1024
/** Characters of a string that are written at once. */
const STRETCH_CHARS = 16 * 1024
/** Below this many characters a loop beats the calls into the engine. */
const LOOP_CHARS = 32
const TAG = '$reprise'

export type Fields = Readonly<Record<string, unknown>>

/**
 * Writes JSON as UTF-8 straight into bytes: the text that `JSON.stringify` gives. A string that needs no escape is copied as
 * it is, many bytes at a time, and never becomes a second string.
 */
export class JsonBytes {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #words: Int32Array = new Int32Array(this.#buffer.buffer)
  #position = 0

  get position(): number {
    return this.#position
  }

  /** What was written since `start`. A view: valid until the next `reset`. */
  since(start: number): Uint8Array {
    return this.#buffer.subarray(start, this.#position)
  }

  /** Forgets everything written. */
  reset(): void {
    this.#position = 0
    if (this.#buffer.length > KEEP_BYTES) this.#allocate(INITIAL_BYTES)
  }

  /** A whole value. For values of bounded depth that JSON holds: a snapshot. */
  value(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.string(value)
        return
      case 'number':
      case 'boolean':
        this.ascii(String(value))
        return
      case 'object':
        if (value === null) this.ascii('null')
        else if (Array.isArray(value)) this.#array(value)
        else if (isPlain(value)) this.#fields(value, Object.hasOwn(value, TAG))
        else this.#fields(tagged(value), false)
        return
      default:
        this.ascii('null')
    }
  }

  #array(array: readonly unknown[]): void {
    this.ascii('[')
    for (let index = 0; index < array.length; index++) {
      if (index > 0) this.ascii(',')
      this.value(array[index])
    }
    this.ascii(']')
  }

  #fields(fields: Fields, escape: boolean): void {
    this.ascii(openOf(escape))
    let separator = ''
    for (const key of Object.keys(fields)) {
      this.ascii(separator)
      this.string(key)
      this.ascii(':')
      this.value(fields[key])
      separator = ','
    }
    this.ascii(escape ? '}}' : '}')
  }

  /** A few characters that stand for themselves. */
  ascii(text: string): void {
    const { length } = text
    this.#ensure(length)
    const buffer = this.#buffer
    for (let index = 0; index < length; index++) buffer[this.#position++] = text.charCodeAt(index)
  }

  string(text: string): void {
    if (text.length > LOOP_CHARS || !this.#shortString(text)) {
      this.ascii('"')
      for (let start = 0; start < text.length; ) start = this.stretch(text, start)
      this.ascii('"')
    }
  }

  /** Writes the next stretch of a string, without quotes, and gives the place where it ends. */
  stretch(text: string, start: number): number {
    let end = Math.min(start + STRETCH_CHARS, text.length)
    // A surrogate pair cut in two would be escaped as two lone halves.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    const part = start === 0 && end === text.length ? text : text.slice(start, end)
    this.#ensure(part.length * 3)
    if (!this.#verbatim(part)) {
      const escaped = JSON.stringify(part)
      this.#ensure(escaped.length * 3)
      this.#position += this.#buffer.write(escaped.slice(1, -1), this.#position, 'utf8')
    }
    return end
  }

  /** @returns false, with nothing written, when some character needs an escape */
  #verbatim(text: string): boolean {
    // Three searches that the engine does many bytes at a time; what they find in a text, if anything, is found early.
    if (text.includes('\n') || text.includes('"') || text.includes('\\')) return false
    const size = this.#buffer.write(text, this.#position, 'utf8')
    // UTF-8 has no lone surrogates: they are escaped. Text of as many bytes as characters has none.
    if (size !== text.length && !text.isWellFormed()) return false
    const end = this.#position + size
    if (this.#hasControl(this.#position, end)) return false
    this.#position = end
    return true
  }

  /** Whether any of the bytes is a control character, which JSON escapes. */
  #hasControl(from: number, end: number): boolean {
    const buffer = this.#buffer
    const words = this.#words
    let at = from
    for (; at < end && (at & 15) !== 0; at++) if ((buffer[at] ?? 0) < 0x20) return true
    // "Determine if a word has a byte less than n" (Anderson, Bit Twiddling Hacks), for four words at a time.
    for (; at + 16 <= end; at += 16) {
      const word = at >> 2
      const a = words[word] ?? 0
      const b = words[word + 1] ?? 0
      const c = words[word + 2] ?? 0
      const d = words[word + 3] ?? 0
      const found = ((a - 0x20202020) & ~a) | ((b - 0x20202020) & ~b) | ((c - 0x20202020) & ~c) | ((d - 0x20202020) & ~d)
      if ((found & 0x80808080) !== 0) return true
    }
    for (; at < end; at++) if ((buffer[at] ?? 0) < 0x20) return true
    return false
  }

  /** @returns false, with nothing written, when a character needs more than itself */
  #shortString(text: string): boolean {
    const { length } = text
    this.#ensure(length + 2)
    const buffer = this.#buffer
    let position = this.#position
    buffer[position++] = 0x22
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code < 0x20 || code > 0x7f || code === 0x22 || code === 0x5c) return false
      buffer[position++] = code
    }
    buffer[position++] = 0x22
    this.#position = position
    return true
  }

  #ensure(bytes: number): void {
    const needed = this.#position + bytes
    if (needed <= this.#buffer.length) return
    const before = this.#buffer
    this.#allocate(Math.max(before.length * 2, (needed + 15) & ~15))
    before.copy(this.#buffer, 0, 0, this.#position)
  }

  #allocate(bytes: number): void {
    this.#buffer = Buffer.allocUnsafeSlow(bytes)
    this.#words = new Int32Array(this.#buffer.buffer)
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

export function isPlain(value: object): value is Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** How an object begins; one with a `$reprise` key of the user's own is put into a tagged one. */
export function openOf(escape: boolean): string {
  return escape ? `{"${TAG}":"object","value":{` : '{'
}

/** An Opaque, a Truncated, an error, a RegExp, a URL: what stands for it is a plain object with a tag. */
export function tagged(value: object): Fields {
  return jsonTreeOf(value).tree as Fields
}
