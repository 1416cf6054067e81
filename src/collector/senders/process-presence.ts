import { readFileSync } from 'node:fs'

/** Clocks differ by a little, and a run starts after its process. */
const TOLERANCE_MILLIS = 2_000
const TICKS_PER_SECOND = 100

export interface Presence {
  readonly present: boolean
  /** When the process that is there started, in clock ticks since the boot, which no setting of the clock changes. */
  readonly ticks?: number
}

/**
 * Whether the process that started a run can still be there: one with this number lives, and did not start after the run, or is
 * the one that was found to be it before. `startedMillis` is the start of the run, since 1970; where the clock has been set since,
 * it cannot be compared any more, hence `known`: the ticks that an earlier look gave.
 */
export function lookForProcess(pid: number, startedMillis: number, known?: number): Presence {
  if (!Number.isSafeInteger(pid) || pid <= 0) return { present: true }
  try {
    process.kill(pid, 0)
  } catch (error) {
    // It lives and belongs to another user, or this system cannot tell.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return { present: false }
  }
  const ticks = startTicks(pid)
  if (ticks === undefined) return { present: true }
  if (ticks === known) return { present: true, ticks }
  const bootMillis = bootTimeMillis()
  const present = bootMillis === undefined || bootMillis + (ticks / TICKS_PER_SECOND) * 1000 <= startedMillis + TOLERANCE_MILLIS
  return present ? { present, ticks } : { present }
}

/** Infinite for what has ended; undefined where the system does not tell it in /proc. */
function startTicks(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields after the name, which is in brackets and can hold anything; starttime is the 22nd of all.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; only its parent has not looked yet.
    const ticks = fields[0] === 'Z' ? Number.POSITIVE_INFINITY : Number(fields[19])
    return Number.isNaN(ticks) ? undefined : ticks
  } catch {
    return undefined
  }
}

/** By the clock as it is set now. */
function bootTimeMillis(): number | undefined {
  try {
    const boot = /^btime ([0-9]+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]
    return boot === undefined ? undefined : Number(boot) * 1000
  } catch {
    return undefined
  }
}
