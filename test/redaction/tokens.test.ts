import { describe, expect, it } from 'vitest'
import { createRedactor, normalizeTokens, policyRefOf, RULE_NAMES } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'
import { compilePolicy } from '../../src/redaction/scanner/compile.ts'
import { canonicalJson, digestOf, RepriseError } from '../../src/schemas/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(1) })

describe('pseudonyms', () => {
  it('are HMAC-SHA256 of rule and value, 12 hex digits', () => {
    // printf '["email","bob@example.com"]' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0101…01
    expect(redactor.redactText('bob@example.com').value).toMatch(/^<email:[0-9a-f]{12}>$/)
    expect(redactor.redactText('bob@example.com').value).toBe(redactor.redactText('bob@example.com').value)
  })
  it('are equal for equal values, and differ by value and by key', () => {
    const one = redactor.redactText('a@b.co a@b.co c@d.co').value.split(' ')
    expect(one[0]).toBe(one[1])
    expect(one[0]).not.toBe(one[2])
    expect(createRedactor({ key: new Uint8Array(32).fill(2) }).redactText('a@b.co').value).not.toBe(one[0])
  })
  it('keep the key that was given, whatever happens to the array', () => {
    const key = new Uint8Array(32).fill(5)
    const own = createRedactor({ key })
    const before = own.redactText('a@b.co').value
    key.fill(0)
    expect(own.redactText('a@b.co').value).toBe(before)
  })
})

describe('normalizeTokens', () => {
  it('numbers distinct values by rule in order of first appearance', () => {
    expect(normalizeTokens('<email:aaaaaaaaaaaa> <jwt:bbbbbbbbbbbb> <email:cccccccccccc> <email:aaaaaaaaaaaa>')).toBe(
      '<email#1> <jwt#1> <email#2> <email#1>',
    )
  })
  it('leaves what only looks like a token', () => {
    for (const text of [
      '<email:zzz>',
      '<email:AAAAAAAAAAAA>',
      '<email:aaaaaaaaaaa>',
      '<email:aaaaaaaaaaaaa>',
      '<nothing:aaaaaaaaaaaa>',
      '<email:',
      '<<>>',
      '<email#1>',
      'a < b',
    ]) {
      expect(normalizeTokens(text)).toBe(text)
      expect(redactor.redactText(text)).toEqual({ value: text, counts: undefined })
    }
  })
  it('knows tokens as URL writes them', () => {
    const url = new URL(redactor.redactText('https://jo:s3cret@h.example/?m=bob@example.com').value)
    expect(normalizeTokens(url.href)).toBe('https://<url-credentials#1>@h.example/?m=<email#1>')
    expect(redactor.redactText(url.href).counts).toBeUndefined()
  })
})

const OF_KIND: Readonly<Record<string, string | number>> = {
  date: '1984-03-05',
  coordinate: 48.85837,
  code: '493021',
  pair: 'YW5hOk9wZW5TZXNhbWUxMg==',
}

describe('policy', () => {
  it('is named by the digest of its canonical JSON', () => {
    expect(policyRefOf('default')).toEqual({ id: 'default', version: '4', digest: digestOf(canonicalJson(policyDataOf('default'))) })
    expect(redactor.policy).toEqual(policyRefOf('default'))
  })
  it('refuses an id that does not exist', () => {
    for (const id of ['nope', '__proto__', 'toString']) {
      expect(() => policyRefOf(id as 'default')).toThrow(RepriseError)
    }
  })
  it('has rule names that fit a token, and field rules that name them', () => {
    for (const name of RULE_NAMES) expect(name).toMatch(/^[a-z][a-z0-9-]{1,39}$/)
    for (const field of policyDataOf('default').fields) expect(RULE_NAMES).toContain(field.rule)
  })

  // A pattern that can run on for ever at each of many anchors makes scanning quadratic.
  it('has patterns with bounded quantifiers only', () => {
    for (const rule of policyDataOf('default').rules) {
      // What is one of several characters becomes a letter, so that its quantifier is nobody else's.
      const bare = (rule.pattern ?? '').replace(/\\./g, 'x').replace(/\[\^?\]?[^\]]*\]/g, 'x')
      expect(bare, rule.name).not.toMatch(/[*+]|\{\d+,\}/)
      // Nor a quantified group that holds a quantifier other than a short one.
      expect(bare, rule.name).not.toMatch(/\([^()]*\{\d+,\d{3,}\}[^()]*\)\{\d+,\d{2,}\}/)
    }
  })
  it('has anchors that its patterns begin with, or that lie behind a bounded stretch', () => {
    for (const rule of policyDataOf('default').rules) expect(rule.anchors.length, rule.name).toBeGreaterThan(0)
  })
  it('refuses anchors that are malformed', () => {
    const policyOf = (anchor: string) => ({
      ...policyDataOf('default'),
      rules: [{ name: 'x', anchors: [anchor], pattern: 'x' }],
      fields: [],
    })
    for (const anchor of ['', '[abc', '[z-a]', '\u4e2d']) expect(() => compilePolicy(policyOf(anchor)), anchor).toThrow(TypeError)
    expect(() => compilePolicy({ ...policyOf('x'), rules: [{ name: 'x', anchors: ['x'] }] })).toThrow(TypeError)
  })

  it('looks at JSON for every field name that it knows, in each spelling', () => {
    for (const field of policyDataOf('default').fields) {
      for (const name of [...(field.names ?? []), ...(field.suffixes ?? [])]) {
        for (const key of [
          name.replaceAll(' ', ''),
          name.replaceAll(' ', '_'),
          name.replaceAll(' ', '-').toUpperCase(),
          name,
          `my_${name.replaceAll(' ', '.')}`,
        ]) {
          if (field.names?.includes(name) === true && key.startsWith('my_')) continue
          const value = OF_KIND[field.value] ?? 'Abcdefghij1234567890'
          const { counts } = redactor.redactJson(JSON.stringify({ [key]: value }))
          expect(counts, key).toEqual({ [field.rule]: 1 })
        }
      }
    }
  })
})
