import { RepriseError, type Verdict } from '../schemas/index.ts'
import { ranInstrumented, runWithInterceptor } from '../sdk/index.ts'
import { isWireAnswered } from '../sdk/wire/index.ts'
import { type PacingOptions, scaleOf } from './delivery/pacing.ts'
import { runGuarded } from './guard/guard.ts'
import type { Watcher } from './guard/watch.ts'
import type { Recording } from './recording/recording.ts'
import type { CachedOptions } from './serving/live-calls.ts'
import { ReplaySession, type SessionOptions } from './session.ts'
import { drawVerdict } from './verdict/verdict.ts'
import { rememberOrigin } from './verdict/verdict-origin.ts'
import { waitForEnd } from './wait-for-end.ts'
import { overTheWire } from './wire/over-the-wire.ts'

export interface ReplayOptions extends PacingOptions {
  /** Arguments in place of the recorded ones: for functions, signals and other values that no recording holds. */
  readonly args?: readonly unknown[]
  /** Bound on the whole replay. Default: ten times what the recorded run took, and at least a minute. */
  readonly timeoutMillis?: number
  /** `exact`, the default; or `cached`: what matches is served, and what does not is a matter of `onMiss`. */
  readonly mode?: 'exact' | 'cached'
  /** In mode `cached`: calls that the recording does not answer fail (`throw`, the default), or are made (`live`). */
  readonly onMiss?: 'throw' | 'live'
  /** With `onMiss: 'live'`: names of the steps with effect `write` that may be made. No other write is. */
  readonly allowWrites?: readonly string[]
  /**
   * `call`, the default: model, tool and other calls are served whole. `wire`: those of them that made HTTP exchanges run again, above
   * the recorded exchanges. A call with effect `write` runs only where `allowWrites` names it, and is served whole otherwise.
   */
  readonly serve?: 'call' | 'wire'
  /**
   * Records what happens, live calls and served ones, as a run of its own that names the one it came from. Default: with
   * `onMiss: 'live'`. It goes where runs go: to the recorder of this process, if there is one.
   */
  readonly record?: boolean
  /**
   * Cuts the chunks of streams of text (strings, or bytes that are UTF-8) elsewhere than recorded, by this seed, to shake out parsers
   * that rely on where chunks end. Such steps are `cached`, not `exact`.
   */
  readonly resplit?: string | number
}

type Program = (...args: never[]) => unknown

/**
 * Runs `fn` again in exact mode: its own code runs, and every model, embedding, retriever, reranker and tool call in it is
 * answered from the recording. Nothing goes live: a call that the recording does not answer fails with `replay_diverged`,
 * and so does an attempt to open a socket. The verdict reports every departure, also one whose error the program caught.
 *
 * @param fn wrapped by `instrument()`
 * @throws RepriseError `invalid_argument` when `fn` is not wrapped; `recording_version` for an unknown redaction policy;
 *   `artifact_missing` when the recorded arguments are not there or were cut and no `args` are given
 */
export async function replay(recording: Recording, fn: Program, options: ReplayOptions = {}): Promise<Verdict> {
  return (await replayWithOutcome(recording, fn, options)).verdict
}

/** What the program gave, of a stream its chunks. */
export type Outcome = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown }

/** As `replay`, with what the program returned or threw; undefined where it did not end. */
export async function replayWithOutcome(
  recording: Recording,
  fn: Program,
  options: ReplayOptions = {},
): Promise<{ verdict: Verdict; outcome: Outcome | undefined }> {
  const live = cachedOptions(options)
  const { args, timeoutMillis, record = live?.onMiss === 'live' } = options
  if (record && live === undefined) {
    throw new RepriseError('invalid_argument', "replay: record is for mode: 'cached'; an exact replay does what is recorded already")
  }
  return await runReplay(servedAs(recording, options), fn, {
    ...(args === undefined ? {} : { args }),
    ...(timeoutMillis === undefined ? {} : { timeoutMillis }),
    ...(live === undefined ? {} : { live }),
    record,
    scale: scaleOf(options),
    ...(options.resplit === undefined ? {} : { resplit: String(options.resplit) }),
  })
}

/** One replay of any mode, its options read. */
export async function runReplay(
  recording: Recording,
  fn: Program,
  options: Pick<ReplayOptions, 'args' | 'timeoutMillis'> & SessionOptions,
): Promise<{ verdict: Verdict; outcome: Outcome | undefined; runId: string | undefined }> {
  if (typeof fn !== 'function') {
    throw new RepriseError('invalid_argument', `replay: expected a function, found ${fn === null ? 'null' : typeof fn}`)
  }
  if (!ranInstrumented(fn)) {
    const name = fn.name === '' ? 'the function' : fn.name
    const message = `replay: ${name} is not wrapped by instrument(), so its calls cannot be served`
    throw new RepriseError('invalid_argument', `${message}; wrap it, export what instrument() gives, and replay that`)
  }
  const { timeoutMillis } = options
  if (timeoutMillis !== undefined && !(timeoutMillis > 0)) {
    throw new RepriseError('invalid_argument', `replay: timeoutMillis: expected a number above 0, found ${String(timeoutMillis)}`)
  }
  const session = new ReplaySession(recording, options)
  const args = options.args ?? recording.arguments()
  let socketsDenied = 0
  const unrecorded = new Map<string, number>()
  const watcher: Watcher = {
    isAnswered: isWireAnswered,
    unrecorded: (api) => void unrecorded.set(api, (unrecorded.get(api) ?? 0) + 1),
    denied({ api, target, frame, stack }): RepriseError {
      socketsDenied++
      const message = `${api} to ${target} was denied: a replay opens no socket${frame === undefined ? '' : ` (${frame})`}`
      session.departures.noteAt(recording.root, 'socket', message, { stack: [...stack] })
      return session.departures.error('replay_diverged', message, [recording.manifest.name])
    },
  }
  let outcome: Outcome | undefined
  const started = async (): Promise<void> => {
    outcome = await start(recording, fn, args)
  }
  const guarded = runGuarded(watcher, () => runWithInterceptor(session, started))
  try {
    const end = await waitForEnd(session, guarded.result, timeoutMillis)
    guarded.hear()
    session.finish(end)
  } finally {
    session.close()
    guarded.release()
  }
  const verdict = rememberOrigin(drawVerdict(session, socketsDenied, unrecorded), { folder: recording.folder, exportName: fn.name })
  return { verdict, outcome, runId: session.recordedRunId }
}

/** @throws RepriseError `invalid_argument` for another `serve`, and for one over the wire of a recording without exchanges */
export function servedAs(
  recording: Recording,
  { serve = 'call', allowWrites = [] }: Pick<ReplayOptions, 'serve' | 'allowWrites'>,
): Recording {
  if (serve === 'wire') return overTheWire(recording, allowWrites)
  if (serve !== 'call') throw new RepriseError('invalid_argument', `replay: serve: expected call or wire, found ${String(serve)}`)
  return recording
}

function cachedOptions({ mode = 'exact', onMiss, allowWrites = [] }: ReplayOptions): CachedOptions | undefined {
  if (mode !== 'exact' && mode !== 'cached') {
    throw new RepriseError('invalid_argument', `replay: mode: expected exact or cached, found ${String(mode)}`)
  }
  if (onMiss !== undefined && onMiss !== 'throw' && onMiss !== 'live') {
    throw new RepriseError('invalid_argument', `replay: onMiss: expected throw or live, found ${String(onMiss)}`)
  }
  if (mode === 'cached') return { mode, onMiss: onMiss ?? 'throw', allowWrites }
  if (onMiss === 'live')
    throw new RepriseError('invalid_argument', "replay: onMiss: 'live' is for mode: 'cached'; an exact replay makes no call")
  return undefined
}

/** Calls the program and reads what it gives as its recorded caller did. Never rejects: outcomes reach the session. */
async function start(recording: Recording, fn: Program, args: readonly unknown[]): Promise<Outcome> {
  try {
    const result: unknown = await Reflect.apply(fn, undefined, args)
    return { ok: true, value: await readStream(recording, result) }
  } catch (error) {
    // The session was told of the root's error by the wrapper.
    return { ok: false, error }
  }
}

/** A program that gives a stream does its work while the stream is read. */
async function readStream(recording: Recording, result: unknown): Promise<unknown> {
  const { core } = recording.root.record
  if (core.streamEnd === undefined || typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result
  const limit = core.streamEnd === 'done' || core.streamEnd === 'error' ? Number.POSITIVE_INFINITY : recordedChunks(recording)
  const chunks: unknown[] = []
  if (limit <= 0) return chunks
  for await (const chunk of result as AsyncIterable<unknown>) if (chunks.push(chunk) >= limit) break
  return chunks
}

function recordedChunks(recording: Recording): number {
  const chunks = recording.rootOutput()
  return Array.isArray(chunks) ? chunks.length : 0
}
