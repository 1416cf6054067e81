/** Whether a span may have been added since the last `clear`: says so of all that were, and of a few that were not. */
export class SpanSet {
  readonly #slots: Int32Array
  readonly #mask: number
  #dirty = false

  /** For so many spans at a time. */
  constructor(most: number) {
    const slots = 2 ** Math.ceil(Math.log2(most * 4))
    this.#slots = new Int32Array(slots)
    this.#mask = slots - 1
  }

  /** False where it may be there already: clear, and the next call takes it. */
  add(span: bigint): boolean {
    parts[0] = span
    // 0 is an empty slot.
    const value = ((halves[0] ?? 0) ^ Math.imul(halves[1] ?? 0, 0x9e3779b1)) | 1
    const first = (value >>> 1) & this.#mask
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const slot = (first + tries) & this.#mask
      const there = this.#slots[slot]
      if (there === value) return false
      if (there !== 0) continue
      this.#slots[slot] = value
      this.#dirty = true
      return true
    }
    return false
  }

  clear(): void {
    if (this.#dirty) this.#slots.fill(0)
    this.#dirty = false
  }
}

const TRIES_MAX = 16
const parts = new BigInt64Array(1)
const halves = new Int32Array(parts.buffer)
