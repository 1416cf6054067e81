import { AsyncLocalStorage } from 'node:async_hooks'
import type { EffectSource, EffectStreams, RecordedTimer, TimerKind } from '../../schemas/index.ts'
import { type Effects, type TimerEffect, uuidText } from '../../sdk/effects/index.ts'
import { createRandom } from '../../sdk/index.ts'
import type { DeliveryScheduler } from '../delivery/delivery.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { EffectLedger } from './effect-ledger.ts'
import { armLoose } from './loose-timers.ts'
import type { VirtualClock } from './virtual-clock.ts'

/** Reads past the record of one source, over the whole run: more than that is a program that will not end by itself. */
const BEYOND_MAX = 1_000_000

/** What the effects of all containers of one replay share. */
export interface ServedRun {
  readonly sources: ReadonlySet<EffectSource>
  readonly clock: VirtualClock
  /** What a fork changed. */
  readonly changes: { dateShiftMillis: number; seed: string | undefined }
  readonly ledger: EffectLedger
  readonly scheduler: DeliveryScheduler
  readonly seed: string
  /** When in the recording, in milliseconds since its start, the delivery came that is due next; undefined where none is. */
  nextOffsetMillis(): number | undefined
  /** Whether what is read now can still change what the replay is judged by. */
  isOpen(): boolean
  /** When in the recording the program made the next of its calls that came after its end; undefined where there is none. */
  backgroundMillis(): number | undefined
  /** The error for a program that reads without end. */
  exhausted(source: EffectSource): Error
}

/** Gives the code of one container the time and chance that its recorded counterpart had. */
export class ServedEffects implements Effects {
  readonly #run: ServedRun
  readonly #node: LineageNode | undefined
  readonly #streams: EffectStreams
  readonly #next: Record<EffectSource, number> = { date: 0, performance: 0, hrtime: 0, random: 0, uuid: 0, timers: 0, bytes: 0 }
  readonly #timers = new Map<string, RecordedTimer[]>()
  #made: (() => number) | undefined
  #drawn: (() => number) | undefined

  constructor(run: ServedRun, node: LineageNode | undefined, streams: EffectStreams) {
    this.#run = run
    this.#node = node
    this.#streams = streams
    for (const timer of streams.timers) {
      const key = keyOf(timer.kind, timer.delayMillis)
      const list = this.#timers.get(key)
      if (list === undefined) this.#timers.set(key, [timer])
      else list.push(timer)
    }
  }

  date(): number | undefined {
    const { clock, changes } = this.#run
    if (!this.#serves('date')) return undefined
    const recorded = this.#take('date', this.#streams.date)
    if (recorded === undefined) clock.tick()
    else clock.sawDate(recorded)
    return (recorded ?? clock.date) + changes.dateShiftMillis
  }

  performance(): number | undefined {
    const { clock } = this.#run
    if (!this.#serves('performance')) return undefined
    const recorded = this.#take('performance', this.#streams.performance)
    if (recorded === undefined) clock.tick()
    else clock.sawPerformance(recorded)
    return recorded ?? clock.performance
  }

  hrtime(): bigint | undefined {
    const { clock } = this.#run
    if (!this.#serves('hrtime')) return undefined
    const recorded = this.#take('hrtime', this.#streams.hrtime)
    if (recorded === undefined) clock.tick()
    else clock.sawHrtime(recorded)
    return recorded ?? clock.hrtime
  }

  random(): number | undefined {
    if (!this.#serves('random')) return undefined
    const given = this.#given()
    if (given !== undefined) return given()
    return this.#take('random', this.#streams.random) ?? this.#madeUp()
  }

  uuid(): string | undefined {
    if (!this.#serves('uuid')) return undefined
    const given = this.#given()
    const { uuid } = this.#streams
    const start = 16 * this.#next.uuid++
    if (start < uuid.length && given === undefined) {
      this.#run.ledger.serve()
      return uuidText(uuid, start)
    }
    if (given === undefined) this.#note('beyond', 'uuid')
    const draw = given ?? ((): number => this.#madeUp())
    const bytes = Uint8Array.from({ length: 16 }, () => Math.floor(draw() * 256))
    // RFC 9562 section 5.4: version 4, variant 10.
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return uuidText(bytes, 0)
  }

  bytes(target: Uint8Array): boolean {
    if (!this.#serves('bytes')) return false
    const recorded = this.#streams.bytes[this.#next.bytes]
    // A read of another size is another read.
    if (recorded?.length !== target.length) {
      this.#note('beyond', 'bytes')
      return false
    }
    this.#next.bytes++
    this.#run.ledger.serve()
    target.set(recorded)
    return true
  }

  tookBytes(): void {}

  timer(kind: TimerKind, delayMillis: number): TimerEffect {
    if (!this.#serves('timers')) return REAL_TIMER
    const recorded = this.#timers.get(keyOf(kind, delayMillis))?.shift()
    if (recorded === undefined) this.#note('beyond', 'timers')
    else this.#run.ledger.serve()
    let fired = 0
    return {
      mode: 'serve',
      arm: (fire) => {
        // Of the step that started it, whoever has it fire.
        const within = AsyncLocalStorage.snapshot()
        const number = recorded?.firings[2 * fired]
        if (number === undefined) return armLoose(this.#run, { delayMillis, known: recorded !== undefined }, () => within(fire))
        const { scheduler } = this.#run
        const place = fired++
        let isDelivered = false
        const withdraw = scheduler.offer(number, () => {
          isDelivered = true
          within(fire)
        })
        return (putsOff = false) => {
          withdraw()
          if (putsOff && !isDelivered) fired = place
          for (let at = 2 * place; !putsOff && recorded !== undefined && at < recorded.firings.length; at += 2)
            scheduler.skip(recorded.firings[at] ?? 0)
        }
      },
    }
  }

  unkept(source: EffectSource): void {
    this.#note('unserved', source)
  }

  #serves(source: EffectSource): boolean {
    if (this.#run.sources.has(source)) return true
    this.#note('unserved', source)
    return false
  }

  #take<T>(source: EffectSource, values: readonly T[]): T | undefined {
    const value = values[this.#next[source]++]
    if (value === undefined) this.#note('beyond', source)
    else this.#run.ledger.serve()
    return value
  }

  #note(why: 'beyond' | 'unserved', source: EffectSource): void {
    const { ledger, isOpen, exhausted } = this.#run
    // What is read once nothing can change the outcome is more or less by the machine's speed, and would make verdicts differ.
    const reads = isOpen() ? ledger.note(why, source, this.#node) : ledger.noteLate()
    if (why === 'beyond' && reads > BEYOND_MAX) throw exhausted(source)
  }

  /** Chance from the seed that a fork gave: of each container a stream of its own, so that branches do not mix. */
  #given(): (() => number) | undefined {
    const { seed } = this.#run.changes
    if (seed === undefined) return undefined
    this.#drawn ??= createRandom(seed, `chance of ${this.#node?.lineage ?? 'an unknown step'}`)
    return this.#drawn
  }

  #madeUp(): number {
    this.#made ??= createRandom(this.#run.seed, `past the record of ${this.#node?.lineage ?? 'an unknown step'}`)
    return this.#made()
  }
}

const REAL_TIMER: TimerEffect = { mode: 'watch', fired: () => {} }

function keyOf(kind: TimerKind, delayMillis: number): string {
  return `${kind} ${delayMillis}`
}
