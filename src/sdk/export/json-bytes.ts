import { jsonTreeOf } from '../../schemas/index.ts'
import { hasEnumerable } from '../calls/own-keys.ts'
import { CLOSE, OPEN_ARRAY, OPEN_OBJECT, type Tokens } from '../snapshot/flat.ts'
import { ESCAPE_SLACK_BYTES, type JsonMemory, openJsonMemory } from './json-memory.ts'

/** Memory that grew beyond this is not kept for the next payload. */
const KEEP_BYTES = 8 * 1024 * 1024
/** Characters of a string that are written at once. */
const STRETCH_CHARS = 16 * 1024
/** Below this many characters a loop beats the calls into the engine. */
const LOOP_CHARS = 32
/** UTF-8 takes up to three bytes a character, an escape up to six for one. */
const MAX_BYTES_PER_CHAR = 6
const TAG = '$reprise'
/** How an object with a `$reprise` key of the user's own begins: it is put into a tagged one. */
export const OPEN_ESCAPED: string = `{"${TAG}":"object","value":{`
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const ARRAY_START = 0x5b
const ARRAY_END = 0x5d
const OBJECT_START = 0x7b
const OBJECT_END = 0x7d

export type Fields = Readonly<Record<string, unknown>>

/**
 * Writes JSON as UTF-8 straight into bytes: the text that `JSON.stringify` gives. A string that needs no escape is copied as
 * it is, many bytes at a time, and never becomes a second string.
 */
export class JsonBytes {
  #memory: JsonMemory
  #buffer: Buffer
  #position: number
  /** Whether a plain object has keys that are not its own: somebody put some on `Object.prototype`. */
  #inherits = false

  /** @param memory other than the fastest there is: for tests */
  constructor(memory: JsonMemory = openJsonMemory()) {
    this.#memory = memory
    this.#buffer = memory.bytes
    this.#position = memory.start
  }

  get position(): number {
    return this.#position
  }

  /** What was written between two positions. A view: valid until more is written. */
  between(start: number, end: number): Uint8Array {
    return this.#buffer.subarray(start, end)
  }

  /** Forgets everything written. */
  reset(): void {
    if (this.#buffer.length > KEEP_BYTES) {
      this.#memory = openJsonMemory()
      this.#buffer = this.#memory.bytes
    }
    this.#position = this.#memory.start
    this.#inherits = hasEnumerable(Object.prototype)
  }

  /**
   * A whole value. For values of bounded depth that JSON holds: a snapshot.
   * @param plain whether nothing in it needs a tag
   */
  value(value: unknown, plain = false): void {
    if (typeof value === 'string') this.string(value)
    else if (typeof value !== 'object' || value === null) this.#leaf(value)
    else if (Array.isArray(value)) {
      this.byte(ARRAY_START)
      const { length } = value
      for (let index = 0; index < length; index++) {
        if (index > 0) this.byte(COMMA)
        this.value(value[index], plain)
      }
      this.byte(ARRAY_END)
    } else if (plain) {
      this.byte(OBJECT_START)
      this.#fields(value as Fields, true)
    } else this.#tagging(value)
  }

  /**
   * A whole value, or values with a comma between two, given as tokens.
   * @param sizeBytes as its snapshot has it: no text is longer
   */
  tokens(tokens: Tokens, sizeBytes: number): void {
    // Room for all of it, so that nothing below has to look: what is neither text nor key takes fewer than six times what it counts.
    this.#ensure(sizeBytes * MAX_BYTES_PER_CHAR + ESCAPE_SLACK_BYTES)
    const buffer = this.#buffer
    // One bit a container that is open, the innermost last: whether it is an object.
    let open = 0
    let first = true
    let key = false
    for (let index = 0; index < tokens.length; index++) {
      const token = tokens[index]
      const inObject = (open & 1) === 1
      // Texts apart: compared with what is none, they would be compared as texts.
      if (typeof token !== 'string' && token === CLOSE) {
        buffer[this.#position++] = inObject ? OBJECT_END : ARRAY_END
        open >>>= 1
        first = false
        key = (open & 1) === 1
        continue
      }
      if (!first && (key || !inObject)) buffer[this.#position++] = COMMA
      first = false
      if (typeof token === 'string') {
        if (token.length > LOOP_CHARS || !this.#shortString(token)) this.#longString(token)
        if (key) buffer[this.#position++] = COLON
        key = inObject && !key
      } else if (token === OPEN_OBJECT || token === OPEN_ARRAY) {
        first = true
        key = token === OPEN_OBJECT
        buffer[this.#position++] = key ? OBJECT_START : ARRAY_START
        open = (open << 1) | (key ? 1 : 0)
      } else {
        this.#leaf(token)
        key = inObject
      }
    }
  }

  #tagging(value: object): void {
    const own = isPlain(value)
    const fields = own ? value : tagged(value)
    const escape = own && Object.hasOwn(fields, TAG)
    if (escape) this.ascii(OPEN_ESCAPED)
    else this.byte(OBJECT_START)
    // What the codec tagged is tagged all the way down: an error's cause too.
    this.#fields(fields, !own)
    if (escape) this.byte(OBJECT_END)
  }

  #fields(fields: Fields, plain: boolean): void {
    let first = true
    for (const key in fields) {
      if (this.#inherits && !Object.hasOwn(fields, key)) continue
      this.key(key, first)
      first = false
      this.value(fields[key], plain)
    }
    this.byte(OBJECT_END)
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
    this.#ensure(LOOP_CHARS + 2)
    if (text.length > LOOP_CHARS || !this.#shortString(text)) this.#longString(text)
  }

  #longString(text: string): void {
    this.byte(QUOTE)
    for (let start = 0; start < text.length; ) start = this.stretch(text, start)
    this.byte(QUOTE)
  }

  /** Writes the next stretch of a text as it is, lone surrogates replaced, and gives the place where it ends. */
  unquoted(text: string, start: number): number {
    const end = endOfStretch(text, start)
    this.encoded(text.slice(start, end))
    return end
  }

  /** Writes the next stretch of a string, without quotes, and gives the place where it ends. */
  stretch(text: string, start: number): number {
    const end = endOfStretch(text, start)
    this.#text(start === 0 && end === text.length ? text : text.slice(start, end))
    return end
  }

  /** Text that is JSON already. */
  encoded(text: string): void {
    this.#ensure(text.length * 3)
    this.#position += this.#buffer.write(text, this.#position)
  }

  /** A text without its quotes. */
  #text(text: string): void {
    this.#ensure(text.length * MAX_BYTES_PER_CHAR + ESCAPE_SLACK_BYTES)
    const start = this.#position
    const end = start + this.#buffer.write(text, start)
    // As many bytes as characters: all of it is ASCII. UTF-8 has no lone surrogates: they are escaped.
    if (end - start !== text.length && !text.isWellFormed()) this.encoded(JSON.stringify(text).slice(1, -1))
    else this.#position = this.#memory.escape(start, end)
  }

  /** Into room that is there. @returns false, with nothing written, when a character needs more than itself */
  #shortString(text: string): boolean {
    const { length } = text
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
    this.#memory.grow(Math.max(this.#buffer.length * 2, needed))
    this.#buffer = this.#memory.bytes
  }
}

function endOfStretch(text: string, start: number): number {
  const end = Math.min(start + STRETCH_CHARS, text.length)
  // A surrogate pair cut in two would be two lone halves.
  const last = text.charCodeAt(end - 1)
  return end < text.length && last >= 0xd800 && last <= 0xdbff ? end - 1 : end
}

export function isPlain(value: object): value is Fields {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** An Opaque, a Truncated, an error, a RegExp, a URL: what stands for it is a plain object with a tag. */
export function tagged(value: object): Fields {
  return jsonTreeOf(value).tree as Fields
}
