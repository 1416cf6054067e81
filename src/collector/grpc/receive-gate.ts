/** A place in which one message is being received. */
export interface Place {
  /** Gives the place to the next; twice is harmless. */
  release(): void
}

interface Waiting {
  readonly enter: (place: Place) => void
}

/**
 * Bounds how many messages are received at the same time. Who waits is not read from: HTTP/2's flow control holds the sender
 * back. Waiting is bounded too.
 */
export class ReceiveGate {
  readonly #maxPlaces: number
  readonly #maxWaiting: number
  readonly #waiting = new Set<Waiting>()
  #used = 0

  constructor(maxPlaces: number, maxWaiting: number) {
    this.#maxPlaces = maxPlaces
    this.#maxWaiting = maxWaiting
  }

  get used(): number {
    return this.#used
  }

  /** True while somebody waits: those who hold a place are then given less time. */
  get crowded(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * Calls `enter`, now or in turn, with the place. Gives a function that takes the request back, or undefined when too many
   * wait already.
   */
  request(enter: (place: Place) => void): (() => void) | undefined {
    if (this.#used < this.#maxPlaces) {
      this.#used++
      enter(this.#place())
      return () => undefined
    }
    if (this.#waiting.size >= this.#maxWaiting) return undefined
    const waiting = { enter }
    this.#waiting.add(waiting)
    return () => void this.#waiting.delete(waiting)
  }

  #place(): Place {
    let held = true
    return {
      release: () => {
        if (!held) return
        held = false
        const [next] = this.#waiting
        if (next === undefined) {
          this.#used--
          return
        }
        this.#waiting.delete(next)
        next.enter(this.#place())
      },
    }
  }
}
