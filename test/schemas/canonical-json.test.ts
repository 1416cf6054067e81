import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CANONICAL_JSON_MAX_DEPTH, canonicalJson, canonicalValue, jsonPointer, parseJson, RepriseError } from '../../src/schemas/index.ts'

function refusal(value: unknown): RepriseError {
  try {
    canonicalJson(value)
  } catch (error) {
    if (RepriseError.isInstance(error)) return error
    throw error
  }
  throw new Error('was not refused')
}

function doubleOf(hex: string): number {
  return Buffer.from(hex, 'hex').readDoubleBE()
}

describe('the examples of RFC 8785', () => {
  test('section 3.2.2: primitives', () => {
    const input = String.raw`{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
      "literals": [null, true, false]
    }`
    const expected = String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`
    expect(canonicalJson(JSON.parse(input))).toBe(expected)
  })

  test('section 3.2.3: keys in the order of UTF-16 code units', () => {
    const input = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    }
    const order = [...canonicalJson(input).matchAll(/:"([A-Z][a-z]+)/g)].map((match) => match[1])
    expect(order).toEqual(['Carriage', 'One', 'Control', 'Latin', 'Euro', 'Emoji', 'Hebrew'])
  })

  test.each([
    ['0000000000000000', '0'],
    ['8000000000000000', '0'],
    ['0000000000000001', '5e-324'],
    ['8000000000000001', '-5e-324'],
    ['7fefffffffffffff', '1.7976931348623157e+308'],
    ['ffefffffffffffff', '-1.7976931348623157e+308'],
    ['4340000000000000', '9007199254740992'],
    ['c340000000000000', '-9007199254740992'],
    ['4430000000000000', '295147905179352830000'],
    ['44b52d02c7e14af5', '9.999999999999997e+22'],
    ['44b52d02c7e14af6', '1e+23'],
    ['44b52d02c7e14af7', '1.0000000000000001e+23'],
    ['444b1ae4d6e2ef4e', '999999999999999700000'],
    ['444b1ae4d6e2ef4f', '999999999999999900000'],
    ['444b1ae4d6e2ef50', '1e+21'],
    ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
    ['3eb0c6f7a0b5ed8d', '0.000001'],
    ['41b3de4355555553', '333333333.3333332'],
    ['41b3de4355555554', '333333333.33333325'],
    ['41b3de4355555555', '333333333.3333333'],
    ['41b3de4355555556', '333333333.3333334'],
    ['41b3de4355555557', '333333333.33333343'],
    ['becbf647612f3696', '-0.0000033333333333333333'],
    ['43143ff3c1cb0959', '1424953923781206.2'],
  ])('appendix B: %s is %s', (hex, expected) => {
    expect(canonicalJson(doubleOf(hex))).toBe(expected)
  })

  test.each(['7fffffffffffffff', '7ff0000000000000', 'fff0000000000000'])('appendix B: %s is refused', (hex) => {
    expect(refusal({ n: doubleOf(hex) }).details).toMatchObject({ pointer: '/n' })
  })
})

describe('any JSON value', () => {
  test('agrees with the canonicalize package', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value))
      }),
      { numRuns: 1000 },
    )
  })

  test('does not depend on the order of keys, and holds the value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary', maxLength: 3 }), fc.jsonValue(), { maxKeys: 8 }), fc.nat(), (value, seed) => {
        const entries = Object.entries(value)
        const turned = Object.fromEntries([...entries.slice(seed % 8), ...entries.slice(0, seed % 8)].reverse())
        const text = canonicalJson(value)
        expect(canonicalJson(turned)).toBe(text)
        expect(canonicalJson(parseJson(text))).toBe(text)
      }),
    )
  })

  test('keeps __proto__ as a key', () => {
    expect(canonicalJson(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}')
  })

  test('takes objects without a prototype and shared parts', () => {
    const shared = Object.assign(Object.create(null) as object, { x: [] })
    expect(canonicalJson([shared, shared])).toBe('[{"x":[]},{"x":[]}]')
  })

  test('does not call toJSON', () => {
    expect(refusal({ toJSON: () => 1 }).details).toMatchObject({ pointer: '/toJSON', reason: 'a function' })
  })
})

describe('what JSON cannot hold is refused with its place', () => {
  class Point {
    x = 1
  }
  const cycle: { list: unknown[] } = { list: [] }
  cycle.list.push({ back: cycle })

  test.each<[string, unknown, string, string]>([
    ['undefined at the top', undefined, '', 'undefined'],
    ['undefined in an object', { a: { b: undefined } }, '/a/b', 'undefined'],
    ['a hole', new Array(2), '/0', 'undefined'],
    ['a function', [() => 1], '/0', 'a function'],
    ['a symbol', [Symbol('x')], '/0', 'a symbol'],
    ['a bigint', { a: [0, 1n] }, '/a/1', 'a bigint'],
    ['NaN', { 'a/b~c': Number.NaN }, '/a~1b~0c', 'NaN'],
    ['an infinity', [Number.NEGATIVE_INFINITY], '/0', '-Infinity'],
    ['a lone high surrogate', ['\ud800'], '/0', 'a lone surrogate'],
    ['a lone low surrogate', { a: 'x\udc00y' }, '/a', 'a lone surrogate'],
    ['a lone surrogate in a key', { b: { '\ud800': 1 } }, '/b/\ud800', 'a lone surrogate'],
    ['a Date', { at: new Date(0) }, '/at', 'an instance of Date'],
    ['a Map', new Map(), '', 'an instance of Map'],
    ['a class instance', [new Point()], '/0', 'an instance of Point'],
    ['a boxed number', [new Number(1)], '/0', 'an instance of Number'],
    ['a typed array', [new Uint8Array(1)], '/0', 'an instance of Uint8Array'],
    ['a cycle', { top: cycle }, '/top/list/0/back', 'a cycle'],
  ])('%s', (_name, value, pointer, reason) => {
    const error = refusal(value)
    expect(error.code).toBe('not_canonical')
    expect(error.details).toEqual({ pointer, reason })
    expect(error.message).toContain(`'${pointer}'`)
  })

  function nested(levels: number): unknown {
    let value: unknown = 0
    for (let level = 0; level < levels; level += 1) value = level % 2 === 0 ? [value] : { a: value }
    return value
  }

  test('a value at the bound is taken, one level more is not', () => {
    const deepest = nested(CANONICAL_JSON_MAX_DEPTH)
    expect(JSON.parse(canonicalJson(deepest))).toEqual(deepest)
    expect(refusal(nested(CANONICAL_JSON_MAX_DEPTH + 1)).details).toMatchObject({ reason: 'a value nested deeper than 512' })
    expect(refusal(nested(1_000_000)).code).toBe('not_canonical')
  })

  test('the place is right after parts that were well, however many', () => {
    const wide = { list: Array.from({ length: 2000 }, () => ({ deep: [[1]] })), z: { bad: Number.NaN } }
    expect(refusal(wide).details).toMatchObject({ pointer: '/z/bad' })
    expect(JSON.parse(canonicalJson(wide.list))).toEqual(wide.list)
  })

  test('a broken key is refused though text for comparing was made of it before', () => {
    expect(canonicalValue({ '\udbff': 1 })).toBe('{"\\udbff":1}')
    expect(refusal({ '\udbff': 1 }).details).toMatchObject({ reason: 'a lone surrogate' })
  })
})

test('JSON pointers are escaped as RFC 6901 asks', () => {
  expect(jsonPointer([])).toBe('')
  expect(jsonPointer(['a/b', 'm~n', 0, '', '~1'])).toBe('/a~1b/m~0n/0//~01')
})
