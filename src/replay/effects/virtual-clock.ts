import type { EffectHead } from '../../schemas/index.ts'

/**
 * The time of a replayed run. It stands still while the program computes, moves to when a result was delivered or a read was made in
 * the recording, and by a millisecond with each read past the record, so that a loop that waits for it comes to an end.
 */
export class VirtualClock {
  readonly #head: EffectHead
  #millis: number

  constructor(head: EffectHead) {
    this.#head = head
    this.#millis = head.date
  }

  /** Milliseconds since the start of the run. */
  get offsetMillis(): number {
    return this.#millis - this.#head.date
  }

  /** Never back. */
  moveTo(offsetMillis: number): void {
    this.#millis = Math.max(this.#millis, this.#head.date + offsetMillis)
  }

  sawDate(date: number): void {
    this.moveTo(date - this.#head.date)
  }

  sawPerformance(millis: number): void {
    this.moveTo(millis - this.#head.performance)
  }

  sawHrtime(nanos: bigint): void {
    this.moveTo(Number(nanos - this.#head.hrtime) / 1e6)
  }

  tick(): void {
    this.#millis++
  }

  get date(): number {
    return Math.floor(this.#millis)
  }

  get performance(): number {
    return this.#head.performance + this.offsetMillis
  }

  get hrtime(): bigint {
    return this.#head.hrtime + BigInt(Math.round(this.offsetMillis * 1e6))
  }
}
