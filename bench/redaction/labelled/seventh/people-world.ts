import type { Chance } from '../random.ts'
import { birth, ds, luhn, luhnDigit, number, until, verhoeff, weighted } from './check-digits.ts'
import type { Person } from './people-europe.ts'

type Shape = readonly [RegExp, string]
function person(kind: string, key: string, labels: readonly string[], make: (c: Chance) => string, ...shapes: readonly Shape[]): Person {
  return {
    kind,
    key,
    labels,
    forms: [
      make,
      ...shapes.map(
        ([pattern, shape]) =>
          (c: Chance) =>
            make(c).replace(pattern, shape),
      ),
    ],
  }
}

function tckn(c: Chance): string {
  const body = number(c, 9)
  const digits = ds(body)
  const at = (start: number): number => digits.filter((_, index) => index % 2 === start).reduce((sum, digit) => sum + digit, 0)
  const tenth = (((at(0) * 7 - at(1)) % 10) + 10) % 10
  return `${body}${tenth}${(at(0) + at(1) + tenth) % 10}`
}

function inn(c: Chance): string {
  const body = `${c.pick(['77', '78', '50', '66', '16', '23'])}${c.digits(8)}`
  const first = (weighted(body, [7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10
  const second = (weighted(body + first, [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8]) % 11) % 10
  return `${body}${first}${second}`
}

function snils(c: Chance): string {
  const body = number(c, 9)
  const sum = (weighted(body, [9, 8, 7, 6, 5, 4, 3, 2, 1]) % 101) % 100
  return `${body.slice(0, 3)}-${body.slice(3, 6)}-${body.slice(6)} ${String(sum).padStart(2, '0')}`
}

const aadhaar = (c: Chance): string => verhoeff(`${2 + c.below(8)}${c.digits(10)}`)

const REGIONS = ['110101', '310104', '110108', '310101', '120101', '110105', '310105']
function resident(c: Chance): string {
  const day = birth(c)
  const body = `${c.pick(REGIONS)}${day.year}${day.mm}${day.dd}${c.digits(3)}`
  return body + '10X98765432'[weighted(body, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11]
}

const TAIWAN = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'
function taiwan(c: Chance): string {
  const letter = c.pick([...'ABDEFHJKMNPQT'])
  const code = 10 + TAIWAN.indexOf(letter)
  const body = `${1 + c.below(2)}${c.digits(7)}`
  const sum = Math.floor(code / 10) + (code % 10) * 9 + weighted(body, [8, 7, 6, 5, 4, 3, 2, 1])
  return `${letter}${body}${(10 - (sum % 10)) % 10}`
}

function hongKong(c: Chance): string {
  const letter = c.pick([...'ABCDGHKPRYZ'])
  const body = number(c, 6)
  const rest = (11 - ((36 * 9 + (letter.charCodeAt(0) - 55) * 8 + weighted(body, [7, 6, 5, 4, 3, 2])) % 11)) % 11
  return `${letter}${body}(${rest === 10 ? 'A' : rest})`
}

function korea(c: Chance): string {
  const day = birth(c)
  const body = `${day.yy}${day.mm}${day.dd}${day.woman ? 2 : 1}${String(c.below(90)).padStart(2, '0')}${c.digits(3)}`
  const digit = (11 - (weighted(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10
  return `${body.slice(0, 6)}-${body.slice(6)}${digit}`
}

function myNumber(c: Chance): string {
  const body = number(c, 11)
  const rest = weighted(body, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return body + (rest <= 1 ? 0 : 11 - rest)
}

function nric(c: Chance): string {
  const letter = c.pick(['S', 'T', 'F', 'G'])
  const day = letter === 'S' ? String(60 + c.below(39)) : letter === 'T' ? `0${c.below(9)}` : c.digits(2)
  const body = `${day}${c.digits(5)}`
  const sum = weighted(body, [2, 7, 6, 5, 4, 3, 2]) + ('TG'.includes(letter) ? 4 : 0)
  return `${letter}${body}${('ST'.includes(letter) ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[sum % 11]}`
}

function thai(c: Chance): string {
  const body = `${c.pick(['1', '3', '5'])}${c.digits(11)}`
  return body + ((11 - (weighted(body, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10)
}

const tfn = (c: Chance): string => {
  return until(() => {
    const body = number(c, 9)
    return weighted(body, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 ? body : undefined
  })
}

function medicare(c: Chance): string {
  const body = `${2 + c.below(5)}${c.digits(7)}`
  return `${body}${weighted(body, [1, 3, 7, 9, 1, 3, 7, 9]) % 10}${1 + c.below(5)}`
}

function ird(c: Chance): string {
  return until(() => {
    const body = `1${c.below(5)}${c.digits(6)}`
    const first = (11 - (weighted(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    const digit = first < 10 ? first : (11 - (weighted(body, [7, 4, 3, 2, 5, 2, 7, 6]) % 11)) % 11
    return digit > 9 ? undefined : body + digit
  })
}

const sin = (c: Chance): string => luhn(`${1 + c.below(7)}${c.digits(7)}`)

function twice(body: string, first: readonly number[], second: readonly number[]): string {
  const digit = (text: string, weights: readonly number[]): number => {
    const rest = weighted(text, weights) % 11
    return rest < 2 ? 0 : 11 - rest
  }
  const one = digit(body, first)
  return `${body}${one}${digit(body + one, second)}`
}
const cpf = (c: Chance): string => twice(c.digits(9), [10, 9, 8, 7, 6, 5, 4, 3, 2], [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
const cnpj = (c: Chance): string =>
  twice(`${number(c, 8)}0001`, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2], [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])

function cuit(c: Chance): string {
  return until(() => {
    const body = `${c.pick(['20', '27', '23'])}${1 + c.below(4)}${c.digits(7)}`
    const digit = (11 - (weighted(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return digit > 9 ? undefined : body + digit
  })
}

function rut(c: Chance): string {
  const body = `${1 + c.below(2)}${c.digits(7)}`
  const digit = (11 - (weighted(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return `${body}-${digit === 10 ? 'K' : digit}`
}

const CURP = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
function curp(c: Chance): string {
  const day = birth(c)
  const names = `${c.pick([...'GHLMRSV'])}${c.pick(['A', 'E', 'O'])}${c.pick([...'RSTLV'])}${c.pick([...'LMRT'])}`
  const state = c.pick(['DF', 'JC', 'NL', 'PL', 'VZ', 'YN', 'GT'])
  const body = `${names}${day.yy}${day.mm}${day.dd}${day.woman ? 'M' : 'H'}${state}${c.run('BCDFGLMNPRSTVZ', 3)}${c.below(10)}`
  const sum = [...body].reduce((total, sign, at) => total + CURP.indexOf(sign) * (18 - at), 0)
  return body + ((10 - (sum % 10)) % 10)
}

function southAfrica(c: Chance): string {
  const day = birth(c)
  return luhn(`${day.yy}${day.mm}${day.dd}${day.woman ? c.below(5) : 5 + c.below(5)}${c.digits(3)}08`)
}

const VIN = 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789'
const VALUES = '12345678123457923456789'
function vin(c: Chance): string {
  const maker = c.pick(['1HG', 'WBA', 'WVW', '5YJ', 'JTD', 'KMH', '1FT', 'WDB', 'YV1', 'VF1'])
  const start = maker + c.run(VIN, 5)
  const end = c.pick([...'GHJKLMNPRS']) + c.run(VIN, 2) + c.digits(5)
  const value = (sign: string): number => (/[0-9]/.test(sign) ? Number(sign) : Number(VALUES[VIN.indexOf(sign)]))
  const weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
  const sum = [...`${start}0${end}`].reduce((total, sign, at) => total + value(sign) * (weights[at] ?? 0), 0)
  return `${start}${sum % 11 === 10 ? 'X' : sum % 11}${end}`
}

const imei = (c: Chance): string => luhn(`${c.pick(['35', '86', '01'])}${c.digits(12)}`)

function israel(c: Chance): string {
  const body = `${c.pick(['0', '2', '3'])}${c.digits(7)}`
  return body + luhnDigit(body)
}

const cedula = (c: Chance): string => luhn(`${c.pick(['001', '031', '402', '223'])}${c.digits(7)}`)
function cui(c: Chance): string {
  const body = `${c.pick(['0', '1', '4', '7'])}${number(c, 7)}`
  return `${body}-${'65432110987'[weighted(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11]}`
}

export const WORLD: readonly Person[] = [
  person('Turkish TCKN', 'tckn', ['T.C. kimlik no', 'TCKN'], tckn),
  person('Israeli ID', 'teudat_zehut', ['תעודת זהות', 'Israeli ID number'], israel),
  person('Russian INN', 'inn', ['ИНН', 'INN'], inn),
  person('Russian SNILS', 'snils', ['СНИЛС', 'SNILS'], snils),
  person(
    'Indian Aadhaar',
    'aadhaar',
    ['Aadhaar', 'Aadhaar number'],
    aadhaar,
    [/(....)(....)(....)/, '$1 $2 $3'],
    [/(....)(....)(....)/, '$1-$2-$3'],
  ),
  person('Chinese resident identity', 'id_card', ['身份证号', 'resident identity card number'], resident),
  person('Taiwanese identity', 'national_id', ['身分證字號', 'Taiwan national ID'], taiwan),
  person('Hong Kong identity', 'hkid', ['HKID', '香港身份證號碼'], hongKong),
  person('Korean RRN', 'rrn', ['주민등록번호', 'resident registration number'], korea, [/-/, '']),
  person(
    'Japanese My Number',
    'my_number',
    ['マイナンバー', 'My Number', '個人番号'],
    myNumber,
    [/(....)(....)(....)/, '$1 $2 $3'],
    [/(....)(....)(....)/, '$1-$2-$3'],
  ),
  person('Singapore NRIC', 'nric', ['NRIC', 'NRIC/FIN'], nric),
  person('Thai identity', 'citizen_id', ['เลขประจำตัวประชาชน', 'Thai national ID'], thai, [/(.)(....)(.....)(..)(.)/, '$1-$2-$3-$4-$5']),
  person('Australian TFN', 'tfn', ['TFN', 'tax file number'], tfn, [/(...)(...)(...)/, '$1 $2 $3']),
  person('Australian Medicare number', 'medicare_number', ['Medicare number', 'Medicare card no'], medicare, [
    /(....)(.....)(.)/,
    '$1 $2 $3',
  ]),
  person('New Zealand IRD number', 'ird_number', ['IRD number', 'IRD no'], ird, [/(...)(...)(...)/, '$1-$2-$3']),
  person(
    'Canadian SIN',
    'sin',
    ['SIN', 'social insurance number', 'NAS'],
    sin,
    [/(...)(...)(...)/, '$1 $2 $3'],
    [/(...)(...)(...)/, '$1-$2-$3'],
  ),
  person('Brazilian CPF', 'cpf', ['CPF', 'CPF do titular'], cpf, [/(...)(...)(...)(..)/, '$1.$2.$3-$4']),
  person('Brazilian CNPJ', 'cnpj', ['CNPJ'], cnpj, [/(..)(...)(...)(....)(..)/, '$1.$2.$3/$4-$5']),
  person('Argentine CUIT', 'cuit', ['CUIT', 'CUIL'], cuit, [/(..)(........)(.)/, '$1-$2-$3']),
  person('Chilean RUT', 'rut', ['RUT', 'RUN'], rut, [/(..)(...)(...)-(.)/, '$1.$2.$3-$4']),
  person('Mexican CURP', 'curp', ['CURP'], curp),
  person('Dominican cédula', 'cedula', ['cédula', 'cédula de identidad'], cedula, [/(...)(.......)(.)/, '$1-$2-$3']),
  person('Peruvian DNI with check digit', 'cui', ['CUI', 'DNI (CUI)'], cui),
  person('South African ID', 'id_number', ['SA ID number', 'South African ID'], southAfrica),
  person('vehicle identification number', 'vin', ['VIN', 'chassis number', 'Fahrgestellnummer'], vin),
  person('IMEI', 'imei', ['IMEI', 'device IMEI'], imei, [/(..)(......)(......)(.)/, '$1-$2-$3-$4']),
]
