import { asWords } from '../scanner/words.ts'
import type { Detector, Stretch, TextView } from '../text-view.ts'
import { isAlnum, isDigit } from './characters.ts'

/** E.164 country codes, by their first digits; what is left of a number must have 6 to 12 digits. */
const COUNTRY_CODE =
  /^(?:1|7|2[07]|2[1-69][0-9]|3[0-469]|3[578][0-9]|4[013-9]|42[0-9]|5[1-8]|5[09][0-9]|6[0-6]|6[789][0-9]|8[1246]|8[058][0-9]|9[0-58]|9[679][0-9])/
const PHONE_WORDS =
  /(?:^|[^a-z])(?:phones?|telephone|tel|mobile|cell|cellphone|cellular|fax|call|called|calling|dial|ring|reach (?:me|us|him|her|them)|text (?:me|us|him|her|them)|sms|whatsapp|contact (?:number|no|us|me)|hotline|helpline|landline|msisdn|telefon[a-z]*|telefoon|mobil|handynummer|rufnummer|movil|celular|telefono|toll free|voicemail)(?![a-z])/
const OTHER_WORDS =
  /(?:^|[^a-z])(?:order|invoice|isbn|issn|version|sku|ticket|tracking|serial|model|part|port|pid|line|lines|id|ref|reference|case|account|acct|amount|total|price|timestamp|time|date|page|pages|epoch|bytes|size|hash|commit|build|number of|score|px|ms|version)[ #:=]{0,3}$/
const SEPARATORS = ' .-/()\u00a0\u2011\u2013'
const MAX_LENGTH = 28

/** International form: `+`, a country code, 7 to 15 digits in groups. */
export const detectInternationalPhone: Detector = (view, anchorEnd, anchorLength) => internationalPhone(view, anchorEnd - anchorLength, 0)

/** Version 3 leaves out the `00`, which is no part of the country's code. */
export const detectInternationalPhone3: Detector = (view, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  return internationalPhone(view, start, view.text.startsWith('00', start) ? 2 : 0)
}

function internationalPhone({ text }: TextView, start: number, zeros: number): Stretch | undefined {
  // `00` stands for `+` only where the number is grouped as one would write it.
  const plus = text[start] === '+' ? start + 1 : text.startsWith('(+', start) ? start + 2 : start + zeros
  const spread = readSpread(text, plus, 15)
  if (spread === undefined) return undefined
  const { digits, end, groups } = spread
  if (digits.length < 8 || !COUNTRY_CODE.test(digits) || !mayEndAt(text, end)) return undefined
  if (text[end] === ':' || /^0+$/.test(digits.slice(-6))) return undefined
  const before = text.charCodeAt(start - 1)
  if (isAlnum(before) || before === 0x2b || (zeros > 0 && !mayBeginAt(text, start))) return undefined
  // Sums: `1+4915`; sizes: `+12345678 bytes`.
  if (groups.length === 1 && /^\s?(?:bytes|ms|ns|tokens|lines|rows|%)/i.test(text.slice(end, end + 8))) return undefined
  if (digits.startsWith('1') && !/^1[2-9][0-9]{2}[0-9]{7}$/.test(digits)) return undefined
  if (digits.startsWith('999') || /^(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}$/.test(text.slice(plus, end))) return undefined
  return { start, end }
}

/** Whether the surroundings say that a number is somebody's phone. */
type PhoneContext = (view: TextView, start: number, end: number) => boolean

/** Forms of the North American plan: `(415) 555-2671`, `415-555-2671`, `415.555.2671`, `1-415-555-2671`; with blanks or without any beside a word. */
const northAmericanPhone =
  (hasContext: PhoneContext): Detector =>
  (view, anchorEnd, anchorLength) => {
    const { text } = view
    const start = anchorEnd - anchorLength
    const match = matchAt(NORTH_AMERICAN, text, start)
    if (match === undefined) return undefined
    const end = start + match[0].length
    const digits = match[0]
      .replace(/(?:x|ext).*$/i, '')
      .replace(/[^0-9]/g, '')
      .slice(-10)
    if (!mayEndAt(text, end) || !mayBeginAt(text, start)) return undefined
    if (/^(.)\1*$/.test(digits) || /^[01]/.test(digits)) {
      // Made-up numbers such as 123-456-7890 stand for real ones.
      if (digits !== '1234567890') return undefined
    }
    const isPlausible = /^[2-9][0-9]{2}[2-9][0-9]{6}$/.test(digits)
    const separators = match[0].replace(/(?:x|ext).*$/i, '').replace(/[0-9]/g, '')
    const isWritten = /[()]/.test(separators) || /^-{2,3}$|^\.{2,3}$|^1?[ -]?--$/.test(separators)
    if (isPlausible && isWritten && !OTHER_WORDS.test(leadOf(view, start))) return { start, end }
    return hasContext(view, start, end) ? { start, end } : undefined
  }
const NORTH_AMERICAN =
  /(?:1[ .-]?)?(?:\([0-9]{3}\)[ .-]{0,2}|[0-9]{3}[ .\-/]?)[0-9]{3}[ .-]?[0-9]{4}(?:,?\s{0,2}(?:x|ext\.?|extension)\s{0,2}[0-9]{1,6})?/iy

/** Other national forms: a leading zero and groups; or any 7 to 12 digits in groups beside a word that says so. */
const nationalPhone =
  (hasContext: PhoneContext, isWritten: (written: string, view: TextView, start: number) => boolean = () => false): Detector =>
  (view, anchorEnd, anchorLength) => {
    const { text } = view
    const start = anchorEnd - anchorLength
    const spread = readSpread(text, start, 13)
    if (spread === undefined || !mayBeginAt(text, start)) return undefined
    const { digits, end, groups } = spread
    if (digits.length < 7 || digits.length > 12 || !mayEndAt(text, end) || isReplaced(digits) || /^(.)\1*$/.test(digits)) return undefined
    const written = text.slice(start, end)
    if (/^(?:19|20)[0-9]{2}[-./][0-9]{2}[-./][0-9]{2}/.test(written) || /^[0-9]{1,2}[./-][0-9]{1,2}[./-](?:19|20)?[0-9]{2}$/.test(written))
      return undefined
    if (groups.length === 1 && digits.length < 8 && !/(?:phone|tel|mobile|call|dial)/.test(asWords(view.field))) {
      return NEAR_PHONE.test(leadOf(view, start)) ? { start, end } : undefined
    }
    if (OTHER_WORDS.test(leadOf(view, start))) return undefined
    // Five pairs as in France, or a trunk zero and groups as in most of Europe: hardly anything else is written so.
    if (/^0[1-9](?:[ .-][0-9]{2}){4}$/.test(written)) return { start, end }
    if (/^0[1-9][0-9]{2,4}[ /-][0-9]{3,4}[ ][0-9]{3,4}$/.test(written) || /^\(0[0-9]{2,4}\)\s?[0-9]{3,4}[ -][0-9]{3,5}$/.test(written))
      return { start, end }
    return isWritten(written, view, start) || hasContext(view, start, end) ? { start, end } : undefined
  }
const NEAR_PHONE = /(?:phone|tel|telephone|mobile|cell|fax|call|dial)(?: (?:number|no|us|me|at|on|is))*[ .:#]{0,3}$/

/** `Room 101-202-3030`: numbers of places are written like those of phones. */
const PLACE_WORDS = /(?:^|[^a-z])(?:room|suite|bay|rack|gate|locker|seat|shelf|aisle|bin|slot|bldg|apt|apartment|floor)[ #:.=-]{0,3}$/
const unlessPlace =
  (detect: Detector): Detector =>
  (view, anchorEnd, anchorLength) => {
    const found = detect(view, anchorEnd, anchorLength)
    return found === undefined || PLACE_WORDS.test(leadOf(view, found.start)) ? undefined : found
  }

interface Spread {
  readonly digits: string
  readonly end: number
  readonly groups: readonly number[]
}

/** Digits in groups, single separators between them (two where one is a bracket). */
function readSpread(text: string, start: number, maxDigits: number): Spread | undefined {
  let digits = ''
  let index = start
  let end = start
  const groups: number[] = []
  let group = 0
  const limit = Math.min(text.length, start + MAX_LENGTH)
  while (index < limit) {
    const code = text.charCodeAt(index)
    if (isDigit(code)) {
      if (digits.length >= maxDigits) return undefined
      digits += text[index]
      group++
      index++
      end = index
      continue
    }
    if (group > 0) groups.push(group)
    group = 0
    const char = text[index] ?? ''
    if (!SEPARATORS.includes(char)) break
    const next = text[index + 1] ?? ''
    const doubled = SEPARATORS.includes(next) && (char === ')' || next === '(') && isDigit(text.charCodeAt(index + 2))
    if (!doubled && !isDigit(text.charCodeAt(index + 1)) && index > start) break
    index += doubled ? 2 : 1
  }
  if (group > 0) groups.push(group)
  return digits === '' ? undefined : { digits, end, groups }
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at
  return pattern.exec(text) ?? undefined
}

function mayBeginAt(text: string, start: number): boolean {
  const before = text.charCodeAt(start - 1)
  if (before === 0x2d || before === 0x2e || before === 0x2f || before === 0x2c || before === 0x24)
    return !isAlnum(text.charCodeAt(start - 2)) && before !== 0x24
  return !(before === 0x20 && isDigit(text.charCodeAt(start - 2)))
}

function mayEndAt(text: string, end: number): boolean {
  const after = text.charCodeAt(end)
  if (isAlnum(after) || after === 0x5f || after === 0x25) return false
  if (after === 0x2d || after === 0x2e || after === 0x2f || after === 0x3a || after === 0x2c) return !isDigit(text.charCodeAt(end + 1))
  return true
}

const leadOf = (view: TextView, start: number): string => asWords(view.text.slice(Math.max(0, start - 40), start))

function hasPhoneContext(view: TextView, start: number, end: number): boolean {
  const { text, field } = view
  if (field !== '' && PHONE_WORDS.test(asWords(field))) return true
  const lead = leadOf(view, start)
  return (
    (PHONE_WORDS.test(lead) && !OTHER_WORDS.test(lead)) ||
    /^[ (,]{0,3}(?:cell|mobile|phone|fax|tel|home|work)\b/i.test(text.slice(end, end + 12))
  )
}

export const detectNorthAmericanPhone: Detector = northAmericanPhone(hasPhoneContext)
export const detectNationalPhone: Detector = nationalPhone(hasPhoneContext)

const MORE_WORDS =
  /(?:^|[^a-z])(?:(?:my|his|her|our|their|your|new|home|work|office) (?:number|no|nr)(?: is)?|ph|mob|contact no|handy|gsm|tlf|telefonnummer|m[oó]vil|tel[eé]fono|t[eé]l[eé]phone|cep|puh|numer telefonu|numero de tel[a-zé]*|mon num[eé]ro(?: est(?: le)?)?|meine nummer(?: ist)?)[ .:#]{0,3}$|(?:電話|携帯|手机|手機|电话|联系方式|전화|휴대폰|연락처|телефон|тел\.?|моб\.?|τηλ|هاتف|फ़ोन|फोन|טלפון|โทร)(?:番号|号码|번호|ный|а)?[ .:：]{0,3}$/i
/** Version 3 knows more ways to say so. */
function hasPhoneContext3(view: TextView, start: number, end: number): boolean {
  if (hasPhoneContext(view, start, end)) return true
  const lead = leadOf(view, start)
  if (MORE_WORDS.test(lead)) return true
  return !OTHER_WORDS.test(lead) && /^[ ,.;(]{0,3}(?:call|text|ring|dial) (?:me|us|him|her|them)\b/i.test(view.text.slice(end, end + 16))
}
export const detectNorthAmericanPhone3: Detector = unlessPlace(northAmericanPhone(hasPhoneContext3))
export const detectNationalPhone3: Detector = unlessPlace(nationalPhone(hasPhoneContext3))

/** Version 4 takes no sum for a number: `e[6]+4294967296`. */
export const detectInternationalPhone4: Detector = (view, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  return view.text[start] === '+' && /[\])]/.test(view.text[start - 1] ?? '')
    ? undefined
    : detectInternationalPhone3(view, anchorEnd, anchorLength)
}

/** `contact: Ana López, …`: somebody's name between the word and the number. */
const NAMED_CONTACT =
  /(?:^|[^a-z])(?:contact|kontakt|contacto|contatto|call|phone|tel|mobile|cell|whatsapp|signal|sms)(?: person| details| info)?[ :.=-]{1,3}(?:[\p{L}'’-]{2,20} ?){1,4}[,:;(|-]{1,2} ?$/u
/** The number of something else: `注文番号は`, `주문번호는`, `order no. `. */
const OTHER_NUMBER =
  /(?:番号|番號|번호|[号號码碼]|(?:^|[^a-z])(?:number|numbers|nr|no|code|id|ref|key|version|sku|part))(?: ?(?:は|が|는|은|是|为|為|is|was))?[^\p{L}\p{N}]{0,3}$/u
const MY_NUMBER =
  /(?:^|[^a-z])(?:my|our|your|his|her|their) (?:new |old |other )?(?:(?:u\.?[sk]\.?|cn|[a-z]{2,10}(?:ese|ian|ean|can|man|ish|nch|tch|ali|eli|swiss|thai|czech)) )?(?:phone |mobile |cell )?(?:number|no) (?:is|was) ?\(?$/
/** Words for a number in more tongues. */
const LOCAL_WORDS =
  /(?:^|[^a-z])(?:telepono|numero ng telepono|cep|gsm|celular|no hp|nomor(?: hp| telepon)?|handphone|so dien thoai|sdt)(?: ?(?:no|nr|tel|telefonu|numaras[iı]|numaram))?[ .:#]{0,3}$/
/** A trunk zero and groups of which the last has four, or as in Turkey two pairs: `090-1234-5678`, `0 532 123 45 67`. */
const TRUNK_FORMS =
  /^0[1-9][0-9]{1,2}[ -][0-9]{3,4}[ -][0-9]{4}$|^0[ -]?(?:[1-9][0-9]{2}|\([1-9][0-9]{2}\))[ -][0-9]{3}[ -][0-9]{2}[ -][0-9]{2}$|^0 ?\([1-9][0-9]{2}\) ?[0-9]{3}[ -]?[0-9]{4}$/
/** What says so in East Asian tongues, and the verb or particle that may stand between it and the number: `電話番号は`, `手机号是`, `연락처는`. */
const EAST_ASIAN_WORDS =
  /(?:携帯電話|電話|携帯|手机|手機|电话|联系方式|聯絡電話|전화|휴대폰|핸드폰|연락처)(?:番号|号码|號碼|号|號|번호)?(?: ?(?:は|が|是|为|為|은|는|이|가))?[ .:：]{0,3}$/
/** Version 4 knows more of these. */
const hasPhoneContext4 = (view: TextView, start: number, end: number): boolean =>
  hasPhoneContext3(view, start, end) || EAST_ASIAN_WORDS.test(leadOf(view, start))
export const detectNorthAmericanPhone4: Detector = unlessPlace(northAmericanPhone(hasPhoneContext4))

/** Besides, it knows somebody's name before the number, and tables. */
export const detectNationalPhone4: Detector = unlessPlace(
  nationalPhone(
    (view, start, end) => {
      if (hasPhoneContext4(view, start, end)) return true
      const lead = leadOf(view, start).replace(/whats app/g, 'whatsapp')
      return PHONE_WORDS.test(lead.slice(-16)) || NAMED_CONTACT.test(lead) || MY_NUMBER.test(lead) || LOCAL_WORDS.test(lead)
    },
    (written, view, start) => TRUNK_FORMS.test(written) && !OTHER_NUMBER.test(leadOf(view, start)),
  ),
)

/** What stands where a surrogate has been put: no plan has an area that begins with three zeros, and 999 is no country. */
const isReplaced = (digits: string): boolean => digits.startsWith('000')
