import { asWords } from '../scanner/words.ts'
import type { Detector, Stretch, TextView } from '../text-view.ts'
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

/** What a bank's own number is made of by country, ISO 13616 registry: so many digits (n), letters (a) or either (c). */
const BANK_NUMBERS: ReadonlyMap<string, RegExp> = new Map(
  (
    'AD:8n12c AE:19n AL:8n16c AT:16n AZ:4a20c BA:16n BE:12n BG:4a6n8c BH:4a14c BI:23n BR:23n1a1c BY:4c4n16c CH:5n12c CR:18n CY:8n16c ' +
    'CZ:20n DE:18n DJ:23n DK:14n DO:4c20n EE:16n EG:25n ES:20n FI:14n FK:2a12n FO:14n FR:10n11c2n GB:4a14n GE:2a16n GI:4a15c GL:14n ' +
    'GR:7n16c GT:24c HN:4a20n HR:17n HU:24n IE:4a14n IL:19n IQ:4a15n IS:22n IT:1a10n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c ' +
    'LI:5n12c LT:16n LU:3n13c LV:4a13c LY:21n MC:10n11c2n MD:20c ME:18n MK:3n10c2n MN:16n MR:23n MT:4a5n18c MU:4a19n3a NI:4a20n ' +
    'NL:4a10n NO:11n OM:3n16c PK:4a16c PL:24n PS:4a21c PT:21n QA:4a21c RO:4a16c RS:18n RU:14n15c SA:2n18c SC:4a20n3a SD:14n SE:20n ' +
    'SI:15n SK:20n SM:1a10n12c SO:19n ST:21n SV:4a20n TL:19n TN:20n TR:6n16c UA:6n19c VA:18n VG:4a16n XK:16n YE:4a4n18c'
  )
    .split(' ')
    .map((entry) => {
      const classes: Readonly<Record<string, string>> = { n: '[0-9]', a: '[A-Z]', c: '[A-Z0-9]' }
      const parts = entry.slice(3).replace(/([0-9]+)([nac])/g, (_, count, kind) => `${classes[kind]}{${count}}`)
      return [entry.slice(0, 2), new RegExp(`^${parts}$`)]
    }),
)

/** An IBAN, plain or in groups of four, in either case. */
export const detectIban: Detector = (view, anchorEnd, anchorLength) => findIban(view, anchorEnd - anchorLength, isBesideWord)

/** In small letters throughout it needs no word where all of it is what its country's banks have, and it is part of nothing longer. */
export const detectIban4: Detector = (view, anchorEnd, anchorLength) =>
  findIban(
    view,
    anchorEnd - anchorLength,
    (known, start, written) =>
      isBesideWord(known, start) ||
      (/^[a-z0-9]+$/.test(written) &&
        !/[A-Za-z0-9][-/=#@]$/.test(known.text.slice(Math.max(0, start - 2), start)) &&
        BANK_NUMBERS.get(written.slice(0, 2).toUpperCase())?.test(written.slice(4).toUpperCase()) === true),
  )

const isBesideWord = ({ text, field }: TextView, start: number): boolean =>
  IBAN_WORDS.test(asWords(`${field} ${text.slice(Math.max(0, start - 40), start)}`))

function findIban(
  view: TextView,
  start: number,
  mayBeSmall: (view: TextView, start: number, written: string) => boolean,
): Stretch | undefined {
  const { text } = view
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
  if (written !== written.toUpperCase() && !mayBeSmall(view, start, written)) return undefined
  return { start, end: index }
}
