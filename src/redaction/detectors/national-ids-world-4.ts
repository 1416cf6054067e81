import { digitAt, isAllEqual, isDateAt, isDayOfMonth, isLuhnValid, weighted } from './check-digits.ts'
import type { IdCheck } from './national-ids.ts'

const lastOf = (id: string): number => digitAt(id, id.length - 1)
/** Digits but the last, from the right, times the weights. */
function fromRight(id: string, weights: readonly number[]): number {
  let sum = 0
  for (let place = 0; place < id.length - 1; place++) sum += digitAt(id, id.length - 2 - place) * (weights[place] ?? 0)
  return sum
}
const TWO_UP = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]

/** Number of taxpayers of New Zealand: eight or nine digits, the last one a check (mod 11, with second weights). */
function isIrd(written: string): boolean {
  const digits = written.replace(/[^0-9]/g, '').padStart(9, '0')
  const value = Number(digits)
  if (digits.length !== 9 || value < 10_000_000 || value > 200_000_000) return false
  for (const weights of [
    [3, 2, 7, 6, 5, 4, 3, 2],
    [7, 4, 3, 2, 5, 2, 7, 6],
  ]) {
    const check = (11 - (weighted(digits, weights) % 11)) % 11
    if (check < 10) return check === lastOf(digits)
  }
  return false
}

const NHI = '?ABCDEFGHJKLMNPQRSTUVWXYZ'
/** HISO 10046: three letters and four digits (mod 11), or, since 2019, a letter before the last and at the end (mod 23). */
function isNhi(id: string): boolean {
  let sum = 0
  for (let index = 0; index < 6; index++) {
    const char = id[index] ?? ''
    sum += (/[0-9]/.test(char) ? Number(char) : NHI.indexOf(char)) * (7 - index)
  }
  if (/[A-Z]$/.test(id)) return NHI[23 - (sum % 23)] === id[6]
  return sum % 11 !== 0 && (11 - (sum % 11)) % 10 === lastOf(id)
}

const NIT_WEIGHTS = [3, 7, 13, 17, 19, 23, 29, 37, 41, 43, 47, 53, 59, 67, 71]
const isEcuadorian = (id: string): boolean => {
  const province = Number(id.slice(0, 2))
  return ((province >= 1 && province <= 24) || province === 30 || province === 50) && id.charCodeAt(2) < 0x37 && isLuhnValid(id)
}
const RIF_LETTERS = ' VEJPG'
function isMauritian(id: string): boolean {
  const signs = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
  let sum = 0
  for (let index = 0; index < 13; index++) sum += signs.indexOf(id[index] ?? '') * (14 - index)
  return isDayOfMonth(Number(id.slice(1, 3)), Number(id.slice(3, 5))) && signs[(17 - (sum % 17)) % 17] === id[13]
}
function isSalvadoranNit(id: string): boolean {
  if (!/^[019]/.test(id)) return false
  const isOld = id.slice(10, 13) <= '100'
  const sum = weighted(id, isOld ? [14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2] : [2, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2])
  return (isOld ? sum % 11 : (11 - (sum % 11)) % 11) % 10 === lastOf(id)
}
const dayOfYear = (days: number): boolean => (days >= 1 && days <= 366) || (days >= 501 && days <= 866)

/** Identifiers of other continents that version 4 has beside those of national-ids.ts. */
export const WORLD_CHECKS_4: Readonly<Record<string, IdCheck>> = {
  'nz-ird': isIrd,
  'nz-nhi': isNhi,
  'au-ihi': (id) => id.startsWith('80036') && isLuhnValid(id),
  'ca-bc-phn': (id) => id.startsWith('9') && (11 - (weighted(id.slice(1), [2, 4, 8, 5, 10, 9, 7, 3]) % 11)) % 10 === lastOf(id),
  'ca-ohip': (id) => id[0] !== '0' && !isAllEqual(id.slice(0, 10)) && isLuhnValid(id.slice(0, 10)),
  'ca-ramq': (id) => {
    const month = Number(id.slice(6, 8))
    return isDayOfMonth(Number(id.slice(8, 10)), month > 50 ? month - 50 : month)
  },
  'mx-nss': (id) => !isAllEqual(id) && isLuhnValid(id),
  'co-nit': (id) => !isAllEqual(id) && '01987654321'[fromRight(id, NIT_WEIGHTS) % 11] === id.at(-1),
  // A letter or a digit stands for the same.
  'pe-dni': (id) => {
    const rest = weighted(id.slice(0, 8), [3, 2, 7, 6, 5, 4, 3, 2]) % 11
    return '65432110987'[rest] === id.at(-1) || 'KJIHGFEDCBA'[rest] === id.at(-1)
  },
  'pe-ruc': (id) => /^(?:1[0567]|20)/.test(id) && (11 - (weighted(id, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10 === lastOf(id),
  'ec-cedula': isEcuadorian,
  'ec-ruc': (id) => /00[1-9]$/.test(id) && isEcuadorian(id.slice(0, 10)),
  'uy-cedula': (id) => (10 - (weighted(id.padStart(8, '0'), [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10 === lastOf(id) && !isAllEqual(id),
  'do-cedula': (id) => !isAllEqual(id) && isLuhnValid(id),
  've-rif': (id) =>
    '00987654321'[(RIF_LETTERS.indexOf(id[0] ?? '') * 4 + weighted(id.slice(1), [3, 2, 7, 6, 5, 4, 3, 2])) % 11] === id.at(-1),
  'py-ruc': (id) => !isAllEqual(id) && ((11 - (fromRight(id, TWO_UP) % 11)) % 11) % 10 === lastOf(id),
  'gt-nit': (id) => !isAllEqual(id) && '0K987654321'[fromRight(id, TWO_UP) % 11] === id.at(-1),
  'cr-cedula': (id) => /^0?[1-9]0/.test(id),
  'sv-dui': (id) => !isAllEqual(id) && (10 - (weighted(id, [9, 8, 7, 6, 5, 4, 3, 2]) % 10)) % 10 === lastOf(id),
  'sv-nit': isSalvadoranNit,
  'cu-ni': (id) => isDateAt(id, 0),
  'br-pis': (id) => {
    const check = 11 - (weighted(id, [3, 2, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
    return !isAllEqual(id) && (check > 9 ? 0 : check) === lastOf(id)
  },
  'br-cns': (id) => /^[12789]/.test(id) && weighted(id, [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  'sa-id': (id) => /^[12]/.test(id) && isLuhnValid(id),
  'kw-civil-id': (id) =>
    /^[123]/.test(id) && isDateAt(id, 1) && 11 - (weighted(id, [2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11) === lastOf(id),
  'eg-id': (id) => /^[23].{6}(?:0[1-4]|1[1-9]|2[1-9]|3[1-5]|88)/.test(id) && isDateAt(id, 1),
  'ir-national-id': (id) => {
    const rest = weighted(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11
    return !isAllEqual(id) && (rest < 2 ? rest : 11 - rest) === lastOf(id)
  },
  'vn-cccd': (id) => /^0(?:0[1-9]|[1-8][0-9]|9[0-6])[0-3]/.test(id) && !isAllEqual(id),
  'vn-mst': (id) => 10 - (weighted(id, [31, 29, 23, 19, 17, 13, 7, 5, 3]) % 11) === lastOf(id),
  'id-nik': (id) =>
    /^(?:[1-8][1-9]|9[1-6])/.test(id) && isDayOfMonth(Number(id.slice(6, 8)) % 40, Number(id.slice(8, 10))) && !id.endsWith('0000'),
  'id-npwp': (id) => isLuhnValid(id.slice(0, 9)) && !isAllEqual(id),
  'lk-nic': (id) =>
    id.length === 12
      ? /^(?:19[2-9]|20[012])/.test(id) && dayOfYear(Number(id.slice(4, 7)))
      : /[VX]$/.test(id) && dayOfYear(Number(id.slice(2, 5))),
  'gh-card': (id) => id.startsWith('GHA') && !isAllEqual(id.slice(3)),
  'mu-nid': isMauritian,
}
