import { expect } from 'vitest'
import type { Verdict } from '../schemas/index.ts'
import { verdictSchema } from '../schemas/records/index.ts'
import { departureLines, formatVerdict, printable, summaryLines } from './format-verdict.ts'
import { originOf } from './verdict-origin.ts'

declare module 'vitest' {
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> {
    /** The verdict of `replay` is `exact`: nothing live, nothing unmatched, nothing unused, no socket, equal output. */
    toReplayExactly: () => R
  }
}

const MAX_SHOWN = 3

expect.extend({
  toReplayExactly(received: unknown) {
    const parsed = verdictSchema.safeParse(received)
    if (!parsed.success) {
      // Thrown, so that `.not` does not pass on a mistake.
      const found = received instanceof Promise ? 'a promise: await replay(…) first' : typeof received
      throw new TypeError(`toReplayExactly: expected the verdict of replay(), found ${found}`)
    }
    const verdict = received as Verdict
    return {
      pass: verdict.label === 'exact',
      message: () => {
        if (verdict.label !== 'exact') return failure(verdict)
        return `expected the replay not to be exact, but it is\n\n${formatVerdict(verdict)}`
      },
    }
  },
})

function failure(verdict: Verdict): string {
  const lines = [...summaryLines(verdict), ...departureLines(verdict, MAX_SHOWN)]
  return ['expected the replay to be exact', '', ...lines, '', `to see more: ${command(verdict)}`].join('\n')
}

function command(verdict: Verdict): string {
  const origin = originOf(verdict)
  const folder = origin?.folder ?? 'DIR'
  const name = origin === undefined || origin.exportName === '' ? 'NAME' : origin.exportName
  return `npx reprise replay ${quoted(relativeTo(process.cwd(), folder))} --module FILE --export ${printable(name)}`
}

function relativeTo(home: string, folder: string): string {
  return folder.startsWith(`${home}/`) ? folder.slice(home.length + 1) : folder
}

function quoted(argument: string): string {
  return /^[\w./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`
}
