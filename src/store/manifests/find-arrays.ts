/** One element of an array: a range of the text, and the arrays worth splitting that lie in it. */
export interface ElementRange {
  readonly start: number
  readonly end: number
  readonly arrays: readonly ArrayRange[]
}

/** An array of objects or strings that is worth splitting. Between two elements lies whatever separates them. */
export interface ArrayRange {
  readonly elements: readonly ElementRange[]
}

/** Containers nested deeper are not looked into. */
const MAX_DEPTH = 10
const MIN_ELEMENTS = 2
const MIN_ARRAY_BYTES = 1024
/** Elements noted in one text; a text with more is kept whole. */
const MAX_ELEMENTS = 65_536

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

class NotJson extends Error {}

/**
 * Finds long arrays of messages or documents in a JSON text by walking its brackets, without parsing it. A text that is
 * not JSON gives none, or ranges that hold all the same: nothing here depends on what the bytes mean.
 */
export function findArrays(text: Buffer): readonly ArrayRange[] {
  const finder = new Finder(text)
  try {
    const found: ArrayRange[] = []
    finder.value(finder.skipSpace(0), 0, found)
    return found
  } catch (error) {
    if (error instanceof NotJson) return []
    throw error
  }
}

class Finder {
  readonly #text: Buffer
  #elements = 0

  constructor(text: Buffer) {
    this.#text = text
  }

  skipSpace(from: number): number {
    const text = this.#text
    let at = from
    for (;;) {
      const byte = text[at]
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at
      at++
    }
  }

  /** The position after the value at `at`; arrays worth splitting are added to `found`. */
  value(at: number, depth: number, found: ArrayRange[]): number {
    switch (this.#text[at]) {
      case QUOTE:
        return this.#skipString(at)
      case OPEN_OBJECT:
        return depth < MAX_DEPTH ? this.#object(at, depth, found) : this.#skipContainer(at)
      case OPEN_ARRAY:
        return depth < MAX_DEPTH ? this.#array(at, depth, found) : this.#skipContainer(at)
      default:
        return this.#skipScalar(at)
    }
  }

  #object(open: number, depth: number, found: ArrayRange[]): number {
    const text = this.#text
    let at = this.skipSpace(open + 1)
    if (text[at] === CLOSE_OBJECT) return at + 1
    for (;;) {
      if (text[at] !== QUOTE) throw new NotJson()
      at = this.skipSpace(this.#skipString(at))
      if (text[at] !== COLON) throw new NotJson()
      at = this.skipSpace(this.value(this.skipSpace(at + 1), depth + 1, found))
      if (text[at] === CLOSE_OBJECT) return at + 1
      if (text[at] !== COMMA) throw new NotJson()
      at = this.skipSpace(at + 1)
    }
  }

  #array(open: number, depth: number, found: ArrayRange[]): number {
    const text = this.#text
    let at = this.skipSpace(open + 1)
    if (text[at] === CLOSE_ARRAY) return at + 1
    const first = at
    const elements: ElementRange[] = []
    let splittable = true
    for (;;) {
      const start = at
      const kind = text[start]
      const arrays: ArrayRange[] = []
      const end = this.value(start, depth + 1, arrays)
      if (kind !== OPEN_OBJECT && kind !== QUOTE) splittable = false
      // Vectors of numbers are long; noting every number would cost more than they do.
      if (kind === OPEN_OBJECT || kind === QUOTE || arrays.length > 0) {
        if (++this.#elements > MAX_ELEMENTS) throw new NotJson()
        elements.push({ start, end, arrays })
      }
      at = this.skipSpace(end)
      if (text[at] === CLOSE_ARRAY) {
        if (splittable && elements.length >= MIN_ELEMENTS && end - first >= MIN_ARRAY_BYTES) found.push({ elements })
        else for (const element of elements) found.push(...element.arrays)
        return at + 1
      }
      if (text[at] !== COMMA) throw new NotJson()
      at = this.skipSpace(at + 1)
    }
  }

  #skipString(open: number): number {
    const text = this.#text
    const length = text.length
    let at = open + 1
    for (;;) {
      // A loop while escapes are near, a native search over plain stretches.
      let escaped = false
      for (const near = Math.min(at + 32, length); at < near; at++) {
        const byte = text[at]
        if (byte === QUOTE) return at + 1
        if (byte !== BACKSLASH) continue
        escaped = true
        at++
      }
      if (escaped) continue
      const quote = text.indexOf(QUOTE, at)
      if (quote === -1) throw new NotJson()
      let slashes = quote
      while (slashes > at && text[slashes - 1] === BACKSLASH) slashes--
      if ((quote - slashes) % 2 === 0) return quote + 1
      at = quote + 1
    }
  }

  #skipScalar(start: number): number {
    const text = this.#text
    let at = start
    for (; at < text.length; at++) {
      const byte = text[at]
      if (
        byte === COMMA ||
        byte === CLOSE_ARRAY ||
        byte === CLOSE_OBJECT ||
        byte === 0x20 ||
        byte === 0x0a ||
        byte === 0x0d ||
        byte === 0x09
      )
        break
      if (byte === QUOTE || byte === OPEN_ARRAY || byte === OPEN_OBJECT || byte === COLON) throw new NotJson()
    }
    if (at === start) throw new NotJson()
    return at
  }

  #skipContainer(open: number): number {
    const text = this.#text
    let nesting = 0
    for (let at = open; at < text.length; at++) {
      const byte = text[at]
      if (byte === QUOTE) at = this.#skipString(at) - 1
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) nesting++
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
        nesting--
        if (nesting === 0) return at + 1
      }
    }
    throw new NotJson()
  }
}
