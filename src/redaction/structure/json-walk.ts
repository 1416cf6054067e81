/** A string without its quotes, or a number. */
export interface JsonToken {
  readonly start: number
  readonly end: number
}

export interface JsonVisitor {
  open(isList: boolean): void
  close(): void
  key(token: JsonToken): void
  string(token: JsonToken, isInList: boolean): void
  number(token: JsonToken): void
}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const LITERAL = /true|false|null/y
const SPACE = /[ \t\n\r]*/y
const QUOTE = 0x22
const BACKSLASH = 0x5c

/**
 * Walks a JSON text (RFC 8259) without building anything and without recursion, so that depth costs nothing. Returns
 * whether it is well-formed; the visitor has been told of all tokens up to the fault.
 */
export function walkJson(text: string, visitor: JsonVisitor): boolean {
  /** One bit of knowledge for each open container: is it a list? */
  const open: boolean[] = []
  let at = text.charCodeAt(0) === 0xfeff ? 1 : 0

  const skipSpace = (): void => {
    const code = text.charCodeAt(at)
    if (code > 0x20) return
    SPACE.lastIndex = at
    SPACE.test(text)
    at = SPACE.lastIndex
  }
  /** Behind the closing quote, or -1. `at` stands behind the opening one. */
  const stringEnd = (): number => {
    let from = at
    for (;;) {
      const quote = text.indexOf('"', from)
      if (quote < 0) return -1
      let backslashes = 0
      while (text.charCodeAt(quote - 1 - backslashes) === BACKSLASH && quote - 1 - backslashes >= at) backslashes++
      if (backslashes % 2 === 0) return quote + 1
      from = quote + 1
    }
  }
  const readString = (): JsonToken | undefined => {
    if (text.charCodeAt(at) !== QUOTE) return undefined
    at++
    const end = stringEnd()
    if (end < 0) return undefined
    const token = { start: at, end: end - 1 }
    at = end
    return token
  }
  const readKey = (): boolean => {
    skipSpace()
    const token = readString()
    if (token === undefined) return false
    visitor.key(token)
    skipSpace()
    return text[at++] === ':'
  }

  for (;;) {
    // A value begins here.
    skipSpace()
    const first = text[at]
    let isOpened = false
    if (first === '{' || first === '[') {
      at++
      const isList = first === '['
      visitor.open(isList)
      open.push(isList)
      skipSpace()
      if (text[at] !== (isList ? ']' : '}')) {
        if (!isList && !readKey()) return false
        continue
      }
      isOpened = true
    } else if (first === '"') {
      const token = readString()
      if (token === undefined) return false
      visitor.string(token, open.at(-1) === true)
    } else {
      const isNumber = first === '-' || (first !== undefined && first >= '0' && first <= '9')
      const pattern = isNumber ? NUMBER : LITERAL
      pattern.lastIndex = at
      if (!pattern.test(text)) return false
      if (isNumber) visitor.number({ start: at, end: pattern.lastIndex })
      at = pattern.lastIndex
    }
    // Behind a value: close what ends here, or go on to the next one.
    for (;;) {
      skipSpace()
      const isList = open.at(-1)
      if (isList === undefined) return at === text.length
      const next = text[at++]
      if (next === ',' && !isOpened) {
        if (!isList && !readKey()) return false
        break
      }
      if (next !== (isList ? ']' : '}')) return false
      open.pop()
      visitor.close()
      isOpened = false
    }
  }
}
