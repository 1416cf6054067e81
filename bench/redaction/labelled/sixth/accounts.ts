import type { Chance } from '../random.ts'
import { lettersToNumbers, luhn, mod97, number, sum } from './check-digits.ts'
import { base58check, bech32, bytes, ethereumAddress, fiveBits, stellarKey } from './encodings.ts'

const COUNTRIES =
  'AD:4n4n12c AE:3n16n AL:8n16c AT:5n11n AZ:4a20c BA:3n3n8n2n BE:3n7n2n BG:4a4n2n8c BH:4a14c BI:5n5n11n2n BR:8n5n10n1a1c BY:4c4n16c ' +
  'CH:5n12c CR:4n14n CY:3n5n16c CZ:4n16n DE:8n10n DJ:5n5n11n2n DK:4n9n1n DO:4c20n EE:2n14n EG:4n4n17n ES:4n4n1n1n10n FI:3n11n FK:2a12n ' +
  'FO:4n9n1n FR:5n5n11c2n GB:4a6n8n GE:2a16n GI:4a15c GL:4n9n1n GR:3n4n16c GT:4c20c HR:7n10n HU:3n4n1n15n1n IE:4a6n8n IL:3n3n13n ' +
  'IQ:4a3n12n IS:4n2n6n10n IT:1a5n5n12c JO:4a4n18c KW:4a22c KZ:3n13c LB:4n20c LC:4a24c LI:5n12c LT:5n11n LU:3n13c LV:4a13c LY:3n3n15n ' +
  'MC:5n5n11c2n MD:2c18c ME:3n13n2n MK:3n10c2n MN:4n12n MR:5n5n11n2n MT:4a5n18c MU:4a2n2n12n3n3a NI:4a20n NL:4a10n NO:4n6n1n PK:4a16c ' +
  'PL:8n16n PS:4a21c PT:4n4n11n2n QA:4a21c RO:4a16c RS:3n13n2n RU:9n5n15c SA:2n18c SC:4a2n2n16n3a SD:2n12n SE:3n16n1n SI:5n8n2n ' +
  'SK:4n6n10n SM:1a5n5n12c SO:4n3n12n ST:4n4n11n2n SV:4a20n TL:3n14n2n TN:2n3n13n2n TR:5n1n16c UA:6n19c VA:3n15n VG:4a16n XK:4n10n2n'

const tail97 = (body: string): string => String(98 - mod97(`${body}00`)).padStart(2, '0')

/** The check digits that some countries put into the account itself. */
const NATIONAL: Readonly<Record<string, (body: string) => string | undefined>> = {
  // The first three digits say which bank it is, and not all are given out.
  BE: (drawn) => {
    const body = `${['001', '063', '096', '310', '363', '539', '731', '978'][Number(drawn[0]) % 8]}${drawn.slice(3, -2)}`
    return body + String(mod97(body) || 97).padStart(2, '0')
  },
  ME: (body) => body.slice(0, -2) + tail97(body.slice(0, -2)),
  RS: (body) => body.slice(0, -2) + tail97(body.slice(0, -2)),
  BA: (body) => body.slice(0, -2) + tail97(body.slice(0, -2)),
  SI: (body) => body.slice(0, -2) + tail97(body.slice(0, -2)),
  PT: (body) => body.slice(0, -2) + tail97(body.slice(0, -2)),
  NO: (body) => {
    const check = (11 - (sum(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return check === 10 ? undefined : body.slice(0, -1) + check
  },
  ES: (body) => {
    const one = (text: string): number => {
      const check = 11 - (sum(text, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11)
      return check === 11 ? 0 : check === 10 ? 1 : check
    }
    return `${body.slice(0, 8)}${one(`00${body.slice(0, 8)}`)}${one(body.slice(10))}${body.slice(10)}`
  },
}

let turn = 0
/** Each call takes the next country, so that all of them occur. */
export function iban(c: Chance): string {
  const list = COUNTRIES.split(' ')
  const [country, format] = list[turn++ % list.length]!.split(':') as [string, string]
  for (;;) {
    const drawn = [...format.matchAll(/([0-9]+)([nac])/g)]
      .map(([, length, kind]) => c.run(kind === 'a' ? 'u' : kind === 'c' && c.below(3) === 0 ? 'U' : 'D', Number(length)))
      .join('')
    const body = country in NATIONAL ? NATIONAL[country]!(drawn) : drawn
    if (body === undefined) continue
    return `${country}${String(98 - mod97(`${lettersToNumbers(body + country)}00`)).padStart(2, '0')}${body}`
  }
}

export const startIbans = (): void => {
  turn = 0
}

export const inFours = (text: string, by = ' '): string => text.match(/.{1,4}/g)!.join(by)

const BRANDS: Readonly<Record<string, (c: Chance) => [string, number]>> = {
  visa: () => ['4', 16],
  'visa of 19 digits': () => ['4', 19],
  mastercard: (c) => [`5${c.below(5) + 1}`, 16],
  'mastercard of the second series': (c) => [String(2221 + c.below(499)), 16],
  'american express': (c) => [c.pick(['34', '37']), 15],
  discover: (c) => [c.pick(['6011', '65', '644', '649']), 16],
  'diners club': (c) => [c.pick(['300', '305', '36', '38']), 14],
  jcb: (c) => [String(3528 + c.below(61)), 16],
  unionpay: (c) => [`62${c.pick(['1', '2', '3'])}`, 16],
  'unionpay of 19 digits': () => ['622', 19],
  maestro: (c) => [c.pick(['5018', '5020', '6304', '6759', '6761']), c.pick([16, 18])],
  mir: (c) => [`220${c.below(5)}`, 16],
  rupay: (c) => [c.pick(['6521', '6522', '8172']), 16],
  elo: (c) => [c.pick(['636368', '504175', '627780']), 16],
  troy: () => ['9792', 16],
  hipercard: () => ['606282', 16],
}

export const CARD_BRANDS: readonly string[] = Object.keys(BRANDS)

export function card(c: Chance, brand: string): string {
  const [start, length] = BRANDS[brand]!(c)
  const body = start + c.run('D', length - 1 - start.length)
  return body + luhn(body)
}

/** In the groups that stand on the card. */
export function grouped(text: string, by: string): string {
  if (text.length === 15) return [text.slice(0, 4), text.slice(4, 10), text.slice(10)].join(by)
  if (text.length === 14) return [text.slice(0, 4), text.slice(4, 10), text.slice(10)].join(by)
  return inFours(text, by)
}

const hash58 = (version: number) => (c: Chance) => base58check(Buffer.concat([Buffer.from([version]), bytes(c, 20)]))

const TAPROOT = 0x2bc830a3
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
const PLAIN58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

export const WALLETS: Readonly<Record<string, (c: Chance) => string>> = {
  'bitcoin address': hash58(0),
  'bitcoin script address': hash58(5),
  'bitcoin segwit address': (c) => bech32('bc', [0, ...fiveBits(bytes(c, 20))]),
  'bitcoin taproot address': (c) => bech32('bc', [1, ...fiveBits(bytes(c, 32))], TAPROOT),
  'litecoin address': hash58(48),
  'litecoin segwit address': (c) => bech32('ltc', [0, ...fiveBits(bytes(c, 20))]),
  'dogecoin address': hash58(30),
  'tron address': hash58(65),
  'ethereum address': ethereumAddress,
  'cosmos address': (c) => bech32('cosmos', fiveBits(bytes(c, 20))),
  'xrp address': (c) => [...hash58(0)(c)].map((sign) => RIPPLE[PLAIN58.indexOf(sign)]).join(''),
  'stellar address': (c) => stellarKey(6 << 3, bytes(c, 32)),
}

export function imei(c: Chance): string {
  const body = c.pick(['35', '86', '01']) + c.run('D', 12)
  return body + luhn(body)
}

const VIN_VALUES = '0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ'

export function vin(c: Chance): string {
  const body = `${c.pick(['1HG', '1FT', '4T1', '5YJ', '2HG', '3VW', 'JHM', 'WVW'])}${c.run('ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 5)}`
  const end = `${c.pick(['J', 'K', 'L', 'M', 'N', 'P', 'R'])}${c.run('ABCDEFGHJKLMNPRSTUVWXYZ', 1)}${number(c, 6)}`
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
  const total = [...`${body}0${end}`].reduce((all, sign, index) => all + (VIN_VALUES.indexOf(sign) % 10) * weights[index]!, 0)
  return `${body}${total % 11 === 10 ? 'X' : total % 11}${end}`
}

/** Check digit of the machine-readable zone of passports. */
function zoneCheck(text: string): string {
  const value = (sign: string): number => (sign === '<' ? 0 : Number(lettersToNumbers(sign)))
  return String([...text].reduce((total, sign, index) => total + value(sign) * [7, 3, 1][index % 3]!, 0) % 10)
}

/** The second line of a passport's zone. */
export function passportLine(c: Chance): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  const country = c.pick(['GBR', 'FRA', 'NLD', 'POL', 'SWE', 'ITA', 'USA', 'CAN'])
  const document = c.run('U', 9)
  const birth = `${two(50 + c.below(49))}${two(1 + c.below(12))}${two(1 + c.below(28))}`
  const expiry = `${two(27 + c.below(8))}${two(1 + c.below(12))}${two(1 + c.below(28))}`
  const head = document + zoneCheck(document)
  const middle = birth + zoneCheck(birth)
  const end = expiry + zoneCheck(expiry) + '<'.repeat(14) + zoneCheck('<'.repeat(14))
  return `${head}${country}${middle}${c.pick(['F', 'M'])}${end}${zoneCheck(head + middle + end)}`
}
