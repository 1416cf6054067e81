import type { Beginning, SharedStep, Subset } from './subsets.ts'

const FIRST_STATES = 512
const FIRST_NUMBERS = 4096

/**
 * The subsets that states stand for, by number. Their lists stand one after the other in one array: as objects, those of ordinary
 * traffic would be a quarter of what a collecting thread keeps, to be gone through whenever garbage is collected.
 */
export class KeptStates {
  #length = 0
  #contexts = new Uint8Array(FIRST_STATES)
  readonly #beginnings: Beginning[] = []
  readonly #seconds: SharedStep[] = []
  /** Of each state, where its places end and where the anchors that it accepts end, which is where the next one begins. */
  #ends = new Uint32Array(FIRST_STATES * 2)
  #numbers = new Int32Array(FIRST_NUMBERS)

  get length(): number {
    return this.#length
  }

  /** Copies what it is given; `contexts` must be less than 256. Returns the state's number. */
  add({ contexts, beginning, second, places, accepted }: Subset): number {
    const index = this.#length++
    if (index === this.#contexts.length) {
      this.#contexts = doubled(this.#contexts, new Uint8Array(index * 2))
      this.#ends = doubled(this.#ends, new Uint32Array(index * 4))
    }
    const from = this.#startOf(index)
    const end = from + places.length + accepted.length
    if (end > this.#numbers.length) this.#numbers = doubled(this.#numbers, new Int32Array(Math.max(end, this.#numbers.length * 2)))
    this.#numbers.set(places, from)
    this.#numbers.set(accepted, from + places.length)
    this.#ends[index * 2] = from + places.length
    this.#ends[index * 2 + 1] = end
    this.#contexts[index] = contexts
    this.#beginnings[index] = beginning
    this.#seconds[index] = second
    return index
  }

  /** The subset of a state that is there; its lists are copies. */
  at(index: number): Subset {
    const placesEnd = this.#ends[index * 2] as number
    return {
      contexts: this.#contexts[index] as number,
      beginning: this.#beginnings[index] as Beginning,
      second: this.#seconds[index] as SharedStep,
      places: this.#numbers.slice(this.#startOf(index), placesEnd),
      accepted: this.#numbers.slice(placesEnd, this.#ends[index * 2 + 1]),
    }
  }

  /** Whether a state stands for this subset. */
  is(index: number, { contexts, beginning, second, places, accepted }: Subset): boolean {
    if (this.#contexts[index] !== contexts || this.#beginnings[index] !== beginning || this.#seconds[index] !== second) return false
    const placesEnd = this.#ends[index * 2] as number
    return this.#holds(this.#startOf(index), placesEnd, places) && this.#holds(placesEnd, this.#ends[index * 2 + 1] as number, accepted)
  }

  #holds(from: number, to: number, list: Int32Array): boolean {
    if (to - from !== list.length) return false
    for (let at = 0; at < list.length; at++) if (this.#numbers[from + at] !== list[at]) return false
    return true
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index * 2 - 1] as number)
  }

  /** Forgets all, and gives back what hostile text made it grow to. */
  clear(): void {
    this.#length = 0
    this.#beginnings.length = 0
    this.#seconds.length = 0
    this.#contexts = new Uint8Array(FIRST_STATES)
    this.#ends = new Uint32Array(FIRST_STATES * 2)
    this.#numbers = new Int32Array(FIRST_NUMBERS)
  }
}

function doubled<T extends Uint8Array | Uint32Array | Int32Array>(some: T, larger: T): T {
  larger.set(some)
  return larger
}
