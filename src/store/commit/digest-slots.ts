import { randomInt } from 'node:crypto'

const DIGEST_BYTES = 32
const START_SLOTS = 2_048

/** Which digests of a list are there already: an open table over their bytes, so that no text is made or hashed for a look. */
export class DigestSlots {
  /** Place in the list plus one; 0 where nothing is. */
  #slots: Uint32Array = new Uint32Array(START_SLOTS)
  #count = 0
  // Who chooses digests cannot know which of them meet in the table.
  readonly #factor = randomInt(2 ** 31) * 2 + 1

  /** Notes the digest that stands at place `index` of the list, the next one after those noted; false where an equal one is. */
  add(digests: Buffer, index: number): boolean {
    if (this.#count * 2 >= this.#slots.length) this.#grow(digests)
    const slots = this.#slots
    const mask = slots.length - 1
    const at = index * DIGEST_BYTES
    for (let slot = this.#slotOf(digests, at); ; slot = (slot + 1) & mask) {
      const noted = slots[slot] ?? 0
      if (noted === 0) {
        slots[slot] = index + 1
        this.#count++
        return true
      }
      if (isSame(digests, at, (noted - 1) * DIGEST_BYTES)) return false
    }
  }

  /** Forgets all but the first `count` digests of the list. */
  rebuild(digests: Buffer, count: number): void {
    this.#slots.fill(0)
    this.#count = 0
    for (let index = 0; index < count; index++) this.add(digests, index)
  }

  clear(): void {
    if (this.#count === 0) return
    this.#count = 0
    if (this.#slots.length > START_SLOTS) this.#slots = new Uint32Array(START_SLOTS)
    else this.#slots.fill(0)
  }

  #slotOf(digests: Buffer, at: number): number {
    return (Math.imul(digests.readInt32LE(at), this.#factor) >>> 7) & (this.#slots.length - 1)
  }

  #grow(digests: Buffer): void {
    const noted = this.#slots.filter((place) => place > 0).sort()
    this.#slots = new Uint32Array(this.#slots.length * 2)
    this.#count = 0
    for (const place of noted) this.add(digests, place - 1)
  }
}

function isSame(digests: Buffer, left: number, right: number): boolean {
  for (let at = 0; at < DIGEST_BYTES; at += 4) if (digests.readInt32LE(left + at) !== digests.readInt32LE(right + at)) return false
  return true
}
