import { jsonTreeOf } from '../../schemas/index.ts'

const INITIAL_BYTES = 64 * 1024
/** A buffer that grew beyond this is not kept for the next payload. */
const KEEP_BYTES = 4 * 1024 * 1024
/** Characters of a string that are written at once. */
const STRETCH_CHARS = 16 * 1024
/** Below this many characters a loop beats the calls into the engine. */
const LOOP_CHARS = 32
const TAG = '$reprise'
/** How an object with a `$reprise` key of the user's own begins: it is put into a tagged one. */
export const OPEN_ESCAPED: string = `{"${TAG}":"object","value":{`
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** What follows the backslash, by byte. */
const VERBATIM = 0
const LONG = 1
const ESCAPES = new Uint8Array(256)
ESCAPES.fill(LONG, 0, 0x20)
for (const character of '"\\') ESCAPES[character.charCodeAt(0)] = character.charCodeAt(0)
for (const [character, letter] of ['\bb', '\tt', '\nn', '\ff', '\rr'])
  ESCAPES[(character ?? '').charCodeAt(0)] = (letter ?? '').charCodeAt(0)

const LITTLE_ENDIAN = new Uint8Array(new Int32Array([1]).buffer)[0] === 1

/** Whether one of four bytes is a quote, a backslash or a control character; may say so of a few others (Anderson, Bit Twiddling Hacks). */
function needsEscape(word: number): boolean {
  const quote = word ^ 0x22222222
  const backslash = word ^ 0x5c5c5c5c
  return ((((word - 0x20202020) & ~word) | ((quote - 0x01010101) & ~quote) | ((backslash - 0x01010101) & ~backslash)) & 0x80808080) !== 0
}

export type Fields = Readonly<Record<string, unknown>>

/**
 * Writes JSON as UTF-8 straight into bytes: the text that `JSON.stringify` gives. A string that needs no escape is copied as
 * it is, many bytes at a time, and never becomes a second string.
 */
export class JsonBytes {
  #buffer: Buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  #words: Int32Array = new Int32Array(this.#buffer.buffer)
  #view: DataView = new DataView(this.#buffer.buffer)
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
    if (typeof value !== 'object' || value === null) this.#leaf(value)
    else if (Array.isArray(value)) {
      this.byte(OPEN_ARRAY)
      for (let index = 0; index < value.length; index++) {
        if (index > 0) this.byte(COMMA)
        this.value(value[index])
      }
      this.byte(CLOSE_ARRAY)
    } else if (isPlain(value)) this.#tagging(value, Object.hasOwn(value, TAG))
    else this.#tagging(tagged(value), false)
  }

  #tagging(fields: Fields, escape: boolean): void {
    if (escape) this.ascii(OPEN_ESCAPED)
    else this.byte(OPEN_OBJECT)
    let first = true
    for (const key of Object.keys(fields)) {
      this.key(key, first)
      first = false
      this.value(fields[key])
    }
    if (escape) this.byte(CLOSE_OBJECT)
    this.byte(CLOSE_OBJECT)
  }

  #leaf(value: unknown): void {
    if (typeof value === 'string') this.string(value)
    else if (typeof value === 'number' || typeof value === 'boolean') this.ascii(String(value))
    else this.ascii('null')
  }

  /** A key with its colon, and the comma before it unless it is the first. */
  key(key: string, first: boolean): void {
    if (!first) this.byte(COMMA)
    this.string(key)
    this.byte(COLON)
  }

  byte(byte: number): void {
    if (this.#position >= this.#buffer.length) this.#ensure(1)
    this.#buffer[this.#position++] = byte
  }

  /** A few characters that stand for themselves. */
  ascii(text: string): void {
    const { length } = text
    this.#ensure(length)
    const buffer = this.#buffer
    for (let index = 0; index < length; index++) buffer[this.#position++] = text.charCodeAt(index)
  }

  string(text: string): void {
    if (text.length <= LOOP_CHARS && this.#shortString(text)) return
    this.byte(QUOTE)
    for (let start = 0; start < text.length; ) start = this.stretch(text, start)
    this.byte(QUOTE)
  }

  /** Writes the next stretch of a string, without quotes, and gives the place where it ends. */
  stretch(text: string, start: number): number {
    let end = Math.min(start + STRETCH_CHARS, text.length)
    // A surrogate pair cut in two would be escaped as two lone halves.
    if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end -= 1
    const part = start === 0 && end === text.length ? text : text.slice(start, end)
    if (!this.#verbatim(part)) this.#escaped(part)
    return end
  }

  /** Text that is JSON already. */
  encoded(text: string): void {
    this.#ensure(text.length * 3)
    this.#position += this.#buffer.write(text, this.#position)
  }

  /** @returns false, with nothing written, when some character needs an escape */
  #verbatim(text: string): boolean {
    // The usual ones; the engine looks at many bytes at a time for each.
    if (text.includes('\n') || text.includes('"') || text.includes('\\')) return false
    this.#ensure(text.length * 3)
    const size = this.#buffer.write(text, this.#position)
    // UTF-8 has no lone surrogates: they are escaped. Text of as many bytes as characters has none.
    if (size !== text.length && !text.isWellFormed()) return false
    const end = this.#position + size
    if (this.#hasControl(this.#position, end)) return false
    this.#position = end
    return true
  }

  /** A text with characters that need an escape: its UTF-8 is put behind the place where it is to stand, and moved there word by word. */
  #escaped(text: string): void {
    if (!text.isWellFormed()) return this.encoded(JSON.stringify(text).slice(1, -1))
    // An escape is of two characters, or it is rare.
    this.#ensure(text.length * 6 + 4)
    const buffer = this.#buffer
    const words = this.#words
    const view = this.#view
    let to = this.#position
    let from = (to + text.length * 3 + 3) & ~3
    const end = from + buffer.write(text, from)
    while (from < end) {
      if (from + 4 <= end && (from & 3) === 0) {
        const word = words[from >> 2] ?? 0
        if (!needsEscape(word)) {
          view.setInt32(to, word, LITTLE_ENDIAN)
          to += 4
          from += 4
          continue
        }
      }
      const byte = buffer[from++] ?? 0
      const escape = ESCAPES[byte] ?? 0
      if (escape === VERBATIM) buffer[to++] = byte
      else if (escape === LONG) return this.encoded(JSON.stringify(text).slice(1, -1))
      else {
        buffer[to++] = BACKSLASH
        buffer[to++] = escape
      }
    }
    this.#position = to
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
    buffer[position++] = QUOTE
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index)
      if (code < 0x20 || code > 0x7f || code === QUOTE || code === BACKSLASH) return false
      buffer[position++] = code
    }
    buffer[position++] = QUOTE
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
    this.#view = new DataView(this.#buffer.buffer)
  }
}

function isHighSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdbff
}

export function isPlain(value: object): value is Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** An Opaque, a Truncated, an error, a RegExp, a URL: what stands for it is a plain object with a tag. */
export function tagged(value: object): Fields {
  return jsonTreeOf(value).tree as Fields
}
