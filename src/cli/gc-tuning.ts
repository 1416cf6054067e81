import { setFlagsFromString } from 'node:v8'
import type { Collector } from '../collector/index.ts'
import { EngineThreads } from './engine-threads.ts'

const LOOK_MILLIS = 250
/** What small bodies never come to unless far more of them come than are worked on. */
const BUSY_BYTES = 2 * 1024 * 1024
/** Looks in a row that find little to do before that is believed. */
const CALM_LOOKS = 8

/**
 * How V8 collects old objects, of all threads of the process. With little to do, rarely and with one helper: it gives a heap 4 MiB more
 * and then comes again, each time with helpers for all cores, and who sends waits for those. With much to do as it would by itself:
 * longer marking costs spans, and more room memory. Not every flag may change while V8 works: with `--parallel-marking` it aborts.
 */
const CALM = ['--heap-growing-percent=50', '--concurrent-marking-max-worker-num=1'] as const
const BUSY = ['--heap-growing-percent=0', '--concurrent-marking-max-worker-num=7'] as const

/** What is tuned. V8 reads its flags each time it needs them. */
export interface Engine {
  readonly setFlag: (flag: string) => void
  /** Whether its threads let those that senders wait for go first. */
  readonly giveWay: (gives: boolean) => void
}

/** Fits the collection of garbage to what is to do. For a process that does nothing else. */
export class GcTuning {
  readonly #engine: Engine
  #calmLooks = CALM_LOOKS

  constructor(engine: Engine) {
    this.#engine = engine
    this.#apply(true)
  }

  /** To be told again and again how many bytes of bodies are being worked on. */
  look(inFlightBytes: number): void {
    const wasCalm = this.#calmLooks === CALM_LOOKS
    if (inFlightBytes >= BUSY_BYTES) this.#calmLooks = 0
    else if (!wasCalm) this.#calmLooks++
    const isCalm = this.#calmLooks === CALM_LOOKS
    if (isCalm !== wasCalm) this.#apply(isCalm)
  }

  #apply(isCalm: boolean): void {
    for (const flag of isCalm ? CALM : BUSY) this.#engine.setFlag(flag)
    this.#engine.giveWay(isCalm)
  }
}

/** Until the returned function is called. */
export function tuneGc(collector: Collector): () => void {
  const threads = new EngineThreads()
  const tuning = new GcTuning({ setFlag: setFlagsFromString, giveWay: (gives) => threads.giveWay(gives) })
  const timer = setInterval(() => tuning.look(collector.stats().inFlightBytes), LOOK_MILLIS)
  timer.unref()
  return () => clearInterval(timer)
}
