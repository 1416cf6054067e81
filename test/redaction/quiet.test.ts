import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chatMessages, makeRandom, plantedSecret } from '../../bench/redaction/corpus.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'
import { settledInText } from '../../src/redaction/redactor.ts'
import { compiledPolicy, compilePolicy } from '../../src/redaction/scanner/compile.ts'
import { hasAnchor, scanText } from '../../src/redaction/scanner/scan.ts'
import { SAMPLES } from './samples.ts'

const { automaton } = compiledPolicy('default')
const hitsIn = (text: string): number => scanText(automaton, text).length / 2
const random = makeRandom(5)
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index))

// Each hit costs a detector a look, and the first one in a payload costs the walk over its JSON.
describe('ordinary text has hardly an anchor', () => {
  it('prose and code: less than one in 2 KB', () => {
    const pages = ['docs/architecture.md', 'docs/life-of-a-span.md', 'docs/receiving.md', 'CONTRIBUTING.md']
    const text = pages.map((page) => readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8')).join('\n')
    expect(hitsIn(text)).toBeLessThan(text.length / 2000)
    const code = readFileSync(new URL('../../src/redaction/scanner/automaton.ts', import.meta.url), 'utf8')
    expect(hitsIn(code)).toBeLessThan(code.length / 1000)
  })
  it('chat messages with dates, ids and digests: less than one in 20 KB', () => {
    const messages = chatMessages(200_000, 2300, 0)
    expect(messages.reduce((sum, message) => sum + hitsIn(JSON.stringify([{ role: 'user', content: message }])), 0)).toBeLessThan(10)
  })
  it('embeddings, over several pieces: none', () => {
    for (const decimals of [4, 6, 17]) {
      const floats = many(10_000, () => Number(((random() - 0.5) / 5).toFixed(decimals)))
      expect(hitsIn(JSON.stringify(floats))).toBe(0)
      expect(hasAnchor(automaton, Buffer.from(JSON.stringify(floats)))).toBe(false)
    }
  })
  it('times, whether of seconds, milliseconds, nanoseconds or written out: none', () => {
    const times = many(500, (index) => ({
      created: 1_732_212_345 + index * 7919,
      updated_at: 1_732_212_345_678 + index * 7919,
      startTimeUnixNano: `${1_732_212_345_000_000_000n + BigInt(index) * 12_345_678_901n}`,
      date: new Date(1_732_212_345_000 + index * 8_640_001).toISOString(),
    }))
    // Milliseconds may be anybody's thirteen digits.
    for (const { updated_at, ...rest } of times) {
      expect(hitsIn(JSON.stringify(rest))).toBe(0)
      expect(updated_at).toBeGreaterThan(0)
    }
  })
  it('ids of completions: one in fifty at most', () => {
    const letters = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'
    const ids = many(500, () => `chatcmpl-${many(29, () => letters[Math.floor(random() * letters.length)]).join('')}`)
    expect(hitsIn(JSON.stringify(ids))).toBeLessThan(10)
  })
  it('ids that are texts of their own, as attributes have them: one in fifty at most', () => {
    const hex = (length: number) => (index: number) => createHash('sha256').update(`${index}`).digest('hex').slice(0, length)
    for (const make of [
      hex(16),
      hex(24),
      hex(32),
      (index: number) => `chatcmpl-${hex(24)(index)}`,
      (index: number) => `resp_${hex(36)(index)}`,
    ])
      expect(many(500, make).reduce((sum, id) => sum + hitsIn(id), 0)).toBeLessThan(10)
  })
  it('digests and UUIDs: one in fifty at most', () => {
    const digests = many(1000, (index) => createHash('sha256').update(String(index)).digest('hex'))
    expect(hitsIn(JSON.stringify(digests))).toBeLessThan(20)
    expect(hitsIn(JSON.stringify(many(1000, () => randomUUID())))).toBeLessThan(60)
  })
})

it('passes over nothing that a rule would find', () => {
  const open = compilePolicy(policyDataOf('default'), false)
  const guarded = compiledPolicy('default')
  const digits = (length: number): string => many(length, () => Math.floor(random() * 10)).join('')
  const made = many(3000, () => {
    const [a, b, c] = [digits(3), digits(3), digits(4)]
    const forms = [
      `${a}-${b}-${c}`,
      `(${a}) ${b}-${c}`,
      `${a}${b}${c}`,
      `1 ${a} ${b} ${c}`,
      `0${digits(3)} ${b}${a}`,
      `${a}-${digits(2)}-${c}`,
    ]
    const leads = ['call ', 'phone: ', 'ssn ', '', 'id=', '"npi": "', 'x-', '\\n', '/', 'order ', `${digits(2)}.`]
    return `${leads[Math.floor(random() * leads.length)]}${forms[Math.floor(random() * forms.length)]}${[' ', '"', '', '.5', 'x12', '-a'][Math.floor(random() * 6)]}`
  })
  const texts = [
    ...SAMPLES.map((sample) => sample.text ?? sample.secret),
    ...made,
    ...many(300, () => `see ${plantedSecret(random)} now`),
    // Texts that are base64 from end to end, and end where it could go on.
    ...many(300, (index) =>
      Buffer.from(`ann${index}@example.org, ana${index}@northwind.com`.slice(0, 8 + (index % 40))).toString('base64'),
    ),
    ...many(
      300,
      (index) =>
        `b64:${Buffer.from(`ann${index}@example.org`)
          .toString('base64url')
          .slice(0, 12 + (index % 24))}`,
    ),
    ...many(100, () => `data ${Buffer.from(`the mail is ${plantedSecret(random)}, né à Zürich`).toString('base64')} end`),
    ...chatMessages(60_000, 2300, 2),
  ]
  for (const text of texts) expect(settledInText(guarded, text, '')).toEqual(settledInText(open, text, ''))
})
