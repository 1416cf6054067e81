import { describe, expect, it } from 'vitest'
import { type DecodeLimits, decodeTraces, encodeTracesJson, type OtlpEncoding, type WireResourceSpans } from '../../src/otlp/index.ts'
import { bareSpan, groupOf, writeTraces } from './helpers.ts'
import { attributeField, concat, requestOf, spanField, varint } from './raw-protobuf.ts'

const encode = (encoding: OtlpEncoding, groups: WireResourceSpans[]): Uint8Array =>
  encoding === 'json' ? Buffer.from(encodeTracesJson(groups)) : writeTraces(groups)

const attributes = (count: number) => Array.from({ length: count }, (_, index) => [`k${index}`, true] as const)

describe.each(['protobuf', 'json'] as const)('%s', (encoding) => {
  const reasonFor = (span: Parameters<typeof bareSpan>[0], limits: Partial<DecodeLimits>): string | undefined => {
    const decoded = decodeTraces(encode(encoding, groupOf([bareSpan(span), bareSpan()])), encoding, limits)
    expect(decoded.accepted + decoded.rejected.length).toBe(2)
    return decoded.rejected[0]?.reason
  }

  // Each at its bound, and with one more.
  it.each([
    ['attributes', { maxAttributes: 3 }, (more: number) => ({ attributes: attributes(3 + more) })],
    ['kvlist entries', { maxAttributes: 3 }, (more: number) => ({ attributes: [['k', { kvlist: attributes(3 + more) }]] as const })],
    [
      'events',
      { maxEvents: 2 },
      (more: number) => ({
        events: Array.from({ length: 2 + more }, () => ({ name: 'e', timeNanos: 1n, attributes: [], droppedAttributes: 0 })),
      }),
    ],
    ['links', { maxLinks: 1 }, (more: number) => ({ links: Array.from({ length: 1 + more }, () => ({ ...bareSpan(), flags: 0 })) })],
    ['bytes of a key', { maxNameBytes: 10 }, (more: number) => ({ attributes: [['é'.repeat(5) + 'x'.repeat(more), true]] as const })],
    ['bytes of a name', { maxNameBytes: 10 }, (more: number) => ({ name: 'x'.repeat(10 + more) })],
    ['bytes of a value', { maxValueBytes: 300 }, (more: number) => ({ attributes: [['k', 'é'.repeat(150) + 'x'.repeat(more)]] as const })],
    [
      'bytes of a bytes value',
      { maxValueBytes: 300 },
      (more: number) => ({ attributes: [['k', { bytes: new Uint8Array(300 + more) }]] as const }),
    ],
    ['bytes of a status', { maxValueBytes: 300 }, (more: number) => ({ status: { code: 2, message: 'x'.repeat(300 + more) } })],
    ['depth', { maxDepth: 1 }, (more: number) => ({ attributes: [['k', { array: more === 0 ? [] : [{ array: [] }] }]] as const })],
    [
      'values of the body',
      { maxValues: 4 },
      (more: number) => ({ attributes: [['k', { array: [...attributes(3 + more)].map(() => null) }]] as const }),
    ],
  ])('%s', (_, limits, spanWith) => {
    expect(reasonFor(spanWith(0), limits)).toBeUndefined()
    expect(reasonFor(spanWith(1), limits)).toMatch(/more than|over the bound of|nested deeper than/)
  })

  it('spans of a body', () => {
    const body = (count: number): Uint8Array =>
      encode(encoding, [...groupOf(Array.from({ length: count - 1 }, () => bareSpan())), ...groupOf([bareSpan()])])
    // Four groups are in it: two resources, two scopes, and in protobuf the messages that describe them.
    expect(decodeTraces(body(10), encoding, { maxSpans: 10 }).accepted).toBe(10)
    expect(() => decodeTraces(body(11), encoding, { maxSpans: 10 })).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  })

  it('bad spans of a body', () => {
    const spans = (count: number): WireResourceSpans[] =>
      groupOf([bareSpan(), ...Array.from({ length: count }, () => bareSpan({ name: 'x'.repeat(11) }))])
    expect(decodeTraces(encode(encoding, spans(5)), encoding, { maxRejected: 5, maxNameBytes: 10 })).toMatchObject({
      accepted: 1,
      rejected: { length: 5 },
    })
    expect(() => decodeTraces(encode(encoding, spans(6)), encoding, { maxRejected: 5, maxNameBytes: 10 })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    )
  })

  it('empty groups of a body', () => {
    const groups = Array.from({ length: 1000 }, () => ({
      resource: { attributes: [], droppedAttributes: 0 },
      schemaUrl: '',
      scopeSpans: [],
    }))
    expect(() => decodeTraces(encode(encoding, groups), encoding, { maxSpans: 900 })).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    )
  })
})

it('JSON is looked over before it is parsed', () => {
  const deep = Buffer.from('['.repeat(2_000_000))
  expect(() => decodeTraces(deep, 'json')).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  const wide = Buffer.from(`[${'[],'.repeat(100_000)}[]]`)
  expect(() => decodeTraces(wide, 'json', { maxValues: 1000, maxSpans: 10 })).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  // Brackets inside strings are text.
  expect(decodeTraces(Buffer.from(JSON.stringify({ text: '[{"\\'.repeat(5000) })), 'json').accepted).toBe(0)
})

it('protobuf nested 20,000 deep stops at the bound', () => {
  // AnyValue, ArrayValue, AnyValue … from the inside out: each level is a tag and the length of what is inside.
  const levels: Uint8Array[] = []
  let size = 0
  for (let level = 0; level < 20_000; level++) {
    const header = concat([level % 2 === 0 ? 0x0a : 0x2a], varint(size))
    levels.unshift(header)
    size += header.length
  }
  const decoded = decodeTraces(requestOf(spanField('deep', attributeField(9, 'k', concat(...levels))), spanField('good')), 'protobuf')
  expect(decoded).toMatchObject({
    accepted: 1,
    rejected: [{ index: 0, spanName: 'deep', reason: expect.stringContaining('nested deeper than 64') }],
  })
})
