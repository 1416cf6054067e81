import { inspect } from 'node:util'
import { RepriseError } from '../../schemas/index.ts'
import { EXIT } from '../exit-codes.ts'
import { plain, type Terminal, writeLine } from '../terminal.ts'

/** Errors printed. */
const SHOWN = 5

/**
 * Runs `work`, which replays programs, with this process kept alive by what they throw where nobody catches it (in a timer's callback, in a
 * promise that nobody waits for): the verdict would be lost, and with it those of all other recordings.
 * @returns the exit code of `work`, or that of a departure when something was thrown that no verdict tells of
 */
export async function whileCatching(terminal: Terminal, work: () => Promise<number>): Promise<number> {
  let count = 0
  const onThrown = (error: unknown): void => {
    // What was refused to the program is in its verdict.
    if (RepriseError.isInstance(error) && (error.code === 'replay_diverged' || error.code === 'artifact_missing')) return
    count++
    if (count > SHOWN) return
    for (const line of `thrown by the program, and caught nowhere: ${inspect(error)}`.split('\n')) writeLine(terminal.stderr, plain(line))
  }
  process.on('uncaughtException', onThrown).on('unhandledRejection', onThrown)
  try {
    const code = await work()
    // A rejection is told of after the microtasks of its turn.
    await new Promise((resolve) => setImmediate(resolve))
    if (count > SHOWN) writeLine(terminal.stderr, `thrown by the program, and caught nowhere: ${count - SHOWN} errors more`)
    return count > 0 && code === EXIT.ok ? EXIT.diverged : code
  } finally {
    process.off('uncaughtException', onThrown).off('unhandledRejection', onThrown)
  }
}
