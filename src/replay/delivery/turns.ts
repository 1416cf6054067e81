import { ownTimers, real } from '../../sdk/effects/index.ts'

// The machine's own: fake timers that a test installs reach the program, not its replay, and neither does the recorded time.
const {
  setImmediate: immediate,
  setInterval: interval,
  clearInterval: stopInterval,
  setTimeout: timeout,
  clearTimeout: stopTimeout,
} = ownTimers

/** Milliseconds of the monotonic clock. */
export const nowMillis: () => number = real.performanceNow

export function onNextTurn(fn: () => void): void {
  immediate(fn)
}

/** The same, for what runs outside of every run already, as what these functions call does. */
export function onTurnAfter(fn: () => void): void {
  real.setImmediate(fn)
}

export async function nextTurn(): Promise<void> {
  await new Promise<void>((resolve) => void immediate(resolve))
}

/** What may stay open while nothing happens: pacing and patience of the replay itself, standard streams, servers. */
const INERT: ReadonlySet<string> = new Set(['Timeout', 'TTYWrap', 'PipeWrap', 'TCPServerWrap'])

/**
 * Whether the event loop holds nothing that may move the program within its next turns: no immediate, no message, no request to the
 * system. Called in a turn of its own, when all microtasks have run, it says that the program waits; false says nothing.
 */
export function isAtRest(): boolean {
  for (const resource of process.getActiveResourcesInfo()) if (!INERT.has(resource)) return false
  return true
}

export async function pause(millis: number): Promise<void> {
  await new Promise<void>((resolve) => void timeout(resolve, millis))
}

/** Calls `fn` after `millis`. Returns the function that calls it off. */
export function afterMillis(millis: number, fn: () => void): () => void {
  const timer = timeout(fn, millis)
  return () => stopTimeout(timer)
}

/**
 * Calls `tick` every `millis` with the time since the call before; a tick that came late, because the machine was busy,
 * counts `capMillis` at most, so that a busy machine does not look like a silent program. Returns the function that stops it.
 */
export function everyMillis(millis: number, capMillis: number, tick: (passedMillis: number) => void): () => void {
  let before = nowMillis()
  const timer = interval(() => {
    const now = nowMillis()
    const passed = Math.min(now - before, capMillis)
    before = now
    tick(passed)
  }, millis)
  return () => stopInterval(timer)
}
