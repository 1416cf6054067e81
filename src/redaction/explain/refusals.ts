import { ibanRest, isLuhnValid } from '../detectors/check-digits.ts'
import { IBAN_LENGTHS } from '../detectors/iban.ts'
import { numberRunCandidates } from '../detectors/number-run.ts'
import type { DetectorName, RuleData } from '../rule.ts'
import type { TextView } from '../text-view.ts'
import type { LetGo } from './trace.ts'

/** What the text has at an anchor that looks like what the detector is for, and why it is none. */
type Refuse = (view: TextView, start: number) => Omit<LetGo, 'rule'> | undefined

const CARD = /[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])/y
const IBAN =
  /[A-Za-z]{2}[0-9]{2}[A-Za-z0-9]{11,30}(?![A-Za-z0-9])|[A-Za-z]{2}[0-9]{2}(?:[ -][A-Za-z0-9]{4}){2,7}(?:[ -][A-Za-z0-9]{1,3})?(?![A-Za-z0-9])/y
const IPV4 = /[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z.])/y
const DIGITS = /[0-9]{9,18}(?![0-9A-Za-z_])/y
const NUMBER = /[0-9+(][0-9 ().-]{6,20}[0-9](?![0-9A-Za-z])/y

const endOf = (shape: RegExp, text: string, start: number): number => {
  shape.lastIndex = start
  return shape.test(text) ? shape.lastIndex : -1
}

/** Detectors decide as a whole; for those whose look-alikes people ask about, the look-alike and its fault. */
const REFUSALS: Readonly<Partial<Record<DetectorName, Refuse>>> = {
  'payment-card': ({ text }, start) => {
    const end = endOf(CARD, text, start)
    if (end < 0) return undefined
    const digits = text.slice(start, end).replace(/[ -]/g, '')
    return { start, end, why: 'check', proof: isLuhnValid(digits) ? 'issuer-range' : 'luhn' }
  },
  iban: ({ text }, start) => {
    const end = endOf(IBAN, text, start)
    if (end < 0) return undefined
    const compact = text.slice(start, end).replace(/[ -]/g, '').toUpperCase()
    const length = IBAN_LENGTHS.get(compact.slice(0, 2))
    if (length === undefined || !/^[A-Z]{2}[0-9]{2}/.test(compact)) return undefined
    if (compact.length !== length) return { start, end, why: 'check', proof: 'iban-length' }
    return ibanRest(compact) === 1
      ? { start, end, why: 'no-word', words: ['iban', 'account', 'bank'] }
      : { start, end, why: 'check', proof: 'mod-97' }
  },
  ipv4: ({ text }, start) => {
    const end = endOf(IPV4, text, start)
    return end < 0 ? undefined : { start, end, why: 'check', proof: 'public-address' }
  },
  'number-run': (view, start) => {
    const end = endOf(DIGITS, view.text, start)
    if (end < 0) return undefined
    const kinds = numberRunCandidates(view.text.slice(start, end))
    // Most runs of digits are times and counts.
    return kinds.length === 0 ? undefined : { start, end, why: 'no-word', words: kinds }
  },
  'national-phone': ({ text }, start) => phoneLike(text, start),
  'north-american-phone': ({ text }, start) => phoneLike(text, start),
  'international-phone': ({ text }, start) => phoneLike(text, start),
}

function phoneLike(text: string, start: number): Omit<LetGo, 'rule'> | undefined {
  const end = endOf(NUMBER, text, start)
  return end < 0 ? undefined : { start, end, why: 'no-word', words: ['phone', 'tel', 'mobile', 'call'] }
}

export function refusalOf(rule: RuleData, view: TextView, start: number): LetGo | undefined {
  const refused = rule.detector === undefined ? undefined : REFUSALS[rule.detector]?.(view, start)
  return refused === undefined ? undefined : { rule: rule.name, ...refused }
}
