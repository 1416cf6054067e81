import { ownTimers, real } from '../../sdk/effects/index.ts'
import type { ServedRun } from './served-effects.ts'

/** Longest that a timer which the recording does not let fire is waited for in real time. */
const REAL_MAX_MILLIS = 200
const LOOK_MILLIS = 10
/** A timer counts from when its turn of the event loop began, so it may come that much early. */
const EARLY_MAX_MILLIS = 100

/**
 * A timer for which the recording has no firing. One that the recorded program had as well (`known`) was called off there, or the run
 * ended first: it stays asleep as long as the recording has more to deliver. A new one fires at its place on the recorded clock, and
 * no sooner than the program has been left that much time, within reason, for I/O of its own.
 *
 * Firings after the end of a run are not recorded. So once the program has ended, either fires that may have led to the next call that
 * the recording has, and where it has none, neither: whether it did would be a matter of the machine's speed.
 *
 * @returns what calls it off
 */
export function armLoose(run: ServedRun, { delayMillis, known }: { delayMillis: number; known: boolean }, fire: () => void): () => void {
  const { clock, scheduler } = run
  const dueMillis = clock.offsetMillis + delayMillis
  const started = real.performanceNow()
  const leastMillis = Math.min(delayMillis, REAL_MAX_MILLIS)
  let callOff = (): void => ownTimers.clearTimeout(timer)
  const look = (): void => {
    if (scheduler.closed) return
    const next = run.nextOffsetMillis()
    let isDue = next === undefined || (!known && (next > dueMillis || scheduler.waiting === 0))
    if (!run.isOpen()) {
      const awaited = run.backgroundMillis()
      if (awaited === undefined) return
      isDue = dueMillis <= awaited + EARLY_MAX_MILLIS && (next === undefined || next > dueMillis || scheduler.waiting === 0)
    }
    if (!isDue || real.performanceNow() - started < leastMillis) {
      timer = ownTimers.setTimeout(look, LOOK_MILLIS)
      return
    }
    const withdraw = scheduler.offer(undefined, () => {
      clock.moveTo(dueMillis)
      fire()
    })
    callOff = () => void withdraw()
  }
  let timer = ownTimers.setTimeout(look, leastMillis)
  return () => callOff()
}
