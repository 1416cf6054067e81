import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Digest } from '../../schemas/index.ts'
import { replaceFile } from '../files/durable.ts'
import { giveBack, readExactly } from '../frames/file-window.ts'
import { DigestFilter, EARLIER_MAKE, type FilterMake, PRESENT_MAKE } from './digest-filter.ts'
import type { PlaceTable } from './place-table.ts'

/** Where a blob stands in its pack: the skippable frame and the frame behind it. */
export interface BlobPlace {
  readonly offset: number
  readonly length: number
}

// 'RPRX', u32 version, u32 count, u32 bytes of the pack it covers, u32 bytes of the filter, u32 crc of head and filter; the
// filter; entries; u32 crc of the entries. An entry is the digest, u32 offset, u32 length; entries stand in digest order.
const TAG = 'RPRX'
/** Versions differ in the make of their filter. One that is not known here is made again from the pack. */
const MAKES: ReadonlyMap<number, FilterMake> = new Map([
  [2, EARLIER_MAKE],
  [3, PRESENT_MAKE],
])
const VERSION = 3
const HEAD_BYTES = 24
const HEAD_CRC_AT = 20
const ENTRY_BYTES = 40
const CRC_BYTES = 4
/** Entries read at a time. Digests are uniform, so that a second guess is hardly ever further off. */
const WINDOW = 64

/**
 * The places of a closed pack's blobs, sorted by digest, in a side file. Only a filter that knows most absent digests is kept
 * in memory: a busy store has millions of blobs.
 */
export class PackIndex {
  readonly count: number
  readonly packBytes: number
  readonly #filter: DigestFilter
  /** The whole file, until it has been written. */
  #bytes: Buffer | undefined
  #path: string
  #fd: number | undefined
  #checked: boolean

  private constructor(head: Buffer, filter: DigestFilter, path: string, bytes: Buffer | undefined) {
    this.count = head.readUInt32LE(8)
    this.packBytes = head.readUInt32LE(12)
    this.#filter = filter
    this.#path = path
    this.#bytes = bytes
    this.#checked = bytes !== undefined
  }

  static of(places: PlaceTable, packBytes: number): PackIndex {
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
    for (const entry of inDigestOrder(source, digests, count)) {
      // A call of `copy` for each would hold the event loop longer than all the rest.
      for (let word = 0; word < 32; word += 4) target.setInt32(at + word, source.getInt32(entry * 32 + word))
      filter.add(digests, entry * 32)
      target.setUint32(at + 32, numbers[entry * 2] ?? 0, true)
      target.setUint32(at + 36, numbers[entry * 2 + 1] ?? 0, true)
      at += ENTRY_BYTES
    }
    bytes.set(filter.bits, HEAD_BYTES)
    bytes.writeUInt32LE(headCrc(bytes.subarray(0, HEAD_BYTES), filter.bits), HEAD_CRC_AT)
    bytes.writeUInt32LE(crc32(bytes.subarray(entriesAt, at)), at)
    return new PackIndex(bytes, filter, '', bytes)
  }

  /** Undefined when it is not there, damaged, or of another pack length: it can be made again from the pack. */
  static read(path: string, packBytes: number): PackIndex | undefined {
    let fd: number
    try {
      fd = openSync(path, 'r')
    } catch {
      return undefined
    }
    try {
      const head = readExactly(fd, 0, HEAD_BYTES)
      if (head === undefined || head.toString('latin1', 0, 4) !== TAG) return undefined
      const make = MAKES.get(head.readUInt32LE(4))
      if (make === undefined) return undefined
      if (head.readUInt32LE(12) !== packBytes) return undefined
      const filterBytes = head.readUInt32LE(16)
      // Checked before memory is taken for it: the number may be damaged.
      if (filterBytes !== DigestFilter.bytesFor(head.readUInt32LE(8), make)) return undefined
      const bits = readExactly(fd, HEAD_BYTES, filterBytes)
      if (bits === undefined || headCrc(head, bits) !== head.readUInt32LE(HEAD_CRC_AT)) return undefined
      const index = new PackIndex(head, new DigestFilter(bits, make), path, undefined)
      // Whole by its length; the entries' crc is looked at when one of them is first asked for.
      return readExactly(fd, index.#end - 1, 1) === undefined ? undefined : index
    } finally {
      closeSync(fd)
    }
  }

  get #entriesAt(): number {
    return HEAD_BYTES + this.#filter.bits.length
  }

  get #end(): number {
    return this.#entriesAt + ENTRY_BYTES * this.count + CRC_BYTES
  }

  write(path: string): void {
    if (this.#bytes === undefined) return
    replaceFile(path, this.#bytes)
    this.#path = path
    giveBack(this.#bytes)
    this.#bytes = undefined
  }

  /** False for nearly every digest that is not here. */
  mayHave(key: Buffer, at: number): boolean {
    return this.#filter.mayHave(key, at)
  }

  /** Whether the entries are as they were written. Looked at once. */
  isWhole(): boolean {
    if (!this.#checked) {
      try {
        const bytes = readFileSync(this.#path)
        const crcAt = this.#end - CRC_BYTES
        if (bytes.length !== this.#end || crc32(bytes.subarray(this.#entriesAt, crcAt)) !== bytes.readUInt32LE(crcAt)) return false
      } catch {
        return false
      }
      this.#checked = true
    }
    return true
  }

  /** `key` holds the 32 bytes of a digest at `at`. Undefined too where the file cannot be read any more. */
  find(key: Buffer, at: number): BlobPlace | undefined {
    const wanted = key.readUInt32BE(at)
    let low = 0
    let high = this.count - 1
    let lowest = 0
    let highest = 0xffff_ffff
    while (low <= high) {
      const guess = low + Math.floor(((wanted - lowest) / (highest - lowest + 1)) * (high - low + 1))
      const from = Math.max(low, Math.min(guess - WINDOW / 2, high - WINDOW + 1))
      const count = Math.min(WINDOW, high - from + 1)
      const entries = this.#entries(from, count)
      if (entries === undefined) return undefined
      const last = (count - 1) * ENTRY_BYTES
      if (key.compare(entries, 0, 32, at, at + 32) < 0) {
        high = from - 1
        highest = entries.readUInt32BE(0)
      } else if (key.compare(entries, last, last + 32, at, at + 32) > 0) {
        low = from + count
        lowest = entries.readUInt32BE(last)
      } else return findIn(entries, count, key, at)
    }
    return undefined
  }

  #entries(from: number, count: number): Buffer | undefined {
    const start = this.#entriesAt + from * ENTRY_BYTES
    if (this.#bytes !== undefined) return this.#bytes.subarray(start, start + count * ENTRY_BYTES)
    try {
      this.#fd ??= openSync(this.#path, 'r')
      return readSync(this.#fd, window, 0, count * ENTRY_BYTES, start) === count * ENTRY_BYTES ? window : undefined
    } catch {
      return undefined
    }
  }

  *digests(): Generator<Digest, void, void> {
    const bytes = this.#bytes ?? readFileSync(this.#path)
    for (let entry = 0; entry < this.count; entry++) {
      const at = this.#entriesAt + ENTRY_BYTES * entry
      yield `sha256:${bytes.toString('hex', at, at + 32)}`
    }
  }

  /** Lets go of the file; the next look-up opens it again. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

const window = Buffer.allocUnsafeSlow(WINDOW * ENTRY_BYTES)

function headCrc(head: Buffer, bits: Uint8Array): number {
  return crc32(bits, crc32(head.subarray(0, HEAD_CRC_AT)))
}

function findIn(entries: Buffer, count: number, key: Buffer, at: number): BlobPlace | undefined {
  let low = 0
  let high = count - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const start = middle * ENTRY_BYTES
    const order = key.compare(entries, start, start + 32, at, at + 32)
    if (order === 0) return { offset: entries.readUInt32LE(start + 32), length: entries.readUInt32LE(start + 36) }
    if (order > 0) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

const NUMBERS = 2 ** 21

/** Numbers of the digests in their order. Sorted as numbers: comparing the bytes would hold the event loop too long. */
function inDigestOrder(view: DataView, digests: Buffer, count: number): Uint32Array {
  const keys = new Float64Array(count)
  // 32 bits of the digest and up to 21 of its number fit in a double.
  for (let entry = 0; entry < count; entry++) keys[entry] = view.getUint32(entry * 32) * NUMBERS + entry
  keys.sort()
  const order = new Uint32Array(count)
  let before = -1
  for (let index = 0; index < count; index++) {
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
  return digests.compare(digests, right * 32, right * 32 + 32, left * 32, left * 32 + 32)
}
