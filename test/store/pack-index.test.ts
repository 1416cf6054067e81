import { rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PackIndex } from '../../src/store/blobs/pack-index.ts'
import { PlaceTable } from '../../src/store/blobs/place-table.ts'
import { temporaryFolder } from './support/records.ts'

/** Digests of which many begin alike, in their first word or in all but their last byte. */
const digests = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom(0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff), fc.constantFrom(0, 7, 255), fc.nat(255))
    .map(([first, middle, last]) => {
      const digest = Buffer.alloc(32, middle)
      digest.writeUInt32BE(first)
      digest[31] = last
      return digest.toString('hex')
    }),
  { minLength: 1, maxLength: 80 },
)

describe('the side file of a pack', () => {
  test('has the digests in the order of their bytes and finds each, also of those that begin alike', () => {
    const path = join(temporaryFolder(), 'pack.idx')
    fc.assert(
      fc.property(digests, (hexes) => {
        const places = new PlaceTable()
        for (const [number, hex] of hexes.entries()) places.add(Buffer.from(hex, 'hex'), 0, number * 100, number + 1)
        PackIndex.of(places, 12_345).write(path)
        const index = PackIndex.read(path, 12_345)
        expect(index?.isWhole()).toBe(true)
        expect([...(index?.digests() ?? [])]).toEqual([...hexes].sort().map((hex) => `sha256:${hex}`))
        for (const [number, hex] of hexes.entries()) {
          const key = Buffer.from(hex, 'hex')
          expect(index?.mayHave(key, 0)).toBe(true)
          expect(index?.find(key, 0)).toEqual({ offset: number * 100, length: number + 1 })
        }
        index?.close()
        rmSync(path)
      }),
      { numRuns: 100 },
    )
  })
})
