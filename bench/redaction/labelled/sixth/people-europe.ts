import type { Chance } from '../random.ts'
import { birthday, letters, lettersToNumbers, luhn, mod97, mod1110, number, sum, until } from './check-digits.ts'

type Maker = (c: Chance) => string

const nhs: Maker = (c) =>
  until(() => {
    const body = `${c.pick(['4', '6', '7', '9'])}${c.run('D', 8)}`
    const check = 11 - (sum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
    return check === 10 ? undefined : body + (check % 11)
  })

const utr: Maker = (c) => {
  const body = c.run('D', 9)
  return '21987654321'[sum(body, [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11]! + body
}

const bsn: Maker = (c) =>
  until(() => {
    const body = number(c, 8)
    const check = sum(body, [9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return check === 10 ? undefined : body + check
  })

const belgian: Maker = (c) => {
  const day = birthday(c, 1941, 2005)
  const body = `${day.yy}${day.mm}${day.dd}${String(c.below(996) + 1).padStart(3, '0')}`
  return body + String(97 - mod97(day.year < 2000 ? body : `2${body}`)).padStart(2, '0')
}

/** One digit twice among the first ten, one not at all, none thrice. */
const steuerId: Maker = (c) =>
  until(() => {
    const pool = [...'0123456789']
    for (let place = 9; place > 0; place--) {
      const other = c.below(place + 1)
      ;[pool[place], pool[other]] = [pool[other]!, pool[place]!]
    }
    const from = c.below(10)
    const to = c.below(10)
    if (from === to) return undefined
    pool[to] = pool[from]!
    const body = pool.join('')
    return body.startsWith('0') ? undefined : body + mod1110(body)
  })

const rente: Maker = (c) => {
  const day = birthday(c)
  const letter = c.run('ABCDEFGHJKLMNPRSTUVWZ', 1)
  const area = c.pick(['02', '10', '12', '15', '38', '50', '53', '65'])
  const spread = `${area}${day.dd}${day.mm}${day.yy}${String(letter.charCodeAt(0) - 64).padStart(2, '0')}${c.run('D', 2)}`
  const crossed = [2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1].map((weight, index) => weight * Number(spread[index]))
  const total = crossed.reduce((all, value) => all + Math.floor(value / 10) + (value % 10), 0)
  return `${spread.slice(0, 8)}${letter}${spread.slice(10)}${total % 10}`
}

const nir: Maker = (c) => {
  const day = birthday(c)
  const body = `${c.pick(['1', '2'])}${day.yy}${day.mm}${String(c.below(88) + 1)
    .padStart(2, '0')
    .replace('20', '21')}${c.run('D', 3)}${c.run('D', 3)}`
  return body + String(97 - mod97(body)).padStart(2, '0')
}

const spi: Maker = (c) => {
  const body = `${c.pick(['0', '1', '2', '3'])}${c.run('D', 9)}`
  return body + String(Number(body) % 511).padStart(3, '0')
}

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE'
const dni: Maker = (c) => {
  const body = number(c, 8)
  return body + DNI[Number(body) % 23]
}
const nie: Maker = (c) => {
  const head = c.below(3)
  const body = c.run('D', 7)
  return 'XYZ'[head]! + body + DNI[Number(`${head}${body}`) % 23]
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
const fiscale: Maker = (c) => {
  const day = birthday(c)
  const days = String(day.day + c.pick([0, 40])).padStart(2, '0')
  const place = c.pick(['H501', 'F205', 'L219', 'A944', 'D612', 'F839', 'G273', 'A662'])
  const body = `${letters(c, 3)}${letters(c, 3)}${day.yy}${'ABCDEHLMPRST'[day.month - 1]}${days}${place}`
  const value = (sign: string): number => (/[0-9]/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65)
  const total = [...body].reduce((all, sign, index) => all + (index % 2 === 0 ? ODD[value(sign)]! : value(sign)), 0)
  return body + String.fromCharCode(65 + (total % 26))
}

const nif: Maker = (c) => {
  const body = c.pick(['1', '2']) + c.run('D', 7)
  const check = 11 - (sum(body, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return body + (check > 9 ? 0 : check)
}

const cartao: Maker = (c) => {
  const body = `${number(c, 9)}Z${c.run('ABCXYZ', 1)}`
  const folded = [...body].reverse().reduce((all, sign, index) => {
    const value = Number(lettersToNumbers(sign))
    const doubled = index % 2 === 0 ? value * 2 : value
    return all + (index % 2 === 0 && doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return body + ((10 - (folded % 10)) % 10)
}

const pesel: Maker = (c) => {
  const day = birthday(c, 1941, 2006)
  const body = `${day.yy}${String(day.month + (day.year > 1999 ? 20 : 0)).padStart(2, '0')}${day.dd}${c.run('D', 4)}`
  return body + ((10 - (sum(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10)
}

const nip: Maker = (c) =>
  until(() => {
    const body = `${c.pick(['525', '526', '521', '677', '779', '894'])}${c.run('D', 6)}`
    const check = sum(body, [6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11
    return check === 10 ? undefined : body + check
  })

const personnummer: Maker = (c) => {
  const day = birthday(c)
  const body = `${day.yy}${day.mm}${day.dd}${c.run('D', 3)}`
  return `${body.slice(0, 6)}-${body.slice(6)}${luhn(body)}`
}

const fodselsnummer: Maker = (c) =>
  until(() => {
    const day = birthday(c, 1941, 1999)
    const body = `${day.dd}${day.mm}${day.yy}${String(c.below(499) + 1).padStart(3, '0')}`
    const first = (11 - (sum(body, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11
    const second = (11 - (sum(`${body}${first}`, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return first === 10 || second === 10 ? undefined : `${body}${first}${second}`
  })

const cpr: Maker = (c) =>
  until(() => {
    const day = birthday(c, 1941, 1999)
    const body = `${day.dd}${day.mm}${day.yy}${c.below(4)}${c.run('D', 2)}`
    const check = (11 - (sum(body, [4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return check === 10 ? undefined : `${body.slice(0, 6)}-${body.slice(6)}${check}`
  })

const hetu: Maker = (c) => {
  const day = birthday(c)
  const body = `${day.dd}${day.mm}${day.yy}`
  const serial = String(c.below(897) + 2).padStart(3, '0')
  return `${body}-${serial}${'0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(body + serial) % 31]}`
}

const baltic: Maker = (c) => {
  const day = birthday(c)
  const body = `${c.pick(['3', '4'])}${day.yy}${day.mm}${day.dd}${c.run('D', 3)}`
  const first = sum(body, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
  return body + (first < 10 ? first : (sum(body, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11) % 10)
}

const latvian: Maker = (c) =>
  until(() => {
    const day = birthday(c)
    const body = `${day.dd}${day.mm}${day.yy}1${c.run('D', 3)}`
    const check = (1 + sum(body, [10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11
    return check === 10 ? undefined : `${body.slice(0, 6)}-${body.slice(6)}${check}`
  })

const rodne: Maker = (c) =>
  until(() => {
    const day = birthday(c, 1955, 2003)
    const body = `${day.yy}${String(day.month + c.pick([0, 50])).padStart(2, '0')}${day.dd}${c.run('D', 3)}`
    const check = Number(body) % 11
    return check === 10 ? undefined : `${body.slice(0, 6)}/${body.slice(6)}${check}`
  })

const cnp: Maker = (c) => {
  const day = birthday(c)
  const county = String(c.below(46) + 1).padStart(2, '0')
  const body = `${c.pick(['1', '2'])}${day.yy}${day.mm}${day.dd}${county}${String(c.below(998) + 1).padStart(3, '0')}`
  const check = sum(body, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
  return body + (check === 10 ? 1 : check)
}

const egn: Maker = (c) => {
  const day = birthday(c)
  const body = `${day.yy}${day.mm}${day.dd}${c.run('D', 3)}`
  return body + ((sum(body, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10)
}

const adoazonosito: Maker = (c) =>
  until(() => {
    const body = `8${10000 + c.below(25000)}${String(c.below(899) + 100)}`
    const check = sum(body, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11
    return check === 10 ? undefined : body + check
  })

const oib: Maker = (c) => {
  const body = number(c, 10)
  return body + mod1110(body)
}

const jmbg = (region: readonly string[]): Maker => {
  return (c) =>
    until(() => {
      const day = birthday(c, 1945, 1999)
      const body = `${day.dd}${day.mm}${day.yyyy.slice(1)}${c.pick(region)}${c.run('D', 3)}`
      const check = (11 - (sum(body, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
      return check === 10 ? undefined : body + check
    })
}

const amka: Maker = (c) => {
  const day = birthday(c)
  const body = `${day.dd}${day.mm}${day.yy}${c.run('D', 4)}`
  return body + luhn(body)
}

const afm: Maker = (c) => {
  const body = `${c.pick(['0', '1'])}${c.run('D', 7)}`
  return body + ((sum(body, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10)
}

const pps: Maker = (c) => {
  const body = number(c, 7)
  return body + 'WABCDEFGHIJKLMNOPQRSTUV'[sum(body, [8, 7, 6, 5, 4, 3, 2]) % 23]
}

const ahv: Maker = (c) => {
  const body = `756${c.run('D', 9)}`
  const check = (10 - (sum(body, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10
  return `${body.slice(0, 3)}.${body.slice(3, 7)}.${body.slice(7, 11)}.${body.slice(11)}${check}`
}

const austrian: Maker = (c) =>
  until(() => {
    const day = birthday(c)
    const serial = number(c, 3)
    const rest = `${day.dd}${day.mm}${day.yy}`
    const check = (sum(serial, [3, 7, 9]) + sum(rest, [5, 8, 4, 2, 1, 6])) % 11
    return check === 10 ? undefined : `${serial}${check} ${rest}`
  })

const kennitala: Maker = (c) =>
  until(() => {
    const day = birthday(c)
    const body = `${day.dd}${day.mm}${day.yy}${20 + c.below(79)}`
    const check = (11 - (sum(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return check === 10 ? undefined : `${body.slice(0, 6)}-${body.slice(6)}${check}9`
  })

const inn: Maker = (c) => {
  const body = `${c.pick(['77', '78', '50', '66', '16'])}${c.run('D', 8)}`
  const first = (sum(body, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10
  return `${body}${first}${(sum(`${body}${first}`, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10}`
}

const snils: Maker = (c) => {
  const body = `1${c.run('D', 8)}`
  const check = (sum(body, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100
  return `${body.slice(0, 3)}-${body.slice(3, 6)}-${body.slice(6)} ${String(check).padStart(2, '0')}`
}

const rnokpp: Maker = (c) => {
  const body = `${number(c, 5).replace(/^[4-9]/, '3')}${c.run('D', 4)}`
  const total = [-1, 5, 7, 9, 4, 6, 10, 5, 7].reduce((all, weight, index) => all + weight * Number(body[index]), 0)
  return body + ((((total % 11) + 11) % 11) % 10)
}

const idno: Maker = (c) => {
  const body = `20${c.run('D', 10)}`
  return body + (sum(body, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10)
}

/** Name, language, words that announce it, maker. */
export const EUROPE: readonly (readonly [string, string, readonly string[], Maker])[] = [
  [
    'gb nhs number',
    'en',
    ['NHS number', 'NHS No'],
    (c) => c.pick([(n: string) => n, (n: string) => `${n.slice(0, 3)} ${n.slice(3, 6)} ${n.slice(6)}`])(nhs(c)),
  ],
  ['gb utr', 'en', ['UTR', 'Unique Taxpayer Reference'], utr],
  ['nl bsn', 'nl', ['BSN', 'burgerservicenummer'], bsn],
  [
    'be rijksregisternummer',
    'nl',
    ['rijksregisternummer', 'INSZ'],
    (c) => belgian(c).replace(/(..)(..)(..)(...)(..)/, c.pick(['$1.$2.$3-$4.$5', '$1$2$3$4$5'])),
  ],
  [
    'de steuer-id',
    'de',
    ['Steuer-ID', 'Steueridentifikationsnummer', 'IdNr.'],
    (c) => steuerId(c).replace(/(..)(...)(...)(...)/, c.pick(['$1 $2 $3 $4', '$1$2$3$4'])),
  ],
  ['de rentenversicherungsnummer', 'de', ['Rentenversicherungsnummer', 'Sozialversicherungsnummer'], rente],
  [
    'fr nir',
    'fr',
    ['numéro de sécurité sociale', 'NIR'],
    (c) => nir(c).replace(/(.)(..)(..)(..)(...)(...)(..)/, c.pick(['$1 $2 $3 $4 $5 $6 $7', '$1$2$3$4$5$6$7'])),
  ],
  ['fr numéro fiscal', 'fr', ['numéro fiscal', 'numéro SPI'], spi],
  ['es dni', 'es', ['DNI', 'NIF'], dni],
  ['es nie', 'es', ['NIE'], nie],
  ['it codice fiscale', 'it', ['codice fiscale', 'C.F.'], fiscale],
  ['pt nif', 'pt', ['NIF', 'contribuinte n.º'], (c) => nif(c).replace(/(...)(...)(...)/, c.pick(['$1 $2 $3', '$1$2$3']))],
  ['pt cartão de cidadão', 'pt', ['cartão de cidadão', 'n.º do CC'], cartao],
  ['pl pesel', 'pl', ['PESEL', 'numer PESEL'], pesel],
  ['pl nip', 'pl', ['NIP'], (c) => nip(c).replace(/(...)(...)(..)(..)/, c.pick(['$1-$2-$3-$4', '$1$2$3$4']))],
  ['se personnummer', 'sv', ['personnummer'], personnummer],
  ['no fødselsnummer', 'no', ['fødselsnummer', 'personnr.'], (c) => fodselsnummer(c).replace(/(.{6})(.{5})/, c.pick(['$1 $2', '$1$2']))],
  ['dk cpr', 'da', ['CPR-nummer', 'CPR'], cpr],
  ['fi henkilötunnus', 'fi', ['henkilötunnus', 'hetu'], hetu],
  ['ee isikukood', 'et', ['isikukood'], baltic],
  ['lt asmens kodas', 'lt', ['asmens kodas'], baltic],
  ['lv personas kods', 'lv', ['personas kods'], latvian],
  ['cz rodné číslo', 'cs', ['rodné číslo', 'RČ'], rodne],
  ['sk rodné číslo', 'sk', ['rodné číslo'], rodne],
  ['ro cnp', 'ro', ['CNP', 'cod numeric personal'], cnp],
  ['bg egn', 'bg', ['ЕГН'], egn],
  ['hu adóazonosító jel', 'hu', ['adóazonosító jel', 'adóazonosító'], adoazonosito],
  ['hr oib', 'hr', ['OIB'], oib],
  ['si emšo', 'sl', ['EMŠO'], jmbg(['50'])],
  ['rs jmbg', 'sr', ['JMBG', 'ЈМБГ'], jmbg(['71', '72', '75', '80'])],
  ['gr amka', 'el', ['ΑΜΚΑ', 'AMKA'], amka],
  ['gr afm', 'el', ['ΑΦΜ', 'AFM'], afm],
  ['ie pps number', 'en', ['PPS number', 'PPSN'], pps],
  ['ch ahv number', 'de', ['AHV-Nummer', 'AHV-Nr.'], ahv],
  ['at sozialversicherungsnummer', 'de', ['SV-Nummer', 'Sozialversicherungsnummer'], austrian],
  ['is kennitala', 'is', ['kennitala'], kennitala],
  ['ru inn', 'ru', ['ИНН'], inn],
  ['ru snils', 'ru', ['СНИЛС'], snils],
  ['ua rnokpp', 'uk', ['РНОКПП', 'ІПН'], rnokpp],
  ['md idnp', 'ro', ['IDNP'], idno],
]
