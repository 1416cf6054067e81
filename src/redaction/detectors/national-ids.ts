import {
  digitAt,
  ibanRest,
  isAllEqual,
  isDateAt,
  isDayOfMonth,
  isEan13,
  isLuhnValid,
  isMod1110,
  isReversedDateAt,
  isVerhoeffValid,
  modOf,
  weighted,
} from './check-digits.ts'

/** Whether letters and digits alone, in upper case, are a valid identifier of the kind. Sources: the issuers' published formats. */
export type IdCheck = (id: string) => boolean

const lastOf = (id: string): number => digitAt(id, id.length - 1)
const mod11 = (sum: number): number => (11 - (sum % 11)) % 11

function isSteuerId(id: string): boolean {
  if (id[0] === '0' || !isMod1110(id)) return false
  const counts = new Map<string, number>()
  for (const digit of id.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1)
  const repeated = [...counts.values()].filter((count) => count > 1)
  return repeated.length === 1 && (repeated[0] ?? 0) <= 3
}

/** Numéro d'inscription au répertoire: sex, year, month, department, commune, order, key. Corsica's 2A and 2B count as 19 and 18. */
function isNir(id: string): boolean {
  const month = Number(id.slice(3, 5))
  if (!/^[1-478]/.test(id) || !((month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50)) return false
  const body = id.slice(0, 13).replace('2A', '19').replace('2B', '18')
  return /^[0-9]{13}$/.test(body) && 97 - modOf(body, 97) === Number(id.slice(13))
}

const DNI_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE'
const isDni = (id: string): boolean => DNI_LETTERS[Number(id.slice(0, 8)) % 23] === id[8]
const isNie = (id: string): boolean => isDni('XYZ'.indexOf(id[0] ?? '') + id.slice(1))

const FISCAL_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
/** Codice fiscale. Letters may stand for digits where two people would share one. */
function isCodiceFiscale(id: string): boolean {
  let sum = 0
  for (let index = 0; index < 15; index++) {
    const code = id.charCodeAt(index)
    const value = code <= 0x39 ? code - 0x30 : code - 0x41
    sum += index % 2 === 0 ? (FISCAL_ODD[value] ?? 0) : value
  }
  return String.fromCharCode(0x41 + (sum % 26)) === id[15]
}

function isPesel(id: string): boolean {
  const month = Number(id.slice(2, 4)) % 20
  return isDayOfMonth(Number(id.slice(4, 6)), month) && weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

/** Personnummer, samordningsnummer (day plus 60), with or without the century. */
function isPersonnummer(id: string): boolean {
  const short = id.slice(-10)
  if (id.length === 12 && !/^(?:18|19|20)/.test(id)) return false
  const day = Number(short.slice(4, 6))
  return isDayOfMonth(day > 60 ? day - 60 : day, Number(short.slice(2, 4))) && isLuhnValid(short)
}

/** Fødselsnummer, D-number (day plus 40), H-number (month plus 40). */
function isFodselsnummer(id: string): boolean {
  const day = Number(id.slice(0, 2)) % 40
  const month = Number(id.slice(2, 4)) % 40
  if (!isDayOfMonth(day, month)) return false
  return (
    mod11(weighted(id, [3, 7, 6, 1, 8, 9, 4, 5, 2])) === digitAt(id, 9) &&
    mod11(weighted(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2])) === digitAt(id, 10)
  )
}

const isCpr = (id: string): boolean => isReversedDateAt(id, 0)
const HETU = '0123456789ABCDEFHJKLMNPRSTUVWXY'
const isHetu = (id: string): boolean => {
  const digits = id.replace(/[^0-9]/g, '').slice(0, 9)
  return isReversedDateAt(id, 0) && HETU[Number(digits) % 31] === id.at(-1)
}

const isSvnr = (id: string): boolean =>
  Number(id.slice(6, 8)) <= 15 &&
  weighted(id, [3, 7, 9, 0, 5, 8, 4, 2, 1, 6]) % 11 === digitAt(id, 3) &&
  id[0] !== '0' &&
  Number(id.slice(4, 6)) <= 31

function isCpf(id: string): boolean {
  if (isAllEqual(id)) return false
  const first = ((weighted(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  const second = ((weighted(id, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  return first === digitAt(id, 9) && second === digitAt(id, 10)
}
function isCnpj(id: string): boolean {
  if (isAllEqual(id)) return false
  const check = (weights: number[]): number => {
    const rest = weighted(id, weights) % 11
    return rest < 2 ? 0 : 11 - rest
  }
  return (
    check([5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digitAt(id, 12) && check([6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) === digitAt(id, 13)
  )
}

const CURP = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
function isCurp(id: string): boolean {
  let sum = 0
  for (let index = 0; index < 17; index++) sum += CURP.indexOf(id[index] ?? '') * (18 - index)
  return isDateAt(id, 4) && (10 - (sum % 10)) % 10 === lastOf(id)
}

function isNric(id: string): boolean {
  const sum = weighted(id.slice(1), [2, 7, 6, 5, 4, 3, 2])
  const first = id[0] ?? ''
  if (first === 'M') return 'KLJNPQRTUWX'[10 - ((sum + 3) % 11)] === id[8]
  const offset = first === 'T' || first === 'G' ? 4 : 0
  const letters = first === 'S' || first === 'T' ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK'
  return letters[(sum + offset) % 11] === id[8]
}

function isMyNumber(id: string): boolean {
  const rest = weighted(id, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return (rest <= 1 ? 0 : 11 - rest) === lastOf(id)
}

/** GB 11643: area, birth date, order, check by ISO 7064 MOD 11-2. */
function isChineseId(id: string): boolean {
  if (!/^[1-9][0-9]{5}(?:19|20)/.test(id) || !isDateAt(id, 8)) return false
  const rest = weighted(id, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11
  return '10X98765432'[rest] === id[17]
}

function isTckn(id: string): boolean {
  if (id[0] === '0') return false
  const odd = weighted(id, [1, 0, 1, 0, 1, 0, 1, 0, 1])
  const even = weighted(id, [0, 1, 0, 1, 0, 1, 0, 1])
  const tenth = (((odd * 7 - even) % 10) + 10) % 10
  return tenth === digitAt(id, 9) && weighted(id, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) % 10 === digitAt(id, 10)
}

const TAIWAN = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'
function isTaiwanId(id: string): boolean {
  const value = TAIWAN.indexOf(id[0] ?? '') + 10
  return (Math.floor(value / 10) + (value % 10) * 9 + weighted(id.slice(1), [8, 7, 6, 5, 4, 3, 2, 1, 1])) % 10 === 0
}
function isHongKongId(id: string): boolean {
  const padded = id.length === 8 ? ` ${id}` : id
  let sum = 0
  for (let index = 0; index < 8; index++) {
    const code = padded.charCodeAt(index)
    sum += (code === 0x20 ? 36 : code <= 0x39 ? code - 0x30 : code - 55) * (9 - index)
  }
  const check = (11 - (sum % 11)) % 11
  return (check === 10 ? 'A' : String(check)) === padded[8]
}

function isThaiId(id: string): boolean {
  return id[0] !== '0' && (11 - (weighted(id, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === lastOf(id)
}
const isZaId = (id: string): boolean => isDateAt(id, 0) && /[012]/.test(id[10] ?? '') && isLuhnValid(id)
const isKoreanRrn = (id: string): boolean => isDateAt(id, 0) && /[1-8]/.test(id[6] ?? '')
const isBsn = (id: string): boolean => !isAllEqual(id) && weighted(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0
function isBelgian(id: string): boolean {
  const month = Number(id.slice(2, 4)) % 20
  if (month > 12 || Number(id.slice(4, 6)) > 31) return false
  const key = Number(id.slice(9))
  return 97 - modOf(id.slice(0, 9), 97) === key || 97 - modOf(`2${id.slice(0, 9)}`, 97) === key
}
const isPortuguese = (id: string): boolean => {
  const rest = weighted(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
  return (rest < 2 ? 0 : 11 - rest) === lastOf(id)
}
const isRomanian = (id: string): boolean => {
  const rest = weighted(id, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
  return /^[1-9]/.test(id) && isDateAt(id, 1) && (rest === 10 ? 1 : rest) === lastOf(id)
}
const isCzech = (id: string): boolean => {
  const month = Number(id.slice(2, 4)) % 50
  return (
    isDayOfMonth(Number(id.slice(4, 6)), month > 20 ? month - 20 : month) &&
    (id.length === 9 || modOf(id, 11) === 0 || modOf(id.slice(0, 9), 11) === 10)
  )
}
const isBulgarian = (id: string): boolean => {
  const month = Number(id.slice(2, 4)) % 20
  return isDayOfMonth(Number(id.slice(4, 6)), month) && (weighted(id, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10 === lastOf(id)
}
const isBaltic = (id: string): boolean => {
  if (!/^[1-6]/.test(id) || !isDateAt(id, 1)) return false
  const first = weighted(id, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
  return (first < 10 ? first : (weighted(id, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10) === lastOf(id)
}
const isPps = (id: string): boolean => {
  const second = id[8] === undefined || id[8] === 'W' ? 0 : id.charCodeAt(8) - 0x40
  return 'WABCDEFGHIJKLMNOPQRSTUV'[(weighted(id, [8, 7, 6, 5, 4, 3, 2]) + second * 9) % 23] === id[7]
}
const isGreekTax = (id: string): boolean => (weighted(id, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10 === lastOf(id)
const isRussianInn = (id: string): boolean => {
  if (id.length === 10) return (weighted(id, [2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === lastOf(id)
  return (
    (weighted(id, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === digitAt(id, 10) &&
    (weighted(id, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10 === digitAt(id, 11)
  )
}
const isSnils = (id: string): boolean => (weighted(id, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100 === Number(id.slice(9))
const isRut = (id: string): boolean => {
  const body = id.slice(0, -1)
  let sum = 0
  for (let index = 0; index < body.length; index++) sum += digitAt(body, body.length - 1 - index) * (2 + (index % 6))
  return '0K987654321'[sum % 11] === id.at(-1)
}
const isCuit = (id: string): boolean => {
  const check = mod11(weighted(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]))
  return /^(?:2[03478]|3[034])/.test(id) && (check === 10 ? 9 : check) === lastOf(id)
}
const isDea = (id: string): boolean => weighted(id.slice(2), [1, 2, 1, 2, 1, 2]) % 10 === lastOf(id)
const isVin = (id: string): boolean => {
  const values = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ'
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
  let sum = 0
  for (let index = 0; index < 17; index++) sum += (values.indexOf(id[index] ?? '') % 10) * (weights[index] ?? 0)
  return '0123456789X'[sum % 11] === id[8] && /[0-9]/.test(id) && /[A-Z]/.test(id)
}
const isGstin = (id: string): boolean => {
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  let sum = 0
  for (let index = 0; index < 14; index++) {
    const product = alphabet.indexOf(id[index] ?? '') * (1 + (index % 2))
    sum += Math.floor(product / 36) + (product % 36)
  }
  return alphabet[(36 - (sum % 36)) % 36] === id[14]
}

/** Sum of the digits of products, as insurers in Germany have it; a letter stands for its place in the alphabet, in two digits. */
function isInsured(id: string, weights: readonly number[]): boolean {
  const digits = id.replace(/[A-Z]/, (letter) => String(letter.charCodeAt(0) - 64).padStart(2, '0'))
  let sum = 0
  for (const [index, weight] of weights.entries()) {
    const product = digitAt(digits, index) * weight
    sum += Math.floor(product / 10) + (product % 10)
  }
  return sum % 10 === lastOf(id)
}

export const ID_CHECKS: Readonly<Record<string, IdCheck>> = {
  'us-ssn': (id) => !/^(?:000|666|9)|^...00|0000$/.test(id),
  'us-itin': (id) => /^9..(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])/.test(id),
  'us-ein': (id) => !isAllEqual(id) && !/^(?:0[0789]|[17]8|[12]9|49|69|70|7[89]|8[9]|9[67])/.test(id),
  'us-npi': (id) => /^[12]/.test(id) && isLuhnValid(`80840${id}`),
  'us-routing': (id) =>
    weighted(id, [3, 7, 1, 3, 7, 1, 3, 7, 1]) % 10 === 0 && /^(?:0[0-9]|1[0-2]|2[1-9]|3[0-2]|6[1-9]|7[0-2]|80)/.test(id) && !isAllEqual(id),
  'us-dea': isDea,
  'uk-nhs': (id) => !isAllEqual(id) && mod11(weighted(id, [10, 9, 8, 7, 6, 5, 4, 3, 2])) === lastOf(id),
  'uk-nino': (id) => !/^(?:BG|GB|KN|NK|NT|TN|ZZ)/.test(id),
  // Neither letter is one of D, F, I, Q, U and V, nor the second an O; behind them A to D. QQ stands in examples.
  'uk-nino-4': (id) => /^(?!BG|GB|KN|NK|NT|TN|ZZ)(?:QQ|[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z])[0-9]{6}[A-D]$/.test(id),
  'ca-sin': (id) => !/^[08]/.test(id) && isLuhnValid(id),
  'au-tfn': (id) =>
    !isAllEqual(id) && (id.length === 8 ? weighted(id, [10, 7, 8, 4, 6, 3, 5, 1]) : weighted(id, [1, 4, 3, 7, 5, 8, 6, 9, 10])) % 11 === 0,
  'au-abn': (id) => id[0] !== '0' && (weighted(id, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0,
  'au-acn': (id) => (10 - (weighted(id, [8, 7, 6, 5, 4, 3, 2, 1]) % 10)) % 10 === lastOf(id),
  'au-medicare': (id) => /^[2-6]/.test(id) && weighted(id, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === digitAt(id, 8),
  'in-aadhaar': (id) => /^[2-9]/.test(id) && isVerhoeffValid(id),
  'in-gstin': isGstin,
  'de-steuer-id': isSteuerId,
  'de-kvnr': (id) => isInsured(id, [1, 2, 1, 2, 1, 2, 1, 2, 1, 2]),
  'de-rvnr': (id) =>
    isDayOfMonth(Number(id.slice(2, 4)) % 32, Number(id.slice(4, 6))) && isInsured(id, [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1]),
  'de-vat-id': (id) => id[2] !== '0' && isMod1110(id.slice(2)),
  'fr-nir': isNir,
  'es-dni': isDni,
  'es-nie': isNie,
  'it-codice-fiscale': isCodiceFiscale,
  'it-partita-iva': (id) => !isAllEqual(id) && isLuhnValid(id),
  'nl-bsn': isBsn,
  'be-nrn': isBelgian,
  'pl-pesel': isPesel,
  'pl-nip': (id) => weighted(id, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 === lastOf(id),
  'se-personnummer': isPersonnummer,
  'no-fodselsnummer': isFodselsnummer,
  'dk-cpr': isCpr,
  'fi-hetu': isHetu,
  'ch-ahv': (id) => id.startsWith('756') && isEan13(id),
  'at-svnr': isSvnr,
  'pt-nif': isPortuguese,
  'br-cpf': isCpf,
  'br-cnpj': isCnpj,
  'mx-curp': isCurp,
  'za-id': isZaId,
  'sg-nric': isNric,
  'kr-rrn': isKoreanRrn,
  'jp-my-number': isMyNumber,
  'cn-resident-id': isChineseId,
  'tr-tckn': isTckn,
  'tw-id': isTaiwanId,
  'hk-id': isHongKongId,
  'th-id': isThaiId,
  'il-id': isLuhnValid,
  'my-nric': (id) => isDateAt(id, 0) && !/^.{6}(?:00|17|18|19|20|69|7[03]|8[01]|9[4-7])/.test(id),
  'ro-cnp': isRomanian,
  'cz-rodne-cislo': isCzech,
  'bg-egn': isBulgarian,
  'hr-oib': isMod1110,
  'lv-personas-kods': (id) => isReversedDateAt(id, 0) || id.startsWith('32'),
  'ee-isikukood': isBaltic,
  'ie-pps': isPps,
  'gr-afm': isGreekTax,
  'ru-inn': isRussianInn,
  'ru-snils': isSnils,
  'cl-rut': isRut,
  'ar-cuit': isCuit,
  'ae-emirates-id': (id) => id.startsWith('784') && /^784(?:19|20)/.test(id),
  'pk-cnic': (id) => /^[1-7]/.test(id),
  'us-mbi': (id) => /^[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y]{2}/.test(id),
  'uk-driving-licence': (id) => /^[A-Z9]{5}[0-9](?:[05][1-9]|[16][0-2])(?:0[1-9]|[12][0-9]|3[01])/.test(id),
  'in-pan': (id) => /^.{3}[ABCFGHJLPT]/.test(id),
  'se-personnummer-past': (id) => isPersonnummer(id) && (id.length === 12 ? id.slice(0, 4) < '2020' : /^[04-9]/.test(id)),
  'dk-cpr-checked': (id) => isCpr(id) && weighted(id, [4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 && /^..(?:..)[4-9]/.test(id),
  any: () => true,
  imei: (id) => isLuhnValid(id) && !isAllEqual(id),
  vin: isVin,
  iban: (id) => ibanRest(id) === 1,
}

/** The check named, over what is written with separators. */
export function isIdentifier(kind: string, written: string): boolean {
  return ID_CHECKS[kind]?.(written.replace(/[^0-9A-Za-z]/g, '').toUpperCase()) === true
}
