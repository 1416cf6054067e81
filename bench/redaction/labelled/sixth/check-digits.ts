import type { Chance } from '../random.ts'

export const sum = (text: string, weights: readonly number[]): number =>
  weights.reduce((total, weight, index) => total + weight * Number(text[index]), 0)

/** The check digit that makes `text` pass Luhn. */
export function luhn(text: string): string {
  const total = [...text].reverse().reduce((all, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1)
    return all + (value > 9 ? value - 9 : value)
  }, 0)
  return String((10 - (total % 10)) % 10)
}

const SQUARE = [
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
const TURN = '1576283094'
const INVERSE = '0432156789'

export function verhoeff(text: string): string {
  let check = 0
  const digits = [...text].reverse().map(Number)
  for (const [index, digit] of digits.entries()) {
    let turned = digit
    for (let step = 0; step < (index + 1) % 8; step++) turned = Number(TURN[turned])
    check = Number(SQUARE[check]?.[turned])
  }
  return INVERSE[check]!
}

/** ISO 7064 mod 11, 10. */
export function mod1110(text: string): string {
  let rest = 10
  for (const digit of text) rest = (((rest + Number(digit)) % 10 || 10) * 2) % 11
  return String((11 - rest) % 10)
}

/** Digits of which the first is not a nought. */
export const number = (c: Chance, length: number): string => String(c.below(9) + 1) + c.run('D', length - 1)

/** Draws until the check exists: some numbers have none. */
export function until(make: () => string | undefined): string {
  for (;;) {
    const result = make()
    if (result !== undefined) return result
  }
}

export type Day = { year: number; yyyy: string; yy: string; mm: string; dd: string; month: number; day: number }

export function birthday(c: Chance, from = 1941, to = 1999): Day {
  const year = from + c.below(to - from + 1)
  const month = c.below(12) + 1
  const day = c.below(28) + 1
  const two = (value: number): string => String(value).padStart(2, '0')
  return { year, month, day, yyyy: String(year), yy: two(year % 100), mm: two(month), dd: two(day) }
}

export const letters = (c: Chance, length: number): string => c.run('BCDFGHJKLMNPRSTVWXZ', length)

export const mod97 = (text: string): number => [...text].reduce((rest, digit) => (rest * 10 + Number(digit)) % 97, 0)

/** Letters as numbers from 10, as banks and passports count them. */
export const lettersToNumbers = (text: string): string =>
  [...text].map((sign) => (/[A-Z]/.test(sign) ? String(sign.charCodeAt(0) - 55) : sign)).join('')
