import fc from 'fast-check'
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

  // Bytes are looked through in one pass that says whether there is anything to do at all; a string goes the long way.
  it('becomes the same as text and as bytes, whatever stands in it', () => {
    const image = Buffer.from(Array.from({ length: 60 }, (_, index) => (index * 37) % 256)).toString('base64')
    const piece = fc.constantFrom(
      ...[';base64,', 'data:image/png;base64,', '"media_type":"image/png"', image, 'T2dn', 'words and words ', '中', 'é', '\\', '"'],
      ...['ana', '@', 'northwind-labs', '.', 'com', ' ', 'x'.repeat(70), '},{"t', '\n', 'id', '4111', ' 1111 1111 1111'],
    )
    const text = fc.array(piece, { maxLength: 24 }).map((pieces) => pieces.join(''))
    // No piece of this has an anchor.
    const cut = fc
      .tuple(fc.array(fc.constantFrom('a', 'é', '', 'words and words '), { maxLength: 3 }), fc.boolean())
      .map(([before, goesOn]) => [...before, ...['ana', '@', 'northwind-labs', '.', 'com'], ...(goesOn ? [' now'] : [])])
    const spaces = fc.constantFrom('', ' ', '\n  ')
    const list = fc
      .tuple(
        fc.oneof(fc.array(piece, { minLength: 1, maxLength: 12 }), cut),
        fc.constantFrom('text', 'd', 'größe', 'a_rather_long_name'),
        spaces,
        fc.boolean(),
      )
      .map(([pieces, name, space, isPlain]) => {
        const elements = pieces.map((held) =>
          isPlain ? JSON.stringify(held) : `{${JSON.stringify(name)}:${space}${JSON.stringify(held)}}`,
        )
        return `[${space}${elements.join(`,${space}`)}]`
      })
    const parts = cut.map((pieces) => JSON.stringify([{ role: 'user', parts: pieces.map((held) => ({ type: 'text', text: held })) }]))
    fc.assert(
      fc.property(fc.oneof(text, list, parts), fc.constantFrom(MEDIA_TYPE.text, MEDIA_TYPE.json), (data, mediaType) => {
        // Shorter texts are not looked through for images, and bytes are more than units.
        fc.pre(data.length >= 64 || Buffer.byteLength(data) < 64)
        const asText = redactor.redactPayload(mediaType, data)
        const asBytes = redactor.redactPayload(mediaType, new TextEncoder().encode(data))
        expect({ ...asBytes, value: new TextDecoder().decode(asBytes.value as Uint8Array) }).toEqual(asText)
      }),
      { numRuns: 600 },
    )
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
