import type { EffectSource, TimerKind } from '../../schemas/index.ts'
import { runtime } from '../run/runtime.ts'
import { hookState } from './real.ts'

/**
 * Where the code of one step has the time and chance from: while recording they are real and noted, in a replay they are
 * those of the recording.
 */
export interface Effects {
  /** Unix milliseconds. This, and each of the next four: undefined where the machine's own is to be taken. */
  date(): number | undefined
  /** Milliseconds of `performance.now()`. */
  performance(): number | undefined
  /** Nanoseconds of `process.hrtime.bigint()`. */
  hrtime(): bigint | undefined
  /** In [0, 1). */
  random(): number | undefined
  /** A version 4 UUID as it is written. */
  uuid(): string | undefined
  /** Puts recorded bytes into `target`, which holds real ones and may be a key; false where they are to stay. */
  bytes(target: Uint8Array): boolean
  /** These real bytes stay: they are kept, where that was asked for. */
  tookBytes(taken: Uint8Array): void
  /** A timer is being started. */
  timer(kind: TimerKind, delayMillis: number): TimerEffect
  /** A read that nobody keeps or serves. */
  unkept(source: EffectSource): void
}

export type TimerEffect =
  /** The real timer runs; each firing is told first. */
  | { readonly mode: 'watch'; fired(): void }
  /**
   * No real timer: `arm` has `fire` called in its recorded turn, once, and gives the function that calls that off; with `true`, that puts
   * it off, to be armed again for what it was armed for.
   */
  | { readonly mode: 'serve'; arm(fire: () => void): (putsOff?: boolean) => void }

/** Of the step whose code is running; undefined outside of a run, in a step that a replay serves, and in code of ours. */
export function currentEffects(): Effects | undefined {
  return hookState.suspended > 0 ? undefined : runtime().scopes.getStore()?.effects
}
