import type { Chance } from '../random.ts'
import { luhn, until, weighted } from './check-digits.ts'
import { keccak256 } from './keccak.ts'
import type { Person } from './people-europe.ts'
import { base58Check, bech32, bytes, fiveBits } from './shapes.ts'

type Brand = { name: string; starts: readonly string[]; length: number; groups: RegExp }
const FOURS = /(....)(?=.)/g
const AMEX = /^(....)(......)(.+)$/
const BRANDS: readonly Brand[] = [
  { name: 'Visa', starts: ['4539', '4916', '4485', '4024', '4556'], length: 16, groups: FOURS },
  { name: 'Mastercard', starts: ['51', '52', '53', '54', '55'], length: 16, groups: FOURS },
  { name: 'Mastercard 2-series', starts: ['2221', '2345', '2519', '2610', '2719'], length: 16, groups: FOURS },
  { name: 'American Express', starts: ['34', '37'], length: 15, groups: AMEX },
  { name: 'Discover', starts: ['6011', '65', '645'], length: 16, groups: FOURS },
  { name: 'Diners Club', starts: ['36', '38', '300', '305'], length: 14, groups: AMEX },
  { name: 'JCB', starts: ['3528', '3540', '3566', '3589'], length: 16, groups: FOURS },
  { name: 'UnionPay', starts: ['6221', '6225', '6250', '6282'], length: 16, groups: FOURS },
  { name: 'Maestro', starts: ['5018', '5038', '6759', '6762', '6304'], length: 16, groups: FOURS },
]

function card(brand: Brand): Person {
  const plain = (c: Chance): string => {
    const start = c.pick(brand.starts)
    return luhn(start + c.digits(brand.length - 1 - start.length))
  }
  const grouped =
    (sign: string) =>
    (c: Chance): string =>
      brand.groups === AMEX ? plain(c).replace(AMEX, `$1${sign}$2${sign}$3`) : plain(c).replace(FOURS, `$1${sign}`)
  const labels = ['card number', `${brand.name} card`, 'PAN', 'Kreditkarte', 'tarjeta']
  return { kind: `${brand.name} card number`, key: 'card_number', labels, forms: [plain, grouped(' '), grouped('-')] }
}

/** `#` stands for the two digits that make the account number 1 modulo 97. */
const ACCOUNTS: Readonly<Record<string, string>> = {
  AD: '{D8}{D12}',
  AE: '{D19}',
  AL: '{D8}{D16}',
  AT: '{D16}',
  AZ: '{u4}{D20}',
  BA: '{D14}#',
  BG: '{u4}{D14}',
  BH: '{u4}{D14}',
  BR: '{D23}{u1}1',
  CH: '{D17}',
  CR: '0{D17}',
  CY: '{D8}{D16}',
  CZ: '{D20}',
  DE: '{D18}',
  DK: '{D14}',
  DO: '{u4}{D20}',
  EE: '{D16}',
  FI: '{D14}',
  FO: '{D14}',
  FR: '{D10}{D11}{D2}',
  GB: '{u4}{D14}',
  GE: '{u2}{D16}',
  GI: '{u4}{D15}',
  GR: '{D7}{D16}',
  HR: '{D17}',
  HU: '{D24}',
  IE: '{u4}{D14}',
  IL: '{D19}',
  IS: '{D22}',
  IT: '{u1}{D10}{D12}',
  KW: '{u4}{D22}',
  KZ: '{D3}{D13}',
  LB: '{D4}{D20}',
  LI: '{D5}{D12}',
  LT: '{D16}',
  LU: '{D3}{D13}',
  LV: '{u4}{D13}',
  MC: '{D10}{D11}{D2}',
  MD: '{u2}{D18}',
  ME: '{D16}#',
  MK: '{D13}#',
  MT: '{u4}{D5}{D18}',
  NL: '{u4}{D10}',
  PL: '{D24}',
  PT: '{D19}#',
  QA: '{u4}{D21}',
  RO: '{u4}{D16}',
  RS: '{D16}#',
  SA: '{D2}{D18}',
  SE: '{D20}',
  SI: '{D13}#',
  SK: '{D20}',
  SM: '{u1}{D10}{D12}',
  TN: '{D20}',
  TR: '{D5}0{D16}',
  UA: '{D6}{D19}',
}
const rest97 = (digits: string): number => Number(BigInt(digits) % 97n)
const lettersToDigits = (text: string): string => [...text].map((sign) => Number.parseInt(sign, 36)).join('')

function account(country: string, c: Chance): string {
  if (country === 'BE') {
    const body = `${1 + c.below(9)}${c.digits(9)}`
    return body + String(rest97(body) || 97).padStart(2, '0')
  }
  if (country === 'NO') {
    return until(() => {
      const body = `${1 + c.below(9)}${c.digits(9)}`
      const digit = (11 - (weighted(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
      return digit > 9 ? undefined : body + digit
    })
  }
  if (country === 'ES') {
    const [bank, number] = [`00${c.digits(6)}`, c.digits(10)]
    const digit = (sum: number): number => (sum % 11 < 2 ? sum % 11 : 11 - (sum % 11))
    return `${bank}${digit(weighted(bank, [4, 8, 5, 10, 9, 7, 3, 6]))}${digit(weighted(number, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]))}${number}`
  }
  const body = c.fill(ACCOUNTS[country] ?? '')
  return body.endsWith('#') ? body.slice(0, -1) + String(98 - rest97(`${body.slice(0, -1)}00`)).padStart(2, '0') : body
}

export function iban(country: string, c: Chance): string {
  const body = account(country, c)
  const check = 98 - rest97(lettersToDigits(`${body}${country}00`))
  return `${country}${String(check).padStart(2, '0')}${body}`
}

export const IBAN_COUNTRIES: readonly string[] = [...Object.keys(ACCOUNTS), 'BE', 'ES', 'NO']

export const IBANS: readonly Person[] = IBAN_COUNTRIES.map((country) => {
  const make = (c: Chance): string => iban(country, c)
  return {
    kind: `IBAN of ${country}`,
    key: 'iban',
    labels: ['IBAN', 'account', 'Konto'],
    forms: [make, (c: Chance) => make(c).replace(FOURS, '$1 ')],
  }
})

function ethereum(c: Chance): string {
  const address = c.run('H', 40)
  const digest = keccak256(address)
  return `0x${[...address].map((sign, at) => (Number.parseInt(digest[at] ?? '0', 16) > 7 ? sign.toUpperCase() : sign)).join('')}`
}

export const MONEY: readonly Person[] = [
  ...BRANDS.map((brand) => card(brand)),
  {
    kind: 'Bitcoin address',
    key: 'btc_address',
    labels: ['BTC address', 'bitcoin wallet', 'payout address'],
    forms: [
      (c) => base58Check(Uint8Array.from([0, 1 + c.below(255), ...bytes(c, 19)])),
      (c) => base58Check(Uint8Array.from([5, ...bytes(c, 20)])),
      (c) => bech32('bc', [0, ...fiveBits(bytes(c, 20))]),
      (c) => bech32('bc', [1, ...fiveBits(bytes(c, 32))], 0x2bc830a3),
    ],
  },
  { kind: 'Ethereum address', key: 'eth_address', labels: ['ETH address', 'wallet', 'Ethereum wallet'], forms: [ethereum] },
]
