import * as crypto from 'node:crypto'
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseSha256Hex, commitmentOf, type Digest, digestOf, isDigest, sha256Hex } from '../../src/schemas/index.ts'

const portable = chooseSha256Hex({})
const native = chooseSha256Hex(crypto)
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

describe('SHA-256', () => {
  // FIPS 180-4 examples.
  test.each([
    ['', EMPTY],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq', '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1'],
  ])('of %j', (text, hex) => {
    for (const sha256 of [native, portable, sha256Hex]) expect(sha256(text)).toBe(hex)
  })

  test('is native here, and the portable one is another function', () => {
    expect(crypto.hash).toBeTypeOf('function')
    expect(portable.toString()).not.toBe(native.toString())
  })

  test('native and portable agree on any bytes and any text', () => {
    const bytes = fc.uint8Array({ maxLength: 300 })
    const view = fc.tuple(bytes, fc.nat(20), fc.nat(20)).map(([whole, from, to]) => whole.subarray(from, whole.length - to))
    const text = fc.array(fc.nat(0xffff), { maxLength: 100 }).map((units) => String.fromCharCode(...units))
    fc.assert(
      fc.property(fc.oneof(bytes, view, text), (data) => {
        const expected = createHash('sha256').update(data).digest('hex')
        expect(native(data)).toBe(expected)
        expect(portable(data)).toBe(expected)
      }),
      { numRuns: 1000 },
    )
  })

  test('covers the view alone, not the memory under it', () => {
    expect(digestOf(Buffer.from('xabcx').subarray(1, 4))).toBe(digestOf('abc'))
  })
})

test('a digest is sha256: and 64 lowercase hex digits', () => {
  expect(digestOf('')).toBe(`sha256:${EMPTY}`)
  expect(isDigest(digestOf('x'))).toBe(true)
  for (const bad of [
    '',
    EMPTY,
    `sha256:${EMPTY}0`,
    `sha256:${EMPTY.toUpperCase()}`,
    `sha512:${EMPTY}`,
    `sha256:${EMPTY}\n`,
    ` sha256:${EMPTY}`,
    7,
    null,
  ]) {
    expect(isDigest(bad)).toBe(false)
  }
})

describe('a commitment', () => {
  const salt = '00ff'.repeat(16)
  const digest = digestOf('payload')

  test('is sha256 over salt bytes and digest text', () => {
    const expected = createHash('sha256').update(Buffer.from(salt, 'hex')).update(digest, 'utf8').digest('hex')
    expect(commitmentOf(salt, digest)).toBe(expected)
  })

  test('depends on both', () => {
    expect(commitmentOf('00fe'.repeat(16), digest)).not.toBe(commitmentOf(salt, digest))
    expect(commitmentOf(salt, digestOf('other'))).not.toBe(commitmentOf(salt, digest))
  })

  test('refuses what is no salt or no digest', () => {
    const invalid = expect.objectContaining({ code: 'invalid_argument' })
    for (const bad of ['', salt.slice(2), `${salt}00`, 'zz'.repeat(32), salt.toUpperCase()])
      expect(() => commitmentOf(bad, digest)).toThrow(invalid)
    for (const bad of ['sha256:', EMPTY]) expect(() => commitmentOf(salt, bad as Digest)).toThrow(invalid)
  })
})
