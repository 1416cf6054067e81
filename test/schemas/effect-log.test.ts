import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeEffects,
  EFFECT_SOURCES,
  EFFECTS_MAX_READS,
  type EffectHead,
  type EffectStreams,
  encodeEffects,
  NO_EFFECTS,
  RepriseError,
} from '../../src/schemas/index.ts'

const whole = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const bytesOf = (size: number) => fc.uint8Array({ minLength: size, maxLength: size })
const streams: fc.Arbitrary<EffectStreams> = fc.record({
  date: fc.array(fc.integer({ min: -(2 ** 51), max: 2 ** 51 })),
  performance: fc.array(fc.double({ noNaN: true })),
  hrtime: fc.array(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  random: fc.array(fc.double({ noNaN: true })),
  uuid: fc.nat({ max: 5 }).chain((count) => bytesOf(16 * count)),
  bytes: fc.array(fc.uint8Array({ maxLength: 40 })),
  timers: fc.array(
    fc.record({
      kind: fc.constantFrom('timeout' as const, 'interval' as const, 'immediate' as const, 'sleep' as const, 'signal' as const),
      delayMillis: fc.nat({ max: 2 ** 31 - 1 }),
      firings: fc.array(fc.tuple(whole, whole), { maxLength: 5 }).map((pairs) => pairs.flat()),
    }),
  ),
  lateFirings: fc.array(fc.tuple(whole, whole, whole), { maxLength: 3 }).map((triples) => triples.flat()),
  unkept: fc.dictionary(fc.constantFrom(...EFFECT_SOURCES), fc.integer({ min: 1, max: 1_000_000 }), { noNullPrototype: true }),
})
const head: fc.Arbitrary<EffectHead> = fc.record({
  sources: fc.subarray([...EFFECT_SOURCES]),
  date: fc.integer({ min: -(2 ** 51), max: 2 ** 51 }),
  performance: fc.double({ noNaN: true }),
  hrtime: fc.bigInt({ min: 0n, max: 2n ** 62n }),
})
const late = fc
  .uniqueArray(fc.tuple(whole, streams), { selector: ([sequence]) => sequence, maxLength: 3 })
  .map((entries) => new Map(entries))

/** Bytes compare as bytes, whatever class holds them. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, member: unknown) => {
      if (member instanceof Map) return [...member]
      if (member instanceof Uint8Array) return Buffer.from(member).toString('hex')
      if (typeof member === 'bigint') return `${member}n`
      return Object.is(member, -0) ? '-0' : member === Infinity ? 'Infinity' : member === -Infinity ? '-Infinity' : member
    }),
  )
}

describe('the record of time and chance', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(streams, fc.option(head, { nil: undefined }), late, (reads, first, others) => {
        const encoded = encodeEffects(reads, first, others)
        const expected = { ...reads, ...(first !== undefined && { head: first }), ...(others.size > 0 && { late: others }) }
        expect(plain(decodeEffects(encoded))).toEqual(plain(expected))
        // No number that could be a secret.
        expect(encoded.every((word) => word >= 0 && word < 2 ** 32)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('is refused with an error of ours, whatever a stranger made of it', () => {
    fc.assert(
      fc.property(streams, late, fc.nat(), fc.anything(), fc.boolean(), (reads, others, place, byte, cut) => {
        const data = encodeEffects(reads, undefined, others)
        const at = place % data.length
        const damaged: unknown[] = cut ? data.slice(0, at) : data.map((value, index) => (index === at ? byte : value))
        try {
          decodeEffects(damaged)
        } catch (error) {
          if (!RepriseError.isInstance(error)) throw error
          expect(['invalid_recording', 'recording_version']).toContain(error.code)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('is bounded', () => {
    const full = { ...NO_EFFECTS, random: new Array<number>(EFFECTS_MAX_READS).fill(0.5) }
    expect(decodeEffects(encodeEffects(full)).random).toHaveLength(EFFECTS_MAX_READS)
    expect(() => decodeEffects(encodeEffects({ ...full, random: [...full.random, 1] }))).toThrow(/at most 16384/)
    const firings = new Array<number>(2 * EFFECTS_MAX_READS + 2).fill(1)
    expect(() => decodeEffects(encodeEffects({ ...NO_EFFECTS, timers: [{ kind: 'timeout', delayMillis: 1, firings }] }))).toThrow(/firings/)
    expect(() => decodeEffects([1, 2])).toThrow(/version 2/)
    // A section that says it is larger than what is there.
    expect(() => decodeEffects([6, 0xffff0501, 0x7fff])).toThrow(/ends in the middle/)
    expect(() => decodeEffects([9, 1])).toThrow(/length in bytes/)
    // What a later version adds is passed over.
    expect(decodeEffects([5, 0x01026301, 1]).random).toEqual([])
  })
})
