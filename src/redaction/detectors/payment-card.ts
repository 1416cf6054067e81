import type { Detector, Stretch, TextView } from '../text-view.ts'
import { withoutTokens } from '../tokens.ts'
import { isAlnum, isDigit, isHexDigit } from './characters.ts'
import { isLuhnValid } from './check-digits.ts'

interface Brand {
  /** First digits, inclusive at both ends, as many as are written. */
  readonly ranges: readonly (readonly [number, number])[]
  readonly lengths: readonly number[]
}
const upTo19 = [16, 17, 18, 19]
/** Issuer ranges of ISO/IEC 7812 numbers in use. */
const BRANDS: readonly Brand[] = [
  { ranges: [[4, 4]], lengths: [13, 16, 19] },
  {
    ranges: [
      [51, 55],
      [2221, 2720],
    ],
    lengths: [16],
  },
  {
    ranges: [
      [34, 34],
      [37, 37],
    ],
    lengths: [15],
  },
  {
    ranges: [
      [300, 305],
      [36, 36],
      [38, 39],
      [3095, 3095],
    ],
    lengths: [14],
  },
  {
    ranges: [
      [6011, 6011],
      [644, 649],
      [65, 65],
      [622126, 622925],
    ],
    lengths: upTo19,
  },
  { ranges: [[3528, 3589]], lengths: upTo19 },
  {
    ranges: [
      [62, 62],
      [81, 81],
    ],
    lengths: upTo19,
  },
  {
    ranges: [
      [5018, 5018],
      [5020, 5020],
      [5038, 5038],
      [5893, 5893],
      [6304, 6304],
      [6759, 6759],
      [6761, 6763],
    ],
    lengths: [13, 14, 15, ...upTo19],
  },
  {
    ranges: [
      [60, 60],
      [82, 82],
      [508, 508],
      [2200, 2204],
      [9792, 9792],
      [506, 507],
      [509, 509],
      [6362, 6363],
    ],
    lengths: [16],
  },
]
/** Since version 4: Elo, Dankort, Mir's neighbour Borica, UzCard, Humo. */
const MORE_BRANDS: readonly Brand[] = [
  {
    ranges: [
      [504175, 504175],
      [5019, 5019],
      [2205, 2205],
      [8600, 8600],
      [9860, 9860],
    ],
    lengths: [16],
  },
]
/** Since version 4, beside a word alone, for numbers begin so that are no cards: all of Maestro, Iran, Mir, Belkart, ArCa, Napas. */
const BRANDS_BY_WORD: readonly Brand[] = [
  {
    ranges: [
      [50, 50],
      [56, 58],
      [61, 61],
      [63, 64],
      [66, 69],
      [9051, 9051],
      [9112, 9112],
      [9704, 9704],
    ],
    lengths: [13, 14, 15, ...upTo19],
  },
  { ranges: [[2200, 2204]], lengths: [17, 18, 19] },
  {
    ranges: [
      [506099, 506198],
      [507865, 507964],
    ],
    lengths: [18, 19],
  },
]

/** Lengths so rare on cards, and so usual on other numbers (article codes, 64-bit ids), that digits alone do not suffice. */
const NEEDS_CONTEXT: ReadonlySet<number> = new Set([13, 17, 18, 19])
const CONTEXT =
  /card|visa|master|amex|american|express|discover|diners|jcb|maestro|union ?pay|\bpan\b|\bccn?\b|credit|debit|payment|karte|tarjeta|carte/i
const CONTEXT_4 = new RegExp(
  `${CONTEXT.source}|kart[aąeęyuio ]|kaart|kort|cart[aã]o|carta di|kártya|κάρτα|карт[аыуео]|カード|卡号|卡號|银行卡|信用卡|카드|כרטיס|بطاقة|บัตรเครดิต|elo |mir |troy|verve|rupay|dankort|girocard|napas`,
  'i',
)
const CONTEXT_LENGTH = 48
/** How numbers are printed, as lengths of groups, longest first. */
const GROUPINGS: readonly (readonly number[])[] = [
  [4, 4, 4, 4, 3],
  [4, 4, 4, 4, 2],
  [4, 4, 4, 4, 1],
  [4, 4, 4, 4],
  [4, 6, 5],
  [4, 6, 4],
  [4, 4, 4, 3],
  [4, 4, 4, 2],
  [4, 4, 5],
  [4, 4, 4, 1],
]
const MAX_GROUPS = 6
const MAX_DIGITS = 24
/** Issuer of cards that are surrogates, of a range that networks keep for tests. */
export const TEST_CARD = '40000099'

/** What a version knows of cards. */
interface CardKnowledge {
  readonly brands: readonly Brand[]
  readonly byWord: readonly Brand[]
  readonly context: RegExp
}
const KNOWN_1: CardKnowledge = { brands: BRANDS, byWord: [], context: CONTEXT }
const KNOWN_4: CardKnowledge = { brands: [...BRANDS, ...MORE_BRANDS], byWord: BRANDS_BY_WORD, context: CONTEXT_4 }

/** A payment card number: 13 to 19 digits, plain or grouped by blanks or hyphens, of a known issuer range, Luhn-valid. */
const cardDetector =
  (known: CardKnowledge): Detector =>
  (view, anchorEnd, anchorLength) => {
    const start = anchorEnd - anchorLength
    const { text } = view
    if (!mayBeginAt(text, start)) return undefined
    const separator = separatorBehind(text, start)
    return separator === '' ? plainNumber(view, start, known) : groupedNumber(view, start, separator, known)
  }
export const detectPaymentCard: Detector = cardDetector(KNOWN_1)
export const detectPaymentCard4: Detector = cardDetector(KNOWN_4)

type CardCheck = (digits: string, field: string) => boolean
const cardCheck =
  (known: CardKnowledge): CardCheck =>
  (digits, field) =>
    /^[0-9]{13,19}$/.test(digits) &&
    isLuhnCard(digits) &&
    isOfKnown(digits, known, NEEDS_CONTEXT.has(digits.length), () => known.context.test(field))
/** True where the whole text is a card's digits; the field's name is context. */
export const isPaymentCardNumber: CardCheck = cardCheck(KNOWN_1)
export const isPaymentCardNumber4: CardCheck = cardCheck(KNOWN_4)

function mayBeginAt(text: string, start: number): boolean {
  // Parts of UUIDs and the like. The anchor's context has ruled out the rest.
  return text.charCodeAt(start - 1) !== 0x2d || !isHexDigit(text.charCodeAt(start - 2))
}

function separatorBehind(text: string, start: number): string {
  const fifth = text[start + 4]
  return fifth === ' ' || fifth === '-' ? fifth : ''
}

function mayEndAt(text: string, end: number): boolean {
  const after = text.charCodeAt(end)
  if (isAlnum(after) || after === 0x5f) return false
  if (after === 0x2d) return !isAlnum(text.charCodeAt(end + 1))
  // A fraction makes it a measure, `.0` alone a table's column of numbers.
  if (after === 0x2e && isDigit(text.charCodeAt(end + 1))) return text[end + 1] === '0' && !isDigit(text.charCodeAt(end + 2))
  return true
}

function plainNumber(view: TextView, start: number, known: CardKnowledge): Stretch | undefined {
  const { text } = view
  let end = start
  while (end - start < MAX_DIGITS && isDigit(text.charCodeAt(end))) end++
  const digits = text.slice(start, end)
  if (!mayEndAt(text, end) || !isLuhnCard(digits)) return undefined
  // So is the last part of a path: `/feature/5068…`.
  const needsWord = NEEDS_CONTEXT.has(digits.length) || text[start - 1] === '/'
  return isOfKnown(digits, known, needsWord, () => isBesideWord(view, start, known)) ? { start, end } : undefined
}

function groupedNumber(view: TextView, start: number, separator: string, known: CardKnowledge): Stretch | undefined {
  const { text } = view
  const groups: string[] = []
  const ends: number[] = []
  let index = start
  while (groups.length < MAX_GROUPS) {
    let end = index
    while (end - index < MAX_DIGITS && isDigit(text.charCodeAt(end))) end++
    if (end === index) break
    groups.push(text.slice(index, end))
    ends.push(end)
    if (text[end] !== separator) break
    index = end + 1
  }
  for (const grouping of GROUPINGS) {
    const last = grouping.length - 1
    const end = ends[last]
    if (end === undefined || grouping.some((length, group) => groups[group]?.length !== length)) continue
    // After blanks another number may follow (an expiry date); after hyphens it would be one longer number.
    const digits = groups.slice(0, last + 1).join('')
    if (mayEndAt(text, end) && isLuhnCard(digits) && isOfKnown(digits, known, false, () => isBesideWord(view, start, known)))
      return { start, end }
  }
  return undefined
}

const isLuhnCard = (digits: string): boolean => isLuhnValid(digits) && !digits.startsWith(TEST_CARD)

function isBesideWord({ text, field }: TextView, start: number, { context }: CardKnowledge): boolean {
  return context.test(withoutTokens(text.slice(Math.max(0, start - CONTEXT_LENGTH), start))) || context.test(field)
}

/** Of a range that says enough, or of one that does beside a word. */
function isOfKnown(digits: string, { brands, byWord }: CardKnowledge, needsWord: boolean, hasWord: () => boolean): boolean {
  if (isOfBrand(digits, brands)) return !needsWord || hasWord()
  return isOfBrand(digits, byWord) && hasWord()
}

function isOfBrand(digits: string, brands: readonly Brand[]): boolean {
  return brands.some(
    (brand) =>
      brand.lengths.includes(digits.length) &&
      brand.ranges.some(([low, high]) => {
        const first = Number(digits.slice(0, String(low).length))
        return first >= low && first <= high
      }),
  )
}
