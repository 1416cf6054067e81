import type { Detector } from '../text-view.ts'

const MONTH =
  '(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mai|okt|dez|mär|ene|abr|ago|dic|fev|avr|juin|juil|aou|août|déc|gen|mag|giu|lug|set|ott|out|des|lis|gru|sty|lut|kwi|cze|sie|wrz|paź|янв|фев|мар|апр|ма[яй]|июн|июл|авг|сен|окт|ноя|дек)[\\p{L}]{0,8}\\.?'
const DATE = new RegExp(
  `(?:(?:19|20)[0-9]{2}(?:[-./][0-9]{1,2}[-./][0-9]{1,2}|\\s?年\\s?[0-9]{1,2}\\s?月\\s?[0-9]{1,2}\\s?日|\\s?년\\s?[0-9]{1,2}\\s?월\\s?[0-9]{1,2}\\s?일)` +
    `|[0-9]{1,2}[-./ ][0-9]{1,2}[-./ ](?:(?:19|20)[0-9]{2}|[0-9]{2})|[0-9]{1,2}(?:er|º|°)?\\.?\\s(?:de\\s)?${MONTH}\\s(?:de\\s|del\\s)?(?:19|20)[0-9]{2})(?![0-9])`,
  'iuy',
)
const WORDS =
  /(?:(?:^|[^\p{L}])(?:n[ée]e?|nacid[oa]|nascid[oa]|nat[oa]|nascita|nascimento|nacimiento|naissance|f[öø]dt?|f[öø]dd|f[öø]dselsdato|f[öø]delsedatum|fødselsdag|urodzon[ya]|urodzenia|narozen[aáý]?|narození|született|syntynyt|do[gğ]um(?: tarihi)?|rođen[a]?|рожд(?:ения|ен)|родил(?:ся|ась)|дата рождения|народжен(?:ня|ий|а)|роден[а]?|γέννησης|γεννήθηκε|נולד(?:ה)?|תאריך לידה|تاريخ الميلاد|जन्म(?: तिथि)?)|生年月日|誕生日|出生日期|出生年月|生日|생년월일|생일|วันเกิด)\s?(?:le|el|am|den|il|em|a|w dniu|dne|on|em|:|：|=|—|-|は|是|은|는|ngày){0,2}\s{0,2}[:：=(]?\s{0,2}["'«“]?$/iu
const LOOK_BACK = 40
const BEGIN = /[0-9]/

/** A date behind words of more tongues that make it somebody's birthday. The anchor ends in the date or right before it. */
export const detectBirthDate4: Detector = ({ text }, anchorEnd, anchorLength) => {
  let start = anchorEnd - anchorLength
  const limit = Math.min(text.length, anchorEnd + 24)
  while (start < limit && !BEGIN.test(text[start] ?? '')) start++
  DATE.lastIndex = start
  if (!DATE.test(text)) return undefined
  const end = DATE.lastIndex
  return WORDS.test(text.slice(Math.max(0, start - LOOK_BACK), start)) ? { start, end } : undefined
}
