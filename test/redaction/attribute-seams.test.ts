import { describe, expect, it } from 'vitest'
import { Cleaner, newFindings } from '../../src/collector/pipeline/redact.ts'
import { createPolicyRedactor, createRedactor, normalizeTokens, type Redactor } from '../../src/redaction/index.ts'

const key = new Uint8Array(32).fill(9)
const LONG = 'Some words about nothing in particular, so that the text is a long one. '.repeat(9)
type Text = string | { readonly utf8: Uint8Array }
const utf8 = (text: string): Text => ({ utf8: Buffer.from(text) })

/** Texts by key, as they are kept. */
function cleaned(attributes: readonly (readonly [string, Text])[], redactor: Redactor = createRedactor({ key })) {
  const found = newFindings()
  const inline = JSON.parse(new Cleaner(redactor).attributes(attributes, '/attributes', found)) as Record<string, string>
  const texts = Object.fromEntries(
    found.contents.map((content) => [content.role, 'data' in content ? String(content.data) : content.withheld]),
  )
  const all = { ...inline, ...texts }
  return { texts: Object.fromEntries(Object.entries(all).map(([name, text]) => [name, normalizeTokens(text)])), found }
}
const roleOf = (name: string): string => `/attributes/${name}`

describe('a secret cut in two by flattened attributes', () => {
  it.each([
    ['messages', 'gen_ai.prompt.0.content', 'gen_ai.prompt.1.content'],
    [
      'parts of a message',
      'llm.input_messages.0.message.contents.0.message_content.text',
      'llm.input_messages.0.message.contents.1.message_content.text',
    ],
    ['calls of a tool', 'llm.output_messages.3.message.tool_calls.9.arguments', 'llm.output_messages.3.message.tool_calls.10.arguments'],
  ])('of %s is found, in whatever order they stand', (_, first, second) => {
    for (const make of [(text: string): Text => text, utf8]) {
      const attributes = [
        [first, make(`${LONG}my key is ghp_abcdefghijABCDEFGHIJ`)],
        ['gen_ai.request.model', 'm'],
        [second, make(`0123456789abcdefgh ok ${LONG}`)],
      ] as const
      for (const order of [attributes, [...attributes].reverse()]) {
        const { texts, found } = cleaned(order)
        expect(texts[roleOf(first)] ?? texts[first]).toBe(`${LONG}my key is <github-token#1>`)
        expect(texts[roleOf(second)] ?? texts[second]).toBe(` ok ${LONG}`)
        expect(found.redactions).toEqual({ 'github-token': 1 })
      }
    }
  })
  it('goes over more than one seam, each by itself', () => {
    const pieces = ['write to ana@nor', 'thwind.com or bob@nor', 'thwind.com today']
    const { texts } = cleaned(pieces.map((text, index) => [`gen_ai.prompt.${index}.content`, `${text}`] as const))
    expect(JSON.stringify(texts)).not.toMatch(/@nor|thwind/)
  })
  it('is none where the numbers do not follow one another, or the keys are of two series', () => {
    for (const [first, second] of [
      ['gen_ai.prompt.0.content', 'gen_ai.prompt.2.content'],
      ['gen_ai.prompt.0.content', 'gen_ai.completion.1.content'],
      ['gen_ai.prompt.0.role', 'gen_ai.prompt.1.role'],
    ] as const) {
      const { texts, found } = cleaned([
        [first, 'write to ana@nor'],
        [second, 'thwind.com'],
      ])
      expect(Object.values(texts).sort()).toEqual(['thwind.com', 'write to ana@nor'])
      expect(found.redactions).toBeUndefined()
    }
  })
  it('is what it is under a policy of somebody’s own, too', () => {
    const policy = { schema: 'reprise.redaction-policy/2', id: 'own', version: '1', action: 'mask' } as const
    const { texts } = cleaned(
      [
        ['gen_ai.prompt.0.content', 'write to ana@nor'],
        ['gen_ai.prompt.1.content', 'thwind.com today'],
      ],
      createPolicyRedactor({ policy, key }),
    )
    expect(Object.values(texts).sort()).toEqual([' today', 'write to [redacted]'])
  })
})
