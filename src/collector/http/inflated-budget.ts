const KIB = 1024
/** Counts of one collector: what is used, and what each worker holds of it. */
const USED = 0

/**
 * Bounds, over all workers, the bytes of large bodies after decompression: each worker has one body at a time, and without it
 * as many of the largest could be there as there are workers. Counted in KiB, in memory that the workers share.
 */
export function shareInflatedBudget(workers: number): SharedArrayBuffer {
  return new SharedArrayBuffer((1 + workers) * Int32Array.BYTES_PER_ELEMENT)
}

/** Gives back what a worker held that is not there any more. */
export function releaseInflated(memory: SharedArrayBuffer, worker: number): void {
  new InflatedBudget(memory, worker, 0).release()
}

/** What one worker takes of it. */
export class InflatedBudget {
  readonly #counts: Int32Array
  readonly #own: number
  readonly #maxKib: number
  readonly #waitMillis: number

  /** `worker` counts from 0. */
  constructor(memory: SharedArrayBuffer, worker: number, maxBytes: number, waitMillis = 10_000) {
    this.#counts = new Int32Array(memory)
    this.#own = 1 + worker
    this.#maxKib = Math.ceil(maxBytes / KIB)
    this.#waitMillis = waitMillis
  }

  /** Holds so many bytes in all. Waits while others have them, which stops this thread; false when that took too long. */
  growTo(bytes: number): boolean {
    const counts = this.#counts
    const held = Atomics.load(counts, this.#own)
    const more = Math.ceil(bytes / KIB) - held
    if (more <= 0) return true
    const deadline = performance.now() + this.#waitMillis
    for (;;) {
      const used = Atomics.load(counts, USED)
      // One of any size goes on when there is no other: its own limit bounds it.
      if (used === held || used + more <= this.#maxKib) {
        if (Atomics.compareExchange(counts, USED, used, used + more) !== used) continue
        Atomics.add(counts, this.#own, more)
        return true
      }
      const left = deadline - performance.now()
      if (left <= 0) return false
      Atomics.wait(counts, USED, used, left)
    }
  }

  /** Gives everything back; twice is harmless. */
  release(): void {
    const held = Atomics.exchange(this.#counts, this.#own, 0)
    if (held === 0) return
    Atomics.sub(this.#counts, USED, held)
    Atomics.notify(this.#counts, USED)
  }
}
