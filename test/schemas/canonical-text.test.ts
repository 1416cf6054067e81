import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalTextOf, canonicalValue, decodeValue, MEDIA_TYPE } from '../../src/schemas/index.ts'

const slowly = (json: string): string => canonicalValue(decodeValue(MEDIA_TYPE.json, json))

/** Keys that sort by more than their first unit, some of them special. */
const key = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '!', '"', '\\', '\n', 'é', '😀', '\uffff', '1', '0'), maxLength: 4 }),
  fc.constantFrom('__proto__', '$reprise', 'role', 'content', 'constructor', 'toString'),
)
const leaf = fc.oneof(
  fc.string({
    unit: fc.constantFrom('x', '"', '\\', '/', '\b', '\f', '\n', '\r', '\t', '\0', '\x1f', '\x7f', 'ü', '\u2028', '😀', '\ud800'),
  }),
  fc.double(),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const { value: anyJson } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 6 }).map((entries) => {
      const object: Record<string, unknown> = {}
      for (const [name, value] of entries)
        Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
      return object
    }),
  ),
}))

describe('canonicalTextOf', () => {
  test('gives what canonicalValue gives of the value, or nothing', () => {
    let given = 0
    fc.assert(
      fc.property(anyJson, (value) => {
        const json = JSON.stringify(value)
        const text = canonicalTextOf(json)
        if (text === undefined) return
        given++
        expect(text).toBe(slowly(json))
      }),
      { numRuns: 4000 },
    )
    expect(given).toBeGreaterThan(1000)
  })

  test('gives nothing of what JSON.stringify writes otherwise, or gives the same', () => {
    // Any one character put into a text, taken out of it or put in another's place.
    fc.assert(
      fc.property(
        anyJson,
        fc.nat(),
        fc.constantFrom('', ' ', '\n', '"', '\\', '\\u0041', '\\/', '0', '1.0', '1e1', '-', ',', '{', ']', '\x01'),
        fc.nat(1),
        (value, at, put, taken) => {
          const json = JSON.stringify(value)
          const place = at % (json.length + 1)
          const changed = json.slice(0, place) + put + json.slice(place + taken)
          const text = canonicalTextOf(changed)
          if (text !== undefined) expect(text).toBe(slowly(changed))
        },
      ),
      { numRuns: 6000 },
    )
  })

  test.each([
    ['{"b":1,"a":2}', '{"a":2,"b":1}'],
    ['{"a":2,"b":1}', '{"a":2,"b":1}'],
    ['[{"role":"user","content":"a\\"b\\\\"},{}]', '[{"content":"a\\"b\\\\","role":"user"},{}]'],
    ['{"x":{"b":[],"a":"}"},"a":null}', '{"a":null,"x":{"a":"}","b":[]}}'],
    ['{"a!":1,"a":2}', '{"a":2,"a!":1}'],
    ['"x"', '"x"'],
    ['-0.5', '-0.5'],
  ])('sorts %s', (json, canonical) => {
    expect(canonicalTextOf(json)).toBe(canonical)
    expect(slowly(json)).toBe(canonical)
  })

  test.each([
    '',
    '{',
    '{"a":1} ',
    '{ "a":1}',
    '[1, 2]',
    '{"a":1,"a":1}',
    '"\\u0041"',
    '"\\/"',
    '1.0',
    '-0',
    '1e3',
    '"\x01"',
    '{"$reprise":"undefined"}',
    '"\ud800"',
    `${'['.repeat(200)}${']'.repeat(200)}`,
  ])('leaves %j to those who decode', (json) => expect(canonicalTextOf(json)).toBeUndefined())
})
