import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'
import type { ReplaySession } from './session.ts'

/** `stuck`: silent for longer than at any such place in the recording. */
export type ProgramEnd = { readonly how: 'ended' } | { readonly how: 'stuck' | 'timeout'; readonly afterMillis: number }

const TICK_MILLIS = 20
/** A tick that came later than this was late because the machine was busy. */
const TICK_CAP_MILLIS = 60
const MIN_TIMEOUT_MILLIS = 60_000
const SLOWNESS = 10
/** Turns of the event loop with nothing to do after which no background work is under way. */
const QUIET_TURNS = 5

/** Waits until the program has ended and its background calls too, or until it will not. Its timer keeps the process alive. */
export async function waitForEnd(session: ReplaySession, program: Promise<void>, timeoutMillis: number | undefined): Promise<ProgramEnd> {
  const { scheduler } = session.course
  const limit = timeoutMillis ?? Math.max(MIN_TIMEOUT_MILLIS, SLOWNESS * session.course.durationMillis)
  const { promise, resolve } = Promise.withResolvers<ProgramEnd>()
  const started = performance.now()
  let before = started
  let silent = 0
  let activity = scheduler.activity
  const timer = setInterval(() => {
    const now = performance.now()
    silent = scheduler.activity === activity && scheduler.waiting === 0 ? silent + Math.min(now - before, TICK_CAP_MILLIS) : 0
    activity = scheduler.activity
    before = now
    if (now - started >= limit) resolve({ how: 'timeout', afterMillis: limit })
    else if (silent >= session.course.stuckMillis()) resolve({ how: 'stuck', afterMillis: Math.round(silent) })
  }, TICK_MILLIS)
  void program.then(() => drain(session)).then(() => resolve({ how: 'ended' }))
  try {
    return await promise
  } finally {
    clearInterval(timer)
  }
}

/** What the program left running may still make recorded calls, and gets its recorded answers. */
async function drain({ course }: ReplaySession): Promise<void> {
  const { scheduler } = course
  let quiet = 0
  let activity = scheduler.activity
  let waitUntil = performance.now() + course.patienceMillis()
  while (quiet < QUIET_TURNS || (course.backgroundPending && performance.now() < waitUntil)) {
    await (quiet < QUIET_TURNS ? nextTurn() : pause(2))
    if (scheduler.activity === activity) {
      if (scheduler.waiting === 0) quiet++
      else await pause(2)
      continue
    }
    quiet = 0
    activity = scheduler.activity
    waitUntil = performance.now() + course.patienceMillis()
  }
}
