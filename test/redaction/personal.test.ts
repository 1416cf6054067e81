import { describe, expect, it } from 'vitest'
import { SECRET_FORMATS } from '../../bench/redaction/labelled/formats.ts'
import { SECRETS_IN_CONTEXT } from '../../bench/redaction/labelled/formats-in-context.ts'
import { MAKERS } from '../../bench/redaction/labelled/people.ts'
import { Chance } from '../../bench/redaction/labelled/random.ts'
import { numberRunRules } from '../../src/redaction/detectors/number-run.ts'
import { checkText, createRedactor } from '../../src/redaction/index.ts'
import { NUMBER_RUN_RULES } from '../../src/redaction/rules/identity.ts'
import { NOBODYS, PUBLISHED } from './published.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(9) })

describe('identifiers as their issuers print them', () => {
  for (const [rule, marked] of Object.entries(PUBLISHED)) {
    for (const text of marked) {
      it(`${rule}: ${text}`, () => {
        const start = text.indexOf('«')
        const end = text.indexOf('»') - 1
        const plain = text.replace(/[«»]/g, '')
        expect(checkText(plain).map((finding) => ({ ...finding, value: plain.slice(finding.start, finding.end) }))).toEqual([
          { rule, start, end, value: plain.slice(start, end) },
        ])
      })
    }
  }
  for (const text of NOBODYS) it(`none in: ${text}`, () => expect(checkText(text)).toEqual([]))
})

describe('every format', () => {
  const chance = new Chance(99)
  for (const [rule, formats] of Object.entries(SECRET_FORMATS)) {
    it(rule, () => {
      for (const format of formats) {
        for (let round = 0; round < 5; round++) {
          const secret = chance.fill(format)
          for (const text of [secret, `It is ${secret}, they say.`, `"${secret}"`, `x=${secret}&y=1`, `\\n${secret}\\n`]) {
            expect(redactor.redactText(text).value, text).not.toContain(secret)
          }
          expect(redactor.redactJson(JSON.stringify({ a: [secret] })).value).not.toContain(JSON.stringify(secret).slice(1, -1))
        }
      }
    })
  }
  for (const [rule, formats] of Object.entries(SECRETS_IN_CONTEXT)) {
    for (const [format, text] of formats) {
      it(`${rule} in ${text}`, () => {
        for (let round = 0; round < 20; round++) {
          const secret = chance.fill(format)
          expect(redactor.redactText(text.replace('§', () => secret)).value, secret).not.toContain(secret)
        }
      })
    }
  }
  for (const [rule, makers] of Object.entries(MAKERS)) {
    it(`${rule}, made`, () => {
      for (const make of makers) {
        for (let round = 0; round < 40; round++) {
          const [value, sentence] = make(chance)
          expect(redactor.redactText(sentence.replace('§', () => value)).value, value).not.toContain(value)
        }
      }
    })
  }
})

it('lists the names that runs of digits go under', () => expect(NUMBER_RUN_RULES).toEqual(numberRunRules()))
