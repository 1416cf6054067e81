import { asWords } from '../scanner/context.ts'
import type { Detector } from '../text-view.ts'
import { ibanRest } from './check-digits.ts'

/** Lengths by country, ISO 13616 registry; with the countries that use the form without being in it. */
export const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 ' +
    'GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 ' +
    'NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 ' +
    'DZ26 AO25 BJ28 BF28 CM27 CV25 CF27 TD27 KM27 CG27 CI28 GQ27 GA27 GW25 IR26 MG27 ML28 MA28 MZ25 NE28 SN28 TG28'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
)
const IBAN_WORDS = /(?:^|[^a-z])(?:iban|account|konto|bank|compte|cuenta|conto)/
const LETTERS_AND_DIGITS = /^[A-Z0-9]+$/

/** An IBAN, plain or in groups of four, in either case. */
export const detectIban: Detector = (view, anchorEnd, anchorLength) => {
  const { text } = view
  const start = anchorEnd - anchorLength
  const length = IBAN_LENGTHS.get(text.slice(start, start + 2).toUpperCase())
  if (length === undefined) return undefined
  let compact = ''
  let index = start
  let separator = ''
  while (compact.length < length) {
    const char = text[index]
    if (char === undefined) return undefined
    if (char === ' ' || char === '-' || char === '\u00a0') {
      if (separator === '') separator = char
      if (char !== separator || (compact.length % 4 !== 0 && compact.length > 4)) return undefined
      if (text[index + 1] === separator) return undefined
    } else {
      compact += char.toUpperCase()
    }
    index++
  }
  if (/[A-Za-z0-9_]/.test(text[index] ?? '') || !LETTERS_AND_DIGITS.test(compact)) return undefined
  // No bank is all zeros: what stands where a surrogate has been put.
  if (ibanRest(compact) !== 1 || compact.startsWith('00000000', 4)) return undefined
  // In small letters it may be a piece of a digest: only beside a word.
  const written = text.slice(start, index)
  if (written !== written.toUpperCase() && !IBAN_WORDS.test(asWords(`${view.field} ${text.slice(Math.max(0, start - 40), start)}`)))
    return undefined
  return { start, end: index }
}
