import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { NUMBER_CHECKS_4 } from '../../src/redaction/detectors/national-ids-4.ts'
import { checkText, createRedactor } from '../../src/redaction/index.ts'
import { MORE_RUN_WORDS_4, NATIONAL_KINDS_4 } from '../../src/redaction/rules/national-4.ts'
import { NATIONAL } from './national-examples.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(9) })
const rulesOf = (text: string): string[] => checkText(text).map(({ rule }) => rule)
const valueOf = (marked: string): string => /«([^»]*)»/.exec(marked)?.[1] ?? ''

/** Told by their structure: they have no check digit, or none that is published. */
const UNCHECKED = new Set(
  'al-nid by-personal-number ca-ramq cr-cedula cu-ni eg-id gh-card id-nik kg-pin lk-nic vn-cccd passport-zone crypto-address'.split(' '),
)

describe('national identifiers beside the words that name them', () => {
  for (const [rule, marked] of Object.entries(NATIONAL)) {
    for (const text of marked) {
      const plain = text.replace(/[«»]/g, '')
      it(`${rule}: ${text}`, () => {
        const start = text.indexOf('«')
        const end = text.indexOf('»') - 1
        expect(checkText(plain).map((finding) => ({ ...finding, value: plain.slice(finding.start, finding.end) }))).toEqual([
          { rule, start, end, value: plain.slice(start, end) },
        ])
      })
      const value = valueOf(text)
      const last = value.at(-1) ?? ''
      if (!UNCHECKED.has(rule) && /[0-9]/.test(last))
        it(`${rule}: not with another last digit than in ${text}`, () => {
          for (const more of [1, 3, 7]) {
            const other = String((Number(last) + more) % 10)
            const changed = plain.replace(value, () => value.slice(0, -1) + other)
            if (NUMBER_CHECKS_4[rule]?.((value.slice(0, -1) + other).replace(/[^0-9A-Z]/g, '')) === true) continue
            expect(rulesOf(changed)).not.toContain(rule)
          }
        })
    }
  }

  it('and not without such a word, where the form does not say it', () => {
    for (const [rule, marked] of Object.entries(NATIONAL)) {
      if (rule === 'passport-zone' || rule === 'crypto-address') continue
      for (const text of marked) expect(rulesOf(`the value is ${valueOf(text)} here`), text).toEqual([])
    }
  })

  it('behind the comma, the tab and the bar that part columns', () => {
    for (const { name, shapes, runs } of NATIONAL_KINDS_4) {
      if (shapes === undefined && runs === undefined) continue
      for (const marked of NATIONAL[name] ?? []) {
        const [word = ''] = marked.split(': «')
        const value = valueOf(marked)
        for (const table of [
          `id,${word},city\n208,${value},Gent`,
          `id\t${word}\tcity\n54\t${value}\tPorto`,
          `| ${word} |\n| --- |\n| ${value} |`,
        ])
          expect(redactor.redactText(table).value, table).not.toContain(value)
      }
    }
  })

  it('as the value of a member whose name another member gives', () => {
    for (const record of [
      { label: 'IMEI', value: '490154203237518' },
      { question: 'NHS number', answer: '9434765919' },
      { name: 'UTR', value: '1537162662', verified: true },
    ]) {
      const value = Object.values(record)[1] as string
      expect(redactor.redactJson(JSON.stringify([record])).value).not.toContain(value)
    }
    const other = JSON.stringify([{ label: 'Order', value: '490154203237518' }])
    expect(redactor.redactJson(other).value).toBe(other)
  })

  it('in more words for kinds of earlier versions', () => {
    for (const text of [
      'ת"ז: 123456782',
      'SV-Nummer 1237010180',
      'número fiscal 123456789',
      'mi número de seguro social es 219099999',
      'osobni identifikacijski broj 69435151530',
      'आधार संख्या 234123412346',
      'No. KP: 850101145678',
      'rodné číslo,město\n7801233540,Praha',
    ]) {
      const number = /[0-9]{9,}/.exec(text)?.[0] ?? ''
      expect(redactor.redactText(text).value, text).not.toContain(number)
    }
  })

  it('says nothing because of the name of a token beside it', () => {
    for (const [rule, marked] of Object.entries(NATIONAL)) {
      if (rule === 'passport-zone' || rule === 'crypto-address') continue
      for (const text of marked) {
        const value = valueOf(text)
        for (const near of [`${value} <${rule}:0123456789ab>`, `<${rule}:0123456789ab> ${value}`]) expect(rulesOf(near), near).toEqual([])
      }
    }
  })

  it('knows a check for each kind', () => {
    for (const { name } of [...NATIONAL_KINDS_4, ...MORE_RUN_WORDS_4]) expect(NUMBER_CHECKS_4[name], name).toBeTypeOf('function')
  })
})

describe('check digits as python-stdnum has them', () => {
  const vectors = JSON.parse(readFileSync(new URL('vectors/national-ids.json', import.meta.url), 'utf8')) as {
    kinds: Record<string, { valid: string[]; invalid: string[] }>
  }
  for (const [kind, { valid, invalid }] of Object.entries(vectors.kinds)) {
    it(kind, () => {
      for (const id of valid) expect(NUMBER_CHECKS_4[kind]?.(id), id).toBe(true)
      for (const id of invalid) expect(NUMBER_CHECKS_4[kind]?.(id), id).toBe(false)
    })
  }
})

describe('what says by itself what it is', () => {
  it.each([
    // ICAO 9303 parts 4, 5, 6 and 7: the specimens.
    ['P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10', 2],
    ['I<UTOD231458907<<<<<<<<<<<<<<<\n7408122F1204159UTO<<<<<<<<<<<6\nERIKSSON<<ANNA<MARIA<<<<<<<<<<', 2],
    ['I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\nD231458907UTO7408122F1204159<<<<<<<6', 2],
    ['V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL8988901C4XXX4009078F96121096ZE184226B<<<<<<', 2],
    ['<td>L898902C36UTO7408122F1204159ZE184226B<<<<<10</td>', 1],
  ])('a machine-readable zone: %s', (text, findings) => {
    expect(rulesOf(text)).toEqual(Array(findings).fill('passport-zone'))
    expect(redactor.redactText(text).value).not.toMatch(/ERIKSSON|740812/)
  })
  it.each([
    'L898902C37UTO7408122F1204159ZE184226B<<<<<10',
    'L898902C36UTO7408123F1204159ZE184226B<<<<<10',
    '7408122F1204158UTO<<<<<<<<<<<6',
    'static A<ABC<DEF<<GHI',
    'enum I<USD> { }',
  ])('no machine-readable zone: %s', (text) => expect(rulesOf(text)).toEqual([]))

  it('an account of Stellar, by its checksum (SEP-23)', () => {
    expect(rulesOf('GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ')).toEqual(['crypto-address'])
    expect(rulesOf('GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGY')).toEqual([])
  })

  it('an IBAN in small letters, where all of it is what banks of that country have', () => {
    for (const iban of ['de89370400440532013000', 'gb29nwbk60161331926819', 'nl91abna0417164300', 'no9386011117947'])
      expect(rulesOf(`use ${iban} for this`), iban).toEqual(['iban'])
    for (const text of [
      'use de89370400440532013001 for this',
      'job-de89370400440532013000',
      'x/de89370400440532013000',
      'be80cafe1234babe',
    ])
      expect(rulesOf(text), text).toEqual([])
  })

  it('cards of more issuers, some of them beside a word alone', () => {
    expect(rulesOf('5041753617928431')).toEqual(['payment-card'])
    expect(rulesOf('8600140441885630 and 8600 1404 4188 5630')).toEqual(['payment-card', 'payment-card'])
    expect(rulesOf('我的卡号是6226576755873382244。')).toEqual(['payment-card'])
    expect(rulesOf('カード番号\n4251013300329786655')).toEqual(['payment-card'])
    expect(rulesOf('Mój numer karty to 4991758186824114984.')).toEqual(['payment-card'])
    expect(rulesOf('debit card 6799990100000000019')).toEqual(['payment-card'])
    for (const text of ['message 6226576755873382244', 'order 6799990100000000019', 'id 4991758186824114984', 'offset 5641821111111122'])
      expect(rulesOf(text), text).toEqual([])
  })
})

describe('numbers that are nobody’s beside words that might name one', () => {
  it.each([
    'CI run 1712345678 passed after 300 s; ci: 7337402-4',
    'NIT: rename the variable; order 987181131-4',
    'the nic was reset at 202401171200',
    '{"utr":{"created":1705480200,"updated":1705480200123}}',
    'RUC 7337402-5, C.I. 2.048.188-7, NIT 842216722-3',
    'phn 8743847294 kt 320786-8499 jmbg 1603953753031',
    'nhi ABC1234 and NHI chart VGZ2671',
    'sha 4ffb1e9c 2703952508987-emso.tar.gz',
    'https://example.com/emso/2703952508987/index',
    'cc 0x943182741ZB2, MT943182741ZB2',
  ])('%s', (text) => expect(checkText(text)).toEqual([]))
})
