import type { Chance } from '../random.ts'
import { birth, type Day, ds, elevenOf, luhn, mod1110, number, until, weighted } from './check-digits.ts'

/** `labels` say what the number is, in English or in the language of the country. */
export type Person = { kind: string; labels: readonly string[]; key: string; forms: readonly ((c: Chance) => string)[] }

const split =
  (make: (c: Chance) => string, pattern: RegExp, shape: string): ((c: Chance) => string) =>
  (c) =>
    make(c).replace(pattern, shape)

function person(
  kind: string,
  key: string,
  labels: readonly string[],
  make: (c: Chance) => string,
  ...shapes: readonly (readonly [RegExp, string])[]
): Person {
  return { kind, key, labels, forms: [make, ...shapes.map(([pattern, shape]) => split(make, pattern, shape))] }
}

const nhs = (c: Chance): string => elevenOf(c, 9, [10, 9, 8, 7, 6, 5, 4, 3, 2], (sum) => (11 - (sum % 11)) % 11)
const bsn = (c: Chance): string => elevenOf(c, 8, [9, 8, 7, 6, 5, 4, 3, 2], (sum) => sum % 11)

function rijksregister(c: Chance): string {
  const day = birth(c)
  const body = `${day.yy}${day.mm}${day.dd}${String(2 + c.below(990)).padStart(3, '0')}`
  return body + String(97 - (Number(body) % 97)).padStart(2, '0')
}

/** One digit comes twice, one is missing, the rest come once. */
function steuerId(c: Chance): string {
  return until(() => {
    const all = [...'0123456789']
    for (let at = 9; at > 0; at--) {
      const other = c.below(at + 1)
      ;[all[at], all[other]] = [all[other] as string, all[at] as string]
    }
    all[9] = all[c.below(9)] as string
    const last = c.below(10)
    ;[all[9], all[last]] = [all[last] as string, all[9] as string]
    return all[0] === '0' ? undefined : mod1110(all.join(''))
  })
}

function nir(c: Chance): string {
  const day = birth(c)
  const department = String(1 + c.below(94))
    .padStart(2, '0')
    .replace('20', '21')
  const body =
    `${day.woman ? 2 : 1}${day.yy}${day.mm}${department}` +
    `${String(1 + c.below(600)).padStart(3, '0')}` +
    `${String(1 + c.below(400)).padStart(3, '0')}`
  return body + String(97 - Number(BigInt(body) % 97n)).padStart(2, '0')
}

const DNI = 'TRWAGMYFPDXBNJZSQVHLCKE'
function dni(c: Chance): string {
  const body = number(c, 8)
  return body + DNI[Number(body) % 23]
}
function nie(c: Chance): string {
  const first = c.below(3)
  const body = c.digits(7)
  return `${'XYZ'[first]}${body}${DNI[Number(`${first}${body}`) % 23]}`
}

const ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]
const TOWNS = ['H501', 'F205', 'L219', 'F839', 'D612', 'A944', 'G273', 'L736', 'C351', 'A662']
function codiceFiscale(c: Chance): string {
  const day = birth(c)
  const names = c.run('BCDFGLMNPRSTVZ', 6)
  const body =
    `${names}${day.yy}${'ABCDEHLMPRST'[day.month - 1]}` +
    `${String(Number(day.dd) + (day.woman ? 40 : 0)).padStart(2, '0')}` +
    `${c.pick(TOWNS)}`
  const sum = [...body].reduce((total, sign, at) => {
    const value = /[0-9]/.test(sign) ? Number(sign) : sign.charCodeAt(0) - 65
    return total + (at % 2 === 0 ? (ODD[value] ?? 0) : value)
  }, 0)
  return body + String.fromCharCode(65 + (sum % 26))
}

function nif(c: Chance): string {
  const body = `${1 + c.below(2)}${c.digits(7)}`
  const rest = 11 - (weighted(body, [9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return body + (rest > 9 ? 0 : rest)
}

function pesel(c: Chance): string {
  const day = birth(c)
  const body = `${day.yy}${day.mm}${day.dd}${c.digits(4)}`
  return body + ((10 - (weighted(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]) % 10)) % 10)
}
const nip = (c: Chance): string => elevenOf(c, 9, [6, 5, 7, 2, 3, 4, 5, 6, 7], (sum) => sum % 11)

function personnummer(c: Chance): string {
  const day = birth(c)
  return `${luhn(`${day.yy}${day.mm}${day.dd}${c.digits(3)}`)}`
}
const longPersonnummer = (c: Chance): string => `19${personnummer(c)}`.replace(/(....)$/, '-$1')

function fodselsnummer(c: Chance): string {
  return until(() => {
    const day = birth(c, 1945, 1999)
    const body = `${day.dd}${day.mm}${day.yy}${String(c.below(500)).padStart(3, '0')}`
    const first = (11 - (weighted(body, [3, 7, 6, 1, 8, 9, 4, 5, 2]) % 11)) % 11
    const second = (11 - (weighted(body + first, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return first > 9 || second > 9 ? undefined : `${body}${first}${second}`
  })
}

function hetu(c: Chance): string {
  const day = birth(c)
  const date = `${day.dd}${day.mm}${day.yy}`
  const serial = String(2 + c.below(898)).padStart(3, '0')
  return `${date}-${serial}${'0123456789ABCDEFHJKLMNPRSTUVWXY'[Number(date + serial) % 31]}`
}

function cpr(c: Chance): string {
  const day = birth(c, 1945, 1999)
  return `${day.dd}${day.mm}${day.yy}-${c.below(4)}${c.digits(3)}`
}

function baltic(c: Chance): string {
  const day = birth(c)
  const body = `${day.woman ? 4 : 3}${day.yy}${day.mm}${day.dd}${c.digits(3)}`
  const first = weighted(body, [1, 2, 3, 4, 5, 6, 7, 8, 9, 1]) % 11
  const second = weighted(body, [3, 4, 5, 6, 7, 8, 9, 1, 2, 3]) % 11
  return body + (first < 10 ? first : second % 10)
}

function rodneCislo(c: Chance): string {
  return until(() => {
    const day = birth(c, 1955, 1999)
    const body = `${day.yy}${String(day.month + (day.woman ? 50 : 0)).padStart(2, '0')}${day.dd}${c.digits(3)}`
    const digit = Number(body) % 11
    return digit > 9 ? undefined : `${body.slice(0, 6)}/${body.slice(6)}${digit}`
  })
}

function cnp(c: Chance): string {
  const day = birth(c)
  const county = String(1 + c.below(46)).padStart(2, '0')
  const body = `${day.woman ? 2 : 1}${day.yy}${day.mm}${day.dd}${county}${String(1 + c.below(900)).padStart(3, '0')}`
  const rest = weighted(body, [2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11
  return body + (rest === 10 ? 1 : rest)
}

function egn(c: Chance): string {
  const day = birth(c)
  const body = `${day.yy}${day.mm}${day.dd}${c.digits(3)}`
  return body + ((weighted(body, [2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11) % 10)
}

const oib = (c: Chance): string => mod1110(number(c, 10))

function afm(c: Chance): string {
  const body = `${c.pick(['0', '1'])}${number(c, 7)}`
  return body + ((weighted(body, [256, 128, 64, 32, 16, 8, 4, 2]) % 11) % 10)
}
function amka(c: Chance): string {
  const day = birth(c)
  return luhn(`${day.dd}${day.mm}${day.yy}${c.digits(4)}`)
}

function pps(c: Chance): string {
  const body = number(c, 7)
  const extra = c.below(2) === 1 ? 'A' : ''
  const sum = weighted(body, [8, 7, 6, 5, 4, 3, 2]) + (extra === 'A' ? 9 : 0)
  return `${body}${'WABCDEFGHIJKLMNOPQRSTUV'[sum % 23]}${extra}`
}

function ahv(c: Chance): string {
  const body = `756${c.digits(9)}`
  return body + ((10 - (weighted(body, [1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10)) % 10)
}

function svnr(c: Chance): string {
  return until(() => {
    const day = birth(c)
    const serial = number(c, 3)
    const digit = (weighted(serial, [3, 7, 9]) + weighted(`${day.dd}${day.mm}${day.yy}`, [5, 8, 4, 2, 1, 6])) % 11
    return digit > 9 ? undefined : `${serial}${digit}${day.dd}${day.mm}${day.yy}`
  })
}

function kennitala(c: Chance): string {
  return until(() => {
    const day = birth(c)
    const body = `${day.dd}${day.mm}${day.yy}${String(20 + c.below(80))}`
    const digit = (11 - (weighted(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return digit > 9 ? undefined : `${body.slice(0, 6)}-${body.slice(6)}${digit}9`
  })
}

function emso(c: Chance): string {
  return until(() => {
    const day: Day = birth(c)
    const body = `${day.dd}${day.mm}${String(day.year).slice(1)}50${String((day.woman ? 500 : 0) + c.below(500)).padStart(3, '0')}`
    const digit = (11 - (weighted(body, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return digit > 9 ? undefined : body + digit
  })
}

function rntrc(c: Chance): string {
  const body = number(c, 9)
  const sum = ds(body).reduce((total, digit, at) => total + digit * ([-1, 5, 7, 9, 4, 6, 10, 5, 7][at] ?? 0), 0)
  return body + ((((sum % 11) + 11) % 11) % 10)
}

export const EUROPE: readonly Person[] = [
  person('UK NHS number', 'nhs_number', ['NHS number', 'NHS No'], nhs, [/(...)(...)(....)/, '$1 $2 $3'], [/(...)(...)(....)/, '$1-$2-$3']),
  person('Dutch BSN', 'bsn', ['BSN', 'burgerservicenummer'], bsn, [/(....)(..)(...)/, '$1.$2.$3']),
  person('Belgian national number', 'rijksregisternummer', ['rijksregisternummer', 'numéro de registre national'], rijksregister, [
    /(..)(..)(..)(...)(..)/,
    '$1.$2.$3-$4.$5',
  ]),
  person('German tax id', 'steuer_id', ['Steuer-ID', 'Steueridentifikationsnummer', 'IdNr.'], steuerId, [
    /(..)(...)(...)(...)/,
    '$1 $2 $3 $4',
  ]),
  person('French NIR', 'nir', ['numéro de sécurité sociale', 'NIR'], nir, [/(.)(..)(..)(..)(...)(...)(..)/, '$1 $2 $3 $4 $5 $6 $7']),
  person('Spanish DNI', 'dni', ['DNI', 'NIF'], dni, [/(.{8})(.)/, '$1-$2'], [/(..)(...)(...)(.)/, '$1.$2.$3-$4']),
  person('Spanish NIE', 'nie', ['NIE', 'número de identidad de extranjero'], nie, [/(.)(.{7})(.)/, '$1-$2-$3']),
  person('Italian codice fiscale', 'codice_fiscale', ['codice fiscale', 'C.F.'], codiceFiscale),
  person('Portuguese NIF', 'nif', ['NIF', 'número de contribuinte'], nif, [/(...)(...)(...)/, '$1 $2 $3']),
  person('Polish PESEL', 'pesel', ['PESEL', 'numer PESEL'], pesel),
  person('Polish NIP', 'nip', ['NIP', 'numer NIP'], nip, [/(...)(...)(..)(..)/, '$1-$2-$3-$4']),
  person(
    'Swedish personnummer',
    'personnummer',
    ['personnummer', 'Swedish personal identity number'],
    longPersonnummer,
    [/^..(.*)$/, '$1'],
    [/-/, ''],
  ),
  person('Norwegian fødselsnummer', 'fodselsnummer', ['fødselsnummer', 'Norwegian national identity number'], fodselsnummer, [
    /(.{6})(.{5})/,
    '$1 $2',
  ]),
  person('Finnish henkilötunnus', 'henkilotunnus', ['henkilötunnus', 'hetu'], hetu),
  person('Danish CPR', 'cpr', ['CPR-nummer', 'CPR'], cpr),
  person('Estonian isikukood', 'isikukood', ['isikukood', 'Estonian personal code'], baltic),
  person('Lithuanian asmens kodas', 'asmens_kodas', ['asmens kodas', 'Lithuanian personal code'], baltic),
  person('Czech rodné číslo', 'rodne_cislo', ['rodné číslo', 'r. č.'], rodneCislo, [/\//, '']),
  person('Slovak rodné číslo', 'rodne_cislo', ['rodné číslo', 'birth number (SK)'], rodneCislo),
  person('Romanian CNP', 'cnp', ['CNP', 'cod numeric personal'], cnp),
  person('Bulgarian EGN', 'egn', ['ЕГН', 'EGN'], egn),
  person('Croatian OIB', 'oib', ['OIB', 'osobni identifikacijski broj'], oib),
  person('Greek AFM', 'afm', ['ΑΦΜ', 'AFM'], afm),
  person('Greek AMKA', 'amka', ['ΑΜΚΑ', 'AMKA'], amka),
  person('Irish PPS number', 'pps_number', ['PPS number', 'PPSN'], pps),
  person('Swiss AHV number', 'ahv_nummer', ['AHV-Nummer', 'numéro AVS'], ahv, [/(...)(....)(....)(..)/, '$1.$2.$3.$4']),
  person('Austrian insurance number', 'svnr', ['SVNR', 'Sozialversicherungsnummer'], svnr, [/(....)(......)/, '$1 $2']),
  person('Icelandic kennitala', 'kennitala', ['kennitala'], kennitala),
  person('Slovenian EMŠO', 'emso', ['EMŠO'], emso),
  person('Ukrainian RNTRC', 'rntrc', ['РНОКПП', 'ІПН'], rntrc),
]
