import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeValue, ErrorValue, Opaque, Truncated } from '../../src/schemas/index.ts'
import { JsonPieces } from '../../src/sdk/export/json-pieces.ts'
import { takeSnapshot } from '../../src/sdk/snapshot.ts'

function piecesOf(value: unknown, plain: boolean): string[] {
  const pieces = new JsonPieces(value, plain)
  const all: string[] = []
  for (let piece = pieces.next(); piece !== undefined; piece = pieces.next()) all.push(piece)
  return all
}

describe('JSON in pieces is JSON in one', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', '\udc00', '\u2028', '"\\\n', '\u0000'),
    // Long enough to be cut, with pairs and lone halves anywhere.
    fc.tuple(fc.integer({ min: 32 * 1024 - 3, max: 66_000 }), fc.constantFrom('a', '\u{1f600}', '\ud83d', 'é"')).map(([length, unit]) => unit.repeat(length)),
  )
  const leaf = fc.oneof(text, fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)), fc.boolean(), fc.constant(null))
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

  test('for any snapshot that JSON holds', () => {
    fc.assert(
      fc.property(anyValue, (original) => {
        const { value, plain } = takeSnapshot(original)
        const { data } = encodeValue(value)
        expect(piecesOf(value, plain).join('')).toBe(data)
        // Nothing has to be known of the value: taking it apart gives the same.
        expect(piecesOf(value, false).join('')).toBe(data)
      }),
      { numRuns: 300 },
    )
  })

  test('a piece is never much larger than its measure', () => {
    const value = { text: 'x'.repeat(3_000_000), list: Array.from({ length: 200_000 }, (_, index) => index), texts: Array.from({ length: 5000 }, () => 'y'.repeat(500)) }
    for (const plain of [true, false]) {
      const pieces = piecesOf(value, plain)
      expect(pieces.join('')).toBe(JSON.stringify(value))
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(100_000)
    }
  })
})
