import { EventEmitter } from 'node:events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalValue, ErrorValue, encodeValue, Opaque, Truncated } from '../../src/schemas/index.ts'
import { flush, startRecorder, tool } from '../../src/sdk/index.ts'
import { takeSnapshot } from '../../src/sdk/snapshot/snapshot.ts'
import { startFakeCollector, stepOf } from './fake-collector.ts'

const LIMITS = { maxDepth: 64, maxEntries: 100_000, maxBytes: 4 * 1024 * 1024 }
const snap = (value: unknown, limits: Partial<typeof LIMITS> = {}) => takeSnapshot(value, { ...LIMITS, ...limits })

describe('what is kept', () => {
  test('plain values, with strings shared and containers copied', () => {
    const value = { text: 'a', list: [1, true, null, { deep: 'b' }] }
    const { value: copy, plain, json, cuts } = snap(value)
    expect(copy).toEqual(value)
    expect(copy).not.toBe(value)
    expect({ plain, json, cuts }).toEqual({ plain: true, json: true, cuts: undefined })
  })

  test.each([
    ['undefined', { a: undefined }],
    ['bigint', [10n]],
    ['NaN', [Number.NaN]],
    ['Infinity', [Number.POSITIVE_INFINITY]],
    ['-0', [-0]],
    ['Date', [new Date(5)]],
    ['Map', [new Map([['k', { v: 1 }]])]],
    ['Set', [new Set([1, 'x'])]],
    ['Uint8Array', [new Uint8Array([1, 2])]],
    ['Float32Array', [new Float32Array([1.5])]],
    ['BigInt64Array', [new BigInt64Array([1n])]],
    ['DataView', [new DataView(new ArrayBuffer(2))]],
    ['ArrayBuffer', [new Uint8Array([7]).buffer]],
    ['SharedArrayBuffer', [new SharedArrayBuffer(2)]],
    ['Buffer', [Buffer.from('hi')]],
    ['a hole', [, 1]], // oxlint-disable-line no-sparse-arrays
  ])('%s is kept as what it is, and is no JSON', (_, value) => {
    const { value: copy, plain, json } = snap(value)
    expect(canonicalValue(copy)).toBe(canonicalValue(value))
    expect({ plain, json }).toEqual({ plain: false, json: false })
  })

  test.each([
    ['RegExp', /a+/gi],
    ['URL', new URL('http://example.com/a?b=1')],
    ['a boxed string', Object('text')],
    ['a reserved key', { $reprise: 'date' }],
  ])('%s is kept as what it is, in JSON with a tag', (_, value) => {
    const { value: copy, json } = snap({ value })
    expect(canonicalValue(copy)).toBe(canonicalValue({ value }))
    expect(json).toBe(true)
  })

  test('__proto__ as an own key is data', () => {
    const value: unknown = JSON.parse('{"__proto__":{"polluted":true},"a":1}')
    const { value: copy } = snap(value)
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"polluted":true},"a":1}')
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('inherited enumerable properties are not', () => {
    const value = Object.create({ inherited: 1 }) as { own?: number }
    value.own = 2
    expect(snap(value).value).toEqual({ own: 2 })
  })

  test('a class instance is its own enumerable fields', () => {
    class Hit {
      readonly #secret = 1
      id = 'a'
      get score(): number {
        return this.#secret
      }
    }
    expect(snap(new Hit()).value).toEqual({ id: 'a' })
  })

  test('an error, with its own fields and its cause', () => {
    const { value } = snap(Object.assign(new TypeError('no', { cause: { code: 5 } }), { status: 404 }))
    expect(value).toBeInstanceOf(ErrorValue)
    expect((value as ErrorValue).fields).toMatchObject({
      type: 'TypeError',
      message: 'no',
      cause: { code: 5 },
      properties: { status: 404 },
    })
  })

  test.each([
    ['a function', function handler() {}, 'function', 'handler'],
    ['a symbol', Symbol('tag'), 'symbol', 'tag'],
    ['a signal', new AbortController().signal, 'AbortSignal', undefined],
    ['a promise', Promise.resolve(1), 'Promise', undefined],
    ['an emitter', new EventEmitter(), 'EventEmitter', undefined],
    ['a web stream', new ReadableStream(), 'ReadableStream', undefined],
    ['a response', new Response('x'), 'Response', undefined],
    ['headers', new Headers({ a: 'b' }), 'Headers', undefined],
    ['a WeakMap', new WeakMap(), 'WeakMap', undefined],
    [
      'a generator',
      (function* numbers() {
        yield 1
      })(),
      'Generator',
      undefined,
    ],
    ['search parameters', new URLSearchParams('a=1'), 'URLSearchParams', 'a=1'],
  ])('%s has no data of its own and is named', (_, value, type, name) => {
    const { value: copy, json } = snap([value])
    const [opaque] = copy as unknown[]
    expect(opaque).toBeInstanceOf(Opaque)
    if (type !== 'Generator') expect(opaque).toEqual(new Opaque(type, name))
    expect(json).toBe(true)
  })
})

describe('nothing of the value is run', () => {
  test('accessors are named, not called', () => {
    let calls = 0
    const value = {
      a: 1,
      get lazy() {
        calls++
        throw new Error('do not touch')
      },
      set only(_: number) {
        calls++
      },
    }
    expect(snap(value).value).toEqual({ a: 1, lazy: new Opaque('getter'), only: new Opaque('getter') })
    expect(calls).toBe(0)
  })

  test('toJSON, valueOf, toString and iterators are not called', () => {
    const touched: string[] = []
    const value = {
      data: 1,
      toJSON: () => touched.push('toJSON'),
      toString: () => touched.push('toString'),
      valueOf: () => touched.push('valueOf'),
      [Symbol.iterator]: () => touched.push('iterator'),
      [Symbol.toPrimitive]: () => touched.push('toPrimitive'),
    }
    expect(snap(value).value).toEqual({
      data: 1,
      toJSON: new Opaque('function', 'toJSON'),
      toString: new Opaque('function', 'toString'),
      valueOf: new Opaque('function', 'valueOf'),
    })
    expect(touched).toEqual([])
  })

  test('the iterator of a Map subclass is not called', () => {
    class Tracked extends Map<string, number> {
      override *entries(): MapIterator<[string, number]> {
        throw new Error('do not touch')
      }
      override [Symbol.iterator](): MapIterator<[string, number]> {
        return this.entries()
      }
    }
    const value = new Tracked()
    Map.prototype.set.call(value, 'a', 1)
    expect(snap(value).value).toEqual(new Map([['a', 1]]))
  })

  test('a proxy whose traps throw is cut, the rest is kept', () => {
    const hostile = new Proxy(
      {},
      {
        ownKeys() {
          throw new Error('trap')
        },
        getPrototypeOf() {
          throw new Error('trap')
        },
      },
    )
    const { value, cuts } = snap({ before: 1, hostile, after: 2 })
    expect(value).toEqual({ before: 1, hostile: new Truncated('unreadable'), after: 2 })
    expect(cuts).toEqual([{ reason: 'unreadable', count: 1 }])
  })

  test('a proxy over data is its data', () => {
    expect(snap(new Proxy({ a: [1] }, {})).value).toEqual({ a: [1] })
    expect(snap(new Proxy([1, 2], {})).value).toEqual([1, 2])
  })

  test('a proxy that goes on for ever is cut by depth', () => {
    const endless = (): object =>
      new Proxy(
        {},
        { ownKeys: () => ['next'], getOwnPropertyDescriptor: () => ({ value: endless(), enumerable: true, configurable: true }) },
      )
    const { cuts } = snap(endless(), { maxDepth: 10 })
    expect(cuts).toEqual([{ reason: 'depth', count: 1 }])
  })

  test('a revoked proxy is cut', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(snap({ proxy }).value).toEqual({ proxy: new Truncated('unreadable') })
  })

  test('a detached buffer is cut, the rest is kept', () => {
    const bytes = new Uint8Array([1, 2, 3])
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
    expect(snap([bytes, 1]).value).toEqual([new Truncated('unreadable'), 1])
  })
})

describe('bounds', () => {
  test('a cycle is cut where it closes; the same object twice is none', () => {
    const shared = { s: 1 }
    const value: Record<string, unknown> = { left: shared, right: shared }
    value['self'] = value
    const { value: copy, cuts } = snap(value)
    expect(copy).toEqual({ left: { s: 1 }, right: { s: 1 }, self: new Truncated('cycle') })
    expect(cuts).toEqual([{ reason: 'cycle', count: 1 }])
  })

  test('a cycle through a Map, a Set and an error', () => {
    const map = new Map<string, unknown>()
    map.set('set', new Set([map]))
    expect(snap(map).value).toEqual(new Map([['set', new Set([new Truncated('cycle')])]]))
    const error = new Error('loop')
    error.cause = error
    expect((snap(error).value as ErrorValue).fields.cause).toEqual(new Truncated('cycle'))
  })

  test('one level below the bound is kept, one beyond is cut', () => {
    const nested = (levels: number): unknown => (levels === 0 ? 'leaf' : { in: nested(levels - 1) })
    expect(snap(nested(8), { maxDepth: 8 }).cuts).toBeUndefined()
    expect(snap(nested(9), { maxDepth: 8 }).cuts).toEqual([{ reason: 'depth', count: 1 }])
  })

  test('a million levels are cut, without a stack overflow', () => {
    let value: unknown = 'leaf'
    for (let level = 0; level < 1_000_000; level++) value = [value]
    expect(snap(value).cuts).toEqual([{ reason: 'depth', count: 1 }])
  })

  test('entries: n are kept, of n + 1 the last is cut, with the true length', () => {
    expect(
      snap(
        Array.from({ length: 10 }, () => 1),
        { maxEntries: 10 },
      ).cuts,
    ).toBeUndefined()
    expect(
      snap(
        Array.from({ length: 11 }, () => 1),
        { maxEntries: 10 },
      ).value,
    ).toEqual([...Array.from({ length: 10 }, () => 1), new Truncated('entries', 11)])
    expect(snap({ a: 1, b: 2, c: 3 }, { maxEntries: 2 })).toMatchObject({ value: { a: 1, b: 2 }, cuts: [{ reason: 'entries', count: 1 }] })
    expect(snap(new Set([1, 2, 3]), { maxEntries: 2 })).toMatchObject({ value: new Set([1, 2]), cuts: [{ reason: 'entries', count: 1 }] })
  })

  test('a string over the bound of bytes is cut whole, with its length; what is shorter after it is kept', () => {
    const { value, cuts, sizeBytes } = snap(['x'.repeat(2000), 'short'], { maxBytes: 1000 })
    expect(value).toEqual([new Truncated('bytes', 2000), 'short'])
    expect(cuts).toEqual([{ reason: 'bytes', count: 1 }])
    expect(sizeBytes).toBeLessThan(1000)
  })

  test('a buffer over the bound of bytes is cut', () => {
    expect(snap(new Uint8Array(2000), { maxBytes: 1000 }).value).toEqual(new Truncated('bytes', 2000))
  })

  test('an array that claims a length it does not have costs no more than the bound', () => {
    const sparse: unknown[] = []
    sparse.length = 4_000_000_000
    const { value, cuts } = snap(sparse, { maxEntries: 1000 })
    expect(value).toHaveLength(1001)
    expect(cuts).toEqual([{ reason: 'entries', count: 1 }])
  })
})

describe('later changes never reach the record', () => {
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.bigInt())
  const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 5 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 3 }).map((fields) => Object.assign(new (class Instance {})(), fields)),
      fc.array(fc.tuple(fc.string(), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
      fc.array(leaf, { maxLength: 4 }).map((entries) => new Set(entries)),
      fc.uint8Array({ maxLength: 8 }),
      fc.float64Array({ maxLength: 4 }),
      fc.date({ noInvalidDate: false }),
      tie('value').map((cause) => new Error('message', { cause })),
    ),
  })).value

  /** Changes everything in a value that can be changed. */
  function wreck(value: unknown, seen: Set<unknown> = new Set()): void {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (value instanceof Map) for (const [key, held] of [...value]) wreck(held, seen), value.set(key, 'wrecked')
    else if (value instanceof Set) value.clear(), value.add('wrecked')
    else if (ArrayBuffer.isView(value)) new Uint8Array(value.buffer).fill(99)
    else if (value instanceof Date) value.setTime(12345)
    else {
      if (value instanceof Error) {
        wreck(value.cause, seen)
        value.message = 'wrecked'
        value.cause = 'wrecked'
      }
      for (const key of Object.keys(value)) {
        wreck(Reflect.get(value, key), seen)
        Reflect.set(value, key, 'wrecked')
      }
      if (Array.isArray(value)) value.push('wrecked')
      Reflect.set(value, 'added', 'wrecked')
    }
  }

  test('the bytes are those of the moment of the snapshot', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const now = encodeValue(value)
        const { value: copy, plain, json } = takeSnapshot(value, LIMITS)
        wreck(value)
        const then = encodeValue(copy)
        expect(then).toEqual(now)
        // What the flags promise: JSON.stringify alone, or JSON with tags, gives the same text.
        expect(json).toBe(typeof now.data === 'string')
        if (plain) expect(JSON.stringify(copy)).toBe(now.data)
      }),
      { numRuns: 500 },
    )
  })

  test('two snapshots of one value give the same bytes', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        expect(encodeValue(takeSnapshot(value, LIMITS).value)).toEqual(encodeValue(takeSnapshot(value, LIMITS).value))
      }),
    )
  })
})

test('a value whose own code makes a recorded call while it is copied', async () => {
  const collector = await startFakeCollector()
  const recorder = startRecorder({ endpoint: collector.url, flushIntervalMillis: 3_600_000 })
  try {
    const inner = tool((value: unknown) => value, { name: 'inner' })
    const value = {
      before: [1, new Date(7)],
      proxy: new Proxy({ own: { deep: true } }, { ownKeys: (target) => (inner({ other: ['x'] }), Reflect.ownKeys(target)) }),
      after: 'a',
    }
    tool((_value: unknown) => 'done', { name: 'outer' })(value)
    await flush()
    const outer = collector.spans.map(stepOf).find(({ name }) => name === 'outer')
    expect(outer?.input).toEqual([{ before: [1, new Date(7)], proxy: { own: { deep: true } }, after: 'a' }])
    const inners = collector.spans.map(stepOf).filter(({ name }) => name === 'inner')
    expect(inners.length).toBeGreaterThan(0)
    for (const { input, output } of inners) expect([input, output]).toEqual([[{ other: ['x'] }], { other: ['x'] }])
  } finally {
    await recorder.stop()
    await collector.close()
  }
})

test('what can run code of the value is not read: accessors, also without a getter, inherited ones, and the traps of a proxy', () => {
  let ran = 0
  const accessors = Object.defineProperties(
    { data: 1, nothing: undefined },
    {
      both: { enumerable: true, configurable: true, get: () => ran++, set: () => ran++ },
      setter: { enumerable: true, configurable: true, set: () => ran++ },
    },
  )
  const opaque = new Opaque('getter')
  expect(snap(accessors).value).toEqual({ data: 1, nothing: undefined, both: opaque, setter: opaque })
  const proxy = new Proxy({ own: 'x' }, { get: () => ran++ })
  expect(snap({ proxy }).value).toEqual({ proxy: { own: 'x' } })
  Object.defineProperty(Object.prototype, 'polluted', { get: () => ran++, enumerable: true, configurable: true })
  let inherited: unknown
  try {
    inherited = snap({ own: [{}] }).value
  } finally {
    Reflect.deleteProperty(Object.prototype, 'polluted')
  }
  expect(inherited).toEqual({ own: [{}] })
  expect(ran).toBe(0)
})
