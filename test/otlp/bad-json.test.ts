import { afterEach, describe, expect, it } from 'vitest'
import { decodeTraces, type RejectedSpan, type WireSpan, type WireValue } from '../../src/otlp/index.ts'

const prototypeKeys = Object.getOwnPropertyNames(Object.prototype)
afterEach(() => {
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(prototypeKeys)
})

const IDS = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const good = { ...IDS, name: 'good' }

const bodyOf = (spans: unknown): Buffer => Buffer.from(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }))
const decode = (text: string | Buffer) => decodeTraces(Buffer.from(text), 'json')

function rejection(bad: unknown): RejectedSpan | undefined {
  const decoded = decode(bodyOf([good, bad, good]))
  expect(decoded.accepted).toBe(2)
  expect(decoded.resourceSpans[0]?.scopeSpans[0]?.spans.map(({ name }) => name)).toEqual(['good', 'good'])
  expect(decoded.rejected).toHaveLength(1)
  return decoded.rejected[0]
}

function accepted(fields: object): WireSpan {
  const decoded = decode(bodyOf([{ ...good, ...fields }]))
  expect(decoded.rejected).toEqual([])
  const span = decoded.resourceSpans[0]?.scopeSpans[0]?.spans[0]
  if (span === undefined) throw new Error('no span')
  return span
}

/** The value of one attribute given as JSON text. */
function decodedValue(json: string): WireValue | undefined {
  const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${IDS.traceId}","spanId":"${IDS.spanId}","attributes":[{"key":"k","value":${json}}]}]}]}]}`
  const decoded = decode(body)
  if (decoded.rejected.length > 0) throw new Error(decoded.rejected[0]?.reason)
  return decoded.resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes[0]?.[1]
}

const attribute = (value: unknown): object => ({
  ...good,
  name: 'bad',
  attributes: [
    { key: 'first', value: { boolValue: true } },
    { key: 'k', value },
  ],
})

describe('one bad span loses nothing else', () => {
  it.each([
    ['no trace id', { spanId: IDS.spanId, name: 'bad' }, 'traceId: 32 hex digits, not all zero, expected'],
    ['a zero span id', { ...IDS, spanId: '0'.repeat(16), name: 'bad' }, 'spanId: 16 hex digits, not all zero, expected'],
    ['a short trace id', { ...IDS, traceId: 'abc', name: 'bad' }, 'traceId: 32 hex digits expected'],
    ['an id that is no hex', { ...IDS, traceId: 'z'.repeat(32), name: 'bad' }, 'traceId: 32 hex digits expected'],
    ['an id that is a number', { ...IDS, spanId: 7, name: 'bad' }, 'spanId: 16 hex digits expected'],
    ['a kind that is no number', { ...IDS, kind: 'CLIENT', name: 'bad' }, 'kind: an enum number expected, got a string'],
    [
      'a time with a fraction',
      { ...IDS, startTimeUnixNano: 1.5, name: 'bad' },
      'startTimeUnixNano: an unsigned 64-bit integer as decimal string expected, got a number',
    ],
    [
      'a time below zero',
      { ...IDS, endTimeUnixNano: '-1', name: 'bad' },
      'endTimeUnixNano: an unsigned 64-bit integer as decimal string expected, got a string',
    ],
    [
      'a time beyond 64 bits',
      { ...IDS, endTimeUnixNano: '18446744073709551616', name: 'bad' },
      'endTimeUnixNano: an unsigned 64-bit integer',
    ],
    ['attributes as an object', { ...IDS, attributes: { k: 'v' }, name: 'bad' }, 'attributes: an array expected, got an object'],
    [
      'an attribute that is a string',
      { ...IDS, attributes: ['k'], name: 'bad' },
      'attributes[0].attribute: an object expected, got a string',
    ],
    ['a key that is a number', { ...IDS, attributes: [{ key: 5 }], name: 'bad' }, 'attributes[0].key: a string expected, got a number'],
    ['a bare value', attribute('plain'), 'attributes[1].value: an object expected, got a string'],
    ['a string value that is none', attribute({ stringValue: 5 }), 'attributes[1].stringValue: a string expected, got a number'],
    ['a boolean value that is none', attribute({ boolValue: 'true' }), 'attributes[1].boolValue: true or false expected, got a string'],
    ['an int with a fraction', attribute({ intValue: '1.5' }), 'attributes[1].intValue: a 64-bit integer as decimal string expected'],
    [
      'an int beyond 64 bits',
      attribute({ intValue: '9223372036854775808' }),
      'attributes[1].intValue: a 64-bit integer as decimal string expected',
    ],
    ['a double that is a word', attribute({ doubleValue: 'much' }), 'attributes[1].doubleValue: a number expected, got a string'],
    ['bytes that are no base64', attribute({ bytesValue: '*secret*' }), 'attributes[1].bytesValue: base64 text expected'],
    ['an array value that is an array', attribute({ arrayValue: [] }), 'attributes[1].arrayValue: an object expected, got an array'],
    [
      'a bad element',
      attribute({ arrayValue: { values: [{}, { intValue: [] }] } }),
      'attributes[1].arrayValue.values[1].intValue: a 64-bit integer',
    ],
    ['a lone surrogate', { ...IDS, name: 'bad', traceState: 'x\ud800' }, 'traceState: a lone surrogate, which is not Unicode text'],
    ['a lone surrogate in a value', attribute({ stringValue: '\udfff' }), 'attributes[1].stringValue: a lone surrogate'],
    ['events that are a number', { ...IDS, events: 1, name: 'bad' }, 'events: an array expected, got a number'],
    ['a link id of the wrong length', { ...IDS, links: [{ traceId: 'ab' }], name: 'bad' }, 'links[0].traceId: 32 hex digits expected'],
    ['a status that is a number', { ...IDS, status: 2, name: 'bad' }, 'status: an object expected, got a number'],
    ['a negative count', { ...IDS, droppedLinksCount: -1, name: 'bad' }, 'droppedLinksCount: an unsigned 32-bit integer expected'],
  ])('%s', (_, bad, reason) => {
    const rejected = rejection(bad)
    expect(rejected).toMatchObject({ index: 1, spanName: 'bad' })
    expect(rejected?.reason).toContain(reason)
    expect(rejected?.reason).not.toContain('secret')
  })

  it('something that is no span at all', () => {
    for (const bad of [null, 5, 'span', []])
      expect(rejection(bad)).toMatchObject({ index: 1, reason: expect.stringContaining('span: an object expected') })
  })

  it('a value nested too deep, by one level', () => {
    const nested = (levels: number): unknown =>
      levels === 0 ? { stringValue: 'x' } : { kvlistValue: { values: [{ key: 'k', value: nested(levels - 1) }] } }
    expect(accepted({ attributes: [{ key: 'k', value: nested(64) }] }).attributes).toHaveLength(1)
    expect(rejection({ ...good, attributes: [{ key: 'k', value: nested(65) }] })?.reason).toContain('a value nested deeper than 64')
  })

  it('the spans of a resource or scope that cannot be read', () => {
    const groups = [
      { resource: { attributes: 5 }, scopeSpans: [{ spans: [good] }] },
      { scopeSpans: [{ scope: 'name', spans: [good] }, { spans: [good] }] },
    ]
    const decoded = decode(JSON.stringify({ resourceSpans: groups }))
    expect(decoded.accepted).toBe(1)
    expect(decoded.rejected).toMatchObject([
      { index: 0, spanId: IDS.spanId, reason: 'resource.attributes: an array expected, got a number' },
      { index: 1, reason: 'scope.scope: an object expected, got a string' },
    ])
  })
})

describe('what senders really send', () => {
  it('ids as hex in any case, or as base64', () => {
    const traceId = IDS.traceId
    expect(accepted({ traceId: traceId.toUpperCase() }).traceId).toBe(traceId)
    expect(accepted({ traceId: Buffer.from(traceId, 'hex').toString('base64') }).traceId).toBe(traceId)
    expect(accepted({ spanId: Buffer.from(IDS.spanId, 'hex').toString('base64url') }).spanId).toBe(IDS.spanId)
    expect(accepted({ parentSpanId: '' }).parentSpanId).toBe('')
    expect(accepted({ parentSpanId: '0000000000000000' }).parentSpanId).toBe('')
  })

  it('64-bit integers as string, number or low and high', () => {
    const nanos = 1_763_720_000_123_456_789n
    expect(accepted({ startTimeUnixNano: String(nanos) }).startNanos).toBe(nanos)
    const high = Number(nanos >> 32n)
    expect(accepted({ startTimeUnixNano: { low: Number(BigInt.asIntN(32, nanos)), high } }).startNanos).toBe(nanos)
    // A number too long for a double is not rounded.
    const body = bodyOf([{ ...good, startTimeUnixNano: '@' }])
      .toString()
      .replace('"@"', String(nanos))
    expect(decode(body).resourceSpans[0]?.scopeSpans[0]?.spans[0]?.startNanos).toBe(nanos)
    expect(decodedValue('{"intValue":{"low":-1,"high":-1}}')).toEqual({ int: -1n })
    expect(decodedValue('{"intValue":-9223372036854775808}')).toEqual({ int: -(2n ** 63n) })
    expect(decodedValue('{"intValue":7}')).toEqual({ int: 7n })
    // What JavaScript senders make of an integral double.
    expect(decodedValue('{"intValue":1e+300}')).toBe(1e300)
    expect(decodedValue('{"intValue":9223372036854775808}')).toBe(2 ** 63)
    expect(decodedValue('{"doubleValue":123456789012345678901234567890}')).toBe(1.2345678901234568e29)
  })

  it('enums by number or by name', () => {
    expect(accepted({ kind: 'SPAN_KIND_CLIENT', status: { code: 'STATUS_CODE_ERROR', message: 'no' } })).toMatchObject({
      kind: 3,
      status: { code: 2, message: 'no' },
    })
    expect(accepted({ kind: 3, status: { code: 2 } })).toMatchObject({ kind: 3, status: { code: 2 } })
  })

  it('doubles as numbers or words', () => {
    expect(decodedValue('{"doubleValue":0.5}')).toBe(0.5)
    expect(decodedValue('{"doubleValue":-0}')).toBe(-0)
    expect(decodedValue('{"doubleValue":"NaN"}')).toBeNaN()
    expect(decodedValue('{"doubleValue":"-Infinity"}')).toBe(-Infinity)
    expect(decodedValue('{"doubleValue":"2.5"}')).toBe(2.5)
  })

  it('bytes in either alphabet, with or without padding', () => {
    for (const text of ['+/8=', '-_8', '+/8'])
      expect(decodedValue(`{"bytesValue":"${text}"}`)).toEqual({ bytes: Uint8Array.of(0xfb, 0xff) })
  })

  it('unknown fields, null fields, empty values', () => {
    expect(accepted({ future: { deep: [[1]] }, attributes: null, events: null, kind: null, name: null }).attributes).toEqual([])
    for (const json of ['{}', 'null', '{"stringValue":null}', '{"newValue":1}']) expect(decodedValue(json)).toBeNull()
  })

  it('keys that mean something to JavaScript, as plain data', () => {
    expect(decodedValue('{"kvlistValue":{"values":[{"key":"__proto__","value":{"stringValue":"x"}}]}}')).toEqual({
      kvlist: [['__proto__', 'x']],
    })
    const body = bodyOf([good])
      .toString()
      .replace('"name":"good"', '"__proto__":{"name":"polluted","polluted":1},"constructor":{"prototype":{"polluted":1}},"name":"good"')
    const span = decode(body).resourceSpans[0]?.scopeSpans[0]?.spans[0]
    expect(span?.name).toBe('good')
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  it('a byte order mark, an empty object', () => {
    expect(decode('\uFEFF{}')).toEqual({ resourceSpans: [], accepted: 0, rejected: [] })
  })
})

describe('a body that is not one', () => {
  it.each([
    ['nothing', '', 'ends at position 0'],
    ['text', 'hello', 'no JSON at position 0'],
    ['half a body', '{"resourceSpans":[', 'ends at position 18'],
    ['a trailing comma', '{"resourceSpans":[],}', 'no JSON at position 20'],
    ['a missing colon', '{"resourceSpans" []}', 'no JSON at position 17'],
    ['two bodies', '{}{}', 'no JSON at position 2'],
    ['a control character in a string', '{"a":"\n"}', 'no JSON at position 6'],
    ['a bad escape', '{"a":"\\x"}', 'no JSON at position 6'],
    ['a leading zero', '{"a":01}', 'no JSON at position 6'],
    ['a wrong bracket', '{"a":[1}', 'no JSON at position 7'],
    ['a string that does not end', '{"a":"secret', 'ends at position 12'],
    ['an array', '[]', 'body: an object expected, got an array'],
    ['logs', '{"resourceLogs":[{"scopeLogs":[]}]}', 'resourceSpans: expected, got resourceLogs'],
    ['metrics beside spans', '{"resourceSpans":[],"resource_metrics":[{}]}', 'resourceSpans: expected, got resourceMetrics'],
    ['a resourceSpans that is an object', '{"resourceSpans":{}}', 'resourceSpans: an array expected, got an object'],
    [
      'a spans that is a string',
      '{"resourceSpans":[{"scopeSpans":[{"spans":"secret"}]}]}',
      'resourceSpans[0].scopeSpans[0].spans: an array expected, got a string',
    ],
    ['a group that is a number', '{"resourceSpans":[{},7]}', 'resourceSpans[1].an object expected, got a number'],
  ])('%s', (_, body, message) => {
    expect(() => decode(body)).toThrow(expect.objectContaining({ code: 'malformed_body', message: expect.stringContaining(message) }))
    expect(() => decode(body)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('secret') }))
  })

  it('invalid UTF-8, with its byte', () => {
    const body = Buffer.concat([Buffer.from('{"é":"'), Buffer.of(0xff), Buffer.from('"}')])
    expect(() => decode(body)).toThrow(
      expect.objectContaining({ code: 'malformed_body', message: expect.stringContaining('not valid UTF-8 at byte 7') }),
    )
  })
})
