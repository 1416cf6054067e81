import { describe, expect, it } from 'vitest'
import { labelledCases } from '../../bench/redaction/labelled/set.ts'
import { createExplainer, createRedactorFor, type Explanation, type PolicyConfig } from '../../src/redaction/index.ts'
import { parsePolicy } from '../../src/redaction/policies/schema.ts'

const key = new Uint8Array(32).fill(8)
const own: PolicyConfig = parsePolicy({
  schema: 'reprise.redaction-policy/2',
  id: 'own',
  version: '1',
  action: 'mask',
  rules: [
    { detector: 'email', path: '/from', action: 'keep', reason: 'our own addresses' },
    { path: '/**/customer/*', action: 'mask' },
    { detector: ['iban', 'payment-card'], action: 'surrogate' },
    { detector: 'email', attribute: 'enduser.*', action: 'hash' },
    { detector: 'phone', kind: ['tool'], action: 'keep', reason: 'numbers of shops' },
  ],
})
const explainer = createExplainer()
const byDetector = ({ findings }: Explanation): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const { detector, action } of findings) if (action !== 'keep') counts[detector] = (counts[detector] ?? 0) + 1
  return counts
}

describe('what is told of a redaction', () => {
  it.each([['default', undefined] as const, ['own', own] as const])('is what the redactor does (%s), and holds no value', (_, policy) => {
    const redactor = createRedactorFor({ policy, key })
    const told = createExplainer({ policy })
    expect(told.policy).toEqual(redactor.policy)
    for (const { text, isJson, secret } of labelledCases(1).filter((_, index) => index % 3 === 0)) {
      const explanation = isJson ? told.explainJson(text) : told.explainText(text)
      expect(byDetector(explanation), text).toEqual((isJson ? redactor.redactJson(text) : redactor.redactText(text)).counts ?? {})
      // A few words of the rules are shorter than any secret.
      if (secret.length >= 8) expect(JSON.stringify(explanation), text).not.toContain(secret)
      for (const { start, end } of explanation.findings) expect(0 <= start && start < end && end <= text.length, text).toBe(true)
    }
  })

  it('names what spoke for it and against it', () => {
    const text =
      'write to ana@example.com, ssn 123 45 6789, card 4111 1111 1111 1112, IBAN DE89370400440532013001, token=your_token_here12, host 10.0.0.7'
    const { findings, letGo } = explainer.explainText(text)
    const at = (part: string) => ({ start: text.indexOf(part), end: text.indexOf(part) + part.length })
    expect(findings).toMatchObject([
      { detector: 'email', by: 'form', action: 'token', ...at('ana@example.com') },
      { detector: 'us-ssn', by: 'form', words: ['ssn'], because: expect.stringContaining('raised by: ssn'), ...at('123 45 6789') },
    ])
    expect(letGo).toMatchObject([
      { detector: 'payment-card', why: 'check', because: expect.stringContaining('Luhn'), ...at('4111 1111 1111 1112') },
      { detector: 'iban', why: 'check', because: expect.stringContaining('mod 97'), ...at('DE89370400440532013001') },
      { detector: 'credential', why: 'check', because: expect.stringContaining('placeholder'), ...at('your_token_here12') },
      { detector: 'ip-address', why: 'check', because: expect.stringContaining('private'), ...at('10.0.0.7') },
    ])
    expect(explainer.explainText('call it 46-9012345').letGo).toMatchObject([{ detector: 'us-ein', why: 'no-word' }])
  })

  it('gives the place in JSON, whatever it is nested in, and what of it lies over several strings', () => {
    const { findings } = explainer.explainJson(
      JSON.stringify({ args: JSON.stringify({ to: 'bob@example.com' }), password: 'hunter2', n: [1, 4111111111111111] }),
    )
    expect(findings).toMatchObject([
      { detector: 'email', path: '/args', by: 'form' },
      { detector: 'password', path: '/password', by: 'field', because: expect.stringContaining('password') },
      { detector: 'payment-card', path: '/n/1', by: 'form' },
    ])
    expect(explainer.explainJson(JSON.stringify(['Mail bob', '@exam', 'ple.com'])).findings).toMatchObject([
      { detector: 'email', path: '/0', parts: 3 },
    ])
    const encoded = Buffer.from('the address is bob@example.com, and no other').toString('base64')
    expect(explainer.explainText(`see ${encoded} there`).findings).toMatchObject([{ detector: 'encoded-secret', by: 'encoded' }])
    const inKey = explainer.explainJson(JSON.stringify({ 'ana@example.com': 'call 415-555-2671' }))
    expect(JSON.stringify(inKey)).not.toContain('ana@')
    expect(inKey.findings.at(-1)).toMatchObject({ detector: 'phone', path: '/<email>' })
  })

  it('names the rule of the policy that decides, and its reason', () => {
    const json = JSON.stringify({
      from: 'us@example.com',
      to: 'bob@example.com',
      customer: { name: 'Ana', age: 31 },
      iban: 'DE89370400440532013000',
    })
    expect(createExplainer({ policy: own }).explainJson(json).findings).toMatchObject([
      { detector: 'email', path: '/from', action: 'keep', policyRule: '/rules/0', reason: 'our own addresses' },
      { detector: 'email', path: '/to', action: 'mask' },
      { detector: 'field', path: '/customer/name', action: 'mask', policyRule: '/rules/1', by: 'place' },
      { detector: 'field', path: '/customer/age', action: 'mask', policyRule: '/rules/1', by: 'place' },
      { detector: 'iban', path: '/iban', action: 'surrogate', policyRule: '/rules/2' },
    ])
    const ofText = (place: { kind?: string }, field?: string) =>
      createExplainer({ policy: own, ...place }).explainText('415-555-2671, bob@example.com', field).findings
    expect(ofText({ kind: 'tool' })).toMatchObject([{ action: 'keep', policyRule: '/rules/4' }, { action: 'mask' }])
    expect(ofText({}, 'enduser.id')).toMatchObject([{ action: 'mask' }, { action: 'hash', policyRule: '/rules/3' }])
  })

  it('says of pseudonyms that are there what the policy does with such findings', () => {
    const json = JSON.stringify({
      from: '<email:0a1b2c3d4e5f>',
      to: '<email:0a1b2c3d4e5f>',
      customer: { id: '<phone:0a1b2c3d4e5f>' },
      no: '<nothing:0a1b2c3d4e5f>',
    })
    const { findings, tokens } = createExplainer({ policy: own }).explainJson(json)
    expect(findings).toEqual([])
    expect(tokens).toMatchObject([
      { detector: 'email', path: '/from', action: 'keep', policyRule: '/rules/0' },
      { detector: 'email', path: '/to', action: 'mask' },
      { detector: 'phone', path: '/customer/id', action: 'mask', policyRule: '/rules/1' },
    ])
  })
})
