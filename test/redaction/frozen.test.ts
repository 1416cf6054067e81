import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { checkText, createRedactor, policyRefOf, RULE_NAMES } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'

/** Texts with what the engine of then found in them: rule, start, end. Written by that engine, never by this one. */
type Vector = readonly [text: string, findings: readonly (readonly [rule: string, start: number, end: number])[]]
const vectorsOf = (version: string): Vector[] =>
  JSON.parse(readFileSync(new URL(`vectors/default-${version}.json`, import.meta.url), 'utf8')) as Vector[]

describe('versions of the default policy that recordings were made under', () => {
  it('keep their data', () => {
    expect(policyRefOf('default', '1')).toEqual({
      id: 'default',
      version: '1',
      digest: 'sha256:15eaacbf3e935b6f9bef1ba448b918fedf2e85c639abcf9dad912eee5b066fb5',
    })
    expect(policyRefOf('default', '2')).toEqual({
      id: 'default',
      version: '2',
      digest: 'sha256:37fc459606e0e8f2651dabd200270b0396e6f693eeb2e1bb1150743b5b31dd84',
    })
    expect(policyRefOf('default', '3')).toEqual({
      id: 'default',
      version: '3',
      digest: 'sha256:e387ce999a63979526412fb9c208a68dc3cf819fa41c924aa57fb645f12fccc8',
    })
  })
  it.each(['1', '2', '3'] as const)('find what they found (%s)', (version) => {
    const vectors = vectorsOf(version)
    expect(vectors.length).toBeGreaterThan(200)
    for (const [text, findings] of vectors)
      expect(
        checkText(text, 'default', version).map(({ rule, start, end }) => [rule, start, end]),
        text,
      ).toEqual(findings)
  })
  it('give tokens that are known as such', () => {
    for (const { name } of policyDataOf('default', '1').rules) expect(RULE_NAMES, name).toContain(name)
    const once = createRedactor({ key: new Uint8Array(32), policyVersion: '1' })
    const { value } = once.redactText('bob@example.com')
    expect(once.redactText(value).counts).toBeUndefined()
    expect(once.policy.version).toBe('1')
  })
  it('are refused by name where there is none', () => {
    expect(() => policyRefOf('default', '99' as '1')).toThrow(/no version "99".*expected one of 1, 2, 3/)
  })
})
