export const QUOTE = 0x22
export const COMMA = 0x2c
export const OPEN_BRACE = 0x7b
export const CLOSE_BRACE = 0x7d
export const OPEN_BRACKET = 0x5b
export const CLOSE_BRACKET = 0x5d
export const LETTER_R = 0x72
const BACKSLASH = 0x5c
const DIGIT_ZERO = 0x30
/** Setting this bit makes braces of brackets: `[` is then `{`, `]` is `}`. */
const BRACKET_BIT = 0x20

/** Thrown where the text is not of the form that the walk expects. */
export const OTHER_FORM: Error = new Error('not a record of the known form')

const integers = new BigUint64Array(1)
const signed = new BigInt64Array(integers.buffer)
const halves = new Uint32Array(integers.buffer)
const NO_BYTES = Buffer.alloc(0)
/** From here on a call of the system's comparison costs less than a loop. */
const COMPARED_MIN_BYTES = 96

/** A text to look for: its bytes, and those of a key by which it is told from all others. */
export class Token {
  readonly bytes: Uint8Array
  readonly length: number
  readonly second: number
  readonly third: number
  readonly beforeLast: number
  readonly last: number

  constructor(text: string) {
    this.bytes = new Uint8Array(Buffer.from(text, 'latin1'))
    this.length = text.length
    this.second = text.charCodeAt(2)
    this.third = text.charCodeAt(3)
    this.beforeLast = text.charCodeAt(text.length - 2)
    this.last = text.charCodeAt(text.length - 1)
  }
}

/** Walks over canonical JSON in UTF-8 without making values of it. Bytes are numbers at hand, where characters of a text are calls. */
export abstract class JsonWalk {
  protected bytes: Buffer = NO_BYTES
  protected at = 0
  protected end = 0

  /**
   * Whether a member with this key stands here, and past its colon. Two letters and the length tell all keys of a core apart
   * (a test holds the schema to that), and cost a fraction of comparing texts.
   */
  protected has(token: Token): boolean {
    const { bytes, at } = this
    const end = at + token.length
    if (
      bytes[at + 2] !== token.second ||
      bytes[at + 3] !== token.third ||
      bytes[end - 1] !== token.last ||
      bytes[end - 2] !== token.beforeLast ||
      bytes[at] !== COMMA
    )
      return false
    this.at = end
    return true
  }

  /** Whether these very bytes stand here, and past them. */
  protected hasBytes(known: Uint8Array): boolean {
    const { bytes, at } = this
    const { length } = known
    // A difference is likeliest at the end.
    if (bytes[at + length - 1] !== known[length - 1]) return false
    if (length >= COMPARED_MIN_BYTES) {
      if (at + length > this.end || bytes.compare(known, 0, length, at, at + length) !== 0) return false
    } else for (let index = 0; index < length; index++) if (bytes[at + index] !== known[index]) return false
    this.at = at + length
    return true
  }

  protected expectText(token: Token): void {
    if (!this.hasBytes(token.bytes)) throw OTHER_FORM
  }

  protected hasCode(code: number): boolean {
    if (this.bytes[this.at] !== code) return false
    this.at++
    return true
  }

  protected expect(token: Token): void {
    if (!this.has(token)) throw OTHER_FORM
  }

  protected skipOptional(token: Token): void {
    if (this.has(token)) this.skipValue()
  }

  /** Past a string, whose opening quote is here. A quote within one is always escaped. */
  protected skipString(): void {
    if (this.bytes[this.at] !== QUOTE) throw OTHER_FORM
    this.at = this.#closing(this.at + 1) + 1
  }

  /** Where the quote stands that ends a string, of which a part has been passed. */
  #closing(from: number): number {
    const { bytes, end } = this
    for (let at = from; at < end; at++) {
      const code = bytes[at]
      if (code === QUOTE) return at
      if (code === BACKSLASH) at++
    }
    throw OTHER_FORM
  }

  protected skipValue(): void {
    const { bytes, end } = this
    let at = this.at
    const first = bytes[at] ?? 0
    if (first === QUOTE) {
      this.at = this.#closing(at + 1) + 1
      return
    }
    if ((first | BRACKET_BIT) !== OPEN_BRACE) {
      for (let code = first; code !== COMMA && (code | BRACKET_BIT) !== CLOSE_BRACE && at < end; code = bytes[++at] ?? 0);
      if (at === this.at) throw OTHER_FORM
      this.at = at
      return
    }
    this.at = at + 1
    this.skipMembers()
  }

  /** Past the rest of an object or array, of which a part has been passed. */
  protected skipMembers(): void {
    const { bytes, end } = this
    let at = this.at
    for (let depth = 1; at < end; ) {
      const code = bytes[at++] ?? 0
      if (code === QUOTE) at = this.#closing(at) + 1
      else if ((code | BRACKET_BIT) === OPEN_BRACE) depth++
      else if ((code | BRACKET_BIT) === CLOSE_BRACE && --depth === 0) {
        this.at = at
        return
      }
    }
    throw OTHER_FORM
  }

  /** Past the rest of a string whose quote has been passed: a word of ours, without escapes. Returns where it began. */
  protected skipPlain(): number {
    const from = this.at
    this.at = this.#closing(from) + 1
    return from
  }

  /** Decimal digits and the quote after them, as an unsigned 64-bit integer. */
  protected digits(): bigint {
    const { bytes } = this
    const from = this.at
    let at = from
    // Two parts that doubles hold exactly: what stands before the last nine digits, and those.
    let length = 0
    while (length <= NANOS_DIGITS && isDigit(bytes[at + length])) length++
    if (length === 0 || length > NANOS_DIGITS || bytes[at + length] !== QUOTE) throw OTHER_FORM
    let billions = 0
    for (const stop = from + length - 9; at < stop; at++) billions = billions * 10 + (bytes[at] ?? 0) - DIGIT_ZERO
    let rest = 0
    for (const stop = from + length; at < stop; at++) rest = rest * 10 + (bytes[at] ?? 0) - DIGIT_ZERO
    this.at = at + 1
    // billions < 2^37: its upper part times 10^9 is below 2^51. Without `%`, which costs a call where numbers are this large.
    const billionsHigh = Math.floor(billions / 0x10000)
    const upper = billionsHigh * 1e9
    const upperHigh = Math.floor(upper / 0x10000)
    const lower = (upper - upperHigh * 0x10000) * 0x10000 + (billions - billionsHigh * 0x10000) * 1e9 + rest
    const carry = Math.floor(lower / 0x1_0000_0000)
    const high = upperHigh + carry
    if (high > 0xffff_ffff) throw OTHER_FORM
    halves[HIGH] = high
    halves[1 - HIGH] = lower - carry * 0x1_0000_0000
    return integers[0] ?? 0n
  }

  protected count(): number {
    const { bytes } = this
    const from = this.at
    let at = from
    let value = 0
    for (let code = bytes[at]; isDigit(code); code = bytes[++at]) value = value * 10 + (code ?? 0) - DIGIT_ZERO
    if (at === from || at - from > SAFE_DIGITS) throw OTHER_FORM
    this.at = at
    return value
  }

  /** Past hex digits and the quote after them. Returns where they began. */
  protected skipHex(length: number): number {
    const from = this.at
    this.at += length
    if (!this.hasCode(QUOTE)) throw OTHER_FORM
    return from
  }

  protected hex(from: number, digits: number): number {
    const { bytes } = this
    let value = 0
    for (let at = from; at < from + digits; at++) {
      const digit = HEX_DIGITS[bytes[at] ?? 0] ?? NOT_HEX
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
    return signed[0] ?? 0n
  }
}

function isDigit(code: number | undefined): boolean {
  return code !== undefined && code >= DIGIT_ZERO && code <= DIGIT_ZERO + 9
}

/** Of 2^64. */
const NANOS_DIGITS = 20
/** So many digits are always below 2^53. */
const SAFE_DIGITS = 15
const NOT_HEX = 255
const HEX_DIGITS = new Uint8Array(256).fill(NOT_HEX)
for (let digit = 0; digit < 16; digit++) HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit
/** Where the high half of a 64-bit integer stands on this machine. */
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0
const POINT = 0x2e
const POWERS: readonly number[] = Array.from({ length: SAFE_DIGITS + 1 }, (_, power) => 10 ** power)

/**
 * A plain decimal number of few digits. An integer below 2^53 divided by a power of ten that a double holds exactly is the
 * double nearest to it (Clinger, 1990), which is also what JSON.parse gives.
 */
export function decimalOf(bytes: Uint8Array, from: number, to: number): number | undefined {
  if (to - from > SAFE_DIGITS) return undefined
  let value = 0
  let point = -1
  for (let at = from; at < to; at++) {
    const code = bytes[at] ?? 0
    if (isDigit(code)) value = value * 10 + code - DIGIT_ZERO
    else if (code === POINT && point < 0 && at > from && at + 1 < to) point = at
    else return undefined
  }
  return point < 0 ? value : value / (POWERS[to - point - 1] ?? 1)
}
