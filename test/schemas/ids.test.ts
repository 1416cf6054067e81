import { afterEach, expect, test, vi } from 'vitest'
import { randomId16, randomId32, randomSaltHex } from '../../src/schemas/index.ts'

afterEach(() => {
  vi.doUnmock('node:crypto')
  vi.resetModules()
})

test.each([
  ['randomId16', randomId16, 16],
  ['randomId32', randomId32, 32],
  ['randomSaltHex', randomSaltHex, 64],
] as const)('%s is lowercase hex of its length and never the same', (_name, make, length) => {
  // More than the pool holds, so that it is filled anew several times.
  const made = Array.from({ length: 3000 }, make)
  for (const id of made) expect(id).toMatch(new RegExp(`^[0-9a-f]{${length}}$`))
  expect(new Set(made).size).toBe(made.length)
})

test('every digit of every place is used', () => {
  const seen = Array.from({ length: 16 }, () => new Set<string>())
  for (let index = 0; index < 1000; index += 1) for (const [place, digit] of [...randomId16()].entries()) seen[place]?.add(digit)
  expect(seen.map((digits) => digits.size)).toEqual(Array.from({ length: 16 }, () => 16))
})

test('an id of all zeros is never given', async () => {
  let calls = 0
  const real = await vi.importActual<typeof import('node:crypto')>('node:crypto')
  const randomFillSync = (pool: Buffer): Buffer => {
    calls += 1
    return calls === 1 ? pool.fill(0) : real.randomFillSync(pool)
  }
  vi.doMock('node:crypto', () => ({ ...real, default: real, randomFillSync }))
  vi.resetModules()
  const ids = await import('../../src/schemas/ids.ts')
  expect(ids.randomId16()).not.toBe('0'.repeat(16))
  expect(calls).toBe(2)
})
