/**
 * Lets so many bytes of requests be worked on at the same time, in the order of their coming. Decoded spans take several
 * times the room of the body they come from, so that a crowd waits here as bodies. Who waits is bounded by the byte budget.
 */
export class ByteGate {
  readonly #maxBytes: number
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = []
  #usedBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  async run<T>(bytes: number, work: () => Promise<T>): Promise<T> {
    if (this.#waiting.length === 0 && this.#fits(bytes)) this.#usedBytes += bytes
    else await new Promise<void>((enter) => this.#waiting.push({ bytes, enter }))
    try {
      return await work()
    } finally {
      this.#usedBytes -= bytes
      for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.bytes); next = this.#waiting[0]) {
        this.#waiting.shift()
        this.#usedBytes += next.bytes
        next.enter()
      }
    }
  }

  /** Alone, a request of any size goes in. */
  #fits(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.#maxBytes
  }
}
