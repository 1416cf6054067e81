/** Check digit schemes that many identifiers share. Each takes the digits alone, as text. */

export const digitAt = (text: string, index: number): number => text.charCodeAt(index) - 0x30

/** Sum of digits times weights, as many as there are weights. */
export function weighted(text: string, weights: readonly number[]): number {
  let sum = 0
  for (let index = 0; index < weights.length; index++) sum += digitAt(text, index) * (weights[index] ?? 0)
  return sum
}

/** ISO/IEC 7812-1 annex B. */
export function isLuhnValid(digits: string): boolean {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digitAt(digits, digits.length - 1 - index)
    if (index % 2 === 0) sum += digit
    else sum += digit > 4 ? digit * 2 - 9 : digit * 2
  }
  return sum % 10 === 0
}

/** The digit that makes `digits` and it Luhn-valid. */
export function luhnDigit(digits: string): number {
  for (let digit = 0; digit < 9; digit++) if (isLuhnValid(digits + digit)) return digit
  return 9
}

/** ISO 7064 MOD 11,10: Steuer-ID, OIB. */
export function isMod1110(digits: string): boolean {
  let product = 10
  for (let index = 0; index < digits.length - 1; index++) {
    const sum = (digitAt(digits, index) + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === digitAt(digits, digits.length - 1)
}

/** Remainder of a decimal number of any length. */
export function modOf(digits: string, modulus: number): number {
  let rest = 0
  for (let index = 0; index < digits.length; index++) rest = (rest * 10 + digitAt(digits, index)) % modulus
  return rest
}

/** ISO/IEC 7064 MOD 97-10 over letters and digits in upper case, as IBAN (ISO 13616) has it: the first four go to the end. */
export function ibanRest(iban: string): number {
  const turned = iban.slice(4) + iban.slice(0, 4)
  let rest = 0
  for (let index = 0; index < turned.length; index++) {
    const code = turned.charCodeAt(index)
    const value = code <= 0x39 ? code - 0x30 : code - 55
    rest = value > 9 ? (rest * 100 + value) % 97 : (rest * 10 + value) % 97
  }
  return rest
}

const DIHEDRAL = [
  '0123456789',
  '1234067895',
  '2340178956',
  '3401289567',
  '4012395678',
  '5987604321',
  '6598710432',
  '7659821043',
  '8765932104',
  '9876543210',
]
const PERMUTED = ['0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258']

/** Verhoeff's dihedral check (Aadhaar). */
export function isVerhoeffValid(digits: string): boolean {
  let check = 0
  for (let index = 0; index < digits.length; index++) {
    const digit = digitAt(PERMUTED[index % 8] ?? '', digitAt(digits, digits.length - 1 - index))
    check = digitAt(DIHEDRAL[check] ?? '', digit)
  }
  return check === 0
}

/** EAN-13. */
export function isEan13(digits: string): boolean {
  return weighted(digits, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]) % 10 === 0
}

export const isAllEqual = (digits: string): boolean => /^(.)\1*$/.test(digits)

const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
export function isDayOfMonth(day: number, month: number): boolean {
  return day >= 1 && day <= (DAYS[month - 1] ?? 0)
}
/** `yymmdd` beginning at `at`. */
export const isDateAt = (digits: string, at: number): boolean =>
  isDayOfMonth(Number(digits.slice(at + 4, at + 6)), Number(digits.slice(at + 2, at + 4)))
/** `ddmmyy` beginning at `at`. */
export const isReversedDateAt = (digits: string, at: number): boolean =>
  isDayOfMonth(Number(digits.slice(at, at + 2)), Number(digits.slice(at + 2, at + 4)))
