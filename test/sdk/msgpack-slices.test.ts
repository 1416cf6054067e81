import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeValue, MEDIA_TYPE, Opaque, Truncated } from '../../src/schemas/index.ts'
import { MsgpackSlices } from '../../src/sdk/export/msgpack-slices.ts'
import { takeSnapshot } from '../../src/sdk/snapshot/snapshot.ts'

function inSlices(value: unknown): { hex: string; steps: number } {
  const writing = new MsgpackSlices(value)
  let steps = 1
  while (writing.step()) steps++
  return { hex: Buffer.concat(writing.finish()).toString('hex'), steps }
}

/** What the codec gives in one go; the undefined beside the value has it choose MessagePack. */
function atOnce(value: unknown): string {
  const { mediaType, data } = encodeValue(value)
  expect(mediaType).toBe(MEDIA_TYPE.msgpack)
  return Buffer.from(data as Uint8Array).toString('hex')
}

const key = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('$reprise', '__proto__', '', '\ud800'))
const integer = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(...[5, 7, 8, 15, 16, 31, 32].flatMap((bits) => [-1, 0, 1].flatMap((by) => [2 ** bits + by, -(2 ** bits) + by]))),
)
const shortLeaf = fc.oneof(
  integer,
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.tuple(fc.constantFrom(0, 31, 32, 255, 256), fc.constantFrom('x', 'é', '\u{1f600}')).map(([length, unit]) => unit.repeat(length)),
  fc.constantFrom(null, undefined, '\ud800', Number.NaN, -0, /x/g, new URL('http://example.com/')),
  fc.date({ noInvalidDate: false }),
  fc.uint8Array({ maxLength: 300 }),
  fc.float32Array(),
  fc.uint8Array().map((bytes) => bytes.buffer),
  fc.constantFrom(new Opaque('function', 'f'), new Truncated('depth', 7), new Error('broken', { cause: new Map([[1, 2]]) })),
)
/** Large enough to be a piece of its own, or more; rare, as each takes long. */
const longLeaf = fc.oneof(
  fc
    .tuple(fc.constantFrom(16_385, 65_535, 65_536, 200_000), fc.constantFrom('x', 'é', '\u{1f600}'))
    .map(([length, unit]) => unit.repeat(length)),
  fc.constantFrom(new Uint8Array(70_000).fill(7)),
)
const leaf = fc.oneof({ weight: 30, arbitrary: shortLeaf }, { weight: 1, arbitrary: longLeaf })
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(key, tie('value'), { maxKeys: 20 }),
    fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 20 }).map((entries) => new Map(entries)),
    fc.array(tie('value'), { maxLength: 20 }).map((values) => new Set(values)),
  ),
}))

test('a snapshot in slices is, byte for byte, what the codec gives in one go', () => {
  fc.assert(
    fc.property(anyValue, (original) => {
      const { value } = takeSnapshot([original, undefined])
      expect(inSlices(value).hex).toBe(atOnce(value))
    }),
    { numRuns: 200 },
  )
})

test('a large value takes many steps, none of them long', () => {
  const rows = Array.from({ length: 60_000 }, (_, id) => ({ id, at: new Date(id), text: 'y'.repeat(20) }))
  const value = { rows, byId: new Map(rows.map((row) => [row.id, row])), ids: new Set(rows.map(({ id }) => id)) }
  const { hex, steps } = inSlices(value)
  expect(hex).toBe(atOnce(value))
  expect(steps).toBeGreaterThan(hex.length / 2 / 70_000)
})
