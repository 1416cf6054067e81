import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isChecksumValid } from '../../src/redaction/detectors/token-checksums.ts'
import { checkText, createRedactor, normalizeTokens } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(4) })
const before = createRedactor({ key: new Uint8Array(32).fill(4), policyVersion: '2' })

describe('tokens with a checksum', () => {
  // The example in GitHub's announcement of the format.
  const PUBLISHED = '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'
  it('are proved by it', () => {
    expect(isChecksumValid(PUBLISHED.slice(4))).toBe(true)
    expect(isChecksumValid(PUBLISHED.slice(4).replace('0mLq17', '0mLq18'))).toBe(false)
    expect(checkText(PUBLISHED)).toEqual([{ rule: 'github-token', start: 0, end: 40 }])
  })
  it('go without it where they are as random as a token, and stay where nobody could take them for one', () => {
    for (const token of [
      'ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18',
      'npm_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5',
      'gho_0123fedc4567ba98zQWBuTSOoRi4A9spHcVY',
    ])
      expect(checkText(`use ${token}`).map(({ rule }) => rule)).toHaveLength(1)
    for (const text of ['x'.repeat(36), 'abc123'.repeat(6), 'A'.repeat(36)]) {
      expect(checkText(`use ghp_${text}`)).toEqual([])
      expect(checkText(`use npm_${text}`)).toEqual([])
    }
  })
})

describe('JSON Web Keys', () => {
  const keys = [
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }),
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }),
    { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T', alg: 'HS256' },
  ] as Record<string, string>[]
  const isPrivate = (name: string): boolean => ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].includes(name)
  const reversed = (key: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(key).reverse())

  it.each(keys.map((key) => [key['kty'], key] as const))('of type %s lose what is private, and keep what is public', (_type, key) => {
    for (const shown of [key, reversed(key)]) {
      const nested = JSON.stringify({ keys: [shown], note: JSON.stringify(shown) })
      const { value } = redactor.redactJson(nested)
      const tree = redactor.redactValue({ keys: [shown] }).value as { keys: Record<string, string>[] }
      const parsed = JSON.parse(value) as { keys: Record<string, string>[]; note: string }
      for (const after of [parsed.keys[0], JSON.parse(parsed.note) as Record<string, string>, tree.keys[0]]) {
        for (const [name, member] of Object.entries(shown)) {
          if (isPrivate(name)) expect(after?.[name]).toMatch(/^<private-key:[0-9a-f]{12}>$/)
          else expect(after?.[name]).toBe(member)
        }
      }
      expect(redactor.redactJson(value).counts).toBeUndefined()
      expect(redactor.redactValue(tree).value).toBe(tree)
      const fenced = `The key:\n\n\`\`\`json\n${JSON.stringify(shown, null, 2)}\n\`\`\`\nKeep it.`
      const text = redactor.redactText(fenced).value
      for (const [name, member] of Object.entries(shown)) if (isPrivate(name)) expect(text).not.toContain(member)
      expect(text.endsWith('Keep it.')).toBe(true)
      expect(before.redactJson(nested).counts?.['private-key']).toBeUndefined()
    }
  })
  it('and objects that are none are left alone', () => {
    const publicKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })
    for (const value of [publicKey, { d: 'a-value-of-some-length', q: 'search for something long' }, { kty: 'RSA', d: 'short' }]) {
      expect(redactor.redactJson(JSON.stringify(value)).counts).toBeUndefined()
      expect(redactor.redactValue(value).counts).toBeUndefined()
      expect(redactor.redactText(`see ${JSON.stringify(value, null, 1)}`).counts).toBeUndefined()
    }
  })
})

describe('numbers of places', () => {
  it.each(['Room 101-202-3030', 'call room 101-202-3030', 'Suite 415-555-2671', 'gate: 212-303-4040', 'phone in Bay 212-303-4040'])(
    'are no phones: %s',
    (text) => expect(checkText(text)).toEqual([]),
  )
  it.each(['call 415-555-2671', 'Office 415-555-2671', 'the room’s phone is 415-555-2671', 'Help desk 415-555-2671'])(
    'and phones are: %s',
    (text) => expect(normalizeTokens(redactor.redactText(text).value)).toContain('<phone#1>'),
  )
})
