import { parseJson } from '../parse-json.ts'
import { TAG } from './value-tags.ts'

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
/** What follows the backslash in `\"`, `\\`, `\b`, `\f`, `\n`, `\r` and `\t`: the escapes that are canonical (RFC 8785, section 3.2.2.2). */
const SHORT_ESCAPES: ReadonlySet<number> = new Set([0x22, 0x5c, 0x62, 0x66, 0x6e, 0x72, 0x74])
const MAX_DEPTH = 100

/**
 * What `canonicalValue` gives of the value that stands as this JSON, had from the text alone: members are moved, and no string is
 * decoded and written anew. It can be had so of nearly all that JSON.stringify writes. Undefined for the rest (spaces, escapes by
 * number, numbers that are written otherwise, tagged values, a key twice, deep nesting), and for what is no JSON.
 */
export function canonicalTextOf(json: string): string | undefined {
  if (!json.isWellFormed()) return undefined
  try {
    // Whether it is JSON: the engine knows fastest, and what is below need not ask.
    parseJson(json)
  } catch {
    return undefined
  }
  return new MemberSorter(json).sorted()
}

interface Member {
  readonly key: string
  readonly keyAt: number
  readonly end: number
  /** The value; undefined where it stands in the text as it should. */
  readonly text: string | undefined
  readonly valueAt: number
}

/** Reads a text that is known to be JSON, once, from left to right. */
class MemberSorter {
  readonly #json: string
  #at = 0
  /** The next backslash from `#at`; -1 where none comes any more. */
  #escape: number
  #isUnsuited = false

  constructor(json: string) {
    this.#json = json
    this.#escape = json.indexOf('\\')
  }

  sorted(): string | undefined {
    const text = this.#value(0)
    return this.#isUnsuited || this.#at !== this.#json.length ? undefined : (text ?? this.#json)
  }

  /** Goes past the value at `#at`. Gives its canonical text; undefined where that is what stands there. */
  #value(depth: number): string | undefined {
    if (depth > MAX_DEPTH) return this.#unsuited()
    switch (this.#json.charCodeAt(this.#at)) {
      case QUOTE:
        return this.#string()
      case OPEN_BRACE:
        return this.#object(depth)
      case OPEN_BRACKET:
        return this.#array(depth)
      default:
        return this.#literal()
    }
  }

  #unsuited(): undefined {
    this.#isUnsuited = true
    return undefined
  }

  #string(): undefined {
    const json = this.#json
    let end = json.indexOf('"', this.#at + 1)
    while (this.#escape >= 0 && this.#escape < end) {
      const after = this.#escape + 2
      if (!SHORT_ESCAPES.has(json.charCodeAt(after - 1))) return this.#unsuited()
      if (end < after) end = json.indexOf('"', after)
      this.#escape = json.indexOf('\\', after)
    }
    this.#at = end + 1
  }

  /** A number, true, false or null. */
  #literal(): undefined {
    const json = this.#json
    const start = this.#at
    while (this.#at < json.length && !endsLiteral(json.charCodeAt(this.#at))) this.#at++
    const text = json.slice(start, this.#at)
    if (text !== 'true' && text !== 'false' && text !== 'null' && String(Number(text)) !== text) return this.#unsuited()
  }

  #array(depth: number): string | undefined {
    const json = this.#json
    let done = this.#at
    let sorted: string | undefined
    this.#at++
    if (json.charCodeAt(this.#at) !== CLOSE_BRACKET) {
      for (;;) {
        const from = this.#at
        const text = this.#value(depth + 1)
        if (this.#isUnsuited) return undefined
        if (text !== undefined) {
          sorted = (sorted ?? '') + json.slice(done, from) + text
          done = this.#at
        }
        const next = json.charCodeAt(this.#at)
        if (next === CLOSE_BRACKET) break
        if (next !== COMMA) return this.#unsuited()
        this.#at++
      }
    }
    this.#at++
    return sorted === undefined ? undefined : sorted + json.slice(done, this.#at)
  }

  #object(depth: number): string | undefined {
    const json = this.#json
    const members: Member[] = []
    let stands = true
    this.#at++
    if (json.charCodeAt(this.#at) === CLOSE_BRACE) {
      this.#at++
      return undefined
    }
    for (;;) {
      const member = this.#member(depth)
      if (member === undefined) return undefined
      // The default order of strings is that of UTF-16 code units, which section 3.2.3 asks for.
      stands &&= member.text === undefined && !(members.length > 0 && members[members.length - 1]!.key >= member.key)
      members.push(member)
      const next = json.charCodeAt(this.#at)
      if (next === CLOSE_BRACE) break
      if (next !== COMMA) return this.#unsuited()
      this.#at++
    }
    this.#at++
    return stands ? undefined : this.#inOrder(members)
  }

  #member(depth: number): Member | undefined {
    const json = this.#json
    const keyAt = this.#at
    if (json.charCodeAt(keyAt) !== QUOTE) return this.#unsuited()
    const keyEnd = json.indexOf('"', keyAt + 1)
    const key = json.slice(keyAt + 1, keyEnd)
    if ((this.#escape >= 0 && this.#escape < keyEnd) || json.charCodeAt(keyEnd + 1) !== COLON || key === TAG) return this.#unsuited()
    const valueAt = keyEnd + 2
    this.#at = valueAt
    const text = this.#value(depth + 1)
    return this.#isUnsuited ? undefined : { key, keyAt, end: this.#at, text, valueAt }
  }

  #inOrder(members: Member[]): string | undefined {
    members.sort(byKey)
    let sorted = ''
    for (const [index, { key, keyAt, end, text, valueAt }] of members.entries()) {
      if (members[index + 1]?.key === key) return this.#unsuited()
      sorted += index === 0 ? '{' : ','
      sorted += text === undefined ? this.#json.slice(keyAt, end) : this.#json.slice(keyAt, valueAt) + text
    }
    return `${sorted}}`
  }
}

function byKey(left: Member, right: Member): number {
  return left.key < right.key ? -1 : left.key > right.key ? 1 : 0
}

/** A space, too, which stands nowhere in what JSON.stringify writes without being asked. */
function endsLiteral(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET || code <= 0x20
}
