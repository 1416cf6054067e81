import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Digest } from '../../schemas/index.ts'
import { replaceFile, replaceFileLater } from '../files/durable.ts'
import { giveBack, readExactly } from '../frames/file-window.ts'
import { DigestFilter } from './digest-filter.ts'
import { CRC_BYTES, ENTRY_BYTES, HEAD_BYTES, HEAD_CRC_AT, headCrc, MAKES, makeIndexBytes, TAG } from './pack-index-bytes.ts'
import type { PlaceTable } from './place-table.ts'

/** Where a blob stands in its pack: the skippable frame and the frame behind it. */
export interface BlobPlace {
  readonly offset: number
  readonly length: number
}

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
    const making = PackIndex.make(places, packBytes)
    for (;;) {
      const { done, value } = making.next()
      if (done === true) return value
    }
  }

  /** The same in short steps, for an event loop that has others to serve. The places may not change meanwhile. */
  static *make(places: PlaceTable, packBytes: number): Generator<undefined, PackIndex, void> {
    const { bytes, filter } = yield* makeIndexBytes(places, packBytes)
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
    this.#written(path, this.#bytes)
  }

  /** The same, and others are served while the disk is waited for. */
  async writeLater(path: string): Promise<void> {
    if (this.#bytes === undefined) return
    await replaceFileLater(path, this.#bytes)
    this.#written(path, this.#bytes)
  }

  #written(path: string, bytes: Buffer): void {
    this.#path = path
    giveBack(bytes)
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
