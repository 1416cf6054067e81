/** How an option reads its value. `undefined` means: not acceptable. */
export interface OptionParser<T> {
  /** What help and docs call the value: `number`, `url`, … */
  readonly kind: OptionKind
  /** Ends the sentence "expected …". */
  readonly accepts: string
  readonly parse: (input: unknown) => T | undefined
}

export type OptionKind =
  | 'text'
  | 'boolean'
  | 'choice'
  | 'count'
  | 'port'
  | 'bytes'
  | 'millis'
  | 'url'
  | 'url-list'
  | 'path'
  | 'headers'
  | 'choices'

const UNITS: Readonly<Record<string, number>> = { '': 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 }

function readNumber(input: unknown, least: number, most: number): number | undefined {
  const value = typeof input === 'string' && /^[0-9]{1,15}$/.test(input) ? Number(input) : input
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most ? value : undefined
}

function wholeNumber(kind: OptionKind, least: number, most: number): OptionParser<number> {
  return { kind, accepts: `a whole number from ${least} to ${most}`, parse: (input) => readNumber(input, least, most) }
}

export function count(least: number, most: number): OptionParser<number> {
  return wholeNumber('count', least, most)
}

export function millis(least: number, most: number): OptionParser<number> {
  return { ...wholeNumber('millis', least, most), accepts: `a whole number of milliseconds from ${least} to ${most}` }
}

export const port: OptionParser<number> = wholeNumber('port', 0, 65_535)

/** A port, or `off` for a way in that is not wanted. */
export const portOrOff: OptionParser<number | 'off'> = {
  kind: 'port',
  accepts: `${port.accepts}, or off`,
  parse: (input) => (input === 'off' || input === false ? 'off' : port.parse(input)),
}

/** A whole number of bytes, also with a binary unit: `65536`, `64KiB`, `4MiB`. */
export function byteCount(least: number, most: number): OptionParser<number> {
  return {
    kind: 'bytes',
    accepts: `a whole number of bytes from ${least} to ${most}, with KiB, MiB or GiB if you like`,
    parse: (input) => {
      if (typeof input !== 'string') return readNumber(input, least, most)
      const [, digits = '', unit = ''] = /^([0-9]{1,15})(kib|mib|gib)?$/i.exec(input) ?? []
      return digits === '' ? undefined : readNumber(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN), least, most)
    },
  }
}

const TRUE: ReadonlySet<unknown> = new Set([true, 'true', '1', 'yes', 'on'])
const FALSE: ReadonlySet<unknown> = new Set([false, 'false', '0', 'no', 'off'])

export const yesOrNo: OptionParser<boolean> = {
  kind: 'boolean',
  accepts: 'true or false',
  parse: (input) => {
    const value = typeof input === 'string' ? input.toLowerCase() : input
    return TRUE.has(value) ? true : FALSE.has(value) ? false : undefined
  },
}

export function choice<const T extends string>(words: readonly T[]): OptionParser<T> {
  return { kind: 'choice', accepts: `one of ${words.join(', ')}`, parse: (input) => words.find((word) => word === input) }
}

/** Some of the words: as a list, or with commas between them; `all` and `none` too. */
export function choices<const T extends string>(words: readonly T[]): OptionParser<readonly T[]> {
  return {
    kind: 'choices',
    accepts: `all, none, or some of ${words.join(', ')}, as a list or with commas between them`,
    parse: (input) => {
      if (input === 'all') return words
      if (input === 'none') return []
      const parts = typeof input === 'string' ? input.split(',').map((part) => part.trim()) : input
      if (!Array.isArray(parts)) return undefined
      const known = new Set<unknown>(words)
      return parts.every((part) => known.has(part)) ? words.filter((word) => parts.includes(word)) : undefined
    },
  }
}

export function text(pattern: RegExp, accepts: string): OptionParser<string> {
  return { kind: 'text', accepts, parse: (input) => (typeof input === 'string' && pattern.test(input) ? input : undefined) }
}

export const path: OptionParser<string> = {
  kind: 'path',
  accepts: 'a path',
  parse: (input) => (typeof input === 'string' && input !== '' && !input.includes('\0') ? input : undefined),
}

/** A base URL, given back without a slash at its end. */
export const url: OptionParser<string> = {
  kind: 'url',
  accepts: 'an http:// or https:// URL',
  parse: (input) => {
    if (typeof input !== 'string' || !/^https?:\/\//i.test(input)) return undefined
    return URL.canParse(input) ? input.replace(/\/+$/, '') : undefined
  },
}

/** From a config file or a repeated flag an array; from the environment URLs with commas between them. */
export const urlList: OptionParser<readonly string[]> = {
  kind: 'url-list',
  accepts: 'http:// or https:// URLs, as a list or with commas between them',
  parse: (input) => {
    const parts = typeof input === 'string' ? input.split(',').map((part) => part.trim()) : input
    if (!Array.isArray(parts)) return undefined
    const urls = parts.filter((part) => part !== '').map(url.parse)
    return urls.every((one) => one !== undefined) ? urls : undefined
  },
}

// RFC 9110 section 5.1: a field name is a token.
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/** `key=value` pairs with commas between them, both sides percent-encoded; `undefined` when the text is not that. */
export function readPairs(input: string): [string, string][] | undefined {
  const pairs: [string, string][] = []
  for (const member of input.split(',')) {
    if (member.trim() === '') continue
    // W3C Baggage, which OpenTelemetry names as the form: what follows a semicolon is metadata.
    const [pair = ''] = member.split(';')
    const at = pair.indexOf('=')
    const [key, value] = [pair.slice(0, at).trim(), pair.slice(at + 1).trim()]
    if (at < 0 || key === '') return undefined
    try {
      pairs.push([decodeURIComponent(key), decodeURIComponent(value)])
    } catch {
      return undefined
    }
  }
  return pairs
}

/** Usable as request headers, yet JSON.stringify and console.log of it show no value. */
function hidden(headers: Record<string, string>): Readonly<Record<string, string>> {
  const shown = (): string => `[${Object.keys(headers).length} header(s), values hidden]`
  Object.defineProperty(headers, 'toJSON', { value: shown })
  Object.defineProperty(headers, Symbol.for('nodejs.util.inspect.custom'), { value: shown })
  return Object.freeze(headers)
}

/** Request headers by lowercase name. In the environment `k=v,k2=v2`, percent-encoded; in a file an object of strings. */
export const headers: OptionParser<Readonly<Record<string, string>>> = {
  kind: 'headers',
  accepts: 'header names and values: name=value,name2=value2 with values percent-encoded, or an object of strings',
  parse: (input) => {
    const pairs =
      typeof input === 'string' ? readPairs(input) : typeof input === 'object' && input !== null ? Object.entries(input) : undefined
    if (pairs === undefined || Array.isArray(input)) return undefined
    const read: Record<string, string> = Object.create(null)
    for (const [name, value] of pairs) {
      if (!HEADER_NAME.test(name) || typeof value !== 'string' || /[\r\n\0]/.test(value)) return undefined
      read[name.toLowerCase()] = value
    }
    return hidden(read)
  },
}
