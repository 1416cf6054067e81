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

/**
 * Sets the high bit of each of four bytes that is a quote, a backslash or a control character, and now and then that of the
 * byte above one ("Determine if a word has a byte less than n": Anderson, Bit Twiddling Hacks). With bit 1 turned round a quote
 * stands right above the control characters, and nothing else does.
 */
function mark(word: number): number {
  const turned = word ^ 0x02020202
  const backslash = word ^ 0x5c5c5c5c
  return ((turned - 0x21212121) & ~turned) | ((backslash - 0x01010101) & ~backslash)
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

  /**
   * A whole value. For values of bounded depth that JSON holds: a snapshot.
   * @param plain whether nothing in it needs a tag
   */
  value(value: unknown, plain = false): void {
    if (typeof value === 'string') this.string(value)
    else if (typeof value !== 'object' || value === null) this.#leaf(value)
    else if (Array.isArray(value)) {
      this.byte(OPEN_ARRAY)
      const { length } = value
      for (let index = 0; index < length; index++) {
        if (index > 0) this.byte(COMMA)
        this.value(value[index], plain)
      }
      this.byte(CLOSE_ARRAY)
    } else if (plain) {
      this.byte(OPEN_OBJECT)
      this.#fields(value as Fields, true)
    } else this.#tagging(value)
  }

  #tagging(value: object): void {
    const fields = isPlain(value) ? value : tagged(value)
    const escape = fields === value && Object.hasOwn(fields, TAG)
    if (escape) this.ascii(OPEN_ESCAPED)
    else this.byte(OPEN_OBJECT)
    this.#fields(fields, false)
    if (escape) this.byte(CLOSE_OBJECT)
  }

  #fields(fields: Fields, plain: boolean): void {
    const keys = Object.keys(fields)
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] ?? ''
      this.key(key, index === 0)
      this.value(fields[key], plain)
    }
    this.byte(CLOSE_OBJECT)
  }

  #leaf(value: unknown): void {
    this.ascii(typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'null')
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
    this.#text(start === 0 && end === text.length ? text : text.slice(start, end))
    return end
  }

  /** Text that is JSON already. */
  encoded(text: string): void {
    this.#ensure(text.length * 3)
    this.#position += this.#buffer.write(text, this.#position)
  }

  /** A text without its quotes: written as it is, and gone over again from the first character that needs an escape. */
  #text(text: string): void {
    // UTF-8 takes up to three bytes a character, an escape two for one.
    this.#ensure(text.length * 6 + 8)
    const start = this.#position
    const end = start + this.#buffer.write(text, start)
    let found: number
    if (end - start === text.length) {
      // As many bytes as characters: all of it is ASCII, and the engine looks for the usual ones many bytes at a time.
      const clean = !text.includes('\n') && !text.includes('"') && !text.includes('\\') && this.#noControl(start, end)
      found = clean ? -1 : this.#findEscape(start, end)
    } else if (text.isWellFormed()) found = this.#findEscape(start, end)
    // UTF-8 has no lone surrogates: they are escaped.
    else return this.encoded(JSON.stringify(text).slice(1, -1))
    if (found < 0) this.#position = end
    else if (!this.#escape(found, end)) this.encoded(JSON.stringify(text).slice(1, -1))
  }

  /** Whether ASCII bytes hold no control character; what it says of other bytes means nothing. */
  #noControl(start: number, end: number): boolean {
    const buffer = this.#buffer
    const words = this.#words
    // With 0x60 added the high bit of a byte is set from 0x20 on, and nothing is carried into the byte above.
    let all = -1
    let at = start
    for (; at < end && (at & 3) !== 0; at++) all &= ((buffer[at] ?? 0) + 0x60) | ~0x80
    for (; at + 32 <= end; at += 32) {
      const word = at >> 2
      all &= (words[word] ?? 0) + 0x60606060
      all &= (words[word + 1] ?? 0) + 0x60606060
      all &= (words[word + 2] ?? 0) + 0x60606060
      all &= (words[word + 3] ?? 0) + 0x60606060
      all &= (words[word + 4] ?? 0) + 0x60606060
      all &= (words[word + 5] ?? 0) + 0x60606060
      all &= (words[word + 6] ?? 0) + 0x60606060
      all &= (words[word + 7] ?? 0) + 0x60606060
    }
    for (; at < end; at++) all &= ((buffer[at] ?? 0) + 0x60) | ~0x80
    return (all & 0x80808080) === (0x80808080 | 0)
  }

  /** Where the first byte that needs an escape stands, or a few before it; -1 where there is none. */
  #findEscape(start: number, end: number): number {
    const buffer = this.#buffer
    const words = this.#words
    let at = start
    for (; at < end && (at & 3) !== 0; at++) if (ESCAPES[buffer[at] ?? 0] !== VERBATIM) return at
    for (; at + 16 <= end; at += 16) {
      const word = at >> 2
      const found = mark(words[word] ?? 0) | mark(words[word + 1] ?? 0) | mark(words[word + 2] ?? 0) | mark(words[word + 3] ?? 0)
      if ((found & 0x80808080) !== 0) return at
    }
    for (; at < end; at++) if (ESCAPES[buffer[at] ?? 0] !== VERBATIM) return at
    return -1
  }

  /**
   * Escapes what stands between two places: moved out of the way and copied back word by word.
   * @returns false, with nothing kept, for a control character without an escape of two characters
   */
  #escape(start: number, end: number): boolean {
    const buffer = this.#buffer
    const words = this.#words
    const view = this.#view
    let to = start
    let from = (end + 3) & ~3
    const last = from + end - start
    buffer.copyWithin(from, start, end)
    while (from < last) {
      if (from + 4 <= last && (from & 3) === 0) {
        const word = words[from >> 2] ?? 0
        if ((mark(word) & 0x80808080) === 0) {
          view.setInt32(to, word, LITTLE_ENDIAN)
          to += 4
          from += 4
          continue
        }
      }
      const byte = buffer[from++] ?? 0
      const escape = ESCAPES[byte] ?? 0
      if (escape === VERBATIM) buffer[to++] = byte
      else if (escape === LONG) return false
      else {
        buffer[to++] = BACKSLASH
        buffer[to++] = escape
      }
    }
    this.#position = to
    return true
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
