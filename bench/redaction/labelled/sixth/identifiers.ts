import type { Chance } from '../random.ts'
import { CARD_BRANDS, card, grouped, iban, imei, inFours, passportLine, vin, WALLETS } from './accounts.ts'
import { EUROPE } from './people-europe.ts'
import { WORLD } from './people-world.ts'

/** `alone` are those whose form says what they are, in prose without their name too. */
export type Identifier = {
  name: string
  words: Readonly<Record<string, readonly string[]>>
  alone: boolean
  times: number
  make: (c: Chance) => string
}

/** Words of several languages for what has no country. */
const CARD_WORDS: Identifier['words'] = {
  en: ['card number', 'card', 'credit card'],
  de: ['Kartennummer', 'Kreditkarte'],
  fr: ['numéro de carte'],
  es: ['número de tarjeta'],
  it: ['numero di carta'],
  nl: ['kaartnummer'],
  pt: ['número do cartão'],
  pl: ['numer karty'],
  sv: ['kortnummer'],
  ja: ['カード番号'],
  zh: ['卡号'],
}
const IBAN_WORDS: Identifier['words'] = {
  en: ['IBAN', 'account'],
  de: ['IBAN'],
  fr: ['IBAN'],
  es: ['IBAN'],
  it: ['IBAN'],
  nl: ['IBAN', 'rekeningnummer'],
  pl: ['IBAN', 'numer konta'],
  tr: ['IBAN'],
  el: ['IBAN'],
  fi: ['IBAN', 'tilinumero'],
  cs: ['IBAN'],
}

export const IDENTIFIERS: readonly Identifier[] = [
  ...CARD_BRANDS.map((brand) => ({
    name: `card ${brand}`,
    words: CARD_WORDS,
    alone: true,
    times: 8,
    make: (c: Chance) => {
      const text = card(c, brand)
      return c.pick([() => text, () => grouped(text, ' '), () => grouped(text, '-'), () => grouped(text, ' ')])()
    },
  })),
  { name: 'iban in groups', words: IBAN_WORDS, alone: true, times: 88, make: (c) => inFours(iban(c)) },
  { name: 'iban', words: IBAN_WORDS, alone: true, times: 88, make: iban },
  { name: 'iban in lower case', words: IBAN_WORDS, alone: true, times: 30, make: (c) => iban(c).toLowerCase() },
  { name: 'iban with hyphens', words: IBAN_WORDS, alone: true, times: 16, make: (c) => inFours(iban(c), '-') },
  { name: 'imei', words: { en: ['IMEI'] }, alone: false, times: 8, make: imei },
  { name: 'vin', words: { en: ['VIN', 'vehicle identification number'] }, alone: false, times: 8, make: vin },
  { name: 'passport zone', words: { en: ['MRZ', 'passport line'] }, alone: true, times: 8, make: passportLine },
  ...Object.entries(WALLETS).map(([name, make]) => ({
    name,
    words: { en: ['wallet', 'address', 'payout address'] },
    alone: true,
    times: 8,
    make,
  })),
  ...[...EUROPE, ...WORLD].map(([name, language, labels, make]) => ({ name, words: { [language]: labels }, alone: false, times: 9, make })),
]
