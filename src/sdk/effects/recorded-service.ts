import type { EffectSource, TimerKind } from '../../schemas/index.ts'
import type { Effects, TimerEffect } from './effects.ts'
import type { StepEffects } from './step-effects.ts'

/** The time and chance of a replay that is recorded as a run of its own: what is served is noted, what is not is the machine's and noted. */
export class RecordedService implements Effects {
  readonly #served: Effects
  readonly #noted: StepEffects

  constructor(served: Effects, noted: StepEffects) {
    this.#served = served
    this.#noted = noted
  }

  date(): number {
    return this.#noted.date(this.#served.date())
  }

  performance(): number {
    return this.#noted.performance(this.#served.performance())
  }

  hrtime(): bigint {
    return this.#noted.hrtime(this.#served.hrtime())
  }

  random(): number {
    return this.#noted.random(this.#served.random())
  }

  uuid(): string {
    const served = this.#served.uuid()
    if (served === undefined) return this.#noted.uuid()
    this.#noted.tookUuid(served)
    return served
  }

  bytes(target: Uint8Array): boolean {
    const isServed = this.#served.bytes(target)
    if (isServed) this.#noted.tookBytes(target)
    return isServed
  }

  tookBytes(taken: Uint8Array): void {
    this.#served.tookBytes(taken)
    this.#noted.tookBytes(taken)
  }

  timer(kind: TimerKind, delayMillis: number): TimerEffect {
    const served = this.#served.timer(kind, delayMillis)
    const noted = this.#noted.timer(kind, delayMillis)
    const tell = (): void => {
      if (noted.mode === 'watch') noted.fired()
    }
    if (served.mode === 'serve') {
      return {
        mode: 'serve',
        arm: (fire) =>
          served.arm(() => {
            tell()
            fire()
          }),
      }
    }
    return {
      mode: 'watch',
      fired: () => {
        served.fired()
        tell()
      },
    }
  }

  unkept(source: EffectSource): void {
    this.#served.unkept(source)
    this.#noted.unkept(source)
  }
}
