import { afterMillis, everyMillis, isAtRest, onNextTurn, onTurnAfter } from './turns.ts'

/** Turns of the event loop without a new call or pull after which the program counts as waiting; fewer where it can be seen to wait. */
const QUIET_TURNS = 2
const TICK_MILLIS = 10
const TICK_CAP_MILLIS = 25

export interface DeliveryOptions {
  /** Every delivery number that replay itself hands out, ascending. */
  readonly numbers: readonly number[]
  /** Whether the program has made every call that it had made before delivery `number` in the recording. */
  callsMadeBefore(number: number): boolean
  /** How long the program may stay silent before `number` is no longer waited for. */
  patienceMillis(number: number): number
  /** How long it is, in milliseconds, until `number` may be handed over; 0 where nobody asked for the recorded pace. */
  dueInMillis?(number: number): number
  /** Patience ran out: the calls before `number` are no longer waited for. */
  onCallsGivenUp(number: number): void
  /** A result comes after one that it had come before in the recording. */
  onLate(number: number): void
  /** A numbered result is about to be handed over. */
  onDelivered(number: number): void
}

/**
 * Hands recorded results to the program in the order in which they reached it when it was recorded: one per macrotask, and
 * only once the program waits. So the program makes its calls in the recorded order too, which is what pairs equal calls.
 */
export class DeliveryScheduler {
  readonly #options: DeliveryOptions
  readonly #offers = new Map<number, () => void>()
  readonly #unnumbered = new Set<() => void>()
  readonly #skipped = new Set<number>()
  #next = 0
  #quiet = 0
  #scheduled = false
  #closed = false
  #activity = 0
  #losses = 0
  #held = 0
  #stopWaiting: (() => void) | undefined
  /** Bound once: the pump runs for every delivery. */
  readonly #turnBound = (): void => this.#turn()

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Counts calls, pulls and deliveries: what moves while the program is alive. */
  get activity(): number {
    return this.#activity
  }

  /** How often the recorded order had to be given up. */
  get losses(): number {
    return this.#losses
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The number that is due next; undefined when all have been handed over. */
  get expected(): number | undefined {
    return this.#expected()
  }

  /** Results that were asked for and not yet handed over. */
  get waiting(): number {
    return this.#offers.size + this.#unnumbered.size + this.#held
  }

  /** Something takes the time it takes: nothing is given up meanwhile. Call the returned function when it is over. */
  hold(): () => void {
    this.#held++
    this.touch()
    return () => {
      this.#held--
      if (!this.#closed) this.touch()
    }
  }

  /** The program did something: it is not waiting. */
  touch(): void {
    this.#activity++
    this.#quiet = 0
    this.#endPatience()
    this.#wake()
  }

  /**
   * `deliver` is called once, in its turn. Without a number it is called as soon as the program waits.
   * The returned function takes the offer back.
   */
  offer(number: number | undefined, deliver: () => void): () => void {
    this.touch()
    // Given up before it was asked for: it was taken for what another call stands for.
    if (number !== undefined) this.#skipped.delete(number)
    const expected = this.#expected()
    const late = number !== undefined && (expected === undefined || number < expected)
    if (late) this.#options.onLate(number)
    // A number that is given twice is no order.
    if (number === undefined || late || this.#offers.has(number)) {
      this.#unnumbered.add(deliver)
      return () => this.#unnumbered.delete(deliver)
    }
    this.#offers.set(number, deliver)
    return () => this.#offers.delete(number)
  }

  /** This number will not be asked for any more. */
  skip(number: number): void {
    this.#skipped.add(number)
    this.#wake()
  }

  close(): void {
    this.#closed = true
    this.#endPatience()
    this.#offers.clear()
    this.#unnumbered.clear()
  }

  #wake(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    onNextTurn(this.#turnBound)
  }

  /** The same, from a turn of our own. */
  #wakeAgain(): void {
    if (this.#scheduled || this.#closed) return
    this.#scheduled = true
    onTurnAfter(this.#turnBound)
  }

  #turn(): void {
    this.#scheduled = false
    if (this.#closed) return
    if (this.#quiet++ < QUIET_TURNS && !isAtRest()) {
      this.#wakeAgain()
      return
    }
    const deliver = this.#choose()
    if (deliver !== undefined) this.#deliver(deliver)
  }

  #deliver(deliver: () => void): void {
    this.#activity++
    this.#quiet = 0
    this.#endPatience()
    this.#wakeAgain()
    deliver()
  }

  #expected(): number | undefined {
    const { numbers } = this.#options
    let number = numbers[this.#next]
    while (number !== undefined && this.#skipped.has(number)) number = numbers[++this.#next]
    return number
  }

  #choose(): (() => void) | undefined {
    for (const deliver of this.#unnumbered) {
      this.#unnumbered.delete(deliver)
      return deliver
    }
    const number = this.#expected()
    if (number === undefined || this.#offers.size === 0) return undefined
    const deliver = this.#offers.get(number)
    if (deliver === undefined || !this.#options.callsMadeBefore(number)) {
      this.#startPatience(number)
      return undefined
    }
    const wait = this.#options.dueInMillis?.(number) ?? 0
    if (wait > 0) {
      this.#endPatience()
      // Timers come early by a fraction.
      this.#stopWaiting = afterMillis(Math.ceil(wait), () => this.#wake())
      return undefined
    }
    this.#offers.delete(number)
    this.#next++
    this.#options.onDelivered(number)
    return deliver
  }

  /** What comes next depends on the program's own timers or I/O: it gets time for them, measured in ticks that came on time. */
  #startPatience(number: number): void {
    let left = this.#options.patienceMillis(number)
    this.#endPatience()
    this.#stopWaiting = everyMillis(TICK_MILLIS, TICK_CAP_MILLIS, (passed) => {
      if (this.#held === 0) left -= passed
      if (left > 0) return
      this.#endPatience()
      this.#giveUp(number)
    })
  }

  #endPatience(): void {
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
  }

  #giveUp(number: number): void {
    this.#losses++
    this.#options.onCallsGivenUp(number)
    let lowest = Number.POSITIVE_INFINITY
    for (const offered of this.#offers.keys()) if (offered < lowest) lowest = offered
    const deliver = this.#offers.get(lowest)
    if (deliver === undefined) return
    this.#offers.delete(lowest)
    // What stood before it and is asked for later comes late.
    while ((this.#options.numbers[this.#next] ?? Number.POSITIVE_INFINITY) <= lowest) this.#next++
    this.#options.onDelivered(lowest)
    this.#deliver(deliver)
  }
}
