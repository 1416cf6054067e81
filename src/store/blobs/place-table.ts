import { randomInt } from 'node:crypto'
import type { Digest } from '../../schemas/index.ts'
import { giveBack } from '../frames/file-window.ts'
import type { BlobPlace } from './pack-index.ts'

const DIGEST_BYTES = 32
const START_ITEMS = 1024
const EMPTY = 0

/**
 * Where blobs stand in a pack, by digest: a hash table over plain memory, since a map of objects would be
 * the largest part of a busy writer's heap. Entries keep the order in which they were added.
 */
export class PlaceTable {
  #digests: Buffer = Buffer.allocUnsafeSlow(START_ITEMS * DIGEST_BYTES)
  /** Offset and length of each. */
  #places: Uint32Array = new Uint32Array(START_ITEMS * 2)
  /** Number of the entry plus one. */
  #slots: Uint32Array = new Uint32Array(START_ITEMS * 2)
  #count = 0
  // A sender that chooses digests cannot know which of them meet in the table.
  readonly #factor = randomInt(2 ** 31) * 2 + 1

  get size(): number {
    return this.#count
  }

  /** Number of the entry of the digest whose 32 bytes stand at `at`, or -1. */
  find(bytes: Buffer, at: number): number {
    const mask = this.#slots.length - 1
    for (let slot = this.#slotOf(bytes, at); ; slot = (slot + 1) & mask) {
      const entry = this.#slots[slot] ?? EMPTY
      if (entry === EMPTY) return -1
      const start = (entry - 1) * DIGEST_BYTES
      if (bytes.readInt32LE(at + 4) === this.#digests.readInt32LE(start + 4) && this.#same(bytes, at, start)) return entry - 1
    }
  }

  #same(bytes: Buffer, at: number, start: number): boolean {
    return bytes.compare(this.#digests, start, start + DIGEST_BYTES, at, at + DIGEST_BYTES) === 0
  }

  #slotOf(bytes: Buffer, at: number): number {
    return (Math.imul(bytes.readInt32LE(at), this.#factor) >>> 7) & (this.#slots.length - 1)
  }

  /** False when it is there already. */
  add(bytes: Buffer, at: number, offset: number, length: number): boolean {
    if (this.find(bytes, at) >= 0) return false
    if (this.#count * 2 === this.#places.length) this.#grow()
    const entry = this.#count++
    bytes.copy(this.#digests, entry * DIGEST_BYTES, at, at + DIGEST_BYTES)
    this.#places[entry * 2] = offset
    this.#places[entry * 2 + 1] = length
    this.#insert(entry)
    return true
  }

  #insert(entry: number): void {
    const mask = this.#slots.length - 1
    let slot = this.#slotOf(this.#digests, entry * DIGEST_BYTES)
    while (this.#slots[slot] !== EMPTY) slot = (slot + 1) & mask
    this.#slots[slot] = entry + 1
  }

  #grow(): void {
    const digests = Buffer.allocUnsafeSlow(this.#digests.length * 2)
    this.#digests.copy(digests)
    giveBack(this.#digests)
    this.#digests = digests
    const places = new Uint32Array(this.#places.length * 2)
    places.set(this.#places)
    giveBack(this.#places)
    this.#places = places
    this.#rehash(this.#slots.length * 2)
  }

  #rehash(slots: number): void {
    if (slots === this.#slots.length) this.#slots.fill(EMPTY)
    else {
      giveBack(this.#slots)
      this.#slots = new Uint32Array(slots)
    }
    for (let entry = 0; entry < this.#count; entry++) this.#insert(entry)
  }

  /** Forgets all entries from a number on. Their memory is kept. */
  truncate(count: number): void {
    if (count >= this.#count) return
    this.#count = count
    this.#rehash(this.#slots.length)
  }

  has(digest: Digest): boolean {
    return this.find(keyOf(digest), 0) >= 0
  }

  set(digest: Digest, { offset, length }: BlobPlace): void {
    this.add(keyOf(digest), 0, offset, length)
  }

  /** Length of what stands under a digest. */
  sizeOf(digest: Digest): number | undefined {
    const entry = this.find(keyOf(digest), 0)
    return entry < 0 ? undefined : this.#places[entry * 2 + 1]
  }

  placeOf(entry: number): BlobPlace {
    return { offset: this.#places[entry * 2] ?? 0, length: this.#places[entry * 2 + 1] ?? 0 }
  }

  /** The digests, 32 bytes each, and the places, two numbers each. Valid until the next change. */
  toArrays(): { readonly digests: Buffer; readonly places: Uint32Array } {
    return { digests: this.#digests.subarray(0, this.#count * DIGEST_BYTES), places: this.#places.subarray(0, this.#count * 2) }
  }
}

const key = Buffer.alloc(DIGEST_BYTES)

/** The 32 bytes of a digest, valid until the next call. */
function keyOf(digest: Digest): Buffer {
  key.write(digest.slice(7), 'hex')
  return key
}
