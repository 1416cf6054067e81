import type { Chance } from '../random.ts'

export const ds = (text: string): number[] => [...text].map(Number)

export function weighted(text: string, weights: readonly number[]): number {
  return ds(text).reduce((sum, digit, at) => sum + digit * (weights[at] ?? 0), 0)
}

export function luhnDigit(text: string): number {
  const sum = ds(text)
    .reverse()
    .reduce((total, digit, at) => total + (at % 2 === 0 ? (digit * 2 > 9 ? digit * 2 - 9 : digit * 2) : digit), 0)
  return (10 - (sum % 10)) % 10
}

export const luhn = (text: string): string => text + luhnDigit(text)

/** ISO 7064 Mod 11,10. */
export function mod1110(text: string): string {
  let product = 10
  for (const digit of ds(text)) {
    const sum = (digit + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return text + ((11 - product) % 10)
}

const D5 = [
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
const P8 = ['0123456789', '1576283094', '5803796142', '8916043527', '9453126870', '4286573901', '2793806415', '7046913258']
const INVERSE = '0432156789'

export function verhoeff(text: string): string {
  const sum = ds(text)
    .reverse()
    .reduce((state, digit, at) => Number(D5[state]?.[Number(P8[(at + 1) % 8]?.[digit])]), 0)
  return text + INVERSE[sum]
}

const two = (number: number): string => String(number).padStart(2, '0')

export type Day = { year: number; yy: string; mm: string; dd: string; month: number; woman: boolean }

export function birth(c: Chance, from = 1945, to = 1999): Day {
  const year = from + c.below(to - from + 1)
  const month = 1 + c.below(12)
  return { year, yy: two(year % 100), mm: two(month), dd: two(1 + c.below(28)), month, woman: c.below(2) === 1 }
}

/** Draws until the maker accepts. */
export function until(make: () => string | undefined): string {
  for (;;) {
    const text = make()
    if (text !== undefined) return text
  }
}

/** A number whose first digit is not 0. */
export const number = (c: Chance, length: number): string => `${1 + c.below(9)}${c.digits(length - 1)}`

export function elevenOf(c: Chance, length: number, weights: readonly number[], check: (sum: number) => number): string {
  return until(() => {
    const body = number(c, length)
    const digit = check(weighted(body, weights))
    return digit >= 0 && digit <= 9 ? body + digit : undefined
  })
}
