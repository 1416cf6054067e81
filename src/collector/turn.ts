import { setImmediate as nextTurn } from 'node:timers/promises'

/** Others get their turn on the event loop at least this often while something large is worked on. */
const TURN_MILLIS = 8

/** Long work asks now and then whether its turn is over, and gives way if so. */
export class Turn {
  #endsAt = performance.now() + TURN_MILLIS

  get over(): boolean {
    return performance.now() >= this.#endsAt
  }

  async giveWay(): Promise<void> {
    await nextTurn()
    this.#endsAt = performance.now() + TURN_MILLIS
  }
}
