import type { EffectSource, EffectStreams, RecordedTimer, TimerKind } from '../../schemas/index.ts'
import {
  EFFECT_MAX_BYTES,
  EFFECTS_MAX_LATE,
  EFFECTS_MAX_READS,
  type EffectHead,
  type EffectLog,
  encodeEffects,
} from '../../schemas/index.ts'
import { nowMillis } from '../clock.ts'
import type { RunState } from '../run-state.ts'
import type { Effects, TimerEffect } from './effects.ts'
import { uuidBytes } from './hooks-random.ts'
import { real } from './real.ts'

interface NotedTimer extends RecordedTimer {
  readonly firings: number[]
}

/** The reads of one step, as they are noted. */
class Noted implements EffectStreams {
  readonly date: number[] = []
  readonly performance: number[] = []
  readonly hrtime: bigint[] = []
  readonly random: number[] = []
  readonly uuid: Uint8Array[] = []
  readonly bytes: Uint8Array[] = []
  readonly timers: NotedTimer[] = []
  readonly unkept: Partial<Record<EffectSource, number>> = {}
  readonly lateFirings: number[] = []
  firingCount = 0
  /** About what it takes in memory. */
  sizeBytes = 256

  admit(source: EffectSource, list: readonly unknown[], bytes: number): boolean {
    if (list.length >= EFFECTS_MAX_READS) {
      this.unkept[source] = (this.unkept[source] ?? 0) + 1
      return false
    }
    this.sizeBytes += bytes
    return true
  }
}

/** What a run knows of its own effects: which sources are kept, and what steps read after they had ended. */
export class RunEffects {
  readonly sources: ReadonlySet<EffectSource>
  readonly head: EffectHead
  readonly startMillis: number = nowMillis()
  readonly late: Map<number, Noted> = new Map()

  constructor(sources: readonly EffectSource[]) {
    this.sources = new Set(sources)
    this.head = { sources, date: real.dateNow(), performance: real.performanceNow(), hrtime: real.hrtimeBigint() }
  }
}

/** What of a step its effects need to know. */
export interface NotingStep {
  readonly run: RunState
  readonly sequence: number
  readonly isRoot: boolean
  readonly endMillis: number | undefined
}

/** Gives the program real values, and notes them with the step whose code asked. */
export class StepEffects implements Effects {
  readonly #step: NotingStep
  readonly #run: RunEffects
  #own: Noted | undefined

  constructor(step: NotingStep, run: RunEffects) {
    this.#step = step
    this.#run = run
  }

  get sizeBytes(): number {
    let bytes = this.#own?.sizeBytes ?? 0
    if (this.#step.isRoot) for (const { sizeBytes } of this.#run.late.values()) bytes += sizeBytes
    return bytes
  }

  date(): number {
    const value = real.dateNow()
    const noted = this.#noting('date')
    // A clock that the program replaced before us may give anything.
    if (noted !== undefined && Number.isSafeInteger(value) && noted.admit('date', noted.date, 8)) noted.date.push(value)
    return value
  }

  performance(): number {
    const value = real.performanceNow()
    const noted = this.#noting('performance')
    if (noted?.admit('performance', noted.performance, 8) === true) noted.performance.push(value)
    return value
  }

  hrtime(): bigint {
    const value = real.hrtimeBigint()
    const noted = this.#noting('hrtime')
    if (noted?.admit('hrtime', noted.hrtime, 32) === true) noted.hrtime.push(value)
    return value
  }

  random(): number {
    const value = real.random()
    const noted = this.#noting('random')
    if (noted?.admit('random', noted.random, 8) === true) noted.random.push(value)
    return value
  }

  uuid(): Uint8Array {
    const value = uuidBytes(real.nodeRandomUUID())
    const noted = this.#noting('uuid')
    if (noted?.admit('uuid', noted.uuid, 100) === true) noted.uuid.push(value)
    return value
  }

  bytes(): boolean {
    return false
  }

  tookBytes(taken: Uint8Array): void {
    const noted = this.#noting('bytes')
    if (noted === undefined) return
    if (taken.length > EFFECT_MAX_BYTES) this.unkept('bytes')
    else if (noted.admit('bytes', noted.bytes, 100 + taken.length)) noted.bytes.push(taken.slice())
  }

  timer(kind: TimerKind, delayMillis: number): TimerEffect {
    const noted = this.#noting('timers')
    if (noted === undefined || !noted.admit('timers', noted.timers, 64)) return UNWATCHED
    const timer: NotedTimer = { kind, delayMillis, firings: [] }
    const index = noted.timers.push(timer) - 1
    return { mode: 'watch', fired: () => this.#fired(noted, timer, index) }
  }

  unkept(source: EffectSource): void {
    const noted = this.#current()
    if (noted !== undefined) noted.unkept[source] = (noted.unkept[source] ?? 0) + 1
  }

  /** What is sent with the step; undefined where there is nothing to tell. */
  encode(): Uint8Array | undefined {
    const own = this.#own
    if (!this.#step.isRoot) return own === undefined ? undefined : encodeEffects(own)
    const { head, late } = this.#run
    const log: EffectLog = { ...(own ?? new Noted()), head, ...(late.size > 0 && { late }) }
    return encodeEffects(log)
  }

  release(): void {
    this.#own = undefined
  }

  #fired(noted: Noted, timer: NotedTimer, index: number): void {
    const { run, endMillis } = this.#step
    if (run.shared.ended) return
    // When the step is on its way already, the root tells of this firing.
    const isLate = endMillis !== undefined && noted === this.#own
    const into = isLate ? this.#current() : noted
    if (into === undefined) return
    if (into.firingCount >= EFFECTS_MAX_READS) {
      into.unkept.timers = (into.unkept.timers ?? 0) + 1
      return
    }
    into.firingCount++
    into.sizeBytes += 16
    const micros = Math.max(0, Math.round((nowMillis() - this.#run.startMillis) * 1000))
    if (isLate) into.lateFirings.push(index, run.nextDelivery(), micros)
    else timer.firings.push(run.nextDelivery(), micros)
  }

  /** Where reads of this source go now; undefined when they are not kept, which is counted. */
  #noting(source: EffectSource): Noted | undefined {
    const noted = this.#current()
    if (noted === undefined || this.#run.sources.has(source)) return noted
    noted.unkept[source] = (noted.unkept[source] ?? 0) + 1
    return undefined
  }

  #current(): Noted | undefined {
    const { run, endMillis, sequence } = this.#step
    if (run.shared.ended) return undefined
    if (endMillis === undefined) return (this.#own ??= new Noted())
    const { late } = this.#run
    let noted = late.get(sequence)
    if (noted === undefined && late.size < EFFECTS_MAX_LATE) late.set(sequence, (noted = new Noted()))
    return noted
  }
}

const UNWATCHED: TimerEffect = { mode: 'watch', fired: () => {} }
