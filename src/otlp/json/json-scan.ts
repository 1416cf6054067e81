const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** A double holds integers of up to 15 digits exactly, whatever they are. */
const SAFE_DIGITS = 15

export interface JsonScan {
  /** Deepest nesting of arrays and objects. */
  readonly depth: number
  /** Arrays, objects and commas: at least the number of values that a parser would build, up to two. */
  readonly values: number
  /** True when a number has more digits than a double surely holds. */
  readonly longNumbers: boolean
}

export interface JsonBounds {
  readonly maxDepth: number
  readonly maxValues: number
}

/**
 * Looks over JSON bytes before anything is built from them; stops at the first bound that is passed. Does not check
 * the syntax: JSON.parse does.
 */
export function scanJson(bytes: Uint8Array, bounds: JsonBounds): JsonScan {
  const length = bytes.length
  let depth = 0
  let deepest = 0
  let values = 0
  let digits = 0
  let longNumbers = false
  for (let at = 0; at < length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === QUOTE) {
      digits = 0
      at = endOfString(bytes, at)
      continue
    }
    if (byte >= 0x30 && byte <= 0x39) {
      if (++digits > SAFE_DIGITS) longNumbers = true
      continue
    }
    digits = 0
    if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      values++
      if (++depth > deepest) deepest = depth
      if (deepest > bounds.maxDepth || values > bounds.maxValues) break
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
    else if (byte === COMMA && ++values > bounds.maxValues) break
  }
  return { depth: deepest, values, longNumbers }
}

/** Offset of the quote that closes the string opened at `at`; the length where none does. */
function endOfString(bytes: Uint8Array, at: number): number {
  const length = bytes.length
  let next = at + 1
  while (next < length) {
    const byte = bytes[next]
    if (byte === QUOTE) return next
    next += byte === BACKSLASH ? 2 : 1
  }
  return length
}

/**
 * Position (in UTF-16 units) at which a text stops being JSON (RFC 8259); -1 where it is JSON. Used once JSON.parse has
 * refused a text, because its own message quotes the content and often has no position.
 */
export function locateJsonFault(text: string): number {
  return new FaultFinder(text).find()
}

/** Walks the text with an explicit stack; no regular expression, whose backtracking a long token could exhaust. */
class FaultFinder {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  find(): number {
    const open: ('[' | '{')[] = []
    // Each turn reads one value, then whatever closes or follows it.
    for (;;) {
      this.#space()
      const first = this.#text[this.#at]
      if (first === '[' || first === '{') {
        this.#at++
        this.#space()
        if (this.#text[this.#at] !== (first === '[' ? ']' : '}')) {
          open.push(first)
          if (first === '{' && !this.#key()) return this.#at
          continue
        }
        this.#at++
      } else if (!this.#scalar(first)) return this.#at
      for (;;) {
        this.#space()
        const inside = open.at(-1)
        if (inside === undefined) return this.#at === this.#text.length ? -1 : this.#at
        const next = this.#text[this.#at]
        if (next === ',') break
        if (next !== (inside === '[' ? ']' : '}')) return this.#at
        open.pop()
        this.#at++
      }
      this.#at++
      if (open.at(-1) === '{' && !this.#key()) return this.#at
    }
  }

  #space(): void {
    while (' \t\n\r'.includes(this.#text[this.#at] ?? 'end')) this.#at++
  }

  #key(): boolean {
    this.#space()
    if (!this.#string()) return false
    this.#space()
    if (this.#text[this.#at] !== ':') return false
    this.#at++
    return true
  }

  #scalar(first: string | undefined): boolean {
    if (first === '"') return this.#string()
    for (const literal of ['true', 'false', 'null']) {
      if (this.#text.startsWith(literal, this.#at)) {
        this.#at += literal.length
        return true
      }
    }
    return this.#number()
  }

  #string(): boolean {
    if (this.#text[this.#at] !== '"') return false
    this.#at++
    for (; this.#at < this.#text.length; this.#at++) {
      const unit = this.#text.charCodeAt(this.#at)
      if (unit === QUOTE) {
        this.#at++
        return true
      }
      if (unit < 0x20) return false
      if (unit === BACKSLASH) {
        const escaped = this.#text[this.#at + 1] ?? ''
        if (escaped === 'u' && /^[0-9a-fA-F]{4}$/.test(this.#text.slice(this.#at + 2, this.#at + 6))) this.#at += 5
        else if (escaped !== '' && '"\\/bfnrt'.includes(escaped)) this.#at++
        else return false
      }
    }
    return false
  }

  #number(): boolean {
    if (this.#text[this.#at] === '-') this.#at++
    if (this.#text[this.#at] === '0') this.#at++
    else if (!this.#digits()) return false
    if (this.#text[this.#at] === '.') {
      this.#at++
      if (!this.#digits()) return false
    }
    if (this.#text[this.#at] !== 'e' && this.#text[this.#at] !== 'E') return true
    this.#at++
    if (this.#text[this.#at] === '+' || this.#text[this.#at] === '-') this.#at++
    return this.#digits()
  }

  #digits(): boolean {
    const start = this.#at
    for (let unit = this.#text.charCodeAt(this.#at); unit >= 0x30 && unit <= 0x39; unit = this.#text.charCodeAt(this.#at)) this.#at++
    return this.#at > start
  }
}
