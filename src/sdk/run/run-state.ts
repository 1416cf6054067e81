import { type EffectHead, type EffectSource, randomId32 } from '../../schemas/index.ts'
import { RunEffects } from '../effects/step-effects.ts'
import { readClockAnchor } from './clock.ts'
import { createRandom } from './random.ts'
import type { Step } from './step.ts'

/** What all parts of one recorded run share. */
class RunShared {
  readonly anchorMillis: number = readClockAnchor()
  /** The step that opened the run; undefined in replay, and where a foreign trace stands for the run. */
  root: Step | undefined = undefined
  ended = false
  /** Streams that the program has not finished yet; those left at the end of the run end as `open`. */
  readonly openStreams: Set<Step> = new Set()
  /** What the program is told as the id of its run, where a replay serves it that of another. */
  shownId: string | undefined = undefined
  sequence = 0
  delivery = 0
  /** Undefined where no effects are kept: recording is off, or they are. */
  effects: RunEffects | undefined = undefined
}

/** One run as the program inside it sees it. An `instrument()` within a run gets a view of its own on the same run. */
export class RunState {
  readonly id: string
  readonly seed: string
  /** Whether what runs here is training: its steps are training steps then. */
  readonly training: boolean
  readonly shared: RunShared
  /** The step that this view belongs to: that of the `instrument()` that made it. */
  owner: Step | undefined = undefined
  /** The same under an interceptor. */
  ownerToken: unknown = undefined
  readonly #random: Map<string, () => number>

  constructor(id: string, seed: string, training: boolean, outer?: RunState) {
    this.id = id
    this.seed = seed
    this.training = training
    this.shared = outer?.shared ?? new RunShared()
    // The same seed goes on with the same streams; a seed of its own begins new ones.
    this.#random = outer !== undefined && outer.seed === seed ? outer.#random : new Map()
  }

  /** The view of an `instrument()` inside this run. */
  nest(seed: string | undefined, training: boolean): RunState {
    return new RunState(this.id, seed ?? this.seed, training, this)
  }

  /** From here on what the run's own code reads of time and chance is kept. */
  keepEffects(sources: readonly EffectSource[], head?: EffectHead): void {
    this.shared.effects = new RunEffects(sources, head)
  }

  nextSequence(): number {
    return this.shared.sequence++
  }

  nextDelivery(): number {
    return this.shared.delivery++
  }

  /** The random stream of that name; every call with the same name goes on with the same stream. */
  random(name: string): () => number {
    let stream = this.#random.get(name)
    if (stream === undefined) {
      stream = createRandom(this.seed, name)
      this.#random.set(name, stream)
    }
    return stream
  }
}

/** A seed for a run whose user gave none. */
export function randomSeed(): string {
  return randomId32().slice(0, 16)
}
