import { setImmediate } from 'node:timers'
import { nowMillis } from '../clock.ts'

const SLICE_MILLIS = 1.5

/** Cuts long work into slices, between which the event loop runs. */
export class Slices {
  #started = nowMillis()
  #checks = 0

  /** Whether the present slice has lasted long enough. The clock is read at every eighth call only: ask often. */
  get over(): boolean {
    return (++this.#checks & 7) === 0 && nowMillis() - this.#started > SLICE_MILLIS
  }

  async pause(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    this.#started = nowMillis()
  }
}
