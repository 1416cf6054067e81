import { createHash } from 'node:crypto'
import type { Chance } from './random.ts'

/**
 * Identifiers with right check digits, by the issuers' published schemes, made without looking at how they are found: `{#name}` in a
 * template. Digits alone where a scheme has no written form of its own.
 */
type Maker = (c: Chance) => string

const weighted = (digits: string, weights: readonly number[]): number =>
  weights.reduce((total, weight, index) => total + Number(digits[index]) * weight, 0)
const luhnCheck = (body: string): string => {
  let total = 0
  for (let index = 0; index < body.length; index++) {
    const twice = Number(body[body.length - 1 - index]) * (index % 2 === 0 ? 2 : 1)
    total += twice > 9 ? twice - 9 : twice
  }
  return String((10 - (total % 10)) % 10)
}
const withLuhn = (body: string): string => body + luhnCheck(body)
const pad = (value: number, length = 2): string => String(value).padStart(length, '0')
const year = (c: Chance): number => 1940 + c.below(60)
const born = (c: Chance): { y: string; yy: string; m: string; d: string } => {
  const y = String(year(c))
  return { y, yy: y.slice(2), m: pad(1 + c.below(12)), d: pad(1 + c.below(28)) }
}
const tried = (make: () => string | undefined): string => {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const made = make()
    if (made !== undefined) return made
  }
  throw new Error('no identifier of that kind in 10,000 tries')
}
/** `00.00` of `1234` is `12.34`; what is no `0` stands for itself. */
const written = (text: string, form: string): string => {
  let next = 0
  return form.replace(/0/g, () => text[next++] ?? '')
}

const IBAN_FORMS =
  'AD8D12U AE19D AL8D16U AT16D AZ4u20U BA16D BE12D BG4u6D8U BH4u14U BR23D1u1U BY4U4D16U CH5D12U CR18D CY8D16U CZ20D DE18D DK14D DO4U20D EE16D EG25D ES20D FI14D FO14D FR10D11U2D GB4u14D GE2u16D GI4u15U GL14D GR7D16U GT4U20U HR17D HU24D IE4u14D IL19D IQ4u15D IS22D IT1u10D12U JO4u4D18U KW4u22U KZ3D13U LB4D20U LC4u24U LI5D12U LT16D LU3D13U LV4u13U MC10D11U2D MD2U18U ME18D MK3D10U2D MR23D MT4u5D18U MU4u19D3u NL4u10D NO11D PK4u16U PL24D PS4u21U PT21D QA4u21U RO4u16U RS18D SA2D18U SC4u20D3u SE20D SI15D SK20D SM1u10D12U ST21D SV4u20D TL19D TN20D TR5D1D16U UA6D19U VA18D VG4u16D XK16D'
export const IBAN_COUNTRIES: readonly string[] = IBAN_FORMS.split(' ').map((form) => form.slice(0, 2))
function iban(c: Chance, country: string): string {
  const form = IBAN_FORMS.split(' ').find((entry) => entry.startsWith(country)) ?? ''
  let account = ''
  for (const [, count = '0', kind = 'D'] of form.slice(2).matchAll(/([0-9]+)([DUu])/g)) account += c.run(kind, Number(count))
  const number = [...`${account}${country}00`].map((char) => (char > '9' ? String(char.charCodeAt(0) - 55) : char)).join('')
  return `${country}${pad(Number(98n - (BigInt(number) % 97n)))}${account}`
}

const VERHOEFF_D = [0, 1, 2, 3, 4].flatMap((a) => [
  ...[0, 1, 2, 3, 4].map((b) => (a + b) % 5),
  ...[0, 1, 2, 3, 4].map((b) => ((a + b) % 5) + 5),
])
const verhoeffTable = (a: number, b: number): number =>
  a < 5 ? (VERHOEFF_D[a * 10 + b] as number) : b < 5 ? ((a - 5 - b + 5) % 5) + 5 : (a - 5 - (b - 5) + 5) % 5
const VERHOEFF_P = [0, 1, 2, 3, 4, 5, 6, 7].reduce<number[][]>(
  (rows) => [...rows, rows.length === 0 ? [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] : [1, 5, 7, 6, 2, 8, 3, 0, 9, 4].map((to) => to)],
  [],
)
for (let row = 2; row < 8; row++)
  VERHOEFF_P[row] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((digit) => VERHOEFF_P[row - 1]?.[VERHOEFF_P[1]?.[digit] ?? 0] ?? 0)
function withVerhoeff(body: string): string {
  for (let digit = 0; digit < 10; digit++) {
    let check = 0
    for (const [index, char] of [...`${body}${digit}`].reverse().entries())
      check = verhoeffTable(check, VERHOEFF_P[index % 8]?.[Number(char)] ?? 0)
    if (check === 0) return `${body}${digit}`
  }
  return `${body}0`
}
function withMod1110(body: string): string {
  let product = 10
  for (const char of body) {
    const rest = (Number(char) + product) % 10
    product = ((rest === 0 ? 10 : rest) * 2) % 11
  }
  return `${body}${(11 - product) % 10}`
}

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const bytesOf = (c: Chance, count: number): Buffer => Buffer.from(Array.from({ length: count }, () => c.below(256)))
function base58(bytes: Buffer): string {
  let value = BigInt(`0x${bytes.toString('hex') || '0'}`)
  let text = ''
  for (; value > 0n; value /= 58n) text = (BASE58[Number(value % 58n)] ?? '') + text
  for (const byte of bytes) {
    if (byte !== 0) break
    text = `1${text}`
  }
  return text
}
function base58Check(prefix: readonly number[], body: Buffer): string {
  const payload = Buffer.concat([Buffer.from(prefix), body])
  const sha = (data: Buffer): Buffer => createHash('sha256').update(data).digest()
  return base58(Buffer.concat([payload, sha(sha(payload)).subarray(0, 4)]))
}
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
function bech32(hrp: string, version: number | undefined, body: Buffer, constant: number): string {
  const values: number[] = version === undefined ? [] : [version]
  let bits = 0
  let held = 0
  for (const byte of body) {
    held = (held << 8) | byte
    for (bits += 8; bits >= 5; bits -= 5) values.push((held >> (bits - 5)) & 31)
    held &= (1 << bits) - 1
  }
  if (bits > 0) values.push((held << (5 - bits)) & 31)
  const polymod = (all: readonly number[]): number => {
    let check = 1
    for (const value of all) {
      const top = check >>> 25
      check = ((check & 0x1ffffff) << 5) ^ value
      for (const [bit, generator] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries())
        if ((top >> bit) & 1) check ^= generator
    }
    return check
  }
  const expanded = [...[...hrp].map((char) => char.charCodeAt(0) >> 5), 0, ...[...hrp].map((char) => char.charCodeAt(0) & 31)]
  const check = polymod([...expanded, ...values, 0, 0, 0, 0, 0, 0]) ^ constant
  for (let index = 0; index < 6; index++) values.push((check >> (5 * (5 - index))) & 31)
  return `${hrp}1${values.map((value) => BECH32[value]).join('')}`
}

const card =
  (prefix: string, length: number): Maker =>
  (c) =>
    withLuhn(prefix + c.digits(length - 1 - prefix.length))

const MAKERS: Readonly<Record<string, Maker>> = {
  visa: card('4', 16),
  visa19: card('4', 19),
  mastercard: (c) => card(`5${1 + c.below(5)}`, 16)(c),
  mastercard2: (c) => card(String(2221 + c.below(499)), 16)(c),
  amex: (c) => card(c.pick(['34', '37']), 15)(c),
  discover: (c) => card(c.pick(['6011', '65', '644']), 16)(c),
  diners: (c) => card(c.pick(['36', '305', '38']), 14)(c),
  jcb: (c) => card(String(3528 + c.below(61)), 16)(c),
  unionpay: card('62', 16),
  maestro: card('6759', 16),
  mir: card('2200', 16),
  rupay: card('6521', 16),
  elo: card('509', 16),
  troy: card('9792', 16),

  ssn: (c) => `${pad(100 + c.below(560), 3)}${pad(1 + c.below(99))}${pad(1 + c.below(9998), 4)}`,
  itin: (c) => `9${c.digits(2)}7${c.digits(1)}${c.digits(4)}`,
  nino: (c) => `${c.pick(['AB', 'CE', 'JN', 'PX', 'SW', 'HL'])}${c.digits(6)}${c.pick(['A', 'B', 'C', 'D'])}`,
  nhs: (c) =>
    tried(() => {
      const body = `${4 + c.below(4)}${c.digits(8)}`
      const check = (11 - (weighted(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 11
      return check === 10 ? undefined : `${body}${check}`
    }),
  steuer: (c) =>
    tried(() => {
      const order = [...'0123456789'].sort(() => c.next() - 0.5)
      if (order[0] === '0') return undefined
      order[9] = order[4] as string
      return withMod1110(order.join(''))
    }),
  nir: (c) => {
    const { yy, m } = born(c)
    const body = `${1 + c.below(2)}${yy}${m}${pad(1 + c.below(95))}${pad(1 + c.below(600), 3)}${pad(1 + c.below(998), 3)}`
    return `${body}${pad(Number(97n - (BigInt(body) % 97n)))}`
  },
  dni: (c) => {
    const number = c.digits(8)
    return `${number}${'TRWAGMYFPDXBNJZSQVHLCKE'[Number(number) % 23]}`
  },
  nie: (c) => {
    const first = c.below(3)
    const number = c.digits(7)
    return `${'XYZ'[first]}${number}${'TRWAGMYFPDXBNJZSQVHLCKE'[Number(`${first}${number}`) % 23]}`
  },
  fiscale: (c) => {
    const odd = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
    const body = `${c.run('BCDFGLMNPRSTVZ', 6)}${c.digits(2)}${c.pick([...'ABCDEHLMPRST'])}${pad(1 + c.below(28))}${c.pick([...'AFGHL'])}${c.digits(3)}`
    let total = 0
    for (let index = 0; index < 15; index++) {
      const char = body.charCodeAt(index)
      const value = char < 58 ? char - 48 : char - 65
      total += index % 2 === 0 ? (odd[value] ?? 0) : value
    }
    return body + String.fromCharCode(65 + (total % 26))
  },
  nif: (c) => {
    const body = `${c.pick(['1', '2', '3'])}${c.digits(7)}`
    const rest = weighted(body, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return `${body}${rest < 2 ? 0 : 11 - rest}`
  },
  bsn: (c) => tried(() => [`${1 + c.below(9)}${c.digits(8)}`].find((id) => weighted(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0)),
  rrnbe: (c) => {
    const { yy, m, d } = born(c)
    const body = `${yy}${m}${d}${pad(1 + c.below(996), 3)}`
    return `${body}${pad(97 - (Number(body) % 97))}`
  },
  personnummer: (c) => {
    const { yy, m, d } = born(c)
    return withLuhn(`${yy}${m}${d}${c.digits(3)}`)
  },
  fodsel: (c) =>
    tried(() => {
      const { yy, m, d } = born(c)
      const body = `${d}${m}${yy}${pad(c.below(500), 3)}`
      const first = (11 - (weighted(body, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11
      const second = (11 - (weighted(`${body}${first}`, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
      return first === 10 || second === 10 ? undefined : `${body}${first}${second}`
    }),
  cpr: (c) => {
    const { yy, m, d } = born(c)
    return `${d}${m}${yy}${pad(1 + c.below(3999), 4)}`
  },
  hetu: (c) => {
    const { yy, m, d } = born(c)
    const number = pad(2 + c.below(897), 3)
    return `${d}${m}${yy}-${number}${'0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(`${d}${m}${yy}${number}`) % 31]}`
  },
  pesel: (c) => {
    const { yy, m, d } = born(c)
    const body = `${yy}${m}${d}${c.digits(4)}`
    return `${body}${(10 - (weighted(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10}`
  },
  rodne: (c) =>
    tried(() => {
      const { m, d } = born(c)
      const body = `${54 + c.below(45)}${m}${d}${c.digits(3)}`
      const rest = Number(body) % 11
      return rest === 10 ? undefined : `${body}${rest}`
    }),
  cnp: (c) => {
    const { yy, m, d } = born(c)
    const body = `${1 + c.below(2)}${yy}${m}${d}${pad(1 + c.below(46))}${pad(1 + c.below(998), 3)}`
    const rest = weighted(body, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
    return `${body}${rest === 10 ? 1 : rest}`
  },
  egn: (c) => {
    const { yy, m, d } = born(c)
    const body = `${yy}${m}${d}${c.digits(3)}`
    return `${body}${(weighted(body, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10}`
  },
  tckn: (c) => {
    const body = `${1 + c.below(9)}${c.digits(8)}`
    const tenth = (((weighted(body, [7, -1, 7, -1, 7, -1, 7, -1, 7]) % 10) + 10) % 10).toString()
    return `${body}${tenth}${weighted(body + tenth, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]) % 10}`
  },
  aadhaar: (c) => withVerhoeff(`${2 + c.below(8)}${c.digits(10)}`),
  pan: (c) => `${c.run('u', 3)}P${c.run('u', 1)}${c.digits(4)}${c.run('u', 1)}`,
  cpf: (c) => {
    const body = c.digits(9)
    const first = ((weighted(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
    return `${body}${first}${((weighted(`${body}${first}`, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10}`
  },
  cnpj: (c) => {
    const body = `${c.digits(8)}0001`
    const check = (text: string, weights: readonly number[]): number => {
      const rest = weighted(text, weights) % 11
      return rest < 2 ? 0 : 11 - rest
    }
    const first = check(body, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
    return `${body}${first}${check(`${body}${first}`, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])}`
  },
  curp: (c) => {
    const { yy, m, d } = born(c)
    const body = `${c.run('BCDFGH', 1)}${c.pick([...'AEIO'])}${c.run('LMNPRST', 2)}${yy}${m}${d}${c.pick(['H', 'M'])}${c.pick(['DF', 'JC', 'NL'])}${c.run('BCDFGLMNPRST', 3)}0`
    let total = 0
    for (let index = 0; index < 17; index++) total += '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'.indexOf(body[index] ?? '') * (18 - index)
    return `${body}${(10 - (total % 10)) % 10}`
  },
  rfc: (c) => {
    const { yy, m, d } = born(c)
    return `${c.run('BCDFGH', 1)}${c.pick([...'AEIO'])}${c.run('LMNPRST', 2)}${yy}${m}${d}${c.run('U', 3)}`
  },
  cuit: (c) =>
    tried(() => {
      const body = `${c.pick(['20', '27', '23'])}${10 + c.below(35)}${c.digits(6)}`
      const check = (11 - (weighted(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
      return check === 10 ? undefined : `${body}${check}`
    }),
  rut: (c) => {
    const body = String(5_000_000 + c.below(19_000_000)).padStart(8, '0')
    let total = 0
    for (let index = 0; index < 8; index++) total += Number(body[7 - index]) * (2 + (index % 6))
    return `${body}${'0K987654321'[total % 11]}`
  },
  sin: (c) => withLuhn(`${1 + c.below(7)}${c.digits(7)}`),
  tfn: (c) => tried(() => [`${1 + c.below(9)}${c.digits(8)}`].find((id) => weighted(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0)),
  medicare: (c) => {
    const body = `${2 + c.below(5)}${c.digits(7)}`
    return `${body}${weighted(body, [1, 3, 7, 9, 1, 3, 7, 9]) % 10}${1 + c.below(5)}`
  },
  ird: (c) =>
    tried(() => {
      const body = `0${10 + c.below(80)}${c.digits(5)}`
      const rest = weighted(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11
      const check = rest === 0 ? 0 : 11 - rest
      return check === 10 ? undefined : `${body.slice(1)}${check}`.padStart(8, '0')
    }),
  zaid: (c) => {
    const { yy, m, d } = born(c)
    return withLuhn(`${yy}${m}${d}${c.digits(4)}${c.below(2)}8`)
  },
  rrnkr: (c) => {
    const { yy, m, d } = born(c)
    const body = `${yy}${m}${d}${1 + c.below(2)}${c.digits(5)}`
    return `${body}${(11 - (weighted(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10}`
  },
  mynumber: (c) => {
    const body = c.digits(11)
    const rest = weighted(body, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return `${body}${rest <= 1 ? 0 : 11 - rest}`
  },
  cnid: (c) => {
    const { y, m, d } = born(c)
    const body = `${c.pick(['110105', '310101', '440305', '510107'])}${y}${m}${d}${c.digits(3)}`
    return body + '10X98765432'[weighted(body, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11]
  },
  nric: (c) => {
    const number = c.digits(7)
    const first = c.pick([...'STFG'])
    const total = weighted(number, [2, 7, 6, 5, 4, 3, 2]) + ('TG'.includes(first) ? 4 : 0)
    return `${first}${number}${('ST'.includes(first) ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[total % 11]}`
  },
  hkid: (c) => {
    const letter = c.run('u', 1)
    const number = c.digits(6)
    const total = 36 * 9 + (letter.charCodeAt(0) - 55) * 8 + weighted(number, [7, 6, 5, 4, 3, 2])
    const check = (11 - (total % 11)) % 11
    return `${letter}${number}(${check === 10 ? 'A' : check})`
  },
  twid: (c) => {
    const letter = c.pick([...'ABCDEFGHJKLMNPQRSTUVXYWZIO'])
    const value = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'.indexOf(letter) + 10
    const number = `${1 + c.below(2)}${c.digits(7)}`
    const total = Math.floor(value / 10) + (value % 10) * 9 + weighted(number, [8, 7, 6, 5, 4, 3, 2, 1])
    return `${letter}${number}${(10 - (total % 10)) % 10}`
  },
  ilid: (c) => withLuhn(`0${1 + c.below(9)}${c.digits(6)}`),
  oib: (c) => withMod1110(c.digits(10)),
  ahv: (c) => {
    const body = `756${c.digits(9)}`
    return `${body}${(10 - (weighted(body, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10}`
  },

  p2pkh: (c) => base58Check([0], bytesOf(c, 20)),
  p2sh: (c) => base58Check([5], bytesOf(c, 20)),
  segwit: (c) => bech32('bc', 0, bytesOf(c, 20), 1),
  taproot: (c) => bech32('bc', 1, bytesOf(c, 32), 0x2bc830a3),
  ltc: (c) => base58Check([48], bytesOf(c, 20)),
  doge: (c) => base58Check([30], bytesOf(c, 20)),
  tron: (c) => base58Check([0x41], bytesOf(c, 20)),
  xrp: (c) => {
    const ripple = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
    return [...base58Check([0], bytesOf(c, 20))].map((char) => ripple[BASE58.indexOf(char)]).join('')
  },
  eth: (c) => `0x${c.run('H', 40)}`,
  sol: (c) => base58(bytesOf(c, 32)),
  xmr: (c) => `4${c.pick([...'AB'])}${c.run(BASE58, 93)}`,
  ada: (c) => bech32('addr', undefined, bytesOf(c, 57), 1),
  cosmos: (c) => bech32('cosmos', undefined, bytesOf(c, 20), 1),
  wif: (c) => base58Check([128], Buffer.concat([bytesOf(c, 32), Buffer.from([1])])),
}

/** Fills `{#name}`, `{#name 000 000}` (written in that form) and `{#iban DE}`; the rest as `Chance.fill` does. */
export function fillIdentifiers(chance: Chance, template: string): string {
  const filled = template.replace(/\{#([a-z0-9]+)(?: ([^}]+))?\}/g, (_, name: string, form: string | undefined) => {
    if (name === 'iban') return iban(chance, form ?? 'DE')
    const make = MAKERS[name]
    if (make === undefined) throw new Error(`no identifier ${name}`)
    const made = make(chance)
    return form === undefined ? made : written(made, form)
  })
  return chance.fill(filled)
}
