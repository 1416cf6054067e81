import { readFileSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Digest } from '../../schemas/index.ts'
import { replaceFile } from '../files/durable.ts'

/** Where a blob stands in its pack: the skippable frame and the frame behind it. */
export interface BlobPlace {
  readonly offset: number
  readonly length: number
}

// 'RPRX', u32 version, u32 count, u32 bytes of the pack it covers; entries; u32 crc of all before.
// An entry is the digest, u32 offset, u32 length; entries stand in digest order.
const TAG = 'RPRX'
const VERSION = 1
const HEAD_BYTES = 16
const ENTRY_BYTES = 40
const CRC_BYTES = 4

/** The places of a closed pack's blobs, sorted by digest. Digests are uniform, so that a look-up can guess where to look. */
export class PackIndex {
  readonly #bytes: Buffer
  readonly count: number
  readonly packBytes: number

  private constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.count = bytes.readUInt32LE(8)
    this.packBytes = bytes.readUInt32LE(12)
  }

  static of(places: ReadonlyMap<Digest, BlobPlace>, packBytes: number): PackIndex {
    const sorted = [...places].sort(([left], [right]) => (left < right ? -1 : 1))
    const bytes = Buffer.alloc(HEAD_BYTES + ENTRY_BYTES * sorted.length + CRC_BYTES)
    bytes.write(TAG, 'latin1')
    bytes.writeUInt32LE(VERSION, 4)
    bytes.writeUInt32LE(sorted.length, 8)
    bytes.writeUInt32LE(packBytes, 12)
    let at = HEAD_BYTES
    for (const [digest, { offset, length }] of sorted) {
      bytes.write(digest.slice(7), at, 'hex')
      bytes.writeUInt32LE(offset, at + 32)
      bytes.writeUInt32LE(length, at + 36)
      at += ENTRY_BYTES
    }
    bytes.writeUInt32LE(crc32(bytes.subarray(0, at)), at)
    return new PackIndex(bytes)
  }

  /** Undefined when it is not there, damaged, or of another pack length: it can be made again from the pack. */
  static read(path: string, packBytes: number): PackIndex | undefined {
    let bytes: Buffer
    try {
      bytes = readFileSync(path)
    } catch {
      return undefined
    }
    if (bytes.length < HEAD_BYTES + CRC_BYTES || bytes.toString('latin1', 0, 4) !== TAG || bytes.readUInt32LE(4) !== VERSION)
      return undefined
    if (bytes.length !== HEAD_BYTES + ENTRY_BYTES * bytes.readUInt32LE(8) + CRC_BYTES) return undefined
    if (bytes.readUInt32LE(12) !== packBytes) return undefined
    const crcAt = bytes.length - CRC_BYTES
    return crc32(bytes.subarray(0, crcAt)) === bytes.readUInt32LE(crcAt) ? new PackIndex(bytes) : undefined
  }

  write(path: string): void {
    replaceFile(path, this.#bytes)
  }

  /** `key` is the 32 bytes of a digest. Interpolation on its first four bytes, then steps to the neighbour that matches. */
  find(key: Buffer): BlobPlace | undefined {
    const wanted = key.readUInt32BE(0)
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const lowest = this.#prefix(low)
      const highest = this.#prefix(high)
      if (wanted < lowest || wanted > highest) return undefined
      const middle = highest === lowest ? low : low + Math.floor(((wanted - lowest) / (highest - lowest)) * (high - low))
      const at = HEAD_BYTES + ENTRY_BYTES * middle
      const order = this.#bytes.compare(key, 0, 32, at, at + 32)
      if (order === 0) return { offset: this.#bytes.readUInt32LE(at + 32), length: this.#bytes.readUInt32LE(at + 36) }
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }

  #prefix(entry: number): number {
    return this.#bytes.readUInt32BE(HEAD_BYTES + ENTRY_BYTES * entry)
  }

  *digests(): Generator<Digest, void, void> {
    for (let entry = 0; entry < this.count; entry++) {
      const at = HEAD_BYTES + ENTRY_BYTES * entry
      yield `sha256:${this.#bytes.toString('hex', at, at + 32)}`
    }
  }
}
