import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Label, RepriseError } from '../../schemas/index.ts'
import { ranInstrumented } from '../../sdk/index.ts'
import { denyNetwork } from '../guard/guard.ts'
import { loadRecording } from '../recording/recording-reader.ts'
import { MANIFEST_FILE } from '../recording/recording-text.ts'
import { type Outcome, type ReplayOptions, replayWithOutcome } from '../replay.ts'
import { assertReplaysExactly } from './matchers.ts'
import type { RecordedUse } from './recorded-use.ts'
import type { RecordedSources, TestRecorder } from './test-recorder.ts'
import type { UpdateState } from './update-state.ts'

/**
 * Calls a function that `instrument()` gave, recorded or replayed, and gives what it returns, of a stream its chunks; throws what it
 * throws. A replay that is not exact throws an Error with the first departure and the command that shows more.
 */
export type Recorded = <A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => Promise<RecordedResult<R>>

/** Of a stream the array of its chunks. */
export type RecordedResult<R> = Awaited<R> extends AsyncIterable<infer Chunk> ? Chunk[] : Awaited<R>

export interface RecordedOptions extends RecordedSources {
  /** Where the recordings of one test stand; the second call of a test has a folder of its own, and so on. */
  readonly place: string
  readonly state: UpdateState
  readonly recorder: TestRecorder
  /** What the process may reach while it replays, besides the replayed function: hosts, or hosts with ports. */
  readonly allowNetwork?: readonly string[]
  /** What is served in a replay: calls as a whole, the default, or the HTTP exchanges that they made. */
  readonly serve?: ReplayOptions['serve']
  /** Whether a recording was asked for by another test of this run before. */
  readonly isOfAnother?: (folder: string) => boolean
  /** Told what came of each call. */
  readonly onUse?: (use: RecordedUse) => void
}

export function createRecorded(options: RecordedOptions): Recorded {
  const { place, state, isOfAnother = () => false, onUse = () => {} } = options
  let calls = 0
  return async <A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<RecordedResult<R>> => {
    if (!ranInstrumented(fn)) {
      throw new RepriseError('invalid_argument', 'recorded(fn, ...args): expected a function that instrument() gave')
    }
    const call = ++calls
    const folder = join(place, String(call))
    const isThere = existsSync(join(folder, MANIFEST_FILE))
    if (!isThere && state === 'none') {
      onUse({ call, how: 'missing' })
      const message = `there is no recording at ${folder}, and none is made here: in CI, recordings are only read`
      throw new RepriseError(
        'artifact_missing',
        `${message}. Run the test once outside of CI, or with the runner's option that updates snapshots (-u), and commit the folder`,
      )
    }
    const isShared = isOfAnother(folder)
    // A test that a runner tries again, and Jest does not say which try it is, is served what its first try recorded.
    const replays = isThere && (state !== 'all' || isShared)
    if (!replays && isShared) throw new RepriseError('invalid_argument', `${shared(folder)}. It would be recorded over`)
    const outcome = replays
      ? await replayed(fn, args, folder, options, (label) => onUse({ call, how: 'replayed', label })).catch((error: unknown) => {
          // What is wrong with a recording itself says so.
          throw isShared && !RepriseError.isInstance(error)
            ? new RepriseError('replay_diverged', `${messageOf(error)}\n\n${shared(folder)}`, { cause: error })
            : error
        })
      : await record(fn, args, folder, options)
    if (!replays) onUse({ call, how: 'recorded' })
    if (!outcome.ok) throw outcome.error
    return outcome.value as RecordedResult<R>
  }
}

function shared(folder: string): string {
  const cure = 'give each a name of its own, or in node:test the context: recordings.of(t)'
  return `another test of this run has the recording at ${folder}, too, since both have the same name: ${cure}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

async function replayed<A extends unknown[]>(
  fn: (...args: A) => unknown,
  args: A,
  folder: string,
  { allowNetwork = [], serve = 'call' }: RecordedOptions,
  onVerdict: (label: Label) => void,
): Promise<Outcome> {
  const denial = denyNetwork({ allow: allowNetwork })
  try {
    const outcome = await replayedOffline(fn, args, folder, serve, onVerdict)
    const [first] = denial.attempts()
    if (first === undefined) return outcome
    const message = `outside of the replayed function: ${first}; allowNetwork of the fixtures lets the process reach a host`
    throw new RepriseError('replay_diverged', message)
  } finally {
    denial.release()
  }
}

async function replayedOffline<A extends unknown[]>(
  fn: (...args: A) => unknown,
  args: A,
  folder: string,
  serve: 'call' | 'wire',
  onVerdict: (label: Label) => void,
): Promise<Outcome> {
  const recording = await loadRecording(folder)
  const { verdict, outcome } = await replayWithOutcome(recording, fn as (...args: never[]) => unknown, { args, serve })
  onVerdict(verdict.label)
  assertReplaysExactly(verdict)
  return outcome ?? { ok: true, value: undefined }
}

async function record<A extends unknown[]>(
  fn: (...args: A) => unknown,
  args: A,
  folder: string,
  options: RecordedOptions,
): Promise<Outcome> {
  let outcome: Outcome = { ok: true, value: undefined }
  const run = async (): Promise<void> => {
    try {
      outcome = { ok: true, value: await chunksOf(await fn(...args)) }
    } catch (error) {
      outcome = { ok: false, error }
    }
  }
  await options.recorder.record(folder, run, options)
  return outcome
}

async function chunksOf(value: unknown): Promise<unknown> {
  if (typeof value !== 'object' || value === null || !(Symbol.asyncIterator in value)) return value
  const chunks: unknown[] = []
  for await (const chunk of value as AsyncIterable<unknown>) chunks.push(chunk)
  return chunks
}
