import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ErrorValue, encodeValue, Opaque, Truncated } from '../../src/schemas/index.ts'
import { JsonBytes } from '../../src/sdk/export/json-bytes.ts'
import { JsonSlices } from '../../src/sdk/export/json-slices.ts'
import { takeSnapshot } from '../../src/sdk/snapshot.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
// One writer for all cases, as in a recorder: nothing of one value may show in the next.
const bytes = new JsonBytes()

function atOnce(value: unknown): string {
  bytes.reset()
  bytes.value(value)
  return decoder.decode(bytes.since(0))
}

function inSlices(value: unknown, plain: boolean): { text: string; steps: number } {
  bytes.reset()
  const writing = new JsonSlices(bytes, { value, plain })
  let steps = 1
  while (writing.step()) steps++
  return { text: decoder.decode(bytes.since(0)), steps }
}

describe('JSON written as bytes is the JSON that the codec gives', () => {
  const escapes = fc.constantFrom(
    '\ud800',
    '\udc00',
    '\u2028',
    '"',
    '\\',
    '\n',
    '\r',
    '\t',
    '\u0000',
    '\u001f',
    '\u007f',
    '\u0080',
    '\ufeff',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    escapes,
    // Long enough for whole words of bytes, with an escape anywhere.
    fc
      .tuple(fc.string({ unit: 'grapheme-ascii', maxLength: 80 }), escapes, fc.string({ maxLength: 80 }))
      .map(([before, escape, after]) => before + escape + after),
    // Long enough to be cut, with pairs and lone halves anywhere.
    fc
      .tuple(fc.integer({ min: 16 * 1024 - 3, max: 50_000 }), fc.constantFrom('a', '\u{1f600}', '\ud83d', 'é"', '\n'))
      .map(([length, unit]) => unit.repeat(length)),
  )
  const number = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((double) => !Object.is(double, -0))
  const leaf = fc.oneof(text, fc.integer(), number, fc.boolean(), fc.constant(null))
  const key = fc.oneof(fc.string(), fc.constantFrom('$reprise', '__proto__', '', '\ud800'))
  const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 6 }),
      fc.array(fc.oneof(fc.integer(), fc.string()), { maxLength: 3000, size: 'max' }),
      fc.dictionary(key, tie('value'), { maxKeys: 6 }),
      fc.constant(new Opaque('function', 'f')),
      fc.constant(new Truncated('depth')),
      fc.constant(/x/g),
      fc.constant(new URL('http://example.com/')),
      tie('value').map((cause) => new ErrorValue({ type: 'Error', message: 'm', cause })),
    ),
  }))

  test('for any snapshot that JSON holds, at once and in slices', () => {
    fc.assert(
      fc.property(anyValue, (original) => {
        const { value, plain } = takeSnapshot(original)
        const { data } = encodeValue(value)
        expect(atOnce(value)).toBe(data)
        expect(inSlices(value, plain).text).toBe(data)
        expect(inSlices(value, false).text).toBe(data)
      }),
      { numRuns: 300 },
    )
  })

  test.each(Array.from({ length: 0x120 }, (_, code) => code))('character %i, at every place in a word', (code) => {
    for (let before = 0; before < 20; before++) {
      const value = 'x'.repeat(before) + String.fromCharCode(code) + 'y'.repeat(40)
      expect(atOnce([value, value])).toBe(JSON.stringify([value, value]))
    }
  })

  test('a large value takes many steps, none of them long', () => {
    const value = {
      text: 'x'.repeat(3_000_000),
      list: Array.from({ length: 200_000 }, (_, index) => index),
      texts: Array.from({ length: 5000 }, () => 'y'.repeat(500)),
    }
    for (const plain of [true, false]) {
      const { text, steps } = inSlices(value, plain)
      expect(text).toBe(JSON.stringify(value))
      expect(steps).toBeGreaterThan(text.length / 70_000)
    }
  })

  test('what was written stays readable while the buffer grows', () => {
    bytes.reset()
    bytes.value('first')
    const first = bytes.since(0)
    const start = bytes.position
    bytes.value('x'.repeat(1_000_000))
    expect(decoder.decode(first)).toBe('"first"')
    expect(bytes.since(start).length).toBe(1_000_002)
  })
})
