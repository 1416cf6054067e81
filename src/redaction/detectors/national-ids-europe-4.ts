import {
  digitAt,
  isAllEqual,
  isDateAt,
  isDayOfMonth,
  isLuhnValid,
  isReversedDateAt,
  isVerhoeffValid,
  modOf,
  weighted,
} from './check-digits.ts'
import type { IdCheck } from './national-ids.ts'

const SIGNS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const lastOf = (id: string): number => digitAt(id, id.length - 1)

/** Jedinstveni matični broj građana, EMŠO, ЕМБГ: day, month, last three digits of the year, region, order, check (mod 11). */
function isJmbg(id: string): boolean {
  return (
    isReversedDateAt(id, 0) &&
    /^.{4}[089]/.test(id) &&
    ((11 - (weighted(id, [7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11) % 10 === lastOf(id)
  )
}

/** Number of a cartão de cidadão with its version: Luhn over digits and letters, which count from ten. */
function isCartao(id: string): boolean {
  let sum = 0
  for (let index = 0; index < id.length; index++) {
    const value = SIGNS.indexOf(id[id.length - 1 - index] ?? '')
    sum += index % 2 === 0 ? value : value * 2 - (value > 4 ? 9 : 0)
  }
  return sum % 10 === 0 && /[A-Z]/.test(id)
}

/** The weights 7, 3, 1 of ICAO 9303, over digits and letters, without a check digit. */
export const sum731 = (text: string): number =>
  [...text].reduce((sum, char, index) => sum + (char === '<' ? 0 : SIGNS.indexOf(char)) * ([7, 3, 1][index % 3] ?? 0), 0)

function isSeguridadSocial(id: string): boolean {
  const province = Number(id.slice(0, 2))
  if (province < 1 || (province > 53 && province !== 66)) return false
  // Of numbers below ten million the leading nought does not count.
  const body = id[2] === '0' ? id.slice(0, 2) + id.slice(3, 10) : id.slice(0, 10)
  return modOf(body, 97) === Number(id.slice(10))
}

const CYPRUS_ODD = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21]
function isCyprusTic(id: string): boolean {
  let sum = 0
  for (let index = 0; index < 8; index++) sum += index % 2 === 0 ? (CYPRUS_ODD[digitAt(id, index)] ?? 0) : digitAt(id, index)
  return !id.startsWith('12') && SIGNS[10 + (sum % 26)] === id[8]
}

const UPN = 'ABCDEFGHJKLMNPQRTUVWXYZ0123456789'
function isPupilNumber(id: string): boolean {
  let sum = 0
  for (let index = 1; index < 13; index++) sum += UPN.indexOf(id[index] ?? '') * (index + 1)
  return UPN[sum % 23] === id[0]
}

/** Vergi kimlik numarası. */
function isVkn(id: string): boolean {
  let sum = 0
  for (let place = 1; place <= 9; place++) {
    const moved = (digitAt(id, 9 - place) + place) % 10
    if (moved !== 0) sum += (moved * 2 ** place) % 9 || 9
  }
  return (10 - (sum % 10)) % 10 === lastOf(id)
}

/** Identifiers of Europe and its neighbours that version 4 has beside those of national-ids.ts. */
export const EUROPE_CHECKS_4: Readonly<Record<string, IdCheck>> = {
  'gb-utr': (id) => !isAllEqual(id) && '21987654321'[weighted(id.slice(1), [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] === id[0],
  'gb-upn': isPupilNumber,
  'fr-spi': (id) => /^[0-3]/.test(id) && Number(id.slice(0, 10)) % 511 === Number(id.slice(10)),
  'pt-cartao-de-cidadao': isCartao,
  'hu-adoazonosito': (id) => id.startsWith('8') && weighted(id, [1, 2, 3, 4, 5, 6, 7, 8, 9]) % 11 === lastOf(id),
  'hu-taj': (id) => !isAllEqual(id) && weighted(id, [3, 7, 3, 7, 3, 7, 3, 7]) % 10 === lastOf(id),
  jmbg: isJmbg,
  'gr-amka': (id) => isReversedDateAt(id, 0) && isLuhnValid(id),
  'is-kennitala': (id) => isReversedDateAt(id, 0) && /[089]$/.test(id) && weighted(id, [3, 2, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0,
  'ua-rnokpp': (id) => !isAllEqual(id) && (((weighted(id, [-1, 5, 7, 9, 4, 6, 10, 5, 7]) % 11) + 11) % 11) % 10 === lastOf(id),
  'md-idnp': (id) => /^[02]/.test(id) && !isAllEqual(id) && weighted(id, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1]) % 10 === lastOf(id),
  'es-seguridad-social': isSeguridadSocial,
  'pl-id-card': (id) => weighted(id.slice(3), [9, 7, 3, 1, 7, 3]) % 10 === (10 - (sum731(id.slice(0, 3)) % 10)) % 10 && id !== 'AAA000000',
  'bg-lnch': (id) => !isAllEqual(id) && weighted(id, [21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10 === lastOf(id),
  'by-personal-number': (id) => isReversedDateAt(id, 1) && /^[1-6].{6}[ABCEHKM].{3}(?:PB|BA|BI)/.test(id),
  'al-nid': (id) => /^[A-T][0-9](?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]{3}[A-W]$/.test(id),
  'cy-tic': isCyprusTic,
  'lu-matricule': (id) =>
    /^(?:19|20)/.test(id) && isDateAt(id, 2) && isLuhnValid(id.slice(0, 12)) && isVerhoeffValid(id.slice(0, 11) + id.slice(12)),
  'ru-ogrnip': (id) => /^[34]/.test(id) && modOf(id.slice(0, 14), 13) % 10 === lastOf(id),
  'tr-vkn': (id) => !isAllEqual(id) && isVkn(id),
  'kz-iin': (id) => {
    if (!isDateAt(id, 0) || !/^.{6}[0-6]/.test(id)) return false
    const first = weighted(id, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11
    return (first < 10 ? first : weighted(id, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11) === lastOf(id)
  },
  'uz-pinfl': (id) =>
    /^[1-6]/.test(id) && isReversedDateAt(id, 1) && weighted(id, [7, 3, 1, 7, 3, 1, 7, 3, 1, 7, 3, 1, 7]) % 10 === lastOf(id),
  'kg-pin': (id) => /^[12].{4}(?:19|20)/.test(id) && isDayOfMonth(Number(id.slice(1, 3)), Number(id.slice(3, 5))),
}
