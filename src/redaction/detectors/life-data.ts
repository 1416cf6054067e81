import type { Detector } from '../text-view.ts'

const MONTH =
  '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|mär|ene|abr|ago|dic|fev|avr|juin|juil|aou|déc)[a-zéûä]{0,7}\\.?'
const DATE = new RegExp(
  `["'\`*(]{0,3}((?:(?:19|20)[0-9]{2}[-./][0-9]{1,2}[-./][0-9]{1,2})|(?:[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ](?:(?:19|20)[0-9]{2}|[0-9]{2}))` +
    `|(?:[0-9]{1,2}(?:st|nd|rd|th)?\\.?(?: of)? ${MONTH},? (?:19|20)[0-9]{2})|(?:${MONTH} [0-9]{1,2}(?:st|nd|rd|th)?,? (?:19|20)[0-9]{2})|(?:(?:19|20)[0-9]{6}))(?![0-9])`,
  'iy',
)
/** Whether a text is a date and nothing else; a time of day may follow, as JSON writes dates. */
export function isDay(text: string): boolean {
  if (text.length > 40) return false
  DATE.lastIndex = 0
  const match = DATE.exec(text.trim())
  return match !== null && /^(?:T[0-9:.]{5,15}(?:Z|[+-][0-9:]{2,6})?)?["'`*)]{0,3}$/.test(text.trim().slice(match[0].length))
}

const LEAD = /["'`*\])]{0,4}\s{0,3}(?:\((?:[a-z/.-]{1,16})\)\s{0,2})?(?:(?::|=>|=|-|,|is|was|on|the|am|den|le|el|il|>|\|)\s{0,3}){0,3}/iy

/** A date right behind words that make it somebody's birthday. */
export const detectBirthDate: Detector = ({ text }, anchorEnd) => {
  LEAD.lastIndex = anchorEnd
  LEAD.test(text)
  DATE.lastIndex = LEAD.lastIndex
  const match = DATE.exec(text)
  if (match?.[1] === undefined) return undefined
  return { start: DATE.lastIndex - match[1].length, end: DATE.lastIndex }
}

const COORDINATE_PAIR =
  /["'`*([{]{0,3}\s{0,2}(?:lat(?:itude)?["']?\s{0,2}[:=]\s{0,2})?([-+]?[0-9]{1,2}\.[0-9]{3,15}°?\s?[NS]?\s{0,2}[,;/ ]\s{0,3}(?:(?:lon|lng|long)[a-z]{0,6}["']?\s{0,2}[:=]\s{0,2})?[-+]?[0-9]{1,3}\.[0-9]{3,15}°?\s?[EW]?)(?![0-9.])/iy
const SINGLE = /["'`*(]{0,3}([-+]?[0-9]{1,3}\.[0-9]{3,15})(?![0-9.])/iy
const BEHIND_WORD = /["'`*\])]{0,4}\s{0,3}(?:(?::|=|is|are|at|>|-|\(|of)\s{0,3}){0,3}/iy

/** A place on Earth, to some hundred metres or nearer, behind words that announce one (`coordinates`, `geo:`, `lat`). */
export const detectCoordinates: Detector = ({ text }, anchorEnd) => {
  BEHIND_WORD.lastIndex = anchorEnd
  BEHIND_WORD.test(text)
  for (const form of [COORDINATE_PAIR, SINGLE]) {
    form.lastIndex = BEHIND_WORD.lastIndex
    const match = form.exec(text)
    if (match?.[1] === undefined) continue
    const numbers = (match[1].match(/[0-9]{1,3}\.[0-9]+/g) ?? []).map(Number)
    if ((numbers[0] ?? 999) > (numbers.length === 1 ? 180 : 90) || (numbers[1] ?? 0) > 180) continue
    return { start: form.lastIndex - match[1].length, end: form.lastIndex }
  }
  return undefined
}

const DECIMAL_DEGREES = /[0-9]{1,3}\.[0-9]{2,10}\s?°\s?[NSEW](?:[,;]?\s{1,3}[0-9]{1,3}\.[0-9]{2,10}\s?°\s?[NSEW])?(?![0-9A-Za-z])/y
/** `48.8584° N, 2.2945° E`. Found at its degree sign. */
export const detectDecimalDegrees: Detector = ({ text }, anchorEnd) => {
  const sign = text.lastIndexOf('°', anchorEnd - 1)
  if (sign < anchorEnd - 3) return undefined
  let start = sign
  while (start > sign - 17 && /[0-9. ]/.test(text[start - 1] ?? '')) start--
  while (text[start] === ' ') start++
  DECIMAL_DEGREES.lastIndex = start
  return DECIMAL_DEGREES.test(text) && DECIMAL_DEGREES.lastIndex > anchorEnd ? { start, end: DECIMAL_DEGREES.lastIndex } : undefined
}

const DEGREES =
  /[0-9]{1,3}°\s?[0-9]{1,2}['′’]\s?(?:[0-9]{1,2}(?:\.[0-9]{1,6})?["″”]\s?)?[NSEW](?:[,;]?\s{1,3}[0-9]{1,3}°\s?[0-9]{1,2}['′’]\s?(?:[0-9]{1,2}(?:\.[0-9]{1,6})?["″”]\s?)?[EWNS])?/y
/** Degrees, minutes, seconds. Found at its degree sign. */
export const detectDegrees: Detector = ({ text }, anchorEnd, anchorLength) => {
  let start = anchorEnd - anchorLength
  while (start > anchorEnd - anchorLength - 3 && /[0-9]/.test(text[start - 1] ?? '')) start--
  DEGREES.lastIndex = start
  return DEGREES.test(text) ? { start, end: DEGREES.lastIndex } : undefined
}
