import { denyNetwork } from '../../replay/index.ts'
import { EXIT } from '../exit-codes.ts'
import { plain, type Terminal, writeLine } from '../terminal.ts'

/** Lines printed of what was denied. */
const SHOWN = 5

/**
 * Runs `work` with the network denied to the whole process: also to what a module does when it is loaded, and to what nobody waits for.
 * @param allow hosts, or hosts with ports, that are let through
 * @returns the exit code of `work`, or that of a departure when something else of the process attempted to get out
 */
export async function whileOffline(terminal: Terminal, allow: readonly string[], work: () => Promise<number>): Promise<number> {
  const denial = denyNetwork({ allow })
  try {
    const code = await work()
    const count = denial.count()
    for (const attempt of denial.attempts().slice(0, SHOWN)) writeLine(terminal.stderr, plain(`outside of the replayed run: ${attempt}`))
    if (count > SHOWN) writeLine(terminal.stderr, `outside of the replayed run: ${count - SHOWN} attempts more`)
    if (count > 0) writeLine(terminal.stderr, '--allow-net HOST[:PORT] lets the process reach a host; the replayed run reaches none')
    return count > 0 && code === EXIT.ok ? EXIT.diverged : code
  } finally {
    denial.release()
  }
}
