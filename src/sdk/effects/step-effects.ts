import {
  EFFECT_SOURCES,
  EFFECTS_MAX_LATE,
  EFFECTS_MAX_READS,
  type EffectHead,
  type EffectSource,
  encodeEffects,
  type TimerKind,
} from '../../schemas/index.ts'
import { nowMillis } from '../run/clock.ts'
import type { RunState } from '../run/run-state.ts'
import type { Effects, TimerEffect } from './effects.ts'
import { NotedReads, WatchedTimer } from './noted-reads.ts'
import { real } from './real.ts'
import { drawUuid } from './uuid.ts'

/** What a run knows of its own effects: which sources are kept, and what steps read after they had ended. */
export class RunEffects {
  readonly keeps: Readonly<Record<EffectSource, boolean>>
  readonly head: EffectHead
  readonly startMillis: number = nowMillis()
  readonly late: Map<number, NotedReads> = new Map()

  /** @param head where the clocks stood at the start of the run; now, unless a replay says otherwise */
  constructor(sources: readonly EffectSource[], head?: EffectHead) {
    this.keeps = Object.fromEntries(EFFECT_SOURCES.map((source) => [source, sources.includes(source)])) as Record<EffectSource, boolean>
    this.head = head === undefined ? now(sources) : { ...head, sources }
  }
}

function now(sources: readonly EffectSource[]): EffectHead {
  return { sources, date: real.dateNow(), performance: real.performanceNow(), hrtime: real.hrtimeBigint() }
}

/** What of a step its effects need to know. */
export interface NotingStep {
  readonly run: RunState
  readonly sequence: number
  readonly isRoot: boolean
  readonly endMillis: number | undefined
}

/** Gives the program real values, or those of a replay that is recorded, and notes them with the step whose code asked. */
export class StepEffects implements Effects {
  readonly #step: NotingStep
  readonly #run: RunEffects
  readonly #keeps: Readonly<Record<EffectSource, boolean>>
  #own: NotedReads | undefined
  readonly #onFired = (timer: WatchedTimer): void => this.#fired(timer)

  constructor(step: NotingStep, run: RunEffects) {
    this.#step = step
    this.#run = run
    this.#keeps = run.keeps
  }

  get sizeBytes(): number {
    let bytes = this.#own?.sizeBytes ?? 0
    if (this.#step.isRoot) for (const { sizeBytes } of this.#run.late.values()) bytes += sizeBytes
    return bytes
  }

  date(value: number = real.dateNow()): number {
    const noted = this.#current()
    if (noted === undefined) return value
    // A clock that the program replaced before us may give anything.
    if (this.#keeps.date && noted.date.length < EFFECTS_MAX_READS && Number.isSafeInteger(value)) noted.date.push(value)
    else noted.over('date')
    return value
  }

  performance(value: number = real.performanceNow()): number {
    const noted = this.#current()
    if (noted === undefined) return value
    if (this.#keeps.performance && noted.performance.length < EFFECTS_MAX_READS) noted.performance.push(value)
    else noted.over('performance')
    return value
  }

  hrtime(value: bigint = real.hrtimeBigint()): bigint {
    const noted = this.#current()
    if (noted === undefined) return value
    if (this.#keeps.hrtime && noted.hrtime.length < EFFECTS_MAX_READS) noted.hrtime.push(value)
    else noted.over('hrtime')
    return value
  }

  random(value: number = real.random()): number {
    const noted = this.#current()
    if (noted === undefined) return value
    if (this.#keeps.random && noted.random.length < EFFECTS_MAX_READS) noted.random.push(value)
    else noted.over('random')
    return value
  }

  uuid(): string {
    const noted = this.#current()
    if (noted !== undefined && !this.#keeps.uuid) noted.over('uuid')
    return drawUuid(noted !== undefined && this.#keeps.uuid ? (bytes, start) => noted.addUuid(bytes, start) : undefined)
  }

  /** A UUID that was served. */
  tookUuid(text: string): void {
    const noted = this.#current()
    if (this.#keeps.uuid) noted?.addUuid(Buffer.from(text.replaceAll('-', ''), 'hex'), 0)
    else noted?.over('uuid')
  }

  bytes(): boolean {
    return false
  }

  tookBytes(taken: Uint8Array): void {
    const noted = this.#current()
    if (this.#keeps.bytes) noted?.addBytes(taken)
    else noted?.over('bytes')
  }

  timer(kind: TimerKind, delayMillis: number): TimerEffect {
    const noted = this.#current()
    if (noted === undefined) return UNWATCHED
    if (!this.#keeps.timers || noted.timers.length >= EFFECTS_MAX_READS) {
      noted.over('timers')
      return UNWATCHED
    }
    const isLate = this.#step.endMillis !== undefined
    const timer = new WatchedTimer(kind, delayMillis, noted.timers.length, isLate, this.#onFired)
    noted.timers.push(timer)
    return timer
  }

  unkept(source: EffectSource): void {
    this.#current()?.over(source)
  }

  /** What is sent with the step; undefined where there is nothing to tell. */
  encode(): number[] | undefined {
    const own = this.#own
    if (!this.#step.isRoot) return own === undefined ? undefined : encodeEffects(own)
    const { head, late } = this.#run
    return encodeEffects(own ?? new NotedReads(), head, late)
  }

  release(): void {
    this.#own = undefined
  }

  #fired(timer: WatchedTimer): void {
    const { run, endMillis } = this.#step
    const noted = this.#current()
    // A step that outlives its run tells of its own.
    if (noted === undefined || (run.shared.ended && endMillis !== undefined)) return
    if (noted.firingCount >= EFFECTS_MAX_READS) return noted.over('timers')
    noted.firingCount++
    const startMillis = run.shared.root?.startMillis ?? this.#run.startMillis
    // Rather too early: what the firing leads to must not seem to have begun before it.
    const micros = Math.max(0, Math.floor((nowMillis() - startMillis) * 1000) - 1)
    // When the step is on its way already, the root tells of this firing.
    if (endMillis !== undefined && !timer.isLate) noted.lateFirings.push(timer.index, run.nextDelivery(), micros)
    else timer.addFiring(run.nextDelivery(), micros)
  }

  /** Where reads go now; undefined after the end of the run. */
  #current(): NotedReads | undefined {
    const { endMillis } = this.#step
    if (endMillis === undefined) return (this.#own ??= new NotedReads())
    const { run, sequence } = this.#step
    if (run.shared.ended) return undefined
    const { late } = this.#run
    let noted = late.get(sequence)
    if (noted === undefined && late.size < EFFECTS_MAX_LATE) late.set(sequence, (noted = new NotedReads()))
    return noted
  }
}

const UNWATCHED: TimerEffect = { mode: 'watch', fired: () => {} }
