import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRedactor, normalizeTokens } from '../../src/redaction/index.ts'
import { decodeValue, encodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'
import { SAMPLES } from './samples.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(4) })
const json = (value: unknown): unknown => JSON.parse(normalizeTokens(redactor.redactJson(JSON.stringify(value)).value))
const value = (given: unknown): unknown => JSON.parse(normalizeTokens(JSON.stringify(redactor.redactValue(given).value)))
const chat = (content: string) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})

describe('a secret split over the chunks of a stream', () => {
  for (const [name, redact] of Object.entries({ json, value })) {
    describe(name, () => {
      it('is found in plain chunks', () => {
        expect(redact(['Mail bob', '@exam', 'ple.com', ' now'])).toEqual(['Mail <email#1>', '', '', ' now'])
        expect(redact(['a', 'b', 'c'])).toEqual(['a', 'b', 'c'])
      })
      it("is found in providers' chunks", () => {
        expect(redact(['Key sk-', 'proj-abcdefghij', '0123456789', '. Bye bob', '@', 'example.com'].map(chat))).toEqual(
          ['Key <openai-api-key#1>', '', '', '. Bye <email#1>', '', ''].map(chat),
        )
        const events = ['x bo', 'b@x.co', ' y', ' z'].map((text) => ({
          type: 'content_block_delta',
          index: 0,
          delta: { type: 'text_delta', text },
        }))
        expect(redact([{ type: 'message_start', message: { content: [] } }, ...events, { type: 'message_stop' }])).toEqual([
          { type: 'message_start', message: { content: [] } },
          ...['x <email#1>', '', ' y', ' z'].map((text) => ({
            type: 'content_block_delta',
            index: 0,
            delta: { type: 'text_delta', text },
          })),
          { type: 'message_stop' },
        ])
      })
      it('is found in two chunks, and in two parts that stand side by side', () => {
        expect(redact(['Mail bob@exam', 'ple.com now'])).toEqual(['Mail <email#1>', ' now'])
        expect(redact(['Key sk-proj-abcdefghij', '0123456789. Bye'].map(chat))).toEqual(['Key <openai-api-key#1>', '. Bye'].map(chat))
        const parts = (texts: readonly string[]) => texts.map((text) => ({ type: 'text', text }))
        expect(redact(parts(['it is ghp_abcdefghijABCDEFGHIJ', '0123456789abcdefgh ok']))).toEqual(parts(['it is <github-token#1>', ' ok']))
        // Where a chunk before and one behind say something else.
        const stream = [{ choices: [{ delta: { role: 'assistant' } }] }, chat('bob@exa'), chat('mple.com'), { choices: [{ delta: {} }] }]
        expect(JSON.stringify(redact(stream))).toContain('<email#1>')
        const pair = [
          { role: 'user', content: 'Where is Oslo?' },
          { role: 'assistant', content: 'In Norway.' },
        ]
        expect(redact(pair)).toEqual(pair)
      })
      it('is found behind chunks of another kind, and in chunks that are lists', () => {
        const delta = (text: string) => ({ contentBlockDelta: { delta: { text }, contentBlockIndex: 0 } })
        const before = [{ messageStart: { role: 'assistant' } }, { contentBlockStart: { start: {}, contentBlockIndex: 0 } }]
        const after = [{ contentBlockStop: { contentBlockIndex: 0 } }, { messageStop: { stopReason: 'end_turn' } }]
        for (const count of [2, 80]) {
          const more = Array.from({ length: count - 2 }, () => delta(' and on and on and on and on')) // beyond what is taken for a pair
          expect(redact([...before, delta('Mail bob@exa'), delta('mple.com'), ...more, ...after])).toEqual([
            ...before,
            delta('Mail <email#1>'),
            delta(''),
            ...more,
            ...after,
          ])
        }
        expect(redact([{ run: '}, {\u0122\u015b' }, { delta: 'bob@exa' }, { delta: 'mple.com' }])).toEqual([
          { run: '}, {\u0122\u015b' },
          { delta: '<email#1>' },
          { delta: '' },
        ])
        const mode = (content: string) => ['messages', [{ content, type: 'AIMessageChunk' }, { langgraph_node: 'agent' }]]
        expect(redact([mode('bob@exa'), mode('mple.com'), mode(' ok')])).toEqual([mode('<email#1>'), mode(''), mode(' ok')])
      })
      it('is found where the chunks of a provider are long', () => {
        const long = 'The quick brown fox jumps over the lazy dog, and does so again. '.repeat(3)
        const gemini = (text: string) => ({ candidates: [{ content: { parts: [{ text }], role: 'model' }, index: 0 }] })
        expect(redact([`${long}Mail bob@exa`, `mple.com ${long}`, long].map(gemini))).toEqual(
          [`${long}Mail <email#1>`, ` ${long}`, long].map(gemini),
        )
        expect(redact([`${long}Mail bob@example.com`, `. And ${long}`].map(gemini))).toEqual(
          [`${long}Mail <email#1>`, `. And ${long}`].map(gemini),
        )
      })
      it('is found in tool arguments that come in pieces', () => {
        const call = (text: string) => ({ choices: [{ delta: { tool_calls: [{ index: 0, function: { arguments: text } }] } }] })
        expect(redact(['{"pass', 'word": "corr', 'ect horse", "n": 41111111', '11111111}'].map(call))).toEqual(
          ['{"pass', 'word": "<password#1>', '", "n": "<payment-card#1>"', '}'].map(call),
        )
      })
      it('does not join texts of their own, nor what stands in every chunk', () => {
        const documents = ['Write to bob', '@example.com is a domain', 'third'].map((text) => ({
          text: `${text} ${'and so on '.repeat(20)}`,
        }))
        expect(redact(documents)).toEqual(documents)
        const same = Array.from({ length: 5 }, () => ({ id: 'a', fp: '4111' }))
        expect(redact(same)).toEqual(same)
      })
      it('leaves clean streams alone', () => {
        const chunks = ['Hello', ' wor', 'ld', '!'].map(chat)
        expect(redactor.redactValue(chunks).value).toBe(chunks)
        const text = JSON.stringify(chunks)
        expect(redactor.redactJson(text)).toEqual({ value: text, counts: undefined })
      })
    })
  }

  it('is found in streams that take MessagePack', () => {
    const chunks = ['bob', '@example', '.com'].map((text) => ({ text, usage: undefined }))
    const { mediaType, data } = encodeValue(chunks)
    expect(mediaType).toBe(MEDIA_TYPE.msgpack)
    const redacted = redactor.redactPayload(mediaType, data)
    expect(redacted.counts).toEqual({ email: 1 })
    expect(JSON.stringify(decodeValue(mediaType, redacted.value))).not.toContain('example')
  })

  it('is found wherever the cuts are, and the token is that of the whole', () => {
    const bare = SAMPLES.filter((sample) => sample.text === undefined && sample.secret.length < 400)
    fc.assert(
      fc.property(
        fc.constantFrom(...bare),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 30, maxLength: 60 }),
        ({ secret, rule }, lengths) => {
          const text = `Here: ${secret} that was it, and some more words follow after the end of it.`
          const pieces: string[] = []
          let at = 0
          for (const length of lengths) {
            if (at < text.length) pieces.push(text.slice(at, at + length))
            at += length
          }
          pieces.push(text.slice(at), '')
          const whole = /<[a-z0-9-]+:[0-9a-f]{12}>/.exec(redactor.redactText(text).value)?.[0] ?? 'none'
          const encoded = JSON.stringify(pieces.map(chat))
          const once = redactor.redactJson(encoded)
          const contents = (JSON.parse(once.value) as ReturnType<typeof chat>[]).map((chunk) => chunk.choices[0]?.delta.content)
          expect(contents).toHaveLength(pieces.length)
          if (text.length / pieces.length <= 64) {
            expect(contents.join('')).toContain(whole)
            expect(contents.join('')).not.toContain(secret)
            expect(once.counts, rule).toEqual({ [rule]: 1 })
          }
          expect(redactor.redactJson(once.value).counts).toBeUndefined()
          const asValue = redactor.redactValue(JSON.parse(encoded))
          expect(JSON.stringify(asValue.value)).toBe(once.value)
          expect(asValue.counts).toEqual(once.counts)
        },
      ),
      { numRuns: 500 },
    )
  })
})
