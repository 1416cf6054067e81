import { describe, expect, it } from 'vitest'
import { SECRET_FORMATS } from '../../bench/redaction/labelled/formats.ts'
import { SECRETS_IN_CONTEXT } from '../../bench/redaction/labelled/formats-in-context.ts'
import { MAKERS } from '../../bench/redaction/labelled/people.ts'
import { checkText, createRedactor, RULE_NAMES } from '../../src/redaction/index.ts'
import { PLUGGED_NAMES } from '../../src/redaction/policy.ts'
import { NATIONAL } from './national-examples.ts'
import { PUBLISHED } from './published.ts'
import { SAMPLES } from './samples.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) })

/** Places in which a secret is met. `§` stands for it. */
const PLACES = [
  '§',
  'key § end',
  'x=§&y=2',
  '"§"',
  "'§'",
  '`§`',
  '(§)',
  '<§>',
  'first line\n§\nlast line',
  'a, §, b',
  '**§**',
  'value:§',
  'log line\\n§ more',
  'redirect=%3D§%22',
  '日本語§',
  'done. §.',
]

describe('each rule', () => {
  for (const sample of SAMPLES) {
    const text = sample.text ?? sample.secret
    it(`${sample.rule}: ${text.slice(0, 60)}`, () => {
      const { value, counts } = redactor.redactText(text)
      expect(value).not.toContain(sample.secret)
      expect(value).toMatch(new RegExp(`<${sample.rule}:[0-9a-f]{12}>`))
      expect(counts?.[sample.rule]).toBeGreaterThanOrEqual(1)
    })
  }

  it('has a sample', () => {
    const sampled = new Set([
      'encoded-secret',
      'field',
      ...SAMPLES.map((sample) => sample.rule),
      ...[SECRET_FORMATS, SECRETS_IN_CONTEXT, MAKERS, PUBLISHED, NATIONAL].flatMap((set) => Object.keys(set)),
    ])
    expect(RULE_NAMES.filter((name) => !sampled.has(name) && !(PLUGGED_NAMES as readonly string[]).includes(name))).toEqual([])
  })
})

describe('a secret in any place', () => {
  const bare = SAMPLES.filter((sample) => sample.text === undefined)
  for (const place of PLACES) {
    it(JSON.stringify(place), () => {
      for (const sample of bare) {
        const { value } = redactor.redactText(place.replace('§', () => sample.secret))
        expect(value, sample.rule).not.toContain(sample.secret)
        expect(value, sample.rule).toMatch(new RegExp(`<${sample.rule}:`))
      }
    })
  }
})

describe('overlaps', () => {
  const rulesOf = (text: string): string[] => checkText(text).map((finding) => finding.rule)

  it('takes the leftmost', () => {
    expect(rulesOf('https://user:ghp_0123456789abcdefghijABCDEFGHIJ012345@github.com')).toEqual(['url-credentials'])
  })
  it('takes the longest of those that begin together', () => {
    expect(rulesOf('sk-proj-abcdefghij0123456789@example.com')).toEqual(['email'])
  })
  it('takes the more specific of those that are the same stretch', () => {
    expect(rulesOf('api_key="sk-proj-abcdefghij0123456789"')).toEqual(['openai-api-key'])
    expect(redactor.redactJson('{"api_key":"sk-proj-abcdefghij0123456789"}').counts).toEqual({ 'openai-api-key': 1 })
  })
  it('finds neighbours', () => {
    expect(rulesOf('a@b.co,c@d.co;AKIAIOSFODNN7EXAMPLE 4111111111111111')).toEqual(['email', 'email', 'aws-access-key-id', 'payment-card'])
  })
})

describe('checkText', () => {
  it('gives the stretches in order and no values', () => {
    expect(checkText('mail bob@example.com now')).toEqual([{ rule: 'email', start: 5, end: 20 }])
    expect(checkText('nothing here')).toEqual([])
  })
})
