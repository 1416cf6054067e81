import type { Detector, Stretch } from '../text-view.ts'
import { digitAt, isDateAt } from './check-digits.ts'
import { sum731 } from './national-ids-europe-4.ts'

/** Characters before the birth date: number of the document with its check digit, nationality. */
const BEFORE_BIRTH = 13
/** TD3 and visas of form A; TD2 and visas of form B. */
const LENGTHS = [44, 36]
const CARD_LENGTH = 30
const LINE = /[A-Z0-9<]{9}[0-9][A-Z<]{3}[0-9]{7}[MFX<][0-9]{7}[A-Z0-9<]{8,16}/y
const CARD_LINE = /[0-9]{7}[MFX<][0-9]{7}[A-Z<]{3}[A-Z0-9<]{11}[0-9]/y
/** The third line of a card: nothing but the name. */
const HOLDER_LINE = /\s{1,4}(?=[A-Z<]{30}(?![A-Z0-9<]))[A-Z]+(?:<[A-Z]+){0,6}<<[A-Z<]+/y
const NAME_LINE = /(?:[PVACI][A-Z<]|I[0-9])[A-Z<]{3}[A-Z0-9<]{25,39}/y

const isChecked = (field: string, check: string | undefined): boolean => String(sum731(field) % 10) === check
const isWordAt = (text: string, at: number): boolean => /[A-Za-z0-9]/.test(text[at] ?? '')

/** Birth date and expiry with their check digits and the sex between them, beginning at `at`. */
const hasDates = (text: string, at: number): boolean =>
  isDateAt(text, at) &&
  isDateAt(text, at + 8) &&
  isChecked(text.slice(at, at + 6), text[at + 6]) &&
  isChecked(text.slice(at + 8, at + 14), text[at + 14])

/** Lines of a machine-readable zone (ICAO 9303 parts 4 to 7) that have check digits. The anchor is birth date, sex and expiry. */
export const detectPassportZone: Detector = ({ text }, anchorEnd, anchorLength) => {
  const birth = anchorEnd - anchorLength
  if (!hasDates(text, birth)) return undefined
  return documentLine(text, birth - BEFORE_BIRTH) ?? cardLine(text, birth)
}

function documentLine(text: string, start: number): Stretch | undefined {
  if (start < 0 || isWordAt(text, start - 1)) return undefined
  LINE.lastIndex = start
  if (!LINE.test(text) || !isChecked(text.slice(start, start + 9), text[start + 9])) return undefined
  const written = LINE.lastIndex - start
  const length = LENGTHS.find((whole) => written >= whole) ?? written
  return isWordAt(text, start + length) ? undefined : { start, end: start + length }
}

function cardLine(text: string, start: number): Stretch | undefined {
  CARD_LINE.lastIndex = start
  const end = start + CARD_LENGTH
  if (isWordAt(text, start - 1) || !CARD_LINE.test(text) || isWordAt(text, end)) return undefined
  HOLDER_LINE.lastIndex = end
  return { start, end: HOLDER_LINE.test(text) ? HOLDER_LINE.lastIndex : end }
}

/** First lines: those with a name, which end in fillers, and those of cards, whose number has a check digit. */
export const detectPassportName: Detector = ({ text }, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  NAME_LINE.lastIndex = start
  if (!NAME_LINE.test(text)) return undefined
  const line = text.slice(start, NAME_LINE.lastIndex)
  const length = [...LENGTHS, CARD_LENGTH].find((whole) => line.length >= whole)
  if (length === undefined || isWordAt(text, start + length)) return undefined
  const end = start + length
  if (length === CARD_LENGTH && isChecked(line.slice(5, 14), line[14]) && digitAt(line, 14) >= 0 && /[0-9]/.test(line.slice(5, 14)))
    return { start, end }
  return /^.{5}[A-Z]+(?:<[A-Z]+){0,6}<<[A-Z]+(?:<[A-Z]+){0,6}<+$/.test(line.slice(0, length)) ? { start, end } : undefined
}
