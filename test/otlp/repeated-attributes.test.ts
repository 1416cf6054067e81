import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type DecodeLimits, decodeTraces, isWireText, type WireAttribute, type WireSpan, type WireValue } from '../../src/otlp/index.ts'
import { bareSpan, groupOf, settled, writeTraces } from './helpers.ts'

const names = fc.constantFrom('chat', 'tool', 'agent', '')
const values: fc.Arbitrary<WireValue> = fc.oneof(
  fc.constantFrom<WireValue>('gpt', 'gpt-4', 'é', '', 'x'.repeat(120), 0.5, -0, true, false, null, { int: 7n }, { int: -7n }),
  fc.nat(3).map((number) => ({ int: BigInt(number) })),
  fc.constantFrom<WireValue>({ bytes: new Uint8Array([1, 2]) }, { array: ['a', null] }, { kvlist: [['k', 'v']] }),
)
const attributes = fc.array(fc.tuple(fc.constantFrom('model', 'tokens', 'température', 'k'), values), { maxLength: 4 })
const spans = fc.array(
  fc.record({ name: names, attributes }).map((fields) => bareSpan(fields)),
  { minLength: 8, maxLength: 40 },
)

function decoded(list: readonly WireSpan[], limits?: Partial<DecodeLimits>) {
  const { resourceSpans, rejected } = decodeTraces(writeTraces(groupOf(list)), 'protobuf', limits)
  return { spans: resourceSpans[0]?.scopeSpans[0]?.spans ?? [], rejected }
}

it('reads spans whose attributes come again, and differ, as they were written', () => {
  fc.assert(
    fc.property(spans, (list) => {
      const groups = groupOf(list)
      expect(settled(decodeTraces(writeTraces(groups), 'protobuf').resourceSpans)).toStrictEqual(settled(groups))
    }),
    { numRuns: 300 },
  )
})

const alike = (name: string, list: readonly WireAttribute[]): WireSpan[] =>
  Array.from({ length: 4 }, () => bareSpan({ name, attributes: list }))

it('gives the attribute of an earlier span where the same stands at its place, and never a list or a range of the body', () => {
  const read = decoded(
    alike('same objects', [
      ['model', 'gpt'],
      ['tokens', { int: 7n }],
      ['list', { array: ['a'] }],
      ['bytes', { bytes: new Uint8Array([1]) }],
      ['long', 'x'.repeat(300)],
    ]),
  ).spans.map((span) => span.attributes)
  const [, , third = [], fourth = []] = read
  expect(third.map((attribute, place) => attribute === fourth[place])).toEqual([true, true, false, false, false])
})

it('holds what comes again to the limits of each body', () => {
  const list = alike('held to limits', [
    ['model', 'gpt'],
    ['tokens', { int: 7n }],
  ])
  expect(decoded(list).rejected).toEqual([])
  expect(decoded(list, { maxAttributes: 2, maxValues: 8 }).rejected).toEqual([])
  expect(decoded(list, { maxAttributes: 1 }).rejected).toHaveLength(4)
  expect(decoded(list, { maxValues: 7 }).rejected).toHaveLength(1)
  expect(decoded(list, { maxNameBytes: 5 }).rejected).toHaveLength(4)
  expect(decoded(list, { maxValueBytes: 2 }).rejected).toHaveLength(4)
  const [first] = decoded(list, { inlineBytes: 2 }).spans
  expect(isWireText(first?.attributes[0]?.[1] ?? null)).toBe(true)
})
