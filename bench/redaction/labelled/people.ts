import type { Chance } from './random.ts'

/** Makers of personal data with valid check digits, by the name under which it is to be found. `§` in the sentence holds it. */
export type Maker = (chance: Chance) => readonly [value: string, sentence: string]

const sum = (digits: string, weights: readonly number[]): number =>
  weights.reduce((total, weight, index) => total + Number(digits[index]) * weight, 0)
const date = (chance: Chance): { yy: string; mm: string; dd: string } => ({
  yy: String(40 + chance.below(60)),
  mm: String(1 + chance.below(12)).padStart(2, '0'),
  dd: String(1 + chance.below(28)).padStart(2, '0'),
})
/** The first candidate that is one; each maker says what makes it so. */
function until(make: () => string | undefined): string {
  for (;;) {
    const made = make()
    if (made !== undefined) return made
  }
}
const luhn = (body: string): string => {
  const doubled = [...body].reverse().reduce((total, char, index) => {
    const value = Number(char) * (index % 2 === 0 ? 2 : 1)
    return total + (value > 9 ? value - 9 : value)
  }, 0)
  return body + ((10 - (doubled % 10)) % 10)
}
const grouped = (text: string, sizes: readonly number[], separator: string): string => {
  let from = 0
  return sizes.map((size) => text.slice(from, (from += size))).join(separator)
}
const NAMES = ['ann', 'bob', 'carla', 'deepak', 'elif', 'fatima', 'george', 'hana', 'igor', 'jürgen', 'karin', 'liam', "o'neil", 'maría']
const DOMAINS = ['example.com', 'mail.example.co.uk', 'example.museum', 'corp-x.example.io', 'bücher.example', 'sub.domain.example.org']

/** A number of insurers in Germany: products with one and two and so on, the sum of their digits, modulo ten. */
function insured(digits: string, weights: string): string {
  let sum = 0
  for (let index = 0; index < digits.length; index++) {
    const product = Number(digits[index]) * Number(weights[index])
    sum += Math.floor(product / 10) + (product % 10)
  }
  return String(sum % 10)
}
const placeOf = (letter: string): string => String(letter.charCodeAt(0) - 64).padStart(2, '0')
function kvnr(c: Chance): string {
  const letter = c.run('u', 1)
  const digits = c.digits(8)
  return letter + digits + insured(placeOf(letter) + digits, '1212121212')
}
function rvnr(c: Chance): string {
  const letter = c.run('u', 1)
  const born = `${c.digits(2)}${10 + c.below(18)}0${1 + c.below(9)}${c.digits(2)}`
  const order = c.digits(2)
  return born + letter + order + insured(born + placeOf(letter) + order, '212571212121')
}
function vatId(c: Chance): string {
  const digits = `1${c.digits(7)}`
  let product = 10
  for (const digit of digits) product = (((Number(digit) + product) % 10 || 10) * 2) % 11
  return `DE${digits}${(11 - product) % 10}`
}

export const MAKERS: Readonly<Record<string, readonly Maker[]>> = {
  email: [
    (c) => [`${c.pick(NAMES)}.${c.run('l', 6)}@${c.pick(DOMAINS)}`, 'write to § about it'],
    (c) => [`${c.run('L', 8)}+${c.run('l', 4)}@${c.run('l', 7)}.${c.pick(['com', 'de', 'ai', 'dev', 'co.jp'])}`, 'From: <§>'],
    (c) => [`${c.run('l', 5)}_${c.run('D', 2)}@${c.run('l', 7)}.example.com`, 'user=§;'],
  ],
  'payment-card': [
    (c) => [luhn(`4${c.digits(14)}`), 'paid with § today'],
    (c) => [grouped(luhn(`4${c.digits(14)}`), [4, 4, 4, 4], ' '), 'card §, thanks'],
    (c) => [grouped(luhn(`5${1 + c.below(5)}${c.digits(13)}`), [4, 4, 4, 4], '-'), 'Mastercard §'],
    (c) => [luhn(`37${c.digits(12)}`), 'amex § expires 12/29'],
    (c) => [grouped(luhn(`34${c.digits(12)}`), [4, 6, 5], ' '), 'the card is §'],
    (c) => [luhn(`6011${c.digits(11)}`), 'PAN: §'],
    (c) => [luhn(`3528${c.digits(11)}`), 'JCB §'],
    (c) => [luhn(`36${c.digits(11)}`), 'Diners card §'],
    (c) => [luhn(`62${c.digits(13)}`), '§ was declined'],
  ],
  iban: [
    (c) => [iban('DE', c.digits(18)), 'IBAN: §'],
    (c) => [grouped(iban('DE', c.digits(18)), [4, 4, 4, 4, 4, 2], ' '), 'send it to § please'],
    (c) => [iban('GB', `${c.run('u', 4)}${c.digits(14)}`), 'account § at the bank'],
    (c) => [grouped(iban('FR', `${c.digits(10)}${c.run('U', 11)}${c.digits(2)}`), [4, 4, 4, 4, 4, 4, 3], ' '), 'virement sur §'],
    (c) => [iban('NL', `${c.run('u', 4)}${c.digits(10)}`), '§'],
    (c) => [iban('ES', c.digits(20)), 'cuenta §'],
  ],
  'us-ssn': [
    (c) => [`${100 + c.below(500)}-${10 + c.below(89)}-${1000 + c.below(8999)}`, 'SSN §'],
    (c) => [`${100 + c.below(500)}${10 + c.below(89)}${1000 + c.below(8999)}`, 'social security number: §'],
    (c) => [`${100 + c.below(500)} ${10 + c.below(89)} ${1000 + c.below(8999)}`, 'my SSN is § and'],
  ],
  'uk-nhs': [(c) => [grouped(nhs(c), [3, 3, 4], ' '), 'NHS number §'], (c) => [nhs(c), 'patient NHS no. §']],
  'uk-nino': [
    (c) => [`${c.pick(['AB', 'CE', 'JN', 'PX', 'SW'])}${c.digits(6)}${c.pick(['A', 'B', 'C', 'D'])}`, 'National Insurance § on file'],
  ],
  'ca-sin': [
    (c) => [grouped(luhn(`${1 + c.below(7)}${c.digits(7)}`), [3, 3, 3], ' '), 'SIN: §'],
    (c) => [grouped(luhn(`${1 + c.below(7)}${c.digits(7)}`), [3, 3, 3], '-'), 'number §'],
  ],
  'au-tfn': [
    (c) => [
      grouped(
        until(() => valid(c.digits(9), (id) => sum(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0)),
        [3, 3, 3],
        ' ',
      ),
      'TFN §',
    ],
  ],
  'au-abn': [
    (c) => [
      grouped(
        until(() => valid(`${1 + c.below(9)}${c.digits(10)}`, (id) => (sum(id, [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]) - 10) % 89 === 0)),
        [2, 3, 3, 3],
        ' ',
      ),
      'ABN §',
    ],
  ],
  'de-steuer-id': [(c) => [steuerId(c), 'Steuer-ID: §']],
  'de-kvnr': [(c) => [kvnr(c), 'Krankenversichertennummer §']],
  'de-rvnr': [(c) => [rvnr(c), 'Rentenversicherung, RVNR §']],
  'de-vat-id': [(c) => [vatId(c), 'USt-IdNr. §']],
  'fr-nir': [
    (c) => {
      const { yy, mm } = date(c)
      const body = `${1 + c.below(2)}${yy}${mm}${10 + c.below(80)}${c.digits(6)}`
      const key = String(97n - (BigInt(body) % 97n)).padStart(2, '0')
      return [c.next() < 0.5 ? body + key : grouped(body + key, [1, 2, 2, 2, 3, 3, 2], ' '), 'numéro de sécurité sociale §']
    },
  ],
  'es-dni': [
    (c) => {
      const n = c.digits(8)
      return [`${n}${'TRWAGMYFPDXBNJZSQVHLCKE'[Number(n) % 23]}`, 'DNI §']
    },
  ],
  'es-nie': [
    (c) => {
      const n = c.digits(7)
      return [`Y${n}${'TRWAGMYFPDXBNJZSQVHLCKE'[Number(`1${n}`) % 23]}`, 'NIE: §']
    },
  ],
  'nl-bsn': [(c) => [until(() => valid(c.digits(9), (id) => sum(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0)), 'BSN §']],
  'pl-pesel': [
    (c) => {
      const { yy, mm, dd } = date(c)
      const body = `${yy}${mm}${dd}${c.digits(4)}`
      return [`${body}${(10 - (sum(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10}`, 'PESEL: §']
    },
  ],
  'se-personnummer': [
    (c) => {
      const { yy, mm, dd } = date(c)
      const id = luhn(`${yy}${mm}${dd}${c.digits(3)}`)
      return [`${id.slice(0, 6)}-${id.slice(6)}`, 'personnummer §']
    },
  ],
  'fi-hetu': [
    (c) => {
      const { yy, mm, dd } = date(c)
      const n = c.digits(3)
      return [`${dd}${mm}${yy}-${n}${'0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(`${dd}${mm}${yy}${n}`) % 31]}`, 'HETU §']
    },
  ],
  'ch-ahv': [
    (c) => {
      const body = `756${c.digits(9)}`
      const id = body + ((10 - (sum(body, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10)
      return [grouped(id, [3, 4, 4, 2], '.'), 'AHV-Nummer §']
    },
  ],
  'br-cpf': [(c) => [cpf(c, true), 'CPF §'], (c) => [cpf(c, false), 'cpf: §']],
  'in-pan': [(c) => [`${c.run('u', 3)}P${c.run('u', 1)}${c.digits(4)}${c.run('u', 1)}`, 'PAN §']],
  'sg-nric': [
    (c) => {
      const n = c.digits(7)
      return [`S${n}${'JZIHGFEDCBA'[sum(n, [2, 7, 6, 5, 4, 3, 2]) % 11]}`, 'NRIC §']
    },
  ],
  'kr-rrn': [
    (c) => {
      const { yy, mm, dd } = date(c)
      return [`${yy}${mm}${dd}-${1 + c.below(4)}${c.digits(6)}`, 'RRN §']
    },
  ],
  'cn-resident-id': [
    (c) => {
      const { yy, mm, dd } = date(c)
      const body = `11010519${yy}${mm}${dd}${c.digits(3)}`
      return [body + '10X98765432'[sum(body, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11], '身份证 §']
    },
  ],
  'tr-tckn': [
    (c) => {
      const b = `${1 + c.below(9)}${c.digits(8)}`
      const d = [...b].map(Number)
      const odd = (d[0] ?? 0) + (d[2] ?? 0) + (d[4] ?? 0) + (d[6] ?? 0) + (d[8] ?? 0)
      const even = (d[1] ?? 0) + (d[3] ?? 0) + (d[5] ?? 0) + (d[7] ?? 0)
      const ten = (((odd * 7 - even) % 10) + 10) % 10
      return [`${b}${ten}${(odd + even + ten) % 10}`, 'TC Kimlik No: §']
    },
  ],
  'za-id': [
    (c) => {
      const { yy, mm, dd } = date(c)
      return [luhn(`${yy}${mm}${dd}${c.digits(4)}08`), 'ID number §']
    },
  ],
  'nz-ird': [(c) => [nzIrd(c), 'IRD number §']],
  phone: [
    (c) => [`+1 ${200 + c.below(700)} ${200 + c.below(700)} ${1000 + c.below(8999)}`, 'call § after five'],
    (c) => [`(${200 + c.below(700)}) ${200 + c.below(700)}-${1000 + c.below(8999)}`, 'his number: §'],
    (c) => [`${200 + c.below(700)}-${200 + c.below(700)}-${1000 + c.below(8999)}`, 'phone §'],
    (c) => [`+44 20 ${c.pick(['7', '8'])}${c.digits(3)} ${c.digits(4)}`, 'ring §'],
    (c) => [`+49${151 + c.below(20)}${c.digits(8)}`, 'Tel. §'],
    (c) => [`0${1 + c.below(8)} ${grouped(c.digits(8), [2, 2, 2, 2], ' ')}`, 'appelez le §'],
    (c) => [`+91 ${90000 + c.below(9999)} ${c.digits(5)}`, 'WhatsApp §'],
    (c) => [`+81-90-${c.digits(4)}-${c.digits(4)}`, '電話 §'],
    (c) => [`07${c.digits(3)} ${c.digits(6)}`, 'mobile: §'],
  ],
  'ip-address': [
    (c) => [`${c.pick([23, 52, 81, 203])}.${30 + c.below(200)}.${c.below(255)}.${1 + c.below(250)}`, 'request from § failed'],
    (c) => [`2001:db8:${c.run('H', 4)}:${c.run('H', 4)}::${c.run('H', 4)}:${c.run('H', 4)}`, 'peer § joined'],
  ],
  'mac-address': [(c) => [Array.from({ length: 6 }, () => c.run('H', 2)).join(':'), 'device § seen']],
  'birth-date': [
    (c) => {
      const { yy, mm, dd } = date(c)
      return [`19${yy}-${mm}-${dd}`, 'date of birth: §']
    },
    (c) => {
      const { yy, mm, dd } = date(c)
      return [`${dd}/${mm}/19${yy}`, 'DOB §']
    },
  ],
  'geo-coordinates': [(c) => [`${10 + c.below(70)}.${c.digits(6)}, ${10 + c.below(90)}.${c.digits(6)}`, 'coordinates: §']],
}

const valid = (id: string, check: (id: string) => boolean): string | undefined => (check(id) && !/^(.)\1*$/.test(id) ? id : undefined)
function iban(country: string, account: string): string {
  const number = [...`${account}${country}00`].map((char) => (/[A-Z]/.test(char) ? String(char.charCodeAt(0) - 55) : char)).join('')
  return `${country}${String(98n - (BigInt(number) % 97n)).padStart(2, '0')}${account}`
}
function nhs(c: Chance): string {
  return until(() => {
    const body = `4${c.digits(8)}`
    const check = 11 - (sum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
    return check === 10 ? undefined : `${body}${check % 11}`
  })
}
function nzIrd(c: Chance): string {
  return until(() => {
    const body = `0${10 + c.below(80)}${c.digits(5)}`
    const check = (11 - (sum(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return check === 10 ? undefined : grouped(`${body.slice(1)}${check}`, [2, 3, 3], '-')
  })
}
function steuerId(c: Chance): string {
  return until(() => {
    const order = [...'0123456789'].sort(() => c.next() - 0.5)
    const body = `${order.slice(0, 9).join('')}${order[2]}`
    if (body[0] === '0') return undefined
    let product = 10
    for (const char of body) {
      const rest = (Number(char) + product) % 10
      product = ((rest === 0 ? 10 : rest) * 2) % 11
    }
    const check = 11 - product
    return `${body}${check % 10}`
  })
}
function cpf(c: Chance, written: boolean): string {
  const body = c.digits(9)
  const first = ((sum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  const second = ((sum(`${body}${first}`, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  return written ? `${body.slice(0, 3)}.${body.slice(3, 6)}.${body.slice(6)}-${first}${second}` : `${body}${first}${second}`
}
