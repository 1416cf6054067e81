import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson, canonicalValue, needsMsgpack } from '../../src/schemas/index.ts'
import { smallValue } from './any-value.ts'

describe('canonicalValue', () => {
  test('is equal exactly when the values are', () => {
    let equals = 0
    fc.assert(
      fc.property(smallValue, smallValue, (a, b) => {
        const equal = isDeepStrictEqual(a, b)
        if (equal) equals += 1
        expect(canonicalValue(a) === canonicalValue(b)).toBe(equal)
      }),
      { numRuns: 6000 },
    )
    expect(equals).toBeGreaterThan(30)
  })

  test('is the canonical JSON of plain values', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
        fc.pre(!needsMsgpack(value) && !JSON.stringify(value).includes('$reprise'))
        expect(canonicalValue(value)).toBe(canonicalJson(value))
      }),
    )
  })

  test('does not depend on the order of keys, Map entries and Set values', () => {
    expect(
      canonicalValue({
        a: 1,
        b: new Map<unknown, unknown>([
          [1, 2],
          ['x', { c: 1, d: 2 }],
        ]),
        s: new Set([1, 2]),
      }),
    ).toBe(
      canonicalValue({
        s: new Set([2, 1]),
        b: new Map<unknown, unknown>([
          ['x', { d: 2, c: 1 }],
          [1, 2],
        ]),
        a: 1,
      }),
    )
    expect(canonicalValue([1, 2])).not.toBe(canonicalValue([2, 1]))
  })

  describe('sorted without the parts that differ between runs', () => {
    const withoutTokens = (text: string): string => text.replace(/<[0-9a-f]+>/g, '<>')
    const withToken = (ann: string, bob: string): unknown => ({
      z: 1,
      [`<${ann}>`]: 1,
      [`<${bob}>`]: 2,
      a: new Set([`<${ann}>`, 'b', `<${bob}>`]),
      m: new Map<unknown, unknown>([
        [{ [`<${ann}>`]: 1, [`<${bob}>`]: 1 }, 1],
        [`<${bob}>`, 2],
        [`<${ann}>`, 3],
      ]),
    })
    const comparable = (value: unknown): string => {
      const names = new Map<string, string>()
      return canonicalValue(value, withoutTokens).replace(/<[0-9a-f]+>/g, (token) => {
        if (!names.has(token)) names.set(token, `<#${names.size}>`)
        return names.get(token) as string
      })
    }

    test('the same text whatever the pseudonyms are', () => {
      expect(comparable(withToken('1', '2'))).toBe(comparable(withToken('2', '1')))
      expect(canonicalValue(withToken('1', '2'))).not.toBe(canonicalValue(withToken('2', '1')))
    })

    test('the order of all else still does not count', () => {
      expect(canonicalValue({ b: 1, a: new Set([2, 1]) }, withoutTokens)).toBe('{"a":{"$reprise":"set","values":[1,2]},"b":1}')
      expect(canonicalValue({ '<2>': 1, '<1>': 2, '': 3 }, withoutTokens)).toBe('{"":3,"<2>":1,"<1>":2}')
    })

    test('is the plain order where nothing is left out', () => {
      fc.assert(
        fc.property(smallValue, (value) => {
          expect(canonicalValue(value, (text) => text)).toBe(canonicalValue(value))
        }),
      )
    })
  })

  test('keeps lone surrogates apart', () => {
    expect(canonicalValue('\ud800')).toBe('"\\ud800"')
    expect(canonicalValue('\ud800')).not.toBe(canonicalValue('\ud801'))
    expect(canonicalValue('\ud800')).not.toBe(canonicalValue('\\ud800'))
    expect(canonicalValue('\ud800')).not.toBe(canonicalValue('\ufffd'))
  })
})
