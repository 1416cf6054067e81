import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeTraces, invalidUtf8Offset, textOf } from '../../src/otlp/index.ts'
import { text } from './arbitraries.ts'
import { bareSpan, groupOf, writeTraces } from './helpers.ts'

const oracle = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The longest prefix that the platform's own decoder takes. */
function offsetByOracle(bytes: Uint8Array): number {
  for (let size = bytes.length; size > 0; size--) {
    try {
      oracle.decode(bytes.subarray(0, size))
      return size
    } catch {}
  }
  return 0
}

// Bytes that look like UTF-8 more often than random ones do.
const nearText = fc
  .array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0x80, 0xbf, 0xc2, 0xe0, 0xed, 0xa0, 0xef, 0xf0, 0xf4, 0x90, 0x41)), {
    maxLength: 12,
  })
  .map((bytes) => Uint8Array.from(bytes))

describe('UTF-8', () => {
  it('is found invalid where the platform finds it', () => {
    fc.assert(
      fc.property(nearText, (bytes) => {
        expect(invalidUtf8Offset(bytes)).toBe(offsetByOracle(bytes))
      }),
      { numRuns: 3_000 },
    )
  })

  it('is decoded as the platform does, or refused', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          nearText,
          text.map((valid) => new TextEncoder().encode(valid)),
        ),
        (utf8) => {
          if (offsetByOracle(utf8) === utf8.length) expect(textOf({ utf8 })).toBe(oracle.decode(utf8))
          else
            expect(() => textOf({ utf8 })).toThrow(
              expect.objectContaining({ code: 'invalid_utf8', message: expect.stringContaining(`byte ${offsetByOracle(utf8)}`) }),
            )
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

describe('interned keys', () => {
  it('never take one key for another that looks much like it', () => {
    // Same length, same first, middle and last characters: all in one place of the cache.
    const keys = Array.from({ length: 500 }, (_, index) => `key.${String(index).padStart(4, '0')}.same.middle.and.${index % 7}.the.end`)
    for (let round = 0; round < 3; round++) {
      const body = writeTraces(groupOf([bareSpan({ attributes: keys.map((key) => [key, true] as const) })]))
      const attributes = decodeTraces(body, 'protobuf').resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes
      expect(attributes?.map(([key]) => key)).toEqual(keys)
    }
  })

  it('come out right around the length that is kept', () => {
    const keys = [62, 63, 64, 65, 66, 127, 128, 129].flatMap((length) => ['k'.repeat(length), 'ü'.repeat(length)])
    for (let round = 0; round < 2; round++) {
      const body = writeTraces(groupOf([bareSpan({ attributes: keys.map((key) => [key, key.length] as const) })]))
      expect(decodeTraces(body, 'protobuf').resourceSpans[0]?.scopeSpans[0]?.spans[0]?.attributes).toEqual(
        keys.map((key) => [key, key.length]),
      )
    }
  })
})
