import { describe, expect, it } from 'vitest'
import { labelledCases } from '../../bench/redaction/labelled/set.ts'
import { createRedactor } from '../../src/redaction/index.ts'
import { MEDIA_TYPE } from '../../src/schemas/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(6) })
const chunk = (content: string) => ({ id: 'chatcmpl-1', object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content } }] })

describe('a payload', () => {
  it('becomes the same as text and as bytes', () => {
    const cases = labelledCases(1)
    expect(cases.length).toBeGreaterThan(500)
    for (const { text, isJson } of cases) {
      const mediaType = isJson ? MEDIA_TYPE.json : MEDIA_TYPE.text
      const asText = redactor.redactPayload(mediaType, text)
      const asBytes = redactor.redactPayload(mediaType, Buffer.from(text))
      expect(String(asBytes.value), text).toBe(asText.value)
      expect(asBytes.counts).toEqual(asText.counts)
    }
  })

  // No piece has anything of an address about it, so that only the pieces together say what it is.
  const pieces = ['Contact ', 'ana', '.', 'lopez', '@', 'northwind', '-', 'labs', '.', 'com', ' now']
  const streams = [pieces, pieces.map(chunk), ['ü', ...pieces].map(chunk)]
  it.each([
    ['as programs write JSON', (value: unknown) => JSON.stringify(value)],
    [
      'as Python writes JSON',
      (value: unknown) =>
        JSON.stringify(value, null, 1)
          .replace(/\n\s*(?=["}\]])/g, '')
          .replace(/,\n\s*/g, ', ')
          .replace(/\n\s*/g, ''),
    ],
    ['indented', (value: unknown) => JSON.stringify(value, null, 2)],
  ])('keeps nothing of an address that is cut at each of its signs, %s', (_, write) => {
    for (const stream of streams) {
      const text = write(stream)
      expect(JSON.parse(text)).toEqual(stream)
      for (const data of [text, Buffer.from(text)]) {
        const { value, counts } = redactor.redactPayload(MEDIA_TYPE.json, data)
        expect(counts).toEqual({ email: 1 })
        expect(String(value)).not.toMatch(/lopez|northwind/)
      }
    }
  })
})
