import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MessageReader } from '../../src/collector/grpc/message-reader.ts'
import { framed } from './grpc-client.ts'

interface Seen {
  readonly reader: MessageReader
  readonly announced: number[]
  seconds: number
}

function reader(wanted = true, roomBytes = Number.POSITIVE_INFINITY): Seen {
  const seen = { announced: [] as number[], seconds: 0 }
  const events = {
    announced: (size: number) => {
      seen.announced.push(size)
      return wanted
    },
    grows: (size: number) => size <= roomBytes,
    second: () => void seen.seconds++,
  }
  return Object.assign(seen, { reader: new MessageReader(events) })
}

/** The bytes in pieces that end at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [...ends, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
}

const places = fc.array(fc.nat(3_000_000), { maxLength: 12 })

describe('the one message of a unary call', () => {
  it('is whole, in memory of its own, wherever it was cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2_000_000 }), fc.integer({ min: 0, max: 1 }), places, (size, flag, at) => {
        const frame = framed(Buffer.alloc(size, 'payload'), flag)
        const seen = reader()
        const pieces = cut(frame, at)
        const out = pieces.flatMap((piece) => seen.reader.write(Buffer.from(piece)))
        expect(out.length).toBe(1)
        expect(out[0]!.equals(frame)).toBe(true)
        expect(out[0]!.buffer.byteLength).toBe(frame.length)
        expect([seen.announced, seen.seconds]).toEqual([[size], 0])
      }),
      { numRuns: 60 },
    )
  })

  it('is not there, nor any other, once a byte more has come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 50_000 }), fc.integer({ min: 1, max: 40 }), places, (size, more, at) => {
        const bytes = Buffer.concat([framed(Buffer.alloc(size)), ...Array.from({ length: more }, () => framed(Buffer.alloc(0)))])
        const seen = reader()
        const out = cut(bytes, at).map((piece) => seen.reader.write(piece))
        // Where the cut is at its end it was handed on before anybody could know; there is never a second.
        expect(out.flat().length).toBeLessThanOrEqual(1)
        expect(seen.seconds).toBe(1)
        expect(seen.announced).toEqual([size])
      }),
      { numRuns: 200 },
    )
  })

  it('that is not wanted is let go of, whatever still comes', () => {
    const seen = reader(false)
    const frame = framed(Buffer.alloc(1_000))
    for (let at = 0; at < frame.length; at += 100) expect(seen.reader.write(frame.subarray(at, at + 100))).toEqual([])
    expect([seen.announced, seen.seconds]).toEqual([[1_000], 0])
  })

  it('asks for room before it takes memory, and is let go of where there is none', () => {
    const frame = framed(Buffer.alloc(3_000_000))
    for (const [room, kept] of [
      [100_000, 0],
      [2_000_000, 0],
      [3_000_005, 1],
    ] as const) {
      const seen = reader(true, room)
      const out: Buffer[] = []
      for (let at = 0; at < frame.length; at += 16_384) out.push(...seen.reader.write(frame.subarray(at, at + 16_384)))
      expect(out.length).toBe(kept)
    }
  })

  it('takes memory for the bytes that have come, not for those that are announced', () => {
    const head = Buffer.alloc(5)
    head.writeUInt32BE(2 ** 30, 1)
    const before = process.memoryUsage().arrayBuffers
    const readers = Array.from({ length: 50 }, () => reader())
    for (const { reader: each } of readers) expect(each.write(Buffer.concat([head, Buffer.alloc(1_000)]))).toEqual([])
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50 * 70_000)
  })
})
