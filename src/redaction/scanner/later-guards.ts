import type { DetectorName } from '../rule.ts'
import { type Guard, loneDigits4, type Units } from './guards.ts'

const QUOTE = 0x22
const BLANK = 0x20
const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39

const caseOf = (unit: number): number => (unit >= 0x61 ? 2 : unit >= 0x41 && unit <= 0x5a ? 1 : 0)
/**
 * A value under a name in configuration: digits among its first characters, or letters that change their case more often than words
 * do; and the name no member of JSON, whose fields are looked at by name.
 */
const namedValue: Guard = (units: Units, start, end) => {
  if (units[start] === QUOTE) return false
  let digits = 0
  let changes = 0
  for (let at = end - 14; at < end; at++) {
    const unit = units[at] as number
    if (isDigit(unit)) digits++
    if (caseOf(unit) !== caseOf(units[at - 1] as number)) changes++
  }
  return digits < 14 && (digits > 1 || changes > 6)
}

/** What stands for a colon or an equals sign in East Asian texts, and the two verbs that do: as UTF-16, or as the last two of three bytes of UTF-8. */
const SIGNS: ReadonlySet<number> = new Set([0xff1a, 0xff1d, 0x662f, 0x306f])
const SIGN_BYTES: ReadonlySet<number> = new Set([0xbc9a, 0xbc9d, 0x98af, 0x81af])
const isWideSign = (units: Units, at: number): boolean =>
  SIGNS.has(units[at] as number) || SIGN_BYTES.has((units[at - 1] as number) * 256 + (units[at] as number))

/** A dash between two words of another script. */
function isForeignDash(units: Units, at: number): boolean {
  const unit = units[at] as number
  const isBytes = (unit === 0x94 || unit === 0x93) && units[at - 1] === 0x80 && units[at - 2] === 0xe2
  if (unit !== 0x2014 && unit !== 0x2013 && !isBytes) return false
  const before = isBytes ? at - 3 : at - 1
  return (units[units[before] === BLANK ? before - 1 : before] as number) >= 0x80
}

/** Behind a colon of any make; of what else may stand between a name in another script and its value, only that. */
const behindSign: Guard = (units, start, end) => {
  let at = end - 2
  if (units[at] === BLANK) at--
  const unit = units[at] as number
  return unit < 0x80 || at < start || isWideSign(units, at) || isForeignDash(units, at)
}

/** Of a date right behind a letter: one of scripts that are written without blanks. */
const behindWideLetter: Guard = (units, start, end) => {
  const unit = units[start] as number
  if (end - start !== 5 || unit < 0x80 || !isDigit(units[start + 1] as number)) return true
  return unit >= 0x3000 || (unit <= 0xbf && start > 1 && (units[start - 2] as number) >= 0xe3)
}

/** Letters of either case and digits, as base58 has them. */
const mixedRun: Guard = (units, start) => {
  // Of ids, which are random as well: `chatcmpl-…`, `call_…`.
  if (start > 0 && (units[start - 1] === 0x2d || units[start - 1] === 0x5f)) return false
  let kinds = 0
  for (let at = start; at < start + 24; at++) {
    const unit = units[at] as number
    kinds |= isDigit(unit) ? 1 : unit >= 0x61 ? 2 : 4
  }
  return kinds === 7
}

const DASH = 0x2d
const UNDERSCORE = 0x5f
const isAlnum = (unit: number): boolean => isDigit(unit) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a)

/** A row that goes on for so long, or ends so soon. */
const rowOf =
  (least: number, most: number): Guard =>
  (units, start, _, limit, isWhole) => {
    if (start > 0 && (units[start - 1] === DASH || units[start - 1] === UNDERSCORE)) return false
    let at = start
    while (at < limit && at - start <= most && isAlnum(units[at] as number)) at++
    return (at === limit && !isWhole) || (at - start >= least && at - start <= most)
  }

/** Beside what stands in guards.ts, by rule and, where that is not all of them, its anchor. */
export const ROW_GUARDS: Readonly<Record<string, Guard>> = {
  'sanity-token': rowOf(122, 202),
  [`crypto-private-key s${'[A-Za-z0-9]'.repeat(12)}`]: rowOf(26, 31),
}

/** Beside what stands in guards.ts. */
export const LATER_GUARDS: Readonly<Partial<Record<DetectorName, Guard>>> = {
  'vendor-value': namedValue,
  said: behindSign,
  'birth-date-4': behindWideLetter,
  'coin-address': mixedRun,
  'number-run-4': loneDigits4,
}
