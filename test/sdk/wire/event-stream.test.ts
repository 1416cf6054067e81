import { EventStreamCodec } from '@smithy/eventstream-codec'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { keptExchange, servedExchange } from '../../../src/sdk/wire/exchange.ts'

const MAX = 1 << 20
const codec = new EventStreamCodec(
  (input) => (typeof input === 'string' ? input : Buffer.from(input).toString('utf8')),
  (text) => Uint8Array.from(Buffer.from(text)),
)
type Message = Parameters<typeof codec.encode>[0]

const head = {
  status: 200,
  statusText: 'OK',
  headers: [['content-type', 'application/vnd.amazon.eventstream']] as const,
  url: undefined,
  hasBody: true,
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % bytes.length))].filter((end) => end > 0).sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.slice(ends[index - 1] ?? 0, end))
}

/** Through JSON text, as a recording holds it. */
function served(chunks: readonly Uint8Array[], change: (text: string) => string = (text) => text): readonly Uint8Array[] {
  const kept = keptExchange(head, chunks, MAX)
  expect(kept.at(-1)).not.toHaveProperty('bytes')
  return servedExchange(JSON.parse(change(JSON.stringify(kept))))?.chunks ?? []
}

function decoded(chunks: readonly Uint8Array[]): Message[] {
  const bytes = Buffer.concat(chunks)
  const messages: Message[] = []
  for (let at = 0; at < bytes.length; ) {
    const end = at + bytes.readUInt32BE(at)
    messages.push(codec.decode(Uint8Array.from(bytes.subarray(at, end))))
    at = end
  }
  return messages
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
const encode = (type: string, payload: string | Uint8Array): Uint8Array =>
  codec.encode({
    headers: {
      ':event-type': { type: 'string', value: type },
      ':content-type': { type: 'string', value: 'application/json' },
      ':message-type': { type: 'string', value: 'event' },
    },
    body: typeof payload === 'string' ? Uint8Array.from(Buffer.from(payload)) : payload,
  })

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((value) => value.toWellFormed())
const header = fc.oneof(
  fc.record({ type: fc.constant('string' as const), value: text }),
  fc.record({ type: fc.constant('boolean' as const), value: fc.boolean() }),
  fc.record({ type: fc.constant('byte' as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant('short' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  fc.record({ type: fc.constant('integer' as const), value: fc.integer() }),
  fc.record({ type: fc.constant('binary' as const), value: fc.uint8Array({ maxLength: 40 }) }),
  fc.record({ type: fc.constant('uuid' as const), value: fc.uuid() }),
  fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((value) => ({ type: 'timestamp' as const, value })),
)
const payload = fc.oneof(
  fc.json().map((json) => Uint8Array.from(Buffer.from(json))),
  fc.json().map((json) => Uint8Array.from(Buffer.from(JSON.stringify({ bytes: base64(json), p: 'abc' })))),
  text.map((value) => Uint8Array.from(Buffer.from(value))),
  fc.uint8Array({ maxLength: 60 }),
)
const message = fc.record({ headers: fc.dictionary(fc.stringMatching(/^[a-z:-]{1,20}$/), header, { maxKeys: 4 }), body: payload })

describe('an event stream of AWS', () => {
  it('is served with the bytes that came, and chunks that end where they did', () => {
    const plain = fc.array(message, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(plain, fc.array(fc.nat(), { maxLength: 12 }), (messages, at) => {
        const sent = messages.map(({ headers, body }) => codec.encode({ headers: headers as Message['headers'], body }))
        const chunks = cut(Buffer.concat(sent), at)
        const found = served(chunks)
        expect(decoded(found)).toEqual(decoded(chunks))
        // JSON in base64 that is not compact says the same in other bytes.
        if (Buffer.concat(found).equals(Buffer.concat(chunks)))
          expect(found.map(String)).toEqual(chunks.map((chunk) => String(Uint8Array.from(chunk))))
      }),
    )
    const bedrock = ['{"delta":{"text":"héllo"},"p":"abc"}', '{"stopReason":"end_turn"}'].map((json) => encode('contentBlockDelta', json))
    const chunks = cut(Buffer.concat(bedrock), [10, 90, 200])
    expect(served(chunks).map(String)).toEqual(chunks.map((chunk) => String(Uint8Array.from(chunk))))
  })

  it('has its texts where redaction finds them, also those in base64, and holds together when they are changed', () => {
    const secret = 'hunter2-hunter2'
    const chunk = (value: object): Uint8Array => encode('chunk', JSON.stringify({ bytes: base64(JSON.stringify(value)), p: 'abcdefgh' }))
    const sent = [
      encode('contentBlockDelta', JSON.stringify({ delta: { text: secret } })),
      chunk({ type: 'content_block_delta', delta: { text: secret } }),
      encode('modelStreamErrorException', `no JSON, and ${secret}`),
    ]
    const chunks = cut(Buffer.concat(sent), [sent[0]?.length ?? 0, 20, 250])
    expect(JSON.stringify(keptExchange(head, chunks, MAX)).split(secret)).toHaveLength(4)
    const found = served(chunks, (kept) => kept.replaceAll(secret, '[a longer token than that]'))
    expect(found).toHaveLength(chunks.length)
    // The next chunk begins with the next message, as it did.
    const bodies = decoded(found).map(({ body }) => Buffer.from(body).toString())
    expect(bodies[0]).toBe('{"delta":{"text":"[a longer token than that]"}}')
    const inner = JSON.parse(bodies[1] ?? '') as { bytes: string; p: string }
    expect(Buffer.from(inner.bytes, 'base64').toString()).toBe(
      '{"type":"content_block_delta","delta":{"text":"[a longer token than that]"}}',
    )
    expect(inner.p).toBe('abcdefgh')
    expect(bodies[2]).toBe('no JSON, and [a longer token than that]')
    const first = Buffer.concat(found.slice(0, 2))
    expect(first.readUInt32BE(0)).toBe(first.length)
  })

  it('that broke off is served as far as it came', () => {
    const whole = encode('contentBlockDelta', '{"delta":{"text":"one"}}')
    const half = encode('contentBlockDelta', '{"delta":{"text":"two"}}').slice(0, 70)
    for (const chunks of [[whole, half], [half], [whole, half.slice(0, 5)]])
      expect(served(chunks).map(String)).toEqual(chunks.map((chunk) => String(Uint8Array.from(chunk))))
  })

  it('that is none, whatever it is called, is kept as the bytes that it is', () => {
    const whole = encode('contentBlockDelta', '{"delta":{"text":"one"}}')
    for (const at of [2, 9, 14, whole.length - 1]) {
      const damaged = Uint8Array.from(whole)
      damaged[at] = (damaged[at] ?? 0) ^ 1
      const kept = keptExchange(head, [damaged], MAX)
      expect(servedExchange(kept)?.chunks.map(String)).toEqual([String(damaged)])
    }
    const kept = keptExchange(head, [Uint8Array.of(0x7b, 0x7d, ...new Uint8Array(20))], MAX)
    expect(kept).toMatchObject([{ bytes: expect.any(Uint8Array) as Uint8Array }])
  })
})
