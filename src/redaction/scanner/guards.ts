import { IBAN_LENGTHS } from '../detectors/iban.ts'

/** UTF-16 units, or bytes of UTF-8, in which an anchor was met. */
export type Units = Uint16Array | Uint8Array

/**
 * A cheap look at an anchor's surroundings, before anything is done about it: whether its rule could find something there. It may
 * say yes too often, never no where the rule would find something. The anchor is `units[start..end)`; what is known of the text ends
 * at `limit` and begins at 0, though the text itself may go on: what cannot be seen speaks for the anchor. Where `isWhole`, that is
 * all of the text.
 */
export type Guard = (units: Units, start: number, end: number, limit: number, isWhole: boolean) => boolean

const CLASS = new Uint8Array(0x10000)
const DIGIT = 1
const LOWER = 2
const UPPER = 4
const MARK = 8
for (let code = 0x30; code <= 0x39; code++) CLASS[code] = DIGIT
for (let code = 0x61; code <= 0x7a; code++) CLASS[code] = LOWER
for (let code = 0x41; code <= 0x5a; code++) CLASS[code] = UPPER
for (const mark of '+/-_') CLASS[mark.charCodeAt(0)] = MARK
const ALNUM = DIGIT | LOWER | UPPER
const BASE64 = ALNUM | MARK
const COMMA = 0x2c
const DASH = 0x2d
const DOT = 0x2e
const SLASH = 0x2f
const UNDERSCORE = 0x5f

const classAt = (units: Units, at: number): number => CLASS[units[at] as number] as number
const isDigitAt = (units: Units, at: number): boolean => classAt(units, at) === DIGIT
const isAlnumAt = (units: Units, at: number): boolean => (classAt(units, at) & ALNUM) !== 0
const isWordAt = (units: Units, at: number): boolean => isAlnumAt(units, at) || units[at] === UNDERSCORE
const isHexAt = (units: Units, at: number): boolean => {
  const unit = units[at] as number
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x61 && unit <= 0x66)
}

/** For rules whose pattern is the anchor, with nothing of a word or a longer number behind and no piece of one before. */
export const wholeIdentifier: Guard = (units, start, end, limit) => {
  if (end < limit) {
    if (isWordAt(units, end)) return false
    const next = units[end]
    if (end + 1 < limit && (next === DASH || next === DOT || next === SLASH) && isDigitAt(units, end + 1)) return false
  }
  if (start < 2) return true
  const before = units[start - 1] as number
  if (before !== DASH && before !== SLASH && before !== 0x2c && before !== 0x3a) return true
  if (isDigitAt(units, start - 2)) return false
  if (before !== DASH || start < 5) return true
  return !(isHexAt(units, start - 2) && isHexAt(units, start - 3) && isHexAt(units, start - 4) && isHexAt(units, start - 5))
}

/** The same, where a comma before parts columns of a table. */
export const wholeNumber: Guard = (units, start, end, limit, isWhole) =>
  wholeIdentifier(units, start > 0 && units[start - 1] === COMMA ? 0 : start, end, limit, isWhole)

/** For short anchors: the characters that the rule's pattern has behind them. */
const isFollowed = (units: Units, end: number, count: number, limit: number, fits: (units: Units, at: number) => boolean): boolean => {
  for (let at = end; at < end + count && at < limit; at++) if (!fits(units, at)) return false
  return true
}
const isUrlSafeAt = (units: Units, at: number): boolean => isWordAt(units, at) || units[at] === DASH
/** A UUID behind the anchor. */
export const beforeUuid: Guard = (units, _, end, limit) =>
  isFollowed(units, end, 8, limit, isHexAt) && (end + 8 >= limit || units[end + 8] === DASH)
export const beforeLetters: Guard = (units, _, end, limit) => isFollowed(units, end, 24, limit, isAlnumAt)
export const beforeRun: Guard = (units, _, end, limit) => isFollowed(units, end, 10, limit, isUrlSafeAt)
/** Not the digits of a fraction. */
export const noFraction: Guard = (units, start) => start < 1 || units[start - 1] !== DOT

const digitsEnd = (units: Units, from: number, limit: number): number => {
  let end = from
  while (end < limit && isDigitAt(units, end)) end++
  return end
}

/** Lengths of the runs of digits that detectors/number-run.ts knows: 9 to 15, and 18. */
export const loneDigits: Guard = (units, start, end, limit) => isLoneRun(units, start, end, limit, 16)
/** And number-run-4.ts: up to 16. */
export const loneDigits4: Guard = (units, start, end, limit) => isLoneRun(units, start, end, limit, 17)

function isLoneRun(units: Units, start: number, end: number, limit: number, tooLong: number): boolean {
  const last = digitsEnd(units, end, Math.min(limit, start + 20))
  const length = last - start
  if (last === limit) return length <= 18
  if (length > 18 || length === tooLong || length === 17 || isWordAt(units, last)) return false
  const next = units[last]
  if (last + 1 < limit && (next === DASH || next === DOT || next === SLASH) && isAlnumAt(units, last + 1)) return false
  if (start < 2) return true
  const before = units[start - 1]
  if ((before === DASH || before === SLASH) && isAlnumAt(units, start - 2)) return false
  return !(length === 10 && isJsonTime(units, start))
}

/** A JSON member's number of seconds since 1970, in this century's twenties or thirties, under a name that says so. */
function isJsonTime(units: Units, start: number): boolean {
  if (units[start] !== 0x31 || !((units[start + 1] as number) >= 0x36 && (units[start + 1] as number) <= 0x39)) return false
  let at = start - 1
  if (units[at] === 0x20) at--
  if (units[at] !== 0x3a || units[at - 1] !== 0x22) return false
  at -= units[at - 2] === 0x5c ? 3 : 2
  return TIME_NAMES.some((name) => at >= name.length && name.every((unit, index) => units[at - name.length + 1 + index] === unit))
}
const TIME_NAMES: readonly (readonly number[])[] = [
  'created',
  '_at',
  'time',
  'timestamp',
  'Time',
  'At',
  '"exp',
  '"iat',
  '"nbf',
  '"ts',
  'updated',
].map((name) => [...name].map((char) => char.charCodeAt(0)))

/** Whether a number in groups may begin here: behind no other group. */
const mayBegin = (units: Units, start: number): boolean => {
  if (start < 2) return true
  const before = units[start - 1] as number
  if (before === 0x24) return false
  if (before === DASH || before === DOT || before === SLASH || before === 0x2c) return !isAlnumAt(units, start - 2)
  return !(before === 0x20 && isDigitAt(units, start - 2))
}

/** Phone numbers of detectors/phone.ts other than international ones. */
export const nationalPhone: Guard = (units, start, end, limit) => {
  if (!mayBegin(units, start)) return false
  const last = digitsEnd(units, end, Math.min(limit, start + 20))
  return last === limit || !isWordAt(units, last)
}

export const northAmericanPhone: Guard = (units, start, end, limit) => {
  if (!mayBegin(units, start)) return false
  const last = digitsEnd(units, end, Math.min(limit, start + 20))
  if (last + 1 >= limit) return true
  // `x12`, `ext 12`: an extension.
  const next = (units[last] as number) | 0x20
  const isExtension = next === 0x78 || (next === 0x65 && ((units[last + 1] as number) | 0x20) === 0x78)
  if (isWordAt(units, last) && !isExtension) return false
  if (digitsEnd(units, start, last) < last) return true
  const length = last - start
  if (length !== 10) return length === 11 && units[start] === 0x31
  // An area begins with 2 to 9; only a made-up number with the ten digits in order counts besides.
  return (units[start] as number) > 0x31 || (units[start] === 0x31 && units[start + 1] === 0x32)
}

/** Addresses of this host and of private networks say nothing of a person (RFC 6890). */
export const publicAddress: Guard = (units, start) => {
  if (start < 0 || units[start] !== 0x31) return true
  if (units[start + 1] === 0x30 && units[start + 2] === DOT) return false
  return !(units[start + 1] === 0x32 && units[start + 2] === 0x37 && units[start + 3] === DOT)
}

/** Ids of completions are random and long, and no addresses. */
const ID_NAME = [...'chatcmpl-'].map((char) => char.charCodeAt(0))
const isBehindName = (units: Units, start: number): boolean =>
  start >= ID_NAME.length && ID_NAME.every((unit, index) => units[start - ID_NAME.length + index] === unit)

/** Base58 has letters of either case, and its runs the lengths of addresses and keys. */
export const base58Run: Guard = (units, start, _, limit, isWhole) => {
  if (isBehindName(units, start)) return false
  let seen = 0
  let at = start
  const farthest = Math.min(limit, start + 113)
  for (; at < farthest; at++) {
    const unit = units[at] as number
    const kind = CLASS[unit] as number
    if ((kind & ALNUM) === 0 || unit === 0x30 || unit === 0x4f || unit === 0x49 || unit === 0x6c) break
    seen |= kind
  }
  if (at === limit && !isWhole) return true
  if (at < farthest && isWordAt(units, at)) return false
  const length = at - start
  if (!(length <= 36 || (length >= 50 && length <= 53) || length >= 107)) return false
  return (seen & UPPER) !== 0 && (seen & LOWER) !== 0
}

/** Length by country (26 * 26, row by first letter), 0 where there is none. */
const LENGTH_OF_COUNTRY = new Uint8Array(676)
for (const [country, length] of IBAN_LENGTHS) LENGTH_OF_COUNTRY[(country.charCodeAt(0) - 0x41) * 26 + country.charCodeAt(1) - 0x41] = length

/** Country, length and check digits (ISO 13616) of what stands here, blanks and dashes aside. */
export const ibanDigits: Guard = (units, start, _, limit, isWhole) => {
  const first = ((units[start] as number) & 0x5f) - 0x41
  const second = ((units[start + 1] as number) & 0x5f) - 0x41
  const length = LENGTH_OF_COUNTRY[first * 26 + second] as number
  if (length === 0) return false
  let rest = 0
  let count = 4
  for (let at = start + 4; count < length; at++) {
    if (at >= limit) return !isWhole
    const unit = units[at] as number
    const kind = CLASS[unit] as number
    // A blank, a dash, or something beyond ASCII that may be a blank.
    if (unit === 0x20 || unit === DASH || unit >= 0x80) continue
    // Behind an escape, who knows.
    if (unit === 0x5c) return true
    if ((kind & ALNUM) === 0) return false
    rest = kind === DIGIT ? (rest * 10 + unit - 0x30) % 97 : (rest * 100 + (unit & 0x5f) - 0x41 + 10) % 97
    count++
  }
  rest = (rest * 100 + first + 10) % 97
  rest = (rest * 100 + second + 10) % 97
  return (rest * 100 + ((units[start + 2] as number) - 0x30) * 10 + (units[start + 3] as number) - 0x30) % 97 === 1
}

const VALUE = new Uint8Array(0x10000)
for (const [value, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries())
  VALUE[char.charCodeAt(0)] = value
VALUE[DASH] = 62
VALUE[UNDERSCORE] = 63

/** Shortest base64 that is looked into, see find-encoded.ts; and as much of it as is looked at here. */
const ENCODED_UNITS = 24

/** Base64 of text: long enough, and text in one of the four ways in which its characters can be grouped. */
export const encodedText: Guard = (units, start, end, limit, isWhole) => {
  let last = end
  const farthest = Math.min(limit, start + ENCODED_UNITS)
  while (last < farthest && (classAt(units, last) & BASE64) !== 0) last++
  if (last === limit && last < start + ENCODED_UNITS && !isWhole) return true
  let from = start
  while (from > 0 && last - from < ENCODED_UNITS && (classAt(units, from - 1) & BASE64) !== 0) from--
  if (last - from < ENCODED_UNITS) return from === 0 && !isWhole
  return (
    isTextFrom(units, start, last) ||
    isTextFrom(units, start + 1, last) ||
    isTextFrom(units, start + 2, last) ||
    isTextFrom(units, start + 3, last)
  )
}

/** Whether whole groups of four characters from here on decode to UTF-8 without control characters, cut at either end. */
function isTextFrom(units: Units, from: number, to: number): boolean {
  // Bytes of a sequence that are still to come; -1 while one begun before may go on.
  let awaited = -1
  for (let at = from; at + 4 <= to; at += 4) {
    const bits =
      ((VALUE[units[at] as number] as number) << 18) |
      ((VALUE[units[at + 1] as number] as number) << 12) |
      ((VALUE[units[at + 2] as number] as number) << 6) |
      (VALUE[units[at + 3] as number] as number)
    for (let shift = 16; shift >= 0; shift -= 8) {
      const byte = (bits >> shift) & 0xff
      if (byte >= 0x80 && byte < 0xc0) {
        if (awaited === 0) return false
        if (awaited > 0) awaited--
        continue
      }
      if (awaited > 0) return false
      awaited = 0
      if (byte >= 0xc2 && byte <= 0xf4) awaited = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3
      else if (byte >= 0x80 || byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d)) return false
    }
  }
  return true
}
