export const QUOTE = 0x22
export const COMMA = 0x2c
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const CLOSE_BRACKET = 0x5d
export const LETTER_R = 0x72
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b

/** Thrown where the text is not of the form that the walk expects. */
export const OTHER_FORM: Error = new Error('not a record of the known form')

const integers = new BigInt64Array(1)
const halves = new Uint32Array(integers.buffer)

/** Walks over canonical JSON without making values of it. Text is UTF-8 read as latin1: one character a byte. */
export abstract class JsonWalk {
  protected text = ''
  protected at = 0
  protected end = 0

  /**
   * Whether a member with this key stands here, and past its colon. Two letters and the length tell all keys of a core apart
   * (a test holds the schema to that), and cost a fraction of comparing texts.
   */
  protected has(token: string): boolean {
    const text = this.text
    const at = this.at
    const end = at + token.length
    if (
      text.charCodeAt(at + 2) !== token.charCodeAt(2) ||
      text.charCodeAt(at + 3) !== token.charCodeAt(3) ||
      text.charCodeAt(end - 1) !== token.charCodeAt(token.length - 1) ||
      text.charCodeAt(end - 2) !== token.charCodeAt(token.length - 2) ||
      text.charCodeAt(at) !== COMMA
    )
      return false
    this.at = end
    return true
  }

  /** An equality of parts is many times faster than `startsWith`. */
  protected hasText(token: string): boolean {
    const end = this.at + token.length
    if (this.text.slice(this.at, end) !== token) return false
    this.at = end
    return true
  }

  protected expectText(token: string): void {
    if (!this.hasText(token)) throw OTHER_FORM
  }

  protected hasCode(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) return false
    this.at++
    return true
  }

  protected expect(token: string): void {
    if (!this.has(token)) throw OTHER_FORM
  }

  protected skipOptional(token: string): void {
    if (this.has(token)) this.skipValue()
  }

  /** Past a string, whose opening quote is here. A quote within one is always escaped. */
  protected skipString(): void {
    const text = this.text
    if (text.charCodeAt(this.at) !== QUOTE) throw OTHER_FORM
    let close = text.indexOf('"', this.at + 1)
    while (text.charCodeAt(close - 1) === BACKSLASH) {
      let first = close - 1
      while (text.charCodeAt(first - 1) === BACKSLASH) first--
      if ((close - first) % 2 === 0) break
      close = text.indexOf('"', close + 1)
    }
    if (close < 0 || close >= this.end) throw OTHER_FORM
    this.at = close + 1
  }

  protected skipValue(): void {
    const text = this.text
    const first = text.charCodeAt(this.at)
    if (first === QUOTE) return this.skipString()
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
      let at = this.at
      for (
        let code = first;
        code !== COMMA && code !== CLOSE_BRACE && code !== CLOSE_BRACKET && at < this.end;
        code = text.charCodeAt(++at)
      );
      if (at === this.at) throw OTHER_FORM
      this.at = at
      return
    }
    for (let depth = 0; this.at < this.end; ) {
      const code = text.charCodeAt(this.at)
      if (code === QUOTE) {
        this.skipString()
        continue
      }
      this.at++
      if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++
      else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return
    }
    throw OTHER_FORM
  }

  /** The rest of a string whose quote has been passed, without escapes: a word of ours. */
  protected plain(): string {
    const close = this.text.indexOf('"', this.at)
    if (close < 0 || close - this.at > 100) throw OTHER_FORM
    const text = this.text.slice(this.at, close)
    this.at = close + 1
    return text
  }

  protected digits(): string {
    const text = this.plain()
    if (text.length === 0 || text.length > 20) throw OTHER_FORM
    return text
  }

  protected count(): number {
    const from = this.at
    this.skipValue()
    const count = Number(this.text.slice(from, this.at))
    if (!Number.isSafeInteger(count) || count < 0) throw OTHER_FORM
    return count
  }

  /** Hex digits and the quote after them. */
  protected hexText(length: number): string {
    const text = this.text.slice(this.at, this.at + length)
    this.at += length
    if (!this.hasCode(QUOTE)) throw OTHER_FORM
    return text
  }

  protected hex(from: number, digits: number): number {
    let value = 0
    for (let at = from; at < from + digits; at++) {
      const digit = HEX_DIGITS[this.text.charCodeAt(at)] ?? NOT_HEX
      if (digit === NOT_HEX) throw OTHER_FORM
      value = value * 16 + digit
    }
    return value
  }

  /** 16 hex digits and the quote after them, as SQLite's signed integer. */
  protected hex16(): bigint {
    halves[HIGH] = this.hex(this.at, 8)
    halves[1 - HIGH] = this.hex(this.at + 8, 8)
    this.at += 16
    if (!this.hasCode(QUOTE)) throw OTHER_FORM
    return integers[0] ?? 0n
  }
}

const NOT_HEX = 255
const HEX_DIGITS = new Uint8Array(256).fill(NOT_HEX)
for (let digit = 0; digit < 16; digit++) HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit
/** Where the high half of a 64-bit integer stands on this machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0
