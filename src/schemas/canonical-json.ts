import { RepriseError } from './errors.ts'

/** Containers nested deeper than this are refused. */
export const CANONICAL_JSON_MAX_DEPTH = 512

/** RFC 6901: `~` and `/` are escaped. The whole document is ''. */
export function jsonPointer(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** An object literal or what JSON.parse gives, of any realm: its prototype is null or has none itself. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

interface Place {
  readonly maxDepth: number
  /** Write lone surrogates as \uXXXX instead of refusing them. */
  readonly keepSurrogates: boolean
  /** What a key is sorted by, where that is not the key itself. */
  readonly orderOf: ((key: string) => string) | undefined
  readonly path: (string | number)[]
  readonly ancestors: object[]
}

function refuse(place: Place, step: string | number | undefined, reason: string): RepriseError {
  return refuseAt(step === undefined ? place.path : [...place.path, step], reason)
}

function refuseAt(path: readonly (string | number)[], reason: string): RepriseError {
  const pointer = jsonPointer(path)
  const shown = pointer.length > 200 ? `${pointer.slice(0, 200)}…` : pointer
  return new RepriseError('not_canonical', `not canonical JSON: ${reason} at '${shown}'`, { details: { pointer, reason } })
}

function quote(text: string, place: Place, step: string | number | undefined): string {
  // RFC 8785 section 3.2.2.2: a lone surrogate must be an error. JSON.stringify would write an escape.
  if (!place.keepSurrogates && !text.isWellFormed()) throw refuse(place, step, 'a lone surrogate')
  return JSON.stringify(text)
}

// Records and calls have few distinct keys, met again and again. Bounded, since keys come from data as well.
const quotedKeys = new Map<string, string>()
const QUOTED_KEYS_MAX = 4096
const QUOTED_KEY_MAX_LENGTH = 64

function quoteKey(key: string, place: Place): string {
  const known = quotedKeys.get(key)
  if (known !== undefined) return known
  const quoted = `${quote(key, place, key)}:`
  if (key.length <= QUOTED_KEY_MAX_LENGTH && key.isWellFormed()) {
    if (quotedKeys.size >= QUOTED_KEYS_MAX) quotedKeys.clear()
    quotedKeys.set(key, quoted)
  }
  return quoted
}

function write(value: unknown, place: Place, step: string | number | undefined): string {
  switch (typeof value) {
    case 'string':
      return quote(value, place, step)
    case 'number':
      // Section 3.2.2.3: ECMAScript's Number::toString; NaN and the infinities must be an error. -0 is written as 0.
      if (!Number.isFinite(value)) throw refuse(place, step, String(value))
      return String(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      break
    default:
      throw refuse(place, step, typeof value === 'undefined' ? 'undefined' : `a ${typeof value}`)
  }
  if (value === null) return 'null'
  if (step !== undefined) place.path.push(step)
  if (place.ancestors.length >= place.maxDepth) {
    // Cycles are looked for here rather than at each step, which would cost every value that has none.
    const repeated = place.ancestors.findIndex((ancestor, index) => place.ancestors.indexOf(ancestor) < index)
    if (repeated >= 0) throw refuseAt(place.path.slice(0, repeated), 'a cycle')
    throw refuse(place, undefined, `a value nested deeper than ${place.maxDepth}`)
  }
  place.ancestors.push(value)
  const text = Array.isArray(value) ? writeArray(value, place) : writeObject(value, place)
  place.ancestors.pop()
  if (step !== undefined) place.path.pop()
  return text
}

function writeArray(value: readonly unknown[], place: Place): string {
  let text = '['
  for (let index = 0; index < value.length; index += 1) {
    if (index > 0) text += ','
    text += write(value[index], place, index)
  }
  return `${text}]`
}

/** In the order of UTF-16 code units of what `orderOf` gives; equal ones stay in the order they have. */
export function sortBy<T>(items: readonly T[], orderOf: (item: T) => string): T[] {
  return items
    .map((item) => ({ item, order: orderOf(item) }))
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ item }) => item)
}

function writeObject(value: object, place: Place): string {
  if (!isPlainObject(value)) throw refuse(place, undefined, `an instance of ${value.constructor?.name || 'a class'}`)
  // The default order of sort() is that of UTF-16 code units, which section 3.2.3 asks for.
  const keys = place.orderOf === undefined ? Object.keys(value).sort() : sortBy(Object.keys(value), place.orderOf)
  let text = '{'
  for (const key of keys) {
    if (text.length > 1) text += ','
    text += quoteKey(key, place)
    text += write((value as Record<string, unknown>)[key], place, key)
  }
  return `${text}}`
}

/**
 * The canonical JSON of RFC 8785 (JCS). Takes what JSON can hold and nothing else: undefined, functions, symbols, bigints,
 * NaN, infinities, lone surrogates, cycles, holes and class instances are refused rather than dropped or converted, and
 * `toJSON` is not called. Throws `not_canonical` with the JSON pointer of the offending place.
 */
export function canonicalJson(value: unknown): string {
  return write(value, { maxDepth: CANONICAL_JSON_MAX_DEPTH, keepSurrogates: false, orderOf: undefined, path: [], ancestors: [] }, undefined)
}

/**
 * The same for text that is only compared, never exchanged: a lone surrogate is kept as its escape, and keys are sorted by
 * what `orderOf` gives for them.
 */
export function comparableJson(value: unknown, orderOf?: (key: string) => string): string {
  return write(value, { maxDepth: CANONICAL_JSON_MAX_DEPTH, keepSurrogates: true, orderOf, path: [], ancestors: [] }, undefined)
}
