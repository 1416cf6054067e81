import {
  EFFECT_MAX_BYTES,
  EFFECTS_MAX_BYTES,
  EFFECTS_MAX_READS,
  type EffectSource,
  type EffectStreams,
  type RecordedTimer,
  type TimerKind,
} from '../../schemas/index.ts'

/** A real timer of the program, watched for when it fires. */
export class WatchedTimer implements RecordedTimer {
  readonly mode = 'watch'
  readonly kind: TimerKind
  readonly delayMillis: number
  /** Its place among the timers of its step, and whether the step had ended before it was started. */
  readonly index: number
  readonly isLate: boolean
  readonly #onFired: (timer: WatchedTimer) => void
  /** Made with the first firing: most timers are cleared. */
  #firings: number[] | undefined

  constructor(kind: TimerKind, delayMillis: number, index: number, isLate: boolean, onFired: (timer: WatchedTimer) => void) {
    this.kind = kind
    this.delayMillis = delayMillis
    this.index = index
    this.isLate = isLate
    this.#onFired = onFired
  }

  get firings(): readonly number[] {
    return this.#firings ?? NO_FIRINGS
  }

  fired(): void {
    this.#onFired(this)
  }

  addFiring(number: number, micros: number): void {
    if (this.#firings === undefined) this.#firings = [number, micros]
    else this.#firings.push(number, micros)
  }
}

const NO_FIRINGS: readonly number[] = []

const UUID_BYTES = 16

/** The reads of one step, as they are noted. */
export class NotedReads implements EffectStreams {
  readonly date: number[] = []
  readonly performance: number[] = []
  readonly hrtime: bigint[] = []
  readonly random: number[] = []
  readonly bytes: Uint8Array[] = []
  readonly timers: WatchedTimer[] = []
  readonly unkept: Partial<Record<EffectSource, number>> = {}
  readonly lateFirings: number[] = []
  firingCount = 0
  #uuids: Uint8Array | undefined
  #uuidCount = 0
  #takenBytes = 0

  get uuid(): Uint8Array {
    return this.#uuids?.subarray(0, this.#uuidCount * UUID_BYTES) ?? NONE
  }

  addUuid(pool: Uint8Array, start: number): void {
    if (this.#uuidCount >= EFFECTS_MAX_READS) return this.over('uuid')
    let held = this.#uuids
    const end = this.#uuidCount * UUID_BYTES
    if (held === undefined) this.#uuids = held = new Uint8Array(4 * UUID_BYTES)
    else if (end === held.length) {
      const larger = new Uint8Array(2 * held.length)
      larger.set(held)
      this.#uuids = held = larger
    }
    for (let at = 0; at < UUID_BYTES; at++) held[end + at] = pool[start + at] ?? 0
    this.#uuidCount++
  }

  addBytes(taken: Uint8Array): void {
    const isOver = this.bytes.length >= EFFECTS_MAX_READS || this.#takenBytes + taken.length > EFFECTS_MAX_BYTES
    if (isOver || taken.length > EFFECT_MAX_BYTES) return this.over('bytes')
    this.#takenBytes += taken.length
    this.bytes.push(taken.slice())
  }

  over(source: EffectSource): void {
    this.unkept[source] = (this.unkept[source] ?? 0) + 1
  }

  /** About what it takes in memory. */
  get sizeBytes(): number {
    const numbers = this.date.length + this.performance.length + this.random.length + this.lateFirings.length + 2 * this.firingCount
    return (
      256 +
      8 * numbers +
      32 * this.hrtime.length +
      (this.#uuids?.length ?? 0) +
      100 * this.timers.length +
      100 * this.bytes.length +
      this.#takenBytes
    )
  }
}

const NONE = new Uint8Array(0)
