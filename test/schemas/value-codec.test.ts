import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  canonicalValue,
  decodeValue,
  encodeValue,
  jsonTreeOf,
  MEDIA_TYPE,
  needsMsgpack,
  Opaque,
  RepriseError,
  Truncated,
  VALUE_MAX_DEPTH,
} from '../../src/schemas/index.ts'
import { anyValue } from './any-value.ts'
import { readMsgpack } from './read-msgpack.ts'

function jsonOf(value: unknown): unknown {
  const { mediaType, data } = encodeValue(value)
  expect(mediaType).toBe(MEDIA_TYPE.json)
  return data
}

function roundTrip(value: unknown): unknown {
  const { mediaType, data } = encodeValue(value)
  return decodeValue(mediaType, data)
}

describe('round trip', () => {
  test('any value comes back as it was, types included', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const back = roundTrip(value)
        if (!isDeepStrictEqual(back, value)) expect(back).toStrictEqual(value)
        expect(isDeepStrictEqual(back, value)).toBe(true)
        expect(canonicalValue(back)).toBe(canonicalValue(value))
      }),
      { numRuns: 1500 },
    )
  })

  test('the same value gives the same bytes, and so does what came back', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const first = encodeValue(value)
        expect(encodeValue(value)).toEqual(first)
        expect(encodeValue(decodeValue(first.mediaType, first.data))).toEqual(first)
      }),
      { numRuns: 500 },
    )
  })

  test('encoding changes nothing in the value', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const before = canonicalValue(value)
        const deepFrozen = JSON.stringify(jsonTreeOf(value).tree)
        encodeValue(value)
        expect(canonicalValue(value)).toBe(before)
        expect(JSON.stringify(jsonTreeOf(value).tree)).toBe(deepFrozen)
      }),
    )
  })

  test('MessagePack bytes are plain for any reader: no extension types, text that is UTF-8', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const { mediaType, data } = encodeValue([undefined, value])
        expect(mediaType).toBe(MEDIA_TYPE.msgpack)
        const read = readMsgpack(data as Uint8Array)
        expect((read as unknown[])[0]).toEqual(new Map([['$reprise', 'undefined']]))
      }),
      { numRuns: 500 },
    )
  })

  test('what came back owns its memory', () => {
    const { mediaType, data } = encodeValue({ bytes: new Uint8Array([1, 2, 3]) })
    const back = decodeValue(mediaType, data) as { bytes: Uint8Array }
    ;(data as Uint8Array).fill(0)
    expect(back.bytes).toEqual(new Uint8Array([1, 2, 3]))
    expect(back.bytes.buffer.byteLength).toBe(3)
    expect(Object.keys(data).length).toBe((data as Uint8Array).length)
  })

  test('bytes handed out are not overwritten by the next encoding', () => {
    const first = encodeValue([1n]).data as Uint8Array
    const copy = first.slice()
    for (let index = 0; index < 100; index += 1) encodeValue([BigInt(index), 'x'.repeat(index)])
    expect(first).toEqual(copy)
    expect(first.buffer.byteLength).toBe(first.length)
  })
})

describe('JSON where it holds the value', () => {
  test('text is that of JSON.stringify, in the order of the keys', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        fc.pre(!JSON.stringify(value).includes('-0') && !JSON.stringify(value).includes('$reprise') && !needsMsgpack(value))
        expect(encodeValue(value)).toEqual({ mediaType: 'application/json', data: JSON.stringify(value) })
      }),
    )
    expect(jsonOf({ b: 1, a: 2 })).toBe('{"b":1,"a":2}')
  })

  test('parts that need no tag are shared with the value, not copied', () => {
    const messages = [{ role: 'user', content: 'hi' }]
    const { tree } = jsonTreeOf({ messages, stop: new Opaque('AbortSignal') })
    expect((tree as { messages: unknown }).messages).toBe(messages)
  })

  test.each<[string, unknown, string]>([
    ['an Opaque', [new Opaque('function', 'fetch')], '[{"$reprise":"opaque","type":"function","name":"fetch"}]'],
    ['an Opaque without a name', new Opaque('AbortSignal'), '{"$reprise":"opaque","type":"AbortSignal"}'],
    ['a Truncated', { a: new Truncated('bytes', 5000) }, '{"a":{"$reprise":"truncated","reason":"bytes","originalSize":5000}}'],
    ['a Truncated without a size', new Truncated('cycle'), '{"$reprise":"truncated","reason":"cycle"}'],
    ['a function', { run() {} }, '{"run":{"$reprise":"opaque","type":"function","name":"run"}}'],
    ['a symbol', [Symbol('s')], '[{"$reprise":"opaque","type":"symbol","name":"s"}]'],
    ['a RegExp', /a"b/g, '{"$reprise":"regexp","source":"a\\"b","flags":"g"}'],
    ['a URL', new URL('http://h/p?q'), '{"$reprise":"url","href":"http://h/p?q"}'],
    ['a promise', Promise.resolve(1), '{"$reprise":"opaque","type":"Promise"}'],
    ["a user's own $reprise key", { $reprise: 'opaque', type: 'x' }, '{"$reprise":"object","value":{"$reprise":"opaque","type":"x"}}'],
    [
      'an escape inside an escape',
      { $reprise: { $reprise: 1 } },
      '{"$reprise":"object","value":{"$reprise":{"$reprise":"object","value":{"$reprise":1}}}}',
    ],
    ['a lone surrogate', ['\ud800'], '["\\ud800"]'],
  ])('%s', (_name, value, expected) => {
    expect(jsonOf(value)).toBe(expected)
    expect(needsMsgpack(value)).toBe(false)
  })

  test('a class instance becomes its own fields, and toJSON is not called', () => {
    class Money {
      amount = 5
      get double(): number {
        return 10
      }
      toJSON(): string {
        return 'five'
      }
    }
    expect(jsonOf([new Money()])).toBe('[{"amount":5}]')
    expect(canonicalValue(new Money())).toBe(canonicalValue({ amount: 5 }))
  })
})

describe('MessagePack where JSON would lose something', () => {
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined in an object', { temperature: undefined }],
    ['a hole', new Array(1)],
    ['a Date', { at: new Date(0) }],
    ['an invalid Date', new Date(Number.NaN)],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['infinity', [Number.POSITIVE_INFINITY]],
    ['-0', -0],
    ['a typed array', new Float32Array(2)],
    ['a Buffer', Buffer.from('x')],
    ['an ArrayBuffer', new ArrayBuffer(2)],
    ['a SharedArrayBuffer', new SharedArrayBuffer(2)],
    ['a DataView', new DataView(new ArrayBuffer(2))],
  ])('%s', (_name, value) => {
    expect(needsMsgpack(value)).toBe(true)
    expect(encodeValue(value).mediaType).toBe('application/vnd.reprise.value+msgpack')
  })

  test('holes come back as undefined', () => {
    expect(roundTrip(new Array(2))).toStrictEqual([undefined, undefined])
  })

  test('bigints of any size', () => {
    for (const value of [0n, -1n, 2n ** 63n, -(2n ** 64n), 10n ** 3000n, -(10n ** 3000n)]) expect(roundTrip(value)).toBe(value)
  })

  test('an array view brings its own part of the memory alone', () => {
    const memory = new Float64Array([1, 2, 3, 4])
    const back = roundTrip(memory.subarray(1, 3)) as Float64Array
    expect(back).toStrictEqual(new Float64Array([2, 3]))
    expect(back.buffer.byteLength).toBe(16)
  })

  test('a Buffer comes back as one, also from the pool', () => {
    const back = roundTrip([Buffer.from('pooled')]) as [Buffer]
    expect(Buffer.isBuffer(back[0])).toBe(true)
    expect(back[0].toString()).toBe('pooled')
  })

  test('text with lone surrogates, in keys too', () => {
    const value = { '\udc00': ['\ud800', undefined], '\ud83d\ude00': 1 }
    expect(roundTrip(value)).toStrictEqual(value)
  })

  test('long maps, arrays and text', () => {
    const value = {
      map: new Map(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index])),
      object: Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index])),
      array: new Float32Array(70_000).fill(0.5),
      text: 'é'.repeat(70_000),
    }
    expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true)
  })
})

describe('__proto__', () => {
  test.each(['{"__proto__":{"polluted":1},"b":[{"__proto__":null}]}', '{"a":{"__proto__":{"$reprise":"opaque","type":"x"}}}'])(
    '%s stays an own key',
    (text) => {
      for (const value of [JSON.parse(text) as object, { ...(JSON.parse(text) as object), extra: undefined }]) {
        const back = roundTrip(value) as object
        expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
        expect(canonicalValue(back)).toBe(canonicalValue(value))
        expect(isDeepStrictEqual(back, value)).toBe(true)
      }
      expect('polluted' in {}).toBe(false)
    },
  )

  test('decoding a tag under __proto__ makes an own property of what it stands for', () => {
    const back = decodeValue(MEDIA_TYPE.json, '{"__proto__":{"$reprise":"opaque","type":"x"}}') as object
    expect(Object.getOwnPropertyDescriptor(back, '__proto__')?.value).toBeInstanceOf(Opaque)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
  })
})

describe('bounds', () => {
  function nested(levels: number, wrap: (inner: unknown) => unknown): unknown {
    let value: unknown = 'x'
    for (let level = 0; level < levels; level += 1) value = wrap(value)
    return value
  }
  const wraps: [string, (inner: unknown) => unknown][] = [
    ['arrays', (inner) => [inner]],
    ['objects', (inner) => ({ a: inner })],
    ['escaped objects', (inner) => ({ $reprise: inner })],
    ['objects with broken keys', (inner) => ({ '\ud800': inner, u: undefined })],
    ['map values', (inner) => new Map([['k', inner]])],
    ['map keys', (inner) => new Map([[inner, 1]])],
    ['sets', (inner) => new Set([inner])],
    ['class instances', (inner) => Object.assign(new (class Box {})(), { inner })],
    ['causes', (inner) => new Error('x', { cause: inner })],
    ['error properties', (inner) => Object.assign(new Error('x'), { inner })],
    ['aggregates', (inner) => new AggregateError([inner], 'x')],
  ]

  test.each(wraps)('%s', (name, wrap) => {
    // The fields of an error are a level of their own where they hold containers.
    const levels = ['error properties', 'aggregates'].includes(name) ? VALUE_MAX_DEPTH / 2 : VALUE_MAX_DEPTH
    const deepest = nested(levels, wrap)
    for (const value of [deepest, [undefined, nested(levels - 1, wrap)]]) {
      const { mediaType, data } = encodeValue(value)
      expect(canonicalValue(decodeValue(mediaType, data))).toBe(canonicalValue(value))
    }
    const tooDeep = expect.objectContaining({ code: 'limit_exceeded' })
    for (const value of [nested(VALUE_MAX_DEPTH + 1, wrap), nested(20_000, wrap)]) {
      expect(() => encodeValue(value)).toThrow(tooDeep)
      expect(() => canonicalValue(value)).toThrow(tooDeep)
      expect(() => needsMsgpack(value)).toThrow(tooDeep)
    }
  })

  test('a cycle is refused, the stack does not overflow', () => {
    const cycle: unknown[] = []
    cycle.push(new Map([['k', { cycle }]]))
    expect(() => encodeValue(cycle)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  })

  test('JSON from elsewhere may not nest without bound', () => {
    expect(() => decodeValue(MEDIA_TYPE.json, '['.repeat(200_000) + ']'.repeat(200_000))).toThrow(
      expect.objectContaining({ code: 'limit_exceeded' }),
    )
  })
})

describe('decodeValue', () => {
  test.each([
    '{"$reprise":"date","value":"yesterday"}',
    '{"$reprise":"date"}',
    '{"$reprise":"bigint","value":"1.5"}',
    '{"$reprise":"bigint","value":1}',
    '{"$reprise":"number","value":"12"}',
    '{"$reprise":"number","value":"toString"}',
    '{"$reprise":"map","entries":[[1]]}',
    '{"$reprise":"map"}',
    '{"$reprise":"set","values":{}}',
    '{"$reprise":"bytes","type":"Uint8Array","data":"AAAA"}',
    '{"$reprise":"regexp","source":"(","flags":""}',
    '{"$reprise":"regexp","source":"a","flags":"zz"}',
    '{"$reprise":"url","href":"not a url"}',
    '{"$reprise":"opaque","type":1}',
    '{"$reprise":"opaque","type":"x","name":1}',
    '{"$reprise":"truncated","reason":"x","originalSize":"many"}',
    '{"$reprise":"error","type":"Error"}',
    '{"$reprise":"error","type":"Error","message":"m","properties":1}',
    '{"$reprise":"string","json":"1"}',
    '{"$reprise":"string","json":"\\"open"}',
    '{"$reprise":"object","value":[1]}',
    '{"$reprise":"object"}',
    '{"$reprise":"somebody else\'s"}',
    '{"$reprise":null}',
  ])('%s is no tag of ours and stays as it is', (text) => {
    expect(decodeValue(MEDIA_TYPE.json, text)).toStrictEqual(JSON.parse(text))
  })

  test('takes bytes and text alike', () => {
    const text = '{"a":"é","b":{"$reprise":"opaque","type":"x"}}'
    expect(decodeValue(MEDIA_TYPE.json, new TextEncoder().encode(text))).toStrictEqual(decodeValue(MEDIA_TYPE.json, text))
    expect(decodeValue(MEDIA_TYPE.text, Buffer.from('é'))).toBe('é')
    expect(decodeValue(MEDIA_TYPE.text, 'é')).toBe('é')
    expect(decodeValue(MEDIA_TYPE.bytes, Buffer.from([1]))).toStrictEqual(new Uint8Array([1]))
    expect(decodeValue(MEDIA_TYPE.attribute, '{"double":"NaN"}')).toStrictEqual({ double: 'NaN' })
  })

  test.each<[string, string, string | Uint8Array, string]>([
    ['text that is not JSON', MEDIA_TYPE.json, 'hunter2 {"password":', 'malformed_body'],
    ['bytes that are not UTF-8', MEDIA_TYPE.json, new Uint8Array([0x22, 0xff, 0x22]), 'invalid_utf8'],
    ['text for MessagePack', MEDIA_TYPE.msgpack, 'hunter2', 'malformed_body'],
    ['an unknown media type', 'image/png', 'hunter2', 'unsupported_media_type'],
  ])('%s is refused without quoting it', (_name, mediaType, data, code) => {
    let error: unknown
    try {
      decodeValue(mediaType, data)
    } catch (thrown) {
      error = thrown
    }
    expect(RepriseError.isInstance(error) && error.code).toBe(code)
    expect(JSON.stringify([String(error), error, (error as Error).cause])).not.toContain('hunter2')
  })

  test('never pollutes, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (text) => {
        decodeValue(MEDIA_TYPE.json, text.replaceAll('"a', '"$reprise'))
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
    )
  })
})
