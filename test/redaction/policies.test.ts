import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAKERS } from '../../bench/redaction/labelled/people.ts'
import { Chance } from '../../bench/redaction/labelled/random.ts'
import { isLuhnValid } from '../../src/redaction/detectors/check-digits.ts'
import {
  type Action,
  checkText,
  createPolicyRedactor,
  createRedactorFor,
  createRedactorOf,
  type PolicyConfig,
  PRESETS,
  policyRefOf,
  policyTextOf,
  type Redactor,
} from '../../src/redaction/index.ts'
import { ACTIONS } from '../../src/redaction/policies/config.ts'
import { matchesPath, stepsOf } from '../../src/redaction/policies/paths.ts'
import { parsePolicy } from '../../src/redaction/policies/schema.ts'
import { canonicalJson, decodeValue, digestOf, encodeValue, type PolicyRef } from '../../src/schemas/index.ts'
import { SAMPLES } from './samples.ts'

const key = new Uint8Array(32).fill(5)
const BASE = { schema: 'reprise.redaction-policy/2', id: 'mine', version: '1' } as const
const redactorOf = (policy: Partial<PolicyConfig>, place = {}): Redactor =>
  createPolicyRedactor({ policy: parsePolicy({ ...BASE, ...policy }), key, ...place })

describe('a policy from data', () => {
  it('takes the shipped ones', () => {
    for (const preset of Object.values(PRESETS)) expect(parsePolicy(preset)).toEqual(preset)
  })
  it.each([
    [{ ...BASE, id: 'No Good' }, '/id: expected small letters'],
    [{ ...BASE, mode: 'all' }, '/mode: '],
    [{ ...BASE, extra: 1 }, 'extra'],
    [{ ...BASE, rules: [{ detector: 'emial', action: 'mask' }] }, '/rules/0/detector: '],
    [{ ...BASE, rules: [{ path: 'messages', action: 'mask' }] }, '/rules/0/path: expected a JSON Pointer'],
    [{ ...BASE, rules: [{ action: 'mask' }] }, '/rules/0: expected a detector, a path or an attribute'],
    [{ ...BASE, rules: [{ detector: 'email', action: 'keep' }] }, '/rules/0/reason: expected a reason'],
    [{ ...BASE, rules: [{ detector: 'email', action: 'shred' }] }, '/rules/0/action: '],
    [{ ...BASE, action: 'keep' }, '/action: '],
    ['none', ''],
  ])('refuses %j', (data, message) => {
    expect(() => parsePolicy(data)).toThrow(message)
    expect(() => parsePolicy(data)).toThrow(expect.objectContaining({ code: 'invalid_option' }))
  })
  it('is named by its own digest', () => {
    const one = redactorOf({})
    expect(one.policy).toMatchObject({ id: 'mine', version: '1' })
    expect(redactorOf({ action: 'mask' }).policy.digest).not.toBe(one.policy.digest)
    expect(redactorOf({}).policy).toEqual(one.policy)
  })
})

describe('actions', () => {
  const text = 'mail bob@example.com, card 4111 1111 1111 1111'
  it('mask, drop, keep, hash', () => {
    expect(redactorOf({ action: 'mask' }).redactText(text).value).toBe('mail [redacted], card [redacted]')
    expect(redactorOf({ action: 'drop' }).redactText(text).value).toBe('mail , card ')
    const keeping = redactorOf({ rules: [{ detector: 'email', action: 'keep', reason: 'ours' }] })
    expect(keeping.redactText(text).value).toMatch(/^mail bob@example\.com, card <payment-card:[0-9a-f]{12}>$/)
    const hashed = [key, new Uint8Array(32)].map(
      (other) => createPolicyRedactor({ policy: parsePolicy({ ...BASE, action: 'hash' }), key: other }).redactText(text).value,
    )
    expect(hashed[0]).toBe(hashed[1])
  })
  it('is confined to kinds and namespaces', () => {
    const rules = [{ detector: 'email', kind: ['tool'], namespace: ['eu'], action: 'mask' as const }]
    expect(redactorOf({ rules }, { kind: 'tool', namespace: 'eu' }).redactText(text).value).toContain('mail [redacted]')
    for (const place of [{}, { kind: 'model', namespace: 'eu' }, { kind: 'tool', namespace: 'us' }])
      expect(redactorOf({ rules }, place).redactText(text).value).toContain('mail <email:')
  })
  it('gives surrogates of the same shape, equal for equal values', () => {
    const surrogate = redactorOf({ action: 'surrogate' })
    const chance = new Chance(1)
    const valueOf = (value: string): string => surrogate.redactText(value).value
    for (let round = 0; round < 100; round++) {
      for (const rule of ['email', 'payment-card', 'iban', 'phone'] as const) {
        for (const make of MAKERS[rule] ?? []) {
          const [value] = make(chance)
          if (checkText(value)[0]?.rule !== rule) continue
          const after = valueOf(value)
          expect(after).not.toBe(value)
          expect(valueOf(value)).toBe(after)
          if (rule === 'email') expect(after).toMatch(/^[0-9a-f]{12}@redacted\.invalid$/)
          else expect(after.replace(/[A-Z0-9]/g, '0')).toBe(value.replace(/[A-Z0-9]/g, '0'))
          if (rule === 'payment-card') expect(isLuhnValid(after.replace(/[^0-9]/g, ''))).toBe(true)
          if (rule === 'iban') expect(ibanModulus(after)).toBe(1n)
          expect(surrogate.redactText(`it is ${after}.`).counts).toBeUndefined()
        }
      }
    }
  })
})

/** ISO 13616, by big numbers. */
function ibanModulus(iban: string): bigint {
  const compact = iban.replace(/[^A-Z0-9]/g, '')
  return BigInt([...(compact.slice(4) + compact.slice(0, 4))].map((char) => Number.parseInt(char, 36)).join('')) % 97n
}

describe('places', () => {
  const chat = {
    messages: [
      { role: 'user', content: 'I am Ann' },
      { role: 'tool', content: { name: 'Bob', n: 7 } },
    ],
    model: 'm',
  }
  const json = JSON.stringify(chat)
  it('a path, in JSON and in values', () => {
    const redactor = redactorOf({ rules: [{ path: '/messages/*/content/**', action: 'mask' }] })
    const after = {
      messages: [
        { role: 'user', content: '[redacted]' },
        { role: 'tool', content: { name: '[redacted]', n: '[redacted]' } },
      ],
      model: 'm',
    }
    expect(JSON.parse(redactor.redactJson(json).value)).toEqual(after)
    expect(redactor.redactValue(chat).value).toEqual(after)
    expect(JSON.parse(String(redactor.redactPayload('application/json', json).value))).toEqual(after)
    expect(JSON.parse(String(redactor.redactPayload('application/json', Buffer.from(json)).value))).toEqual(after)
  })
  it('a path that is kept, with a detector or without', () => {
    const mail = JSON.stringify({ from: 'bob@example.com', to: 'ann@example.com' })
    for (const rule of [{ path: '/from' }, { path: '/from', detector: 'email' }]) {
      const { value } = redactorOf({ rules: [{ ...rule, action: 'keep', reason: 'ours' }] }).redactJson(mail)
      expect(value).toMatch(/^\{"from":"bob@example\.com","to":"<email:[0-9a-f]{12}>"\}$/)
    }
  })
  it('an attribute', () => {
    const redactor = redactorOf({ rules: [{ attribute: 'user.*', action: 'drop' }] })
    expect(redactor.redactText('ann', 'user.name')).toEqual({ value: '', counts: { field: 1 } })
    expect(redactor.redactText('ann', 'name').value).toBe('ann')
  })
  it('allowlist keeps what is named and nothing else', () => {
    const redactor = redactorOf({
      mode: 'allowlist',
      rules: [
        { path: '/model', action: 'keep', reason: 'no content' },
        { path: '/**/role', action: 'keep', reason: 'no content' },
      ],
    })
    const after = {
      messages: [
        { role: 'user', content: '[redacted]' },
        { role: 'tool', content: { name: '[redacted]', n: '[redacted]' } },
      ],
      model: 'm',
    }
    expect(JSON.parse(redactor.redactJson(json).value)).toEqual(after)
    expect(redactor.redactValue(chat).value).toEqual(after)
    expect(redactor.redactPayload('text/plain', 'I am Ann').value).toBe('[withheld]')
    expect(redactor.redactPayload('image/png', new Uint8Array([1, 2])).value).toEqual(Buffer.from('[withheld]'))
  })
  it('metadata-only lets no payload through', () => {
    const redactor = createPolicyRedactor({ policy: PRESETS['metadata-only'], key })
    expect(redactor.redactPayload('application/json', json)).toEqual({ value: '"[withheld]"', counts: { withheld: 1 } })
    expect(redactor.redactPayload('application/json', '"[withheld]"').counts).toBeUndefined()
    expect(redactor.redactText('gpt-4o', 'gen_ai.request.model').value).toBe('gpt-4o')
  })
  it('matches paths as a naive matcher does', () => {
    const naive = (pattern: readonly string[], path: readonly string[]): boolean => {
      const [first, ...rest] = pattern
      if (first === undefined) return path.length === 0
      if (first === '**') return naive(rest, path) || (path.length > 0 && naive(pattern, path.slice(1)))
      return path.length > 0 && (first === '*' || first === path[0]) && naive(rest, path.slice(1))
    }
    const steps = fc.array(fc.constantFrom('a', 'b', '*', '**'), { maxLength: 6 })
    fc.assert(
      fc.property(steps, fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 }), (pattern, path) => {
        expect(matchesPath(pattern, path)).toBe(naive(pattern, path))
      }),
    )
    expect(stepsOf('/a~1b/~0c/*')).toEqual(['a/b', '~c', '*'])
  })
})

describe('redacting twice changes nothing', () => {
  const fragment = fc.constantFrom(
    ...SAMPLES.map((sample) => sample.text ?? sample.secret),
    ...Object.values(MAKERS).flatMap((makers) => makers.map((make) => make(new Chance(3))[0])),
    ...[
      '@',
      '.',
      ':',
      '//',
      '/',
      '=',
      '"',
      '\\',
      '-',
      ' ',
      '\n',
      ',',
      '0',
      '1234',
      'password=',
      'token: ',
      'phone ',
      'ssn ',
      'card ',
      '[redacted]',
      '+',
      '000',
      '999',
    ],
  )
  const mess = fc.array(fragment, { maxLength: 8 }).map((parts) => parts.join(''))
  for (const action of ACTIONS.filter((name): name is Exclude<Action, 'keep'> => name !== 'keep')) {
    const redactor = redactorOf({ action, rules: [{ path: '/**/secretly', action }] })
    it(`with ${action}`, () => {
      fc.assert(
        fc.property(mess, (text) => {
          const once = redactor.redactText(text).value
          expect(redactor.redactText(once)).toEqual({ value: once, counts: undefined })
          const json = redactor.redactJson(JSON.stringify({ text, secretly: [text, 4, { a: text }], password: text })).value
          JSON.parse(json)
          expect(redactor.redactJson(json)).toEqual({ value: json, counts: undefined })
          const value = redactor.redactValue({ text: [text], secretly: text }).value
          expect(redactor.redactValue(value).value).toEqual(value)
        }),
        { numRuns: 400 },
      )
    })
  }
})

describe('a chosen policy', () => {
  const mine = parsePolicy({ ...BASE, action: 'mask', rules: [{ detector: 'email', kind: ['tool'], action: 'drop' }] })
  it('is the default one where none was chosen', () => {
    for (const policy of [undefined, PRESETS.default]) {
      expect(createRedactorFor({ policy, key }).policy).toEqual(policyRefOf('default'))
      expect(policyTextOf(policy)).toBeUndefined()
    }
    expect(createRedactorFor({ policy: mine, key }).policy.id).toBe('mine')
  })
  it('can be made again from what its digest covers, with the detectors of then', () => {
    const data = JSON.parse(policyTextOf(mine) ?? '') as { policy: PolicyConfig; detectors: PolicyRef }
    const { policy: ref } = createRedactorFor({ policy: mine, key })
    expect(digestOf(policyTextOf(mine) ?? '')).toBe(ref.digest)
    expect(createRedactorOf({ ref, data, key }).policy).toEqual(ref)
    const old = createPolicyRedactor({ policy: mine, key, detectors: '1' })
    const oldData = { policy: mine, detectors: policyRefOf('default', '1') }
    expect(digestOf(canonicalJson(oldData))).toBe(old.policy.digest)
    expect(createRedactorOf({ ref: old.policy, data: oldData, key }).redactText('ssn 536-90-4399').counts).toBeUndefined()
    expect(createRedactorOf({ ref, data, key }).redactText('ssn 536-90-4399').counts).toBeDefined()
    for (const wrong of [{ ...data, policy: { ...mine, action: 'drop' as const } }, oldData, undefined])
      expect(() => createRedactorOf({ ref, data: wrong, key })).toThrow(expect.objectContaining({ code: 'policy_unknown' }))
  })
  it('works for a kind of steps', () => {
    const redactor = createRedactorFor({ policy: mine, key })
    expect(redactor.redactText('to bob@example.com').value).toBe('to [redacted]')
    expect(redactor.ofKind?.('tool').redactText('to bob@example.com').value).toBe('to ')
    expect(redactor.ofKind?.('model').redactText('to bob@example.com').value).toBe('to [redacted]')
    expect(redactor.ofKind?.('tool').policy).toEqual(redactor.policy)
  })
  it('reaches numbers under an attribute', () => {
    const redactor = redactorOf({ rules: [{ attribute: 'age', action: 'mask' }] })
    expect(redactor.redactValue(41, 'age')).toEqual({ value: '[redacted]', counts: { field: 1 } })
    expect(redactor.redactValue(41, 'size').value).toBe(41)
  })
  it('that is an allowlist still looks for secrets where it keeps', () => {
    const rules = [{ path: '/**/role', action: 'keep' as const, reason: 'no content' }]
    const redactor = redactorOf({ mode: 'allowlist', rules })
    expect(redactor.redactJson('{"role":"bob@example.com and me","n":1}').value).toMatch(
      /^\{"role":"<email:\w{12}> and me","n":"\[redacted\]"\}$/,
    )
    expect(redactor.limits?.keepsPayload('text/plain')).toBe(false)
    expect(redactor.limits?.keepsPayload('application/json')).toBe(true)
    const open = redactorOf({ mode: 'metadata-only', rules: [{ attribute: 'note', action: 'keep', reason: 'ours' }] })
    expect([open.limits?.keepsPayload('application/json'), open.limits?.keepsAttribute('note')]).toEqual([false, true])
    expect(redactorOf({}).limits).toBeUndefined()
  })
  it('withholds a value as one that can be read', () => {
    const { mediaType, data } = encodeValue([1n])
    const { value } = redactorOf({ mode: 'metadata-only' }).redactPayload(mediaType, data)
    expect(decodeValue(mediaType, value)).toBe('[withheld]')
  })
})
