const COLON = 0x3a
const BACKSLASH = 0x5c

/** What a number becomes, given its text. */
export type ReadNumber = (source: string) => unknown

/**
 * What `JSON.parse` should give. V8 13.6 (Node 24) takes a key that is written with an escape for another one: after
 * `{"\\":1}` it reads `{"\n":1}` as `{"\\":1}`, since it compares the key that it has come to expect with the text of the
 * escape. Texts with such a key are read here instead; all others, nearly all there are, by the engine.
 * @param readNumber is asked for each number, where it is given
 * @throws SyntaxError as `JSON.parse` throws it
 */
export function parseJson(text: string, readNumber?: ReadNumber): unknown {
  if (!hasEscapedKey(text)) return readNumber === undefined ? JSON.parse(text) : JSON.parse(text, numbersBy(readNumber))
  // The engine says where it is no JSON; what passes needs no further look.
  JSON.parse(text)
  return new EscapedKeyReader(text, readNumber ?? Number).read()
}

function numbersBy(readNumber: ReadNumber) {
  return (_key: string, value: unknown, context?: { readonly source?: string }): unknown =>
    typeof value === 'number' && context?.source !== undefined ? readNumber(context.source) : value
}

/** Whether the JSON may have a key in which something is escaped. Linear, and most texts are not even walked. */
function hasEscapedKey(text: string): boolean {
  let at = text.indexOf('\\')
  while (at >= 0) {
    const end = endOfString(text, at)
    if (end < 0) return false
    if (text.charCodeAt(skipSpace(text, end + 1)) === COLON) return true
    at = text.indexOf('\\', end + 1)
  }
  return false
}

/** The quote that closes the string in which `from` stands, at its start or at an escape; -1 where none does. */
function endOfString(text: string, from: number): number {
  let end = text.indexOf('"', from)
  while (end >= 0) {
    let first = end
    while (first > from && text.charCodeAt(first - 1) === BACKSLASH) first--
    if ((end - first) % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return -1
}

function skipSpace(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; code = text.charCodeAt(at)) at++
  return at
}

/** Reads a text that is known to be JSON. The open containers are kept in a list: a text may be nested as deep as it likes. */
class EscapedKeyReader {
  readonly #text: string
  readonly #readNumber: ReadNumber
  readonly #open: (unknown[] | Record<string, unknown>)[] = []
  /** Of each open object the key that waits for its value; undefined where a key comes next, and in arrays. */
  readonly #keys: (string | undefined)[] = []
  #root: unknown = undefined

  constructor(text: string, readNumber: ReadNumber) {
    this.#text = text
    this.#readNumber = readNumber
  }

  read(): unknown {
    const text = this.#text
    for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, at)) at = this.#token(at)
    return this.#root
  }

  /** Takes the token at `at`; gives where the next may begin. */
  #token(at: number): number {
    const text = this.#text
    switch (text[at]) {
      case '{':
        return this.#enter({}, at)
      case '[':
        return this.#enter([], at)
      case '}':
      case ']':
        this.#open.pop()
        this.#keys.pop()
        return at + 1
      case ',':
      case ':':
        return at + 1
      case '"':
        return this.#string(at)
      case 't':
        this.#put(true)
        return at + 4
      case 'f':
        this.#put(false)
        return at + 5
      case 'n':
        this.#put(null)
        return at + 4
      default:
        return this.#number(at)
    }
  }

  #enter(container: unknown[] | Record<string, unknown>, at: number): number {
    this.#put(container)
    this.#open.push(container)
    this.#keys.push(undefined)
    return at + 1
  }

  #string(at: number): number {
    const end = endOfString(this.#text, at + 1) + 1
    const raw = this.#text.slice(at, end)
    const value = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1)
    const last = this.#open.length - 1
    const container = this.#open[last]
    if (container === undefined || Array.isArray(container) || this.#keys[last] !== undefined) this.#put(value)
    else this.#keys[last] = value
    return end
  }

  #number(at: number): number {
    let end = at + 1
    while (end < this.#text.length && '0123456789+-.eE'.includes(this.#text[end] ?? '')) end++
    this.#put(this.#readNumber(this.#text.slice(at, end)))
    return end
  }

  #put(value: unknown): void {
    const last = this.#open.length - 1
    const container = this.#open[last]
    if (container === undefined) this.#root = value
    else if (Array.isArray(container)) container.push(value)
    else {
      const key = this.#keys[last] ?? ''
      this.#keys[last] = undefined
      if (key === '__proto__') Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true })
      else container[key] = value
    }
  }
}
