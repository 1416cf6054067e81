import { everyMillis, nextTurn, nowMillis, pause } from './delivery/turns.ts'
import type { ReplaySession } from './session.ts'

/** `stuck`: silent for longer than at any such place in the recording. */
export type ProgramEnd = { readonly how: 'ended' } | { readonly how: 'stuck' | 'timeout'; readonly afterMillis: number }

const TICK_MILLIS = 20
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
  const started = nowMillis()
  let silent = 0
  let activity = scheduler.activity
  const stop = everyMillis(TICK_MILLIS, TICK_CAP_MILLIS, (passed) => {
    silent = scheduler.activity === activity && scheduler.waiting === 0 ? silent + passed : 0
    activity = scheduler.activity
    if (nowMillis() - started >= limit) resolve({ how: 'timeout', afterMillis: limit })
    else if (silent >= session.course.stuckMillis()) resolve({ how: 'stuck', afterMillis: Math.round(silent) })
  })
  void program.then(() => drain(session)).then(() => resolve({ how: 'ended' }))
  try {
    return await promise
  } finally {
    stop()
  }
}

/** What the program left running may still make recorded calls, and gets its recorded answers. */
async function drain({ course }: ReplaySession): Promise<void> {
  const { scheduler } = course
  let quiet = 0
  let activity = scheduler.activity
  let waitUntil = nowMillis() + course.patienceMillis()
  while (quiet < QUIET_TURNS || (course.backgroundMillis !== undefined && nowMillis() < waitUntil)) {
    await (quiet < QUIET_TURNS ? nextTurn() : pause(2))
    if (scheduler.activity === activity) {
      if (scheduler.waiting === 0) quiet++
      else await pause(2)
      continue
    }
    quiet = 0
    activity = scheduler.activity
    waitUntil = nowMillis() + course.patienceMillis()
  }
}
