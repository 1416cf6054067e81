import type { Chance } from '../random.ts'
import { birthday, letters, luhn, mod97, number, sum, until, verhoeff } from './check-digits.ts'

type Maker = (c: Chance) => string

const kimlik: Maker = (c) => {
  const body = number(c, 9)
  const odd = sum(body, [1, 0, 1, 0, 1, 0, 1, 0, 1])
  const even = sum(body, [0, 1, 0, 1, 0, 1, 0, 1])
  const first = (((odd * 7 - even) % 10) + 10) % 10
  return `${body}${first}${(odd + even + first) % 10}`
}

const israeli: Maker = (c) => {
  const body = c.pick(['0', '2', '3']) + c.run('D', 7)
  return body + luhn(body)
}

const aadhaar: Maker = (c) => {
  const body = String(2 + c.below(8)) + c.run('D', 10)
  return `${body}${verhoeff(body)}`.replace(/(....)(....)(....)/, c.pick(['$1 $2 $3', '$1 $2 $3', '$1$2$3']))
}

const resident: Maker = (c) => {
  const day = birthday(c)
  const body = `${c.pick(['110101', '110105', '110108', '310101', '310104', '120101'])}${day.yyyy}${day.mm}${day.dd}${c.run('D', 3)}`
  return body + '10X98765432'[sum(body, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]) % 11]
}

const TAIWAN = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'
const taiwanese: Maker = (c) => {
  const letter = c.run('ABCDEFGHJKMNPQTUVX', 1)
  const code = TAIWAN.indexOf(letter) + 10
  const body = c.pick(['1', '2']) + c.run('D', 7)
  const total = Math.floor(code / 10) + (code % 10) * 9 + sum(body, [8, 7, 6, 5, 4, 3, 2, 1])
  return `${letter}${body}${(10 - (total % 10)) % 10}`
}

const hongkong: Maker = (c) => {
  const letter = c.run('ABCDEFGHKMPRVYZ', 1)
  const body = c.run('D', 6)
  const total = 36 * 9 + (letter.charCodeAt(0) - 55) * 8 + sum(body, [7, 6, 5, 4, 3, 2])
  const check = (11 - (total % 11)) % 11
  return `${letter}${body}(${check === 10 ? 'A' : check})`
}

const korean: Maker = (c) => {
  const day = birthday(c)
  const body = `${day.yy}${day.mm}${day.dd}${c.pick(['1', '2'])}${String(c.below(90)).padStart(2, '0')}${c.run('D', 3)}`
  const check = (11 - (sum(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11)) % 10
  return `${body.slice(0, 6)}-${body.slice(6)}${check}`
}

const mynumber: Maker = (c) => {
  const body = number(c, 11)
  const rest = sum(body, [6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11
  return `${body}${rest <= 1 ? 0 : 11 - rest}`.replace(/(....)(....)(....)/, c.pick(['$1 $2 $3', '$1$2$3', '$1-$2-$3']))
}

const nric: Maker = (c) => {
  const letter = c.pick(['S', 'T', 'F', 'G'])
  const body = c.run('D', 7)
  const total = sum(body, [2, 7, 6, 5, 4, 3, 2]) + ('TG'.includes(letter) ? 4 : 0)
  return letter + body + ('ST'.includes(letter) ? 'JZIHGFEDCBA' : 'XWUTRQPNMLK')[total % 11]
}

const thai: Maker = (c) => {
  const body = String(1 + c.below(8)) + c.run('D', 11)
  const check = (11 - (sum(body, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)) % 10
  return `${body}${check}`.replace(/(.)(....)(.....)(..)(.)/, c.pick(['$1-$2-$3-$4-$5', '$1 $2 $3 $4 $5', '$1$2$3$4$5']))
}

const tfn: Maker = (c) =>
  until(() => {
    const body = number(c, 8)
    const rest = sum(body, [1, 4, 3, 7, 5, 8, 6, 9]) % 11
    // The last weight is ten, so the last digit is what is left over.
    return rest === 10 ? undefined : `${body}${rest}`.replace(/(...)(...)(...)/, c.pick(['$1 $2 $3', '$1$2$3']))
  })

const medicare: Maker = (c) => {
  const body = c.pick(['2', '3', '4', '5', '6']) + c.run('D', 7)
  const check = sum(body, [1, 3, 7, 9, 1, 3, 7, 9]) % 10
  return `${body}${check}${1 + c.below(4)}`.replace(/(....)(.....)(.)/, c.pick(['$1 $2 $3', '$1$2$3']))
}

const ird: Maker = (c) =>
  until(() => {
    const body = `0${1 + c.below(9)}${c.run('D', 6)}`
    const wanted = String(20 + c.below(110)).padStart(3, '0') + body.slice(3)
    const first = (11 - (sum(wanted, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    const check = first === 10 ? (11 - (sum(wanted, [7, 4, 3, 2, 5, 2, 7, 6]) % 11)) % 11 : first
    return check === 10 ? undefined : `${wanted}${check}`.replace(/(...)(...)(...)/, c.pick(['$1-$2-$3', '$1$2$3']))
  })

const NHI = 'ABCDEFGHJKLMNPQRSTUVWXYZ'
const nhi: Maker = (c) =>
  until(() => {
    const head = c.run(NHI, 3)
    const body = c.run('D', 3)
    const values = [...[...head].map((letter) => NHI.indexOf(letter) + 1), ...[...body].map(Number)]
    const rest = values.reduce((all, value, index) => all + value * (7 - index), 0) % 11
    if (rest === 0) return undefined
    return `${head}${body}${(11 - rest) % 10}`
  })

const sin: Maker = (c) => {
  const body = String(1 + c.below(7)) + c.run('D', 7)
  return `${body}${luhn(body)}`.replace(/(...)(...)(...)/, c.pick(['$1 $2 $3', '$1-$2-$3', '$1$2$3']))
}

const cpf: Maker = (c) => {
  const body = c.run('D', 9)
  const first = ((sum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  const second = ((sum(`${body}${first}`, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10) % 11) % 10
  return `${body}${first}${second}`.replace(/(...)(...)(...)(..)/, c.pick(['$1.$2.$3-$4', '$1.$2.$3-$4', '$1$2$3$4']))
}

const cnpj: Maker = (c) => {
  const body = `${c.run('D', 8)}0001`
  const digit = (text: string, weights: readonly number[]): number => {
    const rest = sum(text, weights) % 11
    return rest < 2 ? 0 : 11 - rest
  }
  const first = digit(body, [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
  const second = digit(`${body}${first}`, [6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
  return `${body}${first}${second}`.replace(/(..)(...)(...)(....)(..)/, c.pick(['$1.$2.$3/$4-$5', '$1$2$3$4$5']))
}

const cuit: Maker = (c) =>
  until(() => {
    const body = `${c.pick(['20', '27', '23'])}${number(c, 8)}`
    const check = (11 - (sum(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
    return check === 10 ? undefined : `${body}${check}`.replace(/(..)(.{8})(.)/, c.pick(['$1-$2-$3', '$1$2$3']))
  })

const rut: Maker = (c) => {
  const body = `${c.pick(['1', '2'])}${c.run('D', 7)}`
  const check = (11 - (sum(body, [3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 11
  return `${body}-${check === 10 ? 'K' : check}`.replace(/(..)(...)(...)-/, c.pick(['$1.$2.$3-', '$1$2$3-']))
}

const nit: Maker = (c) => {
  const body = `${c.pick(['8', '9', '1'])}${c.run('D', 8)}`
  const rest = sum(body, [41, 37, 29, 23, 19, 17, 13, 7, 3]) % 11
  return `${body}-${rest < 2 ? rest : 11 - rest}`.replace(/(...)(...)(...)-/, c.pick(['$1.$2.$3-', '$1$2$3-']))
}

const ruc: Maker = (c) =>
  until(() => {
    const body = `10${number(c, 8)}`
    const check = (11 - (sum(body, [5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11)) % 10
    return body + check
  })

const cedulaEcuador: Maker = (c) => {
  const body = `${c.pick(['17', '09', '01', '13', '18'])}${c.below(6)}${c.run('D', 6)}`
  return body + luhn(body)
}

const cedulaUruguay: Maker = (c) => {
  const body = `${1 + c.below(5)}${c.run('D', 6)}`
  const check = (10 - (sum(body, [2, 9, 8, 7, 6, 3, 4]) % 10)) % 10
  return `${body}${check}`.replace(/(.)(...)(...)(.)/, '$1.$2.$3-$4')
}

const cedulaDominican: Maker = (c) => {
  const body = `${c.pick(['001', '031', '402', '223'])}${c.run('D', 7)}`
  return `${body}${luhn(body)}`.replace(/(...)(.{7})(.)/, c.pick(['$1-$2-$3', '$1$2$3']))
}

const rif: Maker = (c) => {
  const body = number(c, 8)
  const total = 4 + sum(body, [3, 2, 7, 6, 5, 4, 3, 2])
  return `V-${body}-${'00987654321'[total % 11]}`
}

const SIGNS = '0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ'
const CURP = '0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ'
const curp: Maker = (c) => {
  const day = birthday(c)
  const name = `${c.run('BCDFGHJKLMNPRSTVZ', 1)}${c.run('EIOU', 1)}${letters(c, 2)}`
  const sex = c.pick(['H', 'M'])
  const place = c.pick(['DF', 'JC', 'NL', 'MC', 'GT', 'PL'])
  const body = `${name}${day.yy}${day.mm}${day.dd}${sex}${place}${letters(c, 3)}0`
  const total = [...body].reduce((all, sign, index) => all + SIGNS.indexOf(sign) * (18 - index), 0)
  return `${body}${(10 - (total % 10)) % 10}`
}

const rfc: Maker = (c) => {
  const day = birthday(c)
  const name = `${c.run('BCDFGHJLMNPRSTVZ', 1)}${c.run('EIOU', 1)}${letters(c, 2)}`
  const body = `${name}${day.yy}${day.mm}${day.dd}${c.run('123456789ABCDEFGHJ', 2)}`
  const total = [...body].reduce((all, sign, index) => all + CURP.indexOf(sign) * (13 - index), 0)
  const check = (11 - (total % 11)) % 11
  return body + (check === 10 ? 'A' : check)
}

const southAfrican: Maker = (c) => {
  const day = birthday(c)
  const body = `${day.yy}${day.mm}${day.dd}${c.run('D', 4)}08`
  return body + luhn(body)
}

const kazakh: Maker = (c) =>
  until(() => {
    const day = birthday(c)
    const body = `${day.yy}${day.mm}${day.dd}${c.pick(['3', '4'])}${c.run('D', 4)}`
    const first = sum(body, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]) % 11
    const check = first < 10 ? first : sum(body, [3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2]) % 11
    return check === 10 ? undefined : body + check
  })

const paraguayan: Maker = (c) => {
  const body = number(c, 7)
  const total = [...body].reverse().reduce((all, digit, index) => all + Number(digit) * (index + 2), 0)
  return `${body}-${((11 - (total % 11)) % 11) % 10}`
}

const guatemalan: Maker = (c) => {
  const body = number(c, 7)
  const total = [...body].reverse().reduce((all, digit, index) => all + Number(digit) * (index + 2), 0)
  const check = (11 - (total % 11)) % 11
  return `${body}-${check === 10 ? 'K' : check}`
}

const columbian: Maker = (c) =>
  until(() => {
    const body = c.run('D', 8)
    const check = 11 - (sum(body, [2, 4, 8, 5, 10, 9, 7, 3]) % 11)
    return check > 9 ? undefined : `9${body}${check}`.replace(/(....)(...)(...)/, c.pick(['$1 $2 $3', '$1$2$3']))
  })

const npi: Maker = (c) => {
  const body = `1${c.run('D', 8)}`
  return body + luhn(`80840${body}`)
}

const dea: Maker = (c) => {
  const body = c.run('D', 6)
  const total = sum(body, [1, 2, 1, 2, 1, 2])
  return `${c.pick(['A', 'B', 'F', 'M'])}${c.run('u', 1)}${body}${total % 10}`
}

const seguridad: Maker = (c) => {
  const body = `${c.pick(['28', '08', '41', '46'])}1${c.run('D', 7)}`
  return body + String(mod97(body)).padStart(2, '0')
}

/** Name, language, words that announce it, maker. */
export const WORLD: readonly (readonly [string, string, readonly string[], Maker])[] = [
  ['tr kimlik no', 'tr', ['TC kimlik no', 'T.C. Kimlik Numarası'], kimlik],
  ['il teudat zehut', 'he', ['תעודת זהות', 'ת.ז.'], israeli],
  ['in aadhaar', 'en', ['Aadhaar', 'Aadhaar number'], aadhaar],
  ['cn resident id', 'zh', ['身份证号', '身份证号码'], resident],
  ['tw national id', 'zh-tw', ['身分證字號'], taiwanese],
  ['hk identity card', 'en', ['HKID', 'Hong Kong identity card'], hongkong],
  ['kr resident number', 'ko', ['주민등록번호'], korean],
  ['jp my number', 'ja', ['マイナンバー', '個人番号'], mynumber],
  ['sg nric', 'en', ['NRIC', 'NRIC/FIN'], nric],
  ['th citizen id', 'th', ['เลขประจำตัวประชาชน', 'บัตรประชาชน'], thai],
  ['au tax file number', 'en', ['TFN', 'tax file number'], tfn],
  ['au medicare', 'en', ['Medicare number', 'Medicare card'], medicare],
  ['nz ird', 'en', ['IRD number'], ird],
  ['nz nhi', 'en', ['NHI number', 'NHI'], nhi],
  ['ca sin', 'en', ['SIN', 'social insurance number'], sin],
  ['ca bc personal health number', 'en', ['PHN', 'personal health number'], columbian],
  ['br cpf', 'pt', ['CPF'], cpf],
  ['br cnpj', 'pt', ['CNPJ'], cnpj],
  ['ar cuit', 'es', ['CUIT', 'CUIL'], cuit],
  ['cl rut', 'es', ['RUT'], rut],
  ['co nit', 'es', ['NIT'], nit],
  ['pe ruc', 'es', ['RUC'], ruc],
  ['ec cédula', 'es', ['cédula', 'cédula de identidad'], cedulaEcuador],
  ['uy cédula', 'es', ['cédula de identidad', 'C.I.'], cedulaUruguay],
  ['do cédula', 'es', ['cédula'], cedulaDominican],
  ['ve rif', 'es', ['RIF'], rif],
  ['py ruc', 'es', ['RUC'], paraguayan],
  ['gt nit', 'es', ['NIT'], guatemalan],
  ['mx curp', 'es', ['CURP'], curp],
  ['mx rfc', 'es', ['RFC'], rfc],
  ['za id number', 'en', ['ID number', 'South African ID'], southAfrican],
  ['kz iin', 'ru', ['ИИН'], kazakh],
  ['us npi', 'en', ['NPI', 'National Provider Identifier'], npi],
  ['us dea number', 'en', ['DEA number', 'DEA registration'], dea],
  ['es seguridad social', 'es', ['número de la Seguridad Social', 'n.º de afiliación'], seguridad],
]
