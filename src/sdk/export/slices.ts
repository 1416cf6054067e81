import { setImmediate } from 'node:timers'
import { nowMillis } from '../run/clock.ts'

/** Well below the two milliseconds that nothing may hold the event loop for: what follows the look at the clock counts too. */
const SLICE_MILLIS = 1
/** Where little follows: a program that makes many calls is then kept up with, while what it gave is still in the cache. */
const SMALL_WORK_SLICE_MILLIS = 1.5
/** How much work goes by between two looks at the clock. */
const CHECK_CALLS = 8
const CHECK_BYTES = 16 * 1024

/** Cuts long work into slices, between which the event loop runs. */
export class Slices {
  #started = nowMillis()
  #calls = 0
  #bytes = 0

  /**
   * Whether the present slice has lasted long enough, `bytes` more having been gone through. The clock is read now and then: ask
   * often.
   * @param small whether each piece of the work is far shorter than a slice
   */
  over(bytes: number, small = false): boolean {
    this.#bytes += bytes
    if (++this.#calls < CHECK_CALLS && this.#bytes < CHECK_BYTES) return false
    this.#calls = 0
    this.#bytes = 0
    return nowMillis() - this.#started > (small ? SMALL_WORK_SLICE_MILLIS : SLICE_MILLIS)
  }

  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#started = nowMillis()
  }
}
