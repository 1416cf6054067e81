import type { ByteBudget, Reservation } from './byte-budget.ts'
import { type Refusal, unavailable } from './refusal.ts'

/** A body that is being received. */
export interface ReceivedBody {
  readonly reservation: Reservation
  /** Bytes that have come. */
  readonly receivedBytes: () => number
  readonly refuse: (refusal: Refusal) => void
}

const LOOK_MILLIS = 250
/** For so many looks what is announced is believed; then as much of it as comes in so many looks more, at the pace of the last one. */
const BELIEVED_LOOKS = 2
const AHEAD_LOOKS = 8
/** A body keeps pace when as much comes between two looks: 64 KiB a second. */
const PACE_BYTES = 16 * 1024
/** After so many looks without pace, or so many in all, it gives way to those that were turned away meanwhile: 1 s and 5 s. */
const SLOW_LOOKS = 4
const LONG_LOOKS = 20
/** What a request takes besides its body while nothing comes. */
const SLOW_MIN_BYTES = 1024

interface Watched {
  readonly body: ReceivedBody
  /** Where it stands in the list. */
  index: number
  lastBytes: number
  looks: number
  slowLooks: number
}

/** Tells that a request came too slowly while there was no room for others. */
export function gaveWay(): Refusal {
  return unavailable('gave_way', 'the request came too slowly while others waited; try again later', 1)
}

/**
 * Keeps senders that begin and do not go on from holding the bytes that others need. A sender says how long its body is, and so
 * much is set aside for it at first; then what has come counts, and what comes in the next two seconds if it goes on so. When
 * others are turned away for want of room, who dawdles is turned away instead, to come again.
 */
export class SlowBodies {
  readonly #budget: ByteBudget
  /** No set: one that things come into and go from all the time makes garbage that grows old. */
  readonly #watched: Watched[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(budget: ByteBudget) {
    this.#budget = budget
  }

  /** Returns what is to be called when the body is whole, or over. */
  watch(body: ReceivedBody): () => void {
    const watched = { body, index: this.#watched.length, lastBytes: 0, looks: 0, slowLooks: 0 }
    this.#watched.push(watched)
    // What has come while this thread was busy is read before it is looked at.
    this.#timer ??= setInterval(() => setImmediate(() => this.#look()), LOOK_MILLIS).unref()
    return () => this.#forget(watched)
  }

  #forget(watched: Watched): void {
    if (this.#watched[watched.index] !== watched) return
    const last = this.#watched.pop()
    if (last === undefined || last === watched) return
    last.index = watched.index
    this.#watched[watched.index] = last
  }

  #look(): void {
    if (this.#watched.length === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
    // A copy: one that is refused leaves the list.
    for (const watched of [...this.#watched]) {
      const { body } = watched
      const bytes = body.receivedBytes()
      const came = bytes - watched.lastBytes
      watched.lastBytes = bytes
      watched.looks++
      watched.slowLooks = came < PACE_BYTES ? watched.slowLooks + 1 : 0
      if (watched.looks > BELIEVED_LOOKS) body.reservation.shrinkTo(bytes + Math.max(came * AHEAD_LOOKS, SLOW_MIN_BYTES))
      if ((watched.slowLooks >= SLOW_LOOKS || watched.looks >= LONG_LOOKS) && this.#budget.pressed) body.refuse(gaveWay())
    }
  }
}
