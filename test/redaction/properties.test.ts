import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkText, createRedactor, normalizeTokens } from '../../src/redaction/index.ts'
import { SAMPLES } from './samples.ts'

const redactorA = createRedactor({ key: new Uint8Array(32).fill(1) })
const redactorB = createRedactor({ key: new Uint8Array(32).fill(200) })
const sum = (counts: Readonly<Record<string, number>> | undefined): number =>
  Object.values(counts ?? {}).reduce((total, count) => total + count, 0)
const tokensIn = (text: string): number => text.match(/<[a-z][a-z0-9-]+:[0-9a-f]{12}>/g)?.length ?? 0

/** What rules look for, whole and in pieces, so that random concatenations meet edges on purpose. */
const fragment = fc.constantFrom(
  ...SAMPLES.map((sample) => sample.text ?? sample.secret),
  ...SAMPLES.map((sample) => sample.secret.slice(0, 12)),
  ...SAMPLES.map((sample) => sample.secret.slice(-14)),
  ...[
    '@',
    '.',
    ':',
    '://',
    '//',
    '/',
    '=',
    '"',
    "'",
    '\\',
    '\\n',
    '\\u0040',
    '\\/',
    '%40',
    '%3C',
    '<',
    '>',
    '-',
    '_',
    ' ',
    '\n',
    '{',
    '}',
    '[',
    ']',
    ',',
    '0',
    '1234',
    '-----BEGIN ',
    '-----END ',
  ],
  ...[
    'password',
    'password=',
    'token: ',
    'api_key',
    'Bearer ',
    'Basic ',
    'cookie: ',
    'authorization: ',
    'card ',
    'é',
    '中',
    '😀',
    '\ud800',
    '<email:',
    '<password:aaaaaaaaaaaa>',
    '<api-key:aaaaaaaaaaaa>',
  ],
  ...['<email:123456789012>', '<payment-card:111111111111>', '<email:zzz>', '12>', '4111', 'sk-', 'eyJ', 'AKIA'],
)
const mess = fc
  .array(fc.oneof({ weight: 4, arbitrary: fragment }, { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) }), {
    maxLength: 14,
  })
  .map((parts) => parts.join(''))
const jsonWithMess = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    mess,
    fc.constantFrom<unknown>(null, true, 1.5, 4111111111111111, 12345678, 1700000000000),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(mess, fc.constantFrom('password', 'authorization', 'name', 'value', 'token', 'card', 'content', '__proto__')),
      tie('value'),
      { maxKeys: 4 },
    ),
    tie('value').map((value) => JSON.stringify(value)),
  ),
})).value

describe('redaction', () => {
  it('of text is idempotent', () => {
    fc.assert(
      fc.property(mess, (text) => {
        const once = redactorA.redactText(text).value
        expect(redactorA.redactText(once)).toEqual({ value: once, counts: undefined })
      }),
      { numRuns: 4000 },
    )
  })

  it('of JSON is idempotent and stays JSON', () => {
    fc.assert(
      fc.property(jsonWithMess, fc.constantFrom(undefined, 1), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const once = redactorA.redactJson(text).value
        JSON.parse(once)
        expect(redactorA.redactJson(once)).toEqual({ value: once, counts: undefined })
      }),
      { numRuns: 3000 },
    )
  })

  it('of a string in JSON is that of the string', () => {
    const plain = mess.map((text) => text.replace(/["\\\x00-\x1f\ud800-\udfff]/g, '-'))
    fc.assert(
      fc.property(plain, plain, (first, second) => {
        const alone = [first, second].map((text) => redactorA.redactText(text, 'content').value)
        const json = redactorA.redactJson(JSON.stringify({ id: 1, content: first, a: { content: second } })).value
        expect(json).toBe(JSON.stringify({ id: 1, content: alone[0], a: { content: alone[1] } }))
      }),
      { numRuns: 1000 },
    )
  })

  it('of what may or may not be JSON is idempotent', () => {
    fc.assert(
      fc.property(jsonWithMess, fc.nat(), fc.nat(), (value, from, length) => {
        const text = JSON.stringify(value)
        const start = from % (text.length + 1)
        const cut = text.slice(0, start) + text.slice(start + (length % 5))
        for (const redact of [redactorA.redactJson, redactorA.redactText]) {
          const once = redact(cut).value
          expect(redact(once)).toEqual({ value: once, counts: undefined })
        }
      }),
      { numRuns: 2000 },
    )
  })

  it('of values is idempotent', () => {
    fc.assert(
      fc.property(jsonWithMess, (value) => {
        const once = redactorA.redactValue(value).value
        expect(redactorA.redactValue(once).value).toBe(once)
      }),
      { numRuns: 1000 },
    )
  })

  it('leaves the same text for every key, tokens aside', () => {
    fc.assert(
      fc.property(mess, (text) => {
        expect(normalizeTokens(redactorA.redactText(text).value)).toBe(normalizeTokens(redactorB.redactText(text).value))
      }),
      { numRuns: 2000 },
    )
    fc.assert(
      fc.property(jsonWithMess, (value) => {
        const text = JSON.stringify(value)
        expect(normalizeTokens(redactorA.redactJson(text).value)).toBe(normalizeTokens(redactorB.redactJson(text).value))
      }),
      { numRuns: 1000 },
    )
  })

  it('changes findings and nothing else', () => {
    fc.assert(
      fc.property(mess, (text) => {
        const findings = checkText(text)
        const { value } = redactorA.redactText(text)
        let at = 0
        let from = 0
        for (const { rule, start, end } of findings) {
          const kept = text.slice(from, start)
          expect(value.startsWith(kept, at)).toBe(true)
          at += kept.length
          const token = /^"?<[a-z0-9-]+:[0-9a-f]{12}>"?/.exec(value.slice(at))?.[0] ?? ''
          expect(token).toContain(`<${rule}:`)
          // A number of a JSON text becomes a string; then the quotes are new.
          at += text[start] !== '"' && token.startsWith('"') ? token.length : token.replace(/"$/, '').length
          from = end
        }
        expect(value.slice(at)).toBe(text.slice(from))
      }),
      { numRuns: 2000 },
    )
  })

  it('counts the tokens it puts in', () => {
    const tokenFree = mess.filter((text) => tokensIn(text) === 0)
    fc.assert(
      fc.property(tokenFree, (text) => {
        const { value, counts } = redactorA.redactText(text)
        expect(tokensIn(value)).toBe(sum(counts))
        if (counts === undefined) expect(value).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('finds the same secret anywhere in plain prose', () => {
    const bare = SAMPLES.filter((sample) => sample.text === undefined)
    const prose = fc
      .array(fc.constantFrom('the', 'quick', 'fox', 'answered', '(see', 'below)', 'été', '中文', '😀', '12', 'of', '7.5,', 'and', '"so"'), {
        maxLength: 8,
      })
      .map((words) => words.join(' '))
    fc.assert(
      fc.property(prose, fc.constantFrom(...bare), prose, (before, sample, after) => {
        const text = `${before} ${sample.secret} ${after}`
        expect(redactorA.redactText(text).value).not.toContain(sample.secret)
        expect(redactorA.redactJson(JSON.stringify({ text })).value).not.toContain(JSON.stringify(sample.secret).slice(1, -1))
      }),
      { numRuns: 3000 },
    )
  })
})
