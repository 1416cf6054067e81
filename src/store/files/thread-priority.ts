import { readlinkSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

/**
 * Lets other threads go before the one that calls this, for good: who has no privileges cannot take it back. On Linux alone, where the
 * priority is a thread's own (`<pid>/task/<thread>`); elsewhere the whole process would become slow.
 *
 * @param nicer than the process by so much, at most 19: with 10 it has a tenth of a core that another wants, too
 */
export function lowerThreadPriority(nicer: number): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    setPriority(thread, Math.min(getPriority(process.pid) + nicer, constants.priority.PRIORITY_LOW))
  } catch {
    // No Linux, or a system that hides its threads.
  }
}
