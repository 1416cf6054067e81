import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { attributeValueOf, decodeTraces, encodeTracesJson, isWireText, TraceWriter, wireValueOf } from '../../src/otlp/index.ts'
import { attributeValueSchema } from '../../src/schemas/public.ts'
import { resourceSpans, value } from './arbitraries.ts'
import { bareSpan, groupOf, settled, settledValue, writeTraces } from './helpers.ts'

const spanCount = (groups: readonly { scopeSpans: readonly { spans: readonly unknown[] }[] }[]): number =>
  groups.flatMap((group) => group.scopeSpans.flatMap((scope) => scope.spans)).length

describe('what is written is what is read', () => {
  it('protobuf', () => {
    fc.assert(
      fc.property(resourceSpans, (groups) => {
        const decoded = decodeTraces(writeTraces(groups), 'protobuf')
        expect(decoded.rejected).toEqual([])
        expect(decoded.accepted).toBe(spanCount(groups))
        expect(settled(decoded.resourceSpans)).toStrictEqual(groups)
      }),
      { numRuns: 300 },
    )
  })

  it('JSON', () => {
    fc.assert(
      fc.property(resourceSpans, (groups) => {
        const decoded = decodeTraces(Buffer.from(encodeTracesJson(groups)), 'json')
        expect(decoded.rejected).toEqual([])
        expect(settled(decoded.resourceSpans)).toStrictEqual(groups)
      }),
      { numRuns: 300 },
    )
  })

  it('protobuf read and written again as JSON', () => {
    fc.assert(
      fc.property(resourceSpans, (groups) => {
        const viaProtobuf = decodeTraces(writeTraces(groups), 'protobuf').resourceSpans
        expect(encodeTracesJson(viaProtobuf)).toBe(encodeTracesJson(groups))
      }),
      { numRuns: 100 },
    )
  })

  it('a body in the middle of a larger buffer', () => {
    const groups = groupOf([bareSpan({ attributes: [['long', 'x'.repeat(1000)]] })])
    const body = writeTraces(groups)
    const larger = new Uint8Array(body.length + 20).fill(0xff)
    larger.set(body, 7)
    expect(settled(decodeTraces(larger.subarray(7, 7 + body.length), 'protobuf').resourceSpans)).toStrictEqual(groups)
  })
})

describe('canonical attribute values', () => {
  it('hold any wire value without loss', () => {
    fc.assert(
      fc.property(value, (wire) => {
        const canonical = attributeValueOf(wire)
        expect(settledValue(wireValueOf(canonical))).toStrictEqual(settledValue(wire))
        // The tape holds them as JSON.
        const stored = attributeValueSchema.parse(JSON.parse(JSON.stringify(canonical)))
        expect(settledValue(wireValueOf(stored))).toStrictEqual(settledValue(wire))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    [{ int: 5n }, 5],
    [5, { double: 5 }],
    [1.5, 1.5],
    [-0, { double: '-0' }],
    [Number.NaN, { double: 'NaN' }],
    [-Infinity, { double: '-Infinity' }],
    [{ int: 2n ** 53n }, { int: '9007199254740992' }],
    [{ int: 2n ** 53n - 1n }, 9_007_199_254_740_991],
    [{ bytes: Uint8Array.of(255, 0) }, { bytes: '/wA=' }],
    [{ kvlist: [['__proto__', 'x']] as const }, { kvlist: [['__proto__', 'x']] }],
  ])('%o is %o', (wire, canonical) => {
    expect(attributeValueOf(wire)).toStrictEqual(canonical)
  })
})

describe('TraceWriter', () => {
  it('joins pieces of text and bytes without a change', () => {
    const pieces = [Buffer.from('[{"a":"é'), Buffer.alloc(0), Buffer.from(' \\" "}]')]
    const writer = new TraceWriter()
    writer.startResource({ attributes: [], droppedAttributes: 0 })
    writer.startScope({ name: 'reprise', version: '1', attributes: [], droppedAttributes: 0 })
    writer.addSpan({
      ...bareSpan(),
      attributes: [
        ['reprise.input', { textPieces: pieces }],
        ['reprise.output', { bytesPieces: pieces }],
        ['none', { textPieces: [] }],
      ],
    })
    const [group] = settled(decodeTraces(writer.finish(), 'protobuf').resourceSpans)
    expect(group?.scopeSpans[0]?.spans[0]?.attributes).toStrictEqual([
      ['reprise.input', '[{"a":"é \\" "}]'],
      ['reprise.output', { bytes: Uint8Array.from(Buffer.concat(pieces)) }],
      ['none', ''],
    ])
  })

  it('grows, and says how large it has become', () => {
    const writer = new TraceWriter()
    writer.startResource({ attributes: [], droppedAttributes: 0 })
    writer.startScope({ name: '', version: '', attributes: [], droppedAttributes: 0 })
    for (let count = 0; count < 40; count++) writer.addSpan(bareSpan({ attributes: [['text', 'y'.repeat(100_000)]] }))
    const { sizeBytes } = writer
    const body = writer.finish()
    expect(sizeBytes).toBeGreaterThan(4_000_000)
    expect(body.length).toBeLessThanOrEqual(sizeBytes)
    expect(body.length).toBeGreaterThan(sizeBytes - 16)
    expect(decodeTraces(body, 'protobuf').accepted).toBe(40)
  })

  it.each([
    ['a lone surrogate in a name', { name: 'bad \ud800' }, 'invalid_utf8'],
    ['a lone surrogate in a nested value', { attributes: [['k', { array: ['\udc00'] }]] }, 'invalid_utf8'],
    ['a lone surrogate in a key', { attributes: [['\ud800', 'v']] }, 'invalid_utf8'],
    ['a short trace id', { traceId: 'abcd' }, 'invalid_argument'],
    ['a span id that is not hex', { spanId: 'zzzzzzzzzzzzzzzz' }, 'invalid_argument'],
  ] as const)('refuses %s and stays as it was', (_, fields, code) => {
    const writer = new TraceWriter()
    writer.startResource({ attributes: [], droppedAttributes: 0 })
    writer.startScope({ name: 'reprise', version: '', attributes: [], droppedAttributes: 0 })
    writer.addSpan(bareSpan({ name: 'first' }))
    const before = writer.sizeBytes
    expect(() => writer.addSpan(bareSpan(fields))).toThrow(expect.objectContaining({ code }))
    expect(writer.sizeBytes).toBe(before)
    writer.addSpan(bareSpan({ name: 'second' }))
    const spans = decodeTraces(writer.finish(), 'protobuf').resourceSpans[0]?.scopeSpans[0]?.spans
    expect(spans?.map(({ name }) => name)).toEqual(['first', 'second'])
  })

  it('refuses spans in the wrong place', () => {
    const writer = new TraceWriter()
    expect(() => writer.startScope({ name: '', version: '', attributes: [], droppedAttributes: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
    writer.startResource({ attributes: [], droppedAttributes: 0 })
    expect(() => writer.addSpan(bareSpan())).toThrow(expect.objectContaining({ code: 'invalid_argument' }))
    writer.finish()
    expect(() => writer.startResource({ attributes: [], droppedAttributes: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  })
})

describe('long strings', () => {
  it('stay ranges of the body beyond 256 bytes', () => {
    const body = writeTraces(
      groupOf([
        bareSpan({
          attributes: [
            ['at', 'a'.repeat(256)],
            ['over', 'a'.repeat(257)],
          ],
        }),
      ]),
    )
    const attributes = decodeTraces(body, 'protobuf').resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes ?? []
    const [, at] = attributes[0] ?? []
    const [, over] = attributes[1] ?? []
    expect(at).toBe('a'.repeat(256))
    if (over === undefined || !isWireText(over)) throw new Error('expected a range')
    expect(over.utf8.buffer).toBe(body.buffer)
    expect(over.utf8.length).toBe(257)
  })
})
