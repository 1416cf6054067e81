import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ErrorValue, encodeValue, Opaque, Truncated } from '../../src/schemas/index.ts'
import { JsonBytes } from '../../src/sdk/export/json-bytes.ts'
import { openJsonMemory, PlainMemory } from '../../src/sdk/export/json-memory.ts'
import { JsonSlices } from '../../src/sdk/export/json-slices.ts'
import { takeSnapshot } from '../../src/sdk/snapshot/snapshot.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function writtenBy(bytes: JsonBytes, write: () => void): string {
  bytes.reset()
  const start = bytes.position
  write()
  return decoder.decode(bytes.between(start, bytes.position))
}

function atOnce(bytes: JsonBytes, value: unknown): string {
  return writtenBy(bytes, () => bytes.value(value))
}

function inSlices(bytes: JsonBytes, value: unknown, plain: boolean): { text: string; steps: number } {
  let steps = 1
  const text = writtenBy(bytes, () => {
    const writing = new JsonSlices(bytes, { value, plain })
    while (writing.step()) steps++
  })
  return { text, steps }
}

describe.each([
  { memory: 'WebAssembly', open: openJsonMemory },
  { memory: 'ordinary memory', open: () => new PlainMemory() },
])('JSON written into $memory is the JSON that the codec gives', ({ memory, open }) => {
  // One writer for all cases, as in a recorder: nothing of one value may show in the next.
  const bytes = new JsonBytes(open())

  test('it is that memory', () => {
    expect(open() instanceof PlainMemory).toBe(memory !== 'WebAssembly')
  })

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
      // With a cause that is an error too, or holds one.
      tie('value').map((cause) => Object.assign(new Error('m', { cause }), { held: [cause], stack: 's' })),
    ),
  }))

  test('for any snapshot that JSON holds, at once and in slices', () => {
    fc.assert(
      fc.property(anyValue, (original) => {
        const { value, plain } = takeSnapshot(original)
        const { data } = encodeValue(value)
        expect(atOnce(bytes, value)).toBe(data)
        expect(inSlices(bytes, value, plain).text).toBe(data)
        expect(inSlices(bytes, value, false).text).toBe(data)
      }),
      { numRuns: 300 },
    )
  })

  test.each(Array.from({ length: 0x120 }, (_, code) => code))('character %i, at every place in a word', (code) => {
    for (let before = 0; before < 20; before++) {
      const value = 'x'.repeat(before) + String.fromCharCode(code) + 'y'.repeat(40)
      expect(atOnce(bytes, [value, value])).toBe(JSON.stringify([value, value]))
    }
  })

  test('a large value takes many steps, none of them long', () => {
    const value = {
      text: 'x'.repeat(3_000_000),
      list: Array.from({ length: 200_000 }, (_, index) => index),
      texts: Array.from({ length: 5000 }, () => 'y'.repeat(500)),
    }
    for (const plain of [true, false]) {
      const { text, steps } = inSlices(bytes, value, plain)
      expect(text).toBe(JSON.stringify(value))
      expect(steps).toBeGreaterThan(text.length / 70_000)
    }
  })

  test('what was written stays as it is while the memory grows', () => {
    bytes.reset()
    const start = bytes.position
    bytes.value('first')
    const end = bytes.position
    bytes.value('x'.repeat(1_000_000))
    expect(decoder.decode(bytes.between(start, end))).toBe('"first"')
    expect(bytes.between(end, bytes.position).length).toBe(1_000_002)
  })

  test('a key on Object.prototype is in no value', () => {
    let text: string
    Object.defineProperty(Object.prototype, 'polluted', { value: 1, enumerable: true, configurable: true, writable: true })
    try {
      text = atOnce(bytes, takeSnapshot({ own: { deep: [{}] } }).value)
    } finally {
      Reflect.deleteProperty(Object.prototype, 'polluted')
    }
    expect(text).toBe('{"own":{"deep":[{}]}}')
  })

  test('after a text of many megabytes, nothing but escapes, the next is written as ever', () => {
    const text = '\u0001"\n'.repeat(1_000_000)
    expect(atOnce(bytes, text)).toBe(JSON.stringify(text))
    expect(atOnce(bytes, { a: 'b' })).toBe('{"a":"b"}')
  })
})
