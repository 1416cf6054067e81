import { afterEach, describe, expect, it } from 'vitest'
import { decodeTraces, type RejectedSpan } from '../../src/otlp/index.ts'
import {
  attributeField,
  bytesField,
  concat,
  requestOf,
  SPAN_ID_HEX,
  spanField,
  TRACE_ID_HEX,
  tag,
  varint,
  varintField,
} from './raw-protobuf.ts'

const prototypeKeys = Object.getOwnPropertyNames(Object.prototype)
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
})

const good = spanField('good')

/** One bad span between two good ones. */
function rejection(bad: Uint8Array): RejectedSpan | undefined {
  const decoded = decodeTraces(requestOf(good, bad, good), 'protobuf')
  expect(decoded.accepted).toBe(2)
  expect(decoded.resourceSpans[0]?.scopeSpans[0]?.spans.map(({ name }) => name)).toEqual(['good', 'good'])
  expect(decoded.rejected).toHaveLength(1)
  return decoded.rejected[0]
}

function nested(depth: number): Uint8Array {
  let value: Uint8Array = bytesField(1, 'deep')
  for (let level = 0; level < depth; level++) value = bytesField(5, bytesField(1, value))
  return value
}

const badText = Uint8Array.of(0x61, 0xff, 0x62)

describe('one bad span loses nothing else', () => {
  it.each([
    ['no trace id', bytesField(2, bytesField(2, new Uint8Array(8).fill(1)), bytesField(5, 'bad')), /^traceId: 16 bytes, not all zero/],
    ['a zero trace id', bytesField(2, bytesField(1, new Uint8Array(16)), bytesField(5, 'bad')), /^traceId: 16 bytes, not all zero/],
    [
      'a short trace id',
      bytesField(2, bytesField(1, new Uint8Array(15).fill(1)), bytesField(5, 'bad')),
      /^traceId: 16 bytes expected, got 15/,
    ],
    [
      'a zero span id',
      bytesField(2, bytesField(1, new Uint8Array(16).fill(1)), bytesField(2, new Uint8Array(8)), bytesField(5, 'bad')),
      /^spanId: 8 bytes, not all zero/,
    ],
    ['a long span id', spanField('bad', bytesField(2, new Uint8Array(9).fill(1))), /^spanId: 8 bytes expected, got 9/],
    ['a short parent id', spanField('bad', bytesField(4, new Uint8Array(7).fill(1))), /^parentSpanId: 8 bytes expected/],
    [
      'a link id of the wrong length',
      spanField('bad', bytesField(13, bytesField(1, new Uint8Array(3).fill(1)))),
      /^links: 16 bytes expected/,
    ],
    [
      'bad UTF-8 in its attribute',
      spanField('bad', attributeField(9, 'k', bytesField(1, badText))),
      /^attributes: a string is not valid UTF-8 \(byte \d+\)/,
    ],
    ['bad UTF-8 in a key', spanField('bad', bytesField(9, bytesField(1, badText))), /^attributes: a string is not valid UTF-8/],
    ['bad UTF-8 in an event name', spanField('bad', bytesField(11, bytesField(2, badText))), /^events: a string is not valid UTF-8/],
    ['bad UTF-8 in its status', spanField('bad', bytesField(15, bytesField(2, badText))), /^status: a string is not valid UTF-8/],
    ['a surrogate as UTF-8', spanField('bad', bytesField(3, Uint8Array.of(0xed, 0xa0, 0x80))), /^traceState: a string is not valid UTF-8/],
    ['an overlong form', spanField('bad', bytesField(3, Uint8Array.of(0xc0, 0x80))), /^traceState: a string is not valid UTF-8/],
    [
      'bad UTF-8 far into a long value',
      spanField('bad', attributeField(9, 'k', bytesField(1, 'x'.repeat(5000), badText))),
      /^attributes: a string is not valid UTF-8/,
    ],
    [
      'an attribute that ends inside its key',
      spanField('bad', concat(tag(9, 2), varint(2), Uint8Array.of(0x0a, 0x05))),
      /^attributes: a field of 5 bytes runs past/,
    ],
    [
      'a number that does not end',
      spanField('bad', concat(tag(6, 0), new Uint8Array(11).fill(0xff))),
      /^kind: a number is longer than 10 bytes/,
    ],
    [
      'a time of four bytes',
      spanField('bad', concat(tag(7, 1), Uint8Array.of(1, 2, 3, 4))),
      /^startTimeUnixNano: 8 bytes expected, 4 left/,
    ],
    ['field number 0', spanField('bad', Uint8Array.of(0x02, 0x00)), /a field number out of range/],
    ['wire type 6', spanField('bad', Uint8Array.of(0x4e)), /wire type 6 does not exist/],
    ['a group end without a beginning', spanField('bad', tag(20, 4)), /a group ends that was not begun/],
    ['a group that never ends', spanField('bad', tag(20, 3), varintField(1, 1)), /a number is cut off/],
    ['a value nested too deep', spanField('bad', attributeField(9, 'k', nested(65))), /^attributes: a value nested deeper than 64/],
  ])('%s', (_, bad, reason) => {
    const rejected = rejection(bad)
    expect(rejected).toMatchObject({ index: 1, spanName: 'bad' })
    expect(rejected?.reason).toMatch(reason)
  })

  it('names the span id where it can be read', () => {
    expect(rejection(spanField('bad', bytesField(4, Uint8Array.of(1))))).toMatchObject({ spanId: SPAN_ID_HEX, spanName: 'bad' })
    const unnamed = rejection(bytesField(2, bytesField(5, badText)))
    expect(unnamed).not.toHaveProperty('spanName')
    expect(unnamed).not.toHaveProperty('spanId')
  })

  it('finds the invalid byte itself', () => {
    const body = requestOf(spanField('bad', attributeField(9, 'k', bytesField(1, 'é'.repeat(300), badText))))
    const reason = decodeTraces(body, 'protobuf').rejected[0]?.reason ?? ''
    const offset = Number(/\(byte (\d+)\)/.exec(reason)?.[1])
    expect(body[offset]).toBe(0xff)
  })

  it('counts spans over the whole request', () => {
    const body = concat(requestOf(good, good), requestOf(bytesField(2, bytesField(5, 'lost')), good))
    expect(decodeTraces(body, 'protobuf')).toMatchObject({ accepted: 3, rejected: [{ index: 2, spanName: 'lost' }] })
  })

  it('rejects the spans under a resource that cannot be read, and no others', () => {
    const badResource = bytesField(1, bytesField(1, attributeField(1, 'service.name', bytesField(1, badText))), bytesField(2, good, good))
    const decoded = decodeTraces(concat(badResource, requestOf(good)), 'protobuf')
    expect(decoded.accepted).toBe(1)
    expect(decoded.rejected).toMatchObject([
      { index: 0, spanName: 'good', spanId: SPAN_ID_HEX, reason: expect.stringMatching(/^resource: a string is not valid UTF-8/) },
      { index: 1 },
    ])
  })

  it('rejects the spans under a scope that cannot be read, also when it comes behind them', () => {
    const decoded = decodeTraces(concat(requestOf(good, bytesField(1, bytesField(1, badText))), requestOf(good)), 'protobuf')
    expect(decoded.accepted).toBe(1)
    expect(decoded.rejected).toMatchObject([{ index: 0, reason: expect.stringMatching(/^scope: a string is not valid UTF-8/) }])
  })
})

describe('what is not an error', () => {
  const one = (...fields: readonly Uint8Array[]) => {
    const decoded = decodeTraces(requestOf(spanField('ok', ...fields)), 'protobuf')
    expect(decoded.rejected).toEqual([])
    return decoded.resourceSpans[0]?.scopeSpans[0]?.spans[0]
  }

  it('an empty body', () => {
    expect(decodeTraces(new Uint8Array(0), 'protobuf')).toEqual({ resourceSpans: [], accepted: 0, rejected: [] })
  })

  it('unknown fields of every wire type, groups inside groups', () => {
    const group = concat(tag(30, 3), tag(31, 3), varintField(1, 7), tag(31, 4), bytesField(2, 'x'), tag(30, 4))
    const span = one(
      varintField(100, 2n ** 64n - 1n),
      concat(tag(101, 1), new Uint8Array(8)),
      bytesField(102, 'unknown'),
      group,
      concat(tag(103, 5), new Uint8Array(4)),
    )
    expect(span).toMatchObject({ name: 'ok', traceId: TRACE_ID_HEX, attributes: [] })
  })

  it('a known field with a wire type that is not its own', () => {
    expect(one(varintField(9, 1), varintField(3, 5), concat(tag(6, 5), new Uint8Array(4)))).toMatchObject({
      attributes: [],
      traceState: '',
      kind: 0,
    })
  })

  it('a parent of zero bytes or of zeros: no parent', () => {
    expect(one(bytesField(4))?.parentSpanId).toBe('')
    expect(one(bytesField(4, new Uint8Array(8)))?.parentSpanId).toBe('')
  })

  it('a link without ids, which OpenTelemetry allows when it has attributes', () => {
    expect(one(bytesField(13, attributeField(4, 'k', varintField(2, 1))))?.links).toMatchObject([
      { traceId: '0'.repeat(32), spanId: '0'.repeat(16), attributes: [['k', true]] },
    ])
  })

  it('numbers written longer than they need, and beyond 32 bits', () => {
    expect(one(concat(tag(6, 0), Uint8Array.of(0x83, 0x80, 0x00)))?.kind).toBe(3)
    expect(one(varintField(10, 2n ** 32n + 5n))?.droppedAttributes).toBe(5)
    expect(one(varintField(10, 2n ** 64n - 1n))?.droppedAttributes).toBe(0xffff_ffff)
  })

  it('an attribute without a value, a value with nothing set, a value set twice', () => {
    const twice = concat(bytesField(1, 'first'), varintField(3, 2n ** 64n - 1n))
    expect(
      one(bytesField(9, bytesField(1, 'none')), attributeField(9, 'empty', new Uint8Array(0)), attributeField(9, 'twice', twice))
        ?.attributes,
    ).toEqual([
      ['none', null],
      ['empty', null],
      ['twice', { int: -1n }],
    ])
  })

  it('keys that mean something to JavaScript', () => {
    const attributes = one(
      attributeField(9, '__proto__', bytesField(1, 'x')),
      attributeField(9, 'constructor.prototype', bytesField(1, 'y')),
      attributeField(9, '', bytesField(1, '')),
    )?.attributes
    expect(attributes).toEqual([
      ['__proto__', 'x'],
      ['constructor.prototype', 'y'],
      ['', ''],
    ])
  })

  it('a value 64 levels deep', () => {
    expect(one(attributeField(9, 'k', nested(64)))?.attributes).toHaveLength(1)
  })
})

describe('a body that is not one', () => {
  it.each([
    ['text', Buffer.from('this is not protobuf')],
    ['a length beyond its end', Uint8Array.of(0x0a, 0x7f, 0x00)],
    ['a length that does not end', Uint8Array.of(0x0a, 0xff)],
    ['a broken ScopeSpans', bytesField(1, Uint8Array.of(0x12, 0x05, 0x12))],
    ['a broken group', Uint8Array.of(0x0b, 0x0b)],
    ['groups without end', new Uint8Array(1000).fill(0x0b)],
  ])('%s', (_, body) => {
    expect(() => decodeTraces(body, 'protobuf')).toThrow(
      expect.objectContaining({
        code: 'malformed_body',
        message: expect.stringMatching(/^not an OTLP protobuf body: .+ \(byte \d+\)$/),
        details: { offset: expect.any(Number) },
      }),
    )
  })

  it('a good body cut at any byte: refused whole, or read up to the last whole field', () => {
    const body = concat(requestOf(good, spanField('second')), requestOf(good))
    const first = requestOf(good, spanField('second')).length
    for (let size = 0; size < body.length; size++) {
      const cut = body.subarray(0, size)
      if (size === 0 || size === first) expect(decodeTraces(cut, 'protobuf').rejected).toEqual([])
      else expect(() => decodeTraces(cut, 'protobuf'), `cut at ${size}`).toThrow(expect.objectContaining({ code: 'malformed_body' }))
    }
  })
})
