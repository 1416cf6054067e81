/** Who was turned away comes again after a second, which is what it was told. */
const PRESSED_MILLIS = 2_000

/** Bounds the bytes of all requests being worked on. What does not fit is turned away, never queued. */
export class ByteBudget {
  readonly #maxBytes: number
  #usedBytes = 0
  #refusedAtMillis = Number.NEGATIVE_INFINITY

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** Whether somebody was turned away a moment ago. */
  get pressed(): boolean {
    return performance.now() - this.#refusedAtMillis < PRESSED_MILLIS
  }

  open(): Reservation {
    return new Reservation((bytes) => this.#take(bytes))
  }

  #take(bytes: number): boolean {
    // A large request is let in while there is little else, or it would never have its turn: its own limits bound it.
    const most = bytes * 2 > this.#maxBytes ? this.#maxBytes / 2 : this.#maxBytes - bytes
    if (bytes > 0 && this.#usedBytes > 0 && this.#usedBytes > most) {
      this.#refusedAtMillis = performance.now()
      return false
    }
    this.#usedBytes += bytes
    return true
  }
}

/** What one request holds of the budget. */
export class Reservation {
  readonly #take: (bytes: number) => boolean
  #heldBytes = 0

  constructor(take: (bytes: number) => boolean) {
    this.#take = take
  }

  /** Grows to at least so many bytes; false when there is no room. */
  growTo(bytes: number): boolean {
    if (bytes <= this.#heldBytes) return true
    if (!this.#take(bytes - this.#heldBytes)) return false
    this.#heldBytes = bytes
    return true
  }

  /** Gives back what is held beyond so many bytes. */
  shrinkTo(bytes: number): void {
    if (bytes >= this.#heldBytes) return
    this.#take(bytes - this.#heldBytes)
    this.#heldBytes = bytes
  }

  /** Gives everything back; twice is harmless. */
  release(): void {
    this.shrinkTo(0)
  }
}
