import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkText, createRedactor, normalizeTokens } from '../../src/redaction/index.ts'
import { MEDIA_TYPE } from '../../src/schemas/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(7) })
/** The same, as text and as bytes, and stable. */
function redact(text: string, mediaType: string): string {
  const { value } = redactor.redactPayload(mediaType, text)
  expect(String(redactor.redactPayload(mediaType, Buffer.from(text)).value)).toBe(value)
  expect(redactor.redactPayload(mediaType, value).counts).toBeUndefined()
  return normalizeTokens(String(value))
}
const json = (value: unknown): unknown => JSON.parse(redact(JSON.stringify(value), MEDIA_TYPE.json))
const LONG = 'Some words about nothing in particular, so that the part is a long one. '.repeat(3)

describe('a secret that is cut in two', () => {
  const parts = (...texts: readonly string[]) => texts.map((text) => ({ type: 'text', text }))
  it.each([
    ['of a request', (content: unknown) => ({ model: 'm', messages: [{ role: 'user', content }] })],
    ['of a list of messages', (content: unknown) => [{ role: 'user', content }]],
    ['deeper down', (content: unknown) => ({ a: { b: [[{ c: content }]] } })],
  ])('over the parts of a message is found, however long they are (%s)', (_, wrap) => {
    expect(json(wrap(parts(`${LONG}the key is ghp_abcdefghijABCDEFGHIJ`, `0123456789abcdefgh ok ${LONG}`)))).toEqual(
      wrap(parts(`${LONG}the key is <github-token#1>`, ` ok ${LONG}`)),
    )
    expect(json(wrap(parts('ana', '@nor', 'thwind.com')))).toEqual(wrap(parts('<email#1>', '', '')))
    const plain = wrap(parts('Where is Oslo?', `In Norway. ${LONG}`, 'And Bergen?'))
    expect(json(plain)).toEqual(plain)
  })
  it('over the parts of a message is found in a value as it is in JSON', () => {
    const inValue = (value: unknown): unknown => JSON.parse(normalizeTokens(JSON.stringify(redactor.redactValue(value).value)))
    const wrap = (content: unknown) => ({ model: 'm', messages: [{ role: 'user', content }] })
    const cut = wrap(parts(`${LONG}the key is ghp_abcdefghijABCDEFGHIJ`, `0123456789abcdefgh ok ${LONG}`))
    expect(inValue(cut)).toEqual(wrap(parts(`${LONG}the key is <github-token#1>`, ` ok ${LONG}`)))
    expect(inValue(wrap(parts('ana', '@nor', 'thwind.com')))).toEqual(wrap(parts('<email#1>', '', '')))
    expect(redactor.redactValue(redactor.redactValue(cut).value).counts).toBeUndefined()
    const apart = wrap([...parts('ana@nor'), { type: 'image_url', url: 'x' }, ...parts('thwind.com')])
    expect(redactor.redactValue(apart).value).toBe(apart)
    const before = createRedactor({ key: new Uint8Array(32).fill(7), policyVersion: '3' })
    expect(before.redactValue(cut).value).toBe(cut)
  })
  it('over parts that do not stand side by side is none', () => {
    const apart = { messages: [{ content: [...parts('ana@nor'), { type: 'image_url', url: 'x' }, ...parts(`thwind.com ${LONG}`)] }] }
    expect(json(apart)).toEqual(apart)
  })

  const chunk = (content: string) => ({ choices: [{ index: 0, delta: { content } }] })
  const pieces = ['Contact ', 'ana', '.', 'lopez', '@', 'north', 'wind', '.com', ' ok']
  const events = (lineEnd: string) => (values: readonly unknown[]) =>
    `${values.map((value) => `event: delta${lineEnd}data: ${JSON.stringify(value)}`).join(lineEnd + lineEnd)}${lineEnd}${lineEnd}data: [DONE]${lineEnd}`
  it.each([
    ['an event stream', 'text/event-stream', events('\n')],
    ['an event stream with CRLF', 'text/event-stream', events('\r\n')],
    [
      'lines of JSON',
      'application/x-ndjson',
      (values: readonly unknown[]) => `${values.map((value) => JSON.stringify(value)).join('\n')}\n`,
    ],
  ])('over the chunks of %s is found, and the rest stays', (_, mediaType, write) => {
    const clean = pieces.map((piece, index) => (index === 1 ? '<email#1>' : index > 1 && index < 8 ? '' : piece))
    expect(redact(write(pieces.map(chunk)), mediaType)).toBe(write(clean.map(chunk)))
    expect(redact(write(['no', 'thing', ' here'].map(chunk)), mediaType)).toBe(write(['no', 'thing', ' here'].map(chunk)))
  })

  it('is found wherever the cuts are', () => {
    const secret = 'sk-proj-abcdefghijABCDEFGHIJ0123456789'
    const text = `my key is ${secret} ok`
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { minLength: 1, maxLength: 12 }), (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), text.length]
        const cut = cuts.slice(1).map((end, index) => text.slice(cuts[index], end))
        const lines = cut.map((content) => `data: ${JSON.stringify(chunk(content))}`).join('\n\n')
        expect(checkText(lines).length).toBeGreaterThan(0)
        const after = redactor.redactText(lines).value
        expect([...after.matchAll(/"content":"([^"]*)"/g)].map(([, piece]) => piece).join('')).toMatch(
          /^my key is <openai-api-key:[0-9a-f]{12}> ok$/,
        )
        const request = { messages: [{ role: 'user', content: parts(...cut) }] }
        const [message] = (JSON.parse(redactor.redactJson(JSON.stringify(request)).value) as typeof request).messages
        expect(message?.content.map((part) => part.text).join('')).toMatch(/^my key is <openai-api-key:[0-9a-f]{12}> ok$/)
      }),
      { numRuns: 60 },
    )
  })
})
