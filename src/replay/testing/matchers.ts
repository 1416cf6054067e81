import { LABELS, type Verdict } from '../../schemas/index.ts'
import { departureLines, formatVerdict, printable, summaryLines } from '../verdict/format-verdict.ts'
import { originOf } from '../verdict/verdict-origin.ts'
import { type ExpectedStep, matchTrajectory, type TrajectoryMode } from './trajectory.ts'

/** What a matcher gives: the form that vitest and Jest share. */
export interface MatcherResult {
  readonly pass: boolean
  readonly message: () => string
}

interface MatcherContext {
  readonly isNot?: boolean
}

const MAX_SHOWN = 3

/**
 * Matchers for the verdict of `replay`, for any `expect` with an `extend` of Jest's kind; `reprise/vitest` extends vitest's. Each throws
 * a TypeError for anything but a verdict, so that `.not` does not pass on a mistake.
 */
export const matchers: {
  /** The verdict is `exact`: nothing live, nothing unmatched, nothing unused, no socket, equal output. */
  toReplayExactly(this: MatcherContext, received: unknown): MatcherResult
  /** The first departure is at the step of that name, or at that path: `answer > chat`. */
  toDivergeAt(this: MatcherContext, received: unknown, step: string): MatcherResult
  /** The replayed program took these steps below its root. Default mode: `strict`. */
  toMatchTrajectory(
    this: MatcherContext,
    received: unknown,
    expected: readonly ExpectedStep[],
    options?: { readonly mode?: TrajectoryMode },
  ): MatcherResult
} = {
  toReplayExactly(received: unknown) {
    const verdict = verdictOf('toReplayExactly', received)
    return {
      pass: verdict.label === 'exact',
      message: () => {
        if (verdict.label !== 'exact') return failure(verdict)
        return `expected the replay not to be exact, but it is\n\n${formatVerdict(verdict)}`
      },
    }
  },

  toDivergeAt(received: unknown, step: string) {
    const verdict = verdictOf('toDivergeAt', received)
    // A mere change of order is no departure that the label of a run would show.
    const first = verdict.divergences.find(({ reason }) => reason !== 'order')
    const path = first?.path.join(' > ')
    return {
      pass: first !== undefined && (first.path.at(-1) === step || path === step),
      message: () => {
        const found = path === undefined ? 'there is none' : `it is at ${printable(path)}`
        const not = this.isNot ? ' not' : ''
        return `expected the first departure${not} to be at ${printable(step)}; ${found}\n\n${formatVerdict(verdict)}`
      },
    }
  },

  toMatchTrajectory(received: unknown, expected: readonly ExpectedStep[], { mode = 'strict' } = {}) {
    const verdict = verdictOf('toMatchTrajectory', received)
    if (!MODES.includes(mode)) throw new TypeError(`toMatchTrajectory: mode: expected one of ${MODES.join(', ')}, found ${String(mode)}`)
    const { pass, taken, missing, extra } = matchTrajectory(verdict, expected, mode)
    return {
      pass,
      message: () =>
        [
          `expected the replayed program${this.isNot ? ' not' : ''} to take these steps (${mode})`,
          `  taken: ${taken.join(', ') || 'none'}`,
          `  not taken: ${missing.join(', ') || 'none'}`,
          `  not expected: ${extra.join(', ') || 'none'}`,
        ].join('\n'),
    }
  },
}

/**
 * For node:test, or any runner: returns the verdict when it is `exact`.
 * @throws Error with the counts, the first departures and the command that shows more; TypeError for anything but a verdict
 */
export function assertReplaysExactly(verdict: unknown): Verdict {
  const { pass, message } = matchers.toReplayExactly.call({}, verdict)
  if (!pass) throw new Error(message())
  return verdict as Verdict
}

const MODES: readonly TrajectoryMode[] = ['strict', 'unordered', 'subset', 'superset']

function verdictOf(matcher: string, received: unknown): Verdict {
  if (isVerdict(received)) return received
  // Thrown, so that `.not` does not pass on a mistake.
  const found = received instanceof Promise ? 'a promise: await replay(…) first' : typeof received
  throw new TypeError(`${matcher}: expected the verdict of replay(), found ${found}`)
}

/** As far as tells it from all else: the validator loads zod, which takes longer than most replays. */
function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null) return false
  const { schema, label, counts, steps, divergences } = value as Record<string, unknown>
  const isLabelled = schema === 'reprise.verdict/1' && LABELS.some((each) => each === label)
  return isLabelled && typeof counts === 'object' && counts !== null && Array.isArray(steps) && Array.isArray(divergences)
}

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
