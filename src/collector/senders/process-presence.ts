import { readFileSync } from 'node:fs'

/** Clocks differ by a little, and a run starts after its process. */
const TOLERANCE_MILLIS = 2_000
const TICKS_PER_SECOND = 100

/**
 * Whether the process that started a run can still be there: one with this number lives, and did not start after the run.
 * `startedMillis` is the start of the run, since 1970.
 */
export function canStillRun(pid: number, startedMillis: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return true
  try {
    process.kill(pid, 0)
  } catch (error) {
    // It lives and belongs to another user, or this system cannot tell.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
  const began = processStartMillis(pid)
  return began === undefined || began <= startedMillis + TOLERANCE_MILLIS
}

/** When a process started, where the system tells it in /proc. Undefined elsewhere. */
function processStartMillis(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Fields after the name, which is in brackets and can hold anything; starttime is the 22nd of all.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const boot = /^btime ([0-9]+)$/m.exec(readFileSync('/proc/stat', 'utf8'))?.[1]
    const ticks = Number(fields[19])
    // A zombie has ended; only its parent has not looked yet.
    if (fields[0] === 'Z') return Number.POSITIVE_INFINITY
    return boot === undefined || !Number.isFinite(ticks) ? undefined : (Number(boot) + ticks / TICKS_PER_SECOND) * 1000
  } catch {
    return undefined
  }
}
