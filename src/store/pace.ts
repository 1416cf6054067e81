/**
 * How a thread in the background leaves the cores to those that senders wait for: it works a moment and rests a while, again and
 * again. A low priority alone does not: whoever wakes while every core is taken waits until the scheduler looks again, which is
 * up to 4 ms on Linux, and a body wakes several threads one after the other.
 */
export class Pace {
  readonly #workMillis: number
  readonly #restMillis: number
  /** While its first number is not 0 somebody waits, and there is no rest. */
  readonly #asked: Int32Array<SharedArrayBuffer>
  #since = 0
  #restMax = 0
  #rested = 0

  constructor({ workMillis, restMillis, asked }: { workMillis: number; restMillis: number; asked?: Int32Array<SharedArrayBuffer> }) {
    this.#workMillis = workMillis
    this.#restMillis = restMillis
    this.#asked = asked ?? new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  }

  /** A piece of work begins, in which there is rest for so many milliseconds at most. */
  start(restMaxMillis: number): void {
    this.#since = performance.now()
    this.#restMax = restMaxMillis
    this.#rested = 0
  }

  /** How long it has rested since `start`, in milliseconds. */
  get restedMillis(): number {
    return this.#rested
  }

  /** To be called often: blocks the thread for a rest when it has worked for a moment. */
  breathe(): void {
    if (this.#rested >= this.#restMax) return
    const now = performance.now()
    if (now - this.#since < this.#workMillis) return
    Atomics.wait(this.#asked, 0, 0, this.#restMillis)
    this.#since = performance.now()
    this.#rested += this.#since - now
  }
}
