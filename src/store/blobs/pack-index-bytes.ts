import { crc32 } from 'node:zlib'
import { giveBack } from '../frames/file-window.ts'
import { DigestFilter, EARLIER_MAKE, type FilterMake, PRESENT_MAKE } from './digest-filter.ts'
import type { PlaceTable } from './place-table.ts'

// 'RPRX', u32 version, u32 count, u32 bytes of the pack it covers, u32 bytes of the filter, u32 crc of head and filter; the
// filter; entries; u32 crc of the entries. An entry is the digest, u32 offset, u32 length; entries stand in digest order.
export const TAG = 'RPRX'
/** Versions differ in the make of their filter. One that is not known here is made again from the pack. */
export const MAKES: ReadonlyMap<number, FilterMake> = new Map([
  [2, EARLIER_MAKE],
  [3, PRESENT_MAKE],
])
const VERSION = 3
export const HEAD_BYTES = 24
export const HEAD_CRC_AT = 20
export const ENTRY_BYTES = 40
export const CRC_BYTES = 4
const DIGEST_BYTES = 32

/** Entries between two steps: some 0.1 ms. */
const STEP_ENTRIES = 256

export function headCrc(head: Buffer, bits: Uint8Array): number {
  return crc32(bits, crc32(head.subarray(0, HEAD_CRC_AT)))
}

/** The side file of a pack with these places, and its filter; in short steps. */
export function* makeIndexBytes(
  places: PlaceTable,
  packBytes: number,
): Generator<undefined, { readonly bytes: Buffer; readonly filter: DigestFilter }, void> {
  const count = places.size
  const filter = DigestFilter.sizedFor(count, PRESENT_MAKE)
  const entriesAt = HEAD_BYTES + filter.bits.length
  const bytes = Buffer.alloc(entriesAt + ENTRY_BYTES * count + CRC_BYTES)
  bytes.write(TAG, 'latin1')
  bytes.writeUInt32LE(VERSION, 4)
  bytes.writeUInt32LE(count, 8)
  bytes.writeUInt32LE(packBytes, 12)
  bytes.writeUInt32LE(filter.bits.length, 16)
  const { digests, places: numbers } = places.toArrays()
  const source = new DataView(digests.buffer, digests.byteOffset, digests.length)
  const target = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let at = entriesAt
  let crcAt = at
  let crc = 0
  for (const entries of inDigestOrder(source, digests, count)) {
    for (const entry of entries ?? NO_ENTRIES) {
      // A call of `copy` for each would hold the event loop longer than all the rest.
      for (let word = 0; word < DIGEST_BYTES; word += 4) target.setInt32(at + word, source.getInt32(entry * DIGEST_BYTES + word))
      filter.add(digests, entry * DIGEST_BYTES)
      target.setUint32(at + 32, numbers[entry * 2] ?? 0, true)
      target.setUint32(at + 36, numbers[entry * 2 + 1] ?? 0, true)
      at += ENTRY_BYTES
    }
    if (entries !== undefined && at - crcAt < STEP_ENTRIES * ENTRY_BYTES) continue
    crc = crc32(bytes.subarray(crcAt, at), crc)
    crcAt = at
    yield
  }
  bytes.set(filter.bits, HEAD_BYTES)
  bytes.writeUInt32LE(headCrc(bytes.subarray(0, HEAD_BYTES), filter.bits), HEAD_CRC_AT)
  bytes.writeUInt32LE(crc32(bytes.subarray(crcAt, at), crc), at)
  return { bytes, filter }
}

const NO_ENTRIES = new Uint32Array(0)
const NUMBERS = 2 ** 21
/** Of digests that begin alike and are sorted at a time, about. */
const BUCKET_ENTRIES = 128
const BUCKETS_MAX_BITS = 16

/**
 * Numbers of the digests in their order, some at a time; undefined where a step was done that gives none yet. Sorted as numbers:
 * comparing the bytes would hold the event loop too long.
 */
function* inDigestOrder(view: DataView, digests: Buffer, count: number): Generator<Uint32Array | undefined, void, void> {
  const bits = Math.min(BUCKETS_MAX_BITS, Math.ceil(Math.log2(Math.max(2, count / BUCKET_ENTRIES))))
  const ends = new Uint32Array(2 ** bits)
  for (let from = 0; from < count; from += STEP_ENTRIES) {
    countBuckets(view, BUCKETS_MAX_BITS - bits, ends, from, Math.min(count, from + STEP_ENTRIES))
    yield undefined
  }
  let before = 0
  for (const [bucket, size] of ends.entries()) {
    // Where it begins, until its entries have been put in.
    ends[bucket] = before
    before += size
  }
  const keys = new Float64Array(count)
  for (let from = 0; from < count; from += STEP_ENTRIES) {
    putKeys(view, BUCKETS_MAX_BITS - bits, ends, keys, from, Math.min(count, from + STEP_ENTRIES))
    yield undefined
  }
  let from = 0
  for (const end of ends) {
    yield ordered(keys.subarray(from, end).sort(), digests)
    from = end
  }
  giveBack(keys)
}

// Functions of their own: in a generator each number would be an object for the collector of garbage.

function countBuckets(view: DataView, shift: number, ends: Uint32Array, from: number, to: number): void {
  for (let entry = from; entry < to; entry++) {
    const bucket = view.getUint16(entry * DIGEST_BYTES) >>> shift
    ends[bucket] = (ends[bucket] ?? 0) + 1
  }
}

function putKeys(view: DataView, shift: number, ends: Uint32Array, keys: Float64Array, from: number, to: number): void {
  for (let entry = from; entry < to; entry++) {
    const bucket = view.getUint16(entry * DIGEST_BYTES) >>> shift
    const place = ends[bucket] ?? 0
    // 32 bits of the digest and up to 21 of its number fit in a double.
    keys[place] = view.getUint32(entry * DIGEST_BYTES) * NUMBERS + entry
    ends[bucket] = place + 1
  }
}

/** Entry numbers of sorted keys: of those that begin alike, in the order of all their bytes. */
function ordered(keys: Float64Array, digests: Buffer): Uint32Array {
  const order = new Uint32Array(keys.length)
  let before = -1
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index] ?? 0
    const first = Math.floor(key / NUMBERS)
    const entry = key - first * NUMBERS
    let at = index
    // Few digests begin alike: only these are compared.
    if (first === before) {
      for (; at > 0 && compareDigests(digests, order[at - 1] ?? 0, entry) > 0; at--) order[at] = order[at - 1] ?? 0
    }
    order[at] = entry
    before = first
  }
  return order
}

function compareDigests(digests: Buffer, left: number, right: number): number {
  return digests.compare(digests, right * DIGEST_BYTES, (right + 1) * DIGEST_BYTES, left * DIGEST_BYTES, (left + 1) * DIGEST_BYTES)
}
