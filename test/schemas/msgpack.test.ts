import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeValue, encodeValue, MEDIA_TYPE, RepriseError } from '../../src/schemas/index.ts'
import { packTree, unpackTree } from '../../src/schemas/values/msgpack.ts'
import { anyValue } from './any-value.ts'
import { readMsgpack } from './read-msgpack.ts'

const ALLOWED = ['malformed_body', 'invalid_utf8', 'limit_exceeded']

/** The value, or the code of the refusal; anything else that is thrown fails the test. */
function outcome(bytes: Uint8Array): unknown {
  try {
    return { value: decodeValue(MEDIA_TYPE.msgpack, bytes) }
  } catch (error) {
    if (!RepriseError.isInstance(error)) throw error
    expect(ALLOWED).toContain(error.code)
    return error.code
  }
}

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

describe('hostile bytes', () => {
  test.each<[string, string, string]>([
    ['no bytes', '', 'malformed_body'],
    ['an array that announces 4 G values', 'dd ffffffff', 'malformed_body'],
    ['an array that announces one value too many', '92 01', 'malformed_body'],
    ['a map that announces 4 G pairs', 'df ffffffff', 'malformed_body'],
    ['a map without its last value', '81 a161', 'malformed_body'],
    ['bytes beyond the end', 'c6 ffffffff 00', 'malformed_body'],
    ['text beyond the end', 'db ffffffff 61', 'malformed_body'],
    ['a length cut short', 'dc 00', 'malformed_body'],
    ['a double cut short', 'cb 00000000000000', 'malformed_body'],
    ['the byte that is never used', 'c1', 'malformed_body'],
    ['a fixext', 'd4 00 00', 'malformed_body'],
    ['an ext', 'c7 01 70 00', 'malformed_body'],
    ['a record of msgpackr', 'd4 72 40 91 a161 01', 'malformed_body'],
    ['a number as key', '81 01 02', 'malformed_body'],
    ['an array as key', '81 90 02', 'malformed_body'],
    ['bytes after the value', '01 02', 'malformed_body'],
    ['bytes after a container', '91 01 02', 'malformed_body'],
    ['text that is not UTF-8', 'a1 ff', 'invalid_utf8'],
    ['text that begins with a continuation byte', 'a1 80', 'invalid_utf8'],
    ['long text that is not UTF-8', `b9 ${'61'.repeat(24)}ff`, 'invalid_utf8'],
    ['text with an encoded surrogate', 'a3 eda080', 'invalid_utf8'],
    ['a key that is not UTF-8', '81 a1 ff 01', 'invalid_utf8'],
  ])('%s', (_name, text, code) => {
    expect(outcome(hex(text))).toBe(code)
  })

  test('nesting without bound', () => {
    const deep = new Uint8Array(1_000_000).fill(0x91)
    deep[deep.length - 1] = 0x01
    expect(outcome(deep)).toBe('limit_exceeded')
    const maps = new Uint8Array(Buffer.concat([Buffer.from('81a161'.repeat(100_000), 'hex'), Buffer.from([1])]))
    expect(outcome(maps)).toBe('limit_exceeded')
  })

  test('the depth that is allowed, and one more', () => {
    expect(unpackTree(hex('91 91 01'), 2)).toEqual([[1]])
    expect(() => unpackTree(hex('91 91 90'), 2)).toThrow(expect.objectContaining({ code: 'limit_exceeded' }))
  })

  test('a duplicate key is harmless: the last one counts', () => {
    expect(outcome(hex('82 a161 01 a161 02'))).toEqual({ value: { a: 2 } })
  })

  test('U+FFFD itself is good text', () => {
    for (const text of ['\ufffd', `${'x'.repeat(40)}\ufffd`]) expect(unpackTree(packTree(text), 0)).toBe(text)
  })

  test('integers of other writers are read', () => {
    expect(outcome(hex('93 cf0000000000000005 d3fffffffffffffffb ca3fc00000'))).toEqual({ value: [5n, -5n, 1.5] })
  })

  test.each(['Float64Array', 'Int16Array', 'toString', 'Function'])('bytes that make no %s stay as they are', (type) => {
    const tree = { $reprise: 'bytes', type, data: new Uint8Array(3) }
    expect(outcome(packTree(tree))).toEqual({ value: tree })
  })

  test('the message names the byte', () => {
    expect(() => unpackTree(hex('92 01 c1'), 8)).toThrow('not a MessagePack value: an extension type (byte 2)')
    expect(() => unpackTree(hex('81 01 02'), 8)).toThrow('not a MessagePack value: a key that is not text (byte 1)')
    expect(() => unpackTree(hex('93 01'), 8)).toThrow('not a MessagePack value: unexpected end (byte 2)')
    expect(() => unpackTree(hex('c0 c0'), 8)).toThrow('not a MessagePack value: bytes after its end (byte 1)')
  })

  test('every cut of a value is refused', () => {
    fc.assert(
      fc.property(anyValue, fc.nat(), (value, at) => {
        const bytes = encodeValue([undefined, value]).data as Uint8Array
        expect(ALLOWED).toContain(outcome(bytes.subarray(0, at % bytes.length)))
      }),
      { numRuns: 500 },
    )
  })

  test('flipped and random bytes are read or refused, never anything else', () => {
    const flipped = fc.tuple(anyValue, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
      const bytes = (encodeValue([undefined, value]).data as Uint8Array).slice()
      bytes[at % bytes.length] = byte
      return bytes
    })
    fc.assert(
      fc.property(fc.oneof(flipped, fc.uint8Array({ minLength: 1, maxLength: 40 })), (bytes) => void outcome(bytes)),
      { numRuns: 5000 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe('what is written', () => {
  test.each<[unknown, string]>([
    [{}, '80'],
    [{ a: [1, -1, 'é'] }, '81a1619301ffa2c3a9'],
    [new Uint8Array([1, 2]), 'c4020102'],
    [1.5, 'cb3ff8000000000000'],
    [[127, 128, 256, 65_536, -33, -129, -32_769], '977fcc80cd0100ce00010000d0dfd1ff7fd2ffff7fff'],
    [2 ** 40, 'cb4270000000000000'],
    [[null, true, false], '93c0c3c2'],
  ])('%o is %s', (tree, expected) => {
    expect(Buffer.from(packTree(tree)).toString('hex')).toBe(expected)
  })

  test('objects that look like something else are written as the objects they are', () => {
    const tree = { constructor: 'Map', hasOwnProperty: 1, toJSON: { a: 1 }, length: 3, size: 0 }
    expect(readMsgpack(packTree(tree))).toEqual(new Map<string, unknown>([...Object.entries({ ...tree, toJSON: new Map([['a', 1]]) })]))
    expect(unpackTree(packTree(tree), 4)).toStrictEqual(tree)
  })

  test("another user's extension types of msgpackr change nothing", async () => {
    const { addExtension, pack } = await import('msgpackr')
    class Temperature {}
    addExtension({ Class: Temperature, type: 0x10, pack: () => Buffer.from([1]), unpack: () => new Temperature() })
    expect(Buffer.from(pack(new Temperature())).toString('hex')).toBe('d41001')
    expect(outcome(hex('d4 10 01'))).toBe('malformed_body')
    expect(encodeValue([undefined, new Temperature()])).toEqual(encodeValue([undefined, new (class Temperature {})()]))
  })
})
