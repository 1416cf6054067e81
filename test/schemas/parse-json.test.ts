import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJson } from '../../src/schemas/index.ts'

/** What V8 13.6 mixes up is met often: keys that are a backslash, an escape, or begin with one. */
const keys = fc.oneof(
  fc.constantFrom('\\', '\n', '"', '\u0000', '\\n', '\nx', '\\\\', 'a\\', 'a"', '__proto__', 'toString', '', '1', 'a', 'é\u0001'),
  fc.string({ unit: 'binary' }).filter((key) => key.isWellFormed()),
)
const values = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<unknown>(null, true, false, '', '\\', '":', 'a": 1', '\\":'),
    fc.string({ unit: 'binary' }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(keys, tie('value')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
})).value

const SPACES = ['', ' ', '\n', '\t', '\r', ' \n ']

describe('parseJson', () => {
  it.each([
    ['{"a":1,"\\\\":1}', '{"a":1,"\\n":2}', { a: 1, '\n': 2 }],
    ['{"a":1,"x\\\\":1}', '{"a":1,"x\\n":2}', { a: 1, 'x\n': 2 }],
    ['{"a":1,"\\\\t":1}', '{"a":1,"\\ty":2}', { a: 1, '\ty': 2 }],
    ['{"a":1,"\\\\":1}', '{"a":1,"\\n" \r\n\t:2}', { a: 1, '\n': 2 }],
  ])('after %s reads %s as it is', (before, text, expected) => {
    for (let time = 0; time < 3; time++) parseJson(before)
    expect(parseJson(text)).toStrictEqual(expected)
  })

  it('gives back whatever JSON.stringify wrote, with any space, in its order', () => {
    fc.assert(
      fc.property(values, fc.infiniteStream(fc.constantFrom(...SPACES)), (value, spaces) => {
        const text = JSON.stringify(value)
        expect(JSON.stringify(parseJson(text))).toBe(text)
        const spaced = text.replace(/"(?:[^"\\]|\\.)*"|[[\]{}:,]/g, (token) => spaces.next().value + token + spaces.next().value)
        expect(JSON.stringify(parseJson(spaced))).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads numbers, deep nesting, doubled keys and `__proto__` beside an escaped key as it does without one', () => {
    const others = '[-0,1e21,1E-7,0.1,12345678901234567890]'
    expect(parseJson(`{"\\n":${others}}`)).toStrictEqual({ '\n': JSON.parse(others) })
    const deep = `${'['.repeat(100_000)}{"\\n":1}${']'.repeat(100_000)}`
    let inner = parseJson(deep)
    for (let level = 0; level < 100_000; level++) inner = (inner as unknown[])[0]
    expect(inner).toStrictEqual({ '\n': 1 })
    expect(JSON.stringify(parseJson('{"b":1,"\\n":2,"b":3}'))).toBe('{"b":3,"\\n":2}')
    const polluting = parseJson('{"\\n":1,"__proto__":{"polluted":true}}') as Record<string, unknown>
    expect(Object.keys(polluting)).toEqual(['\n', '__proto__'])
    expect(polluting['polluted']).toBeUndefined()
  })

  it('asks for each number, and gives the text of it', () => {
    for (const key of ['a', '\\n']) {
      expect(parseJson(`{"${key}":[1.50,12345678901234567890,"7"]}`, (source) => `<${source}>`)).toStrictEqual({
        [JSON.parse(`"${key}"`) as string]: ['<1.50>', '<12345678901234567890>', '7'],
      })
    }
  })

  it.each(['{"\\n":1', '{"\\n":1,}', '{"\\n"}', '{"\\x":1}', '\\', '"\\', '{"\\n":01}', ''])(
    'throws what JSON.parse throws for %s',
    (text) => {
      let expected: unknown
      try {
        JSON.parse(text)
      } catch (error) {
        expected = error
      }
      expect(expected).toBeInstanceOf(SyntaxError)
      expect(() => parseJson(text)).toThrow(expected as SyntaxError)
    },
  )
})
