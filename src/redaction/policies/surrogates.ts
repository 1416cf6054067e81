import { createHmac } from 'node:crypto'
import { ibanRest, luhnDigit } from '../detectors/check-digits.ts'
import { TEST_CARD } from '../detectors/payment-card.ts'

/** Gives a value of the same shape that nobody has, equal for equal values under one key; undefined where the rule has no such form. */
export class Surrogates {
  readonly #key: Uint8Array

  constructor(key: Uint8Array) {
    this.#key = key
  }

  surrogateFor(rule: string, value: string): string | undefined {
    switch (rule) {
      case 'email':
        // RFC 2606 reserves `.invalid`.
        return `${this.#digest(rule, value).slice(0, 12)}@redacted.invalid`
      case 'payment-card':
        return this.#card(value)
      case 'iban':
        return this.#iban(value)
      case 'phone':
        return this.#phone(value)
      case 'ip-address':
        return value.includes(':') ? undefined : this.#address(value)
      default:
        return undefined
    }
  }

  #digest(rule: string, value: string): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify(['surrogate', rule, value]))
      .digest('hex')
  }

  #digits(rule: string, value: string, count: number): string {
    return BigInt(`0x${this.#digest(rule, value)}`)
      .toString()
      .padStart(77, '0')
      .slice(-count)
  }

  /** In a range that card networks keep for tests, of the same length and grouping. */
  #card(value: string): string {
    const length = value.replace(/[^0-9]/g, '').length
    const body = TEST_CARD + this.#digits('payment-card', value, length - TEST_CARD.length - 1)
    return refill(value, body + luhnDigit(body))
  }

  /** Of the same country, at a bank that is all zeros. */
  #iban(value: string): string {
    const compact = value.replace(/[^A-Za-z0-9]/g, '').toUpperCase()
    const account = '0'.repeat(8) + this.#digits('iban', value, compact.length - 12)
    const check = String(98 - ibanRest(`${compact.slice(0, 2)}00${account}`)).padStart(2, '0')
    return refill(value, compact.slice(0, 2) + check + account)
  }

  /** As many digits in the same groups, with a country code or area that is nobody's. */
  #phone(value: string): string {
    const count = value.replace(/[^0-9]/g, '').length
    return refill(value, (value.includes('+') ? '999' : '000') + this.#digits('phone', value, count - 3))
  }

  /** RFC 2544: for measurements, never routed. */
  #address(value: string): string {
    const digest = this.#digest('ip-address', value)
    const octet = (at: number): number => Number.parseInt(digest.slice(at, at + 2), 16)
    return `198.${18 + (octet(0) & 1)}.${octet(2)}.${octet(4)}`
  }
}

/** `fresh` in place of the letters and digits of `shape`, whose separators stay. */
function refill(shape: string, fresh: string): string {
  let next = 0
  return shape.replace(/[A-Za-z0-9]/g, () => fresh[next++] ?? '')
}
