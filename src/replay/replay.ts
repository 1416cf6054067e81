import { RepriseError, type Verdict } from '../schemas/index.ts'
import { ranInstrumented, runWithInterceptor } from '../sdk/index.ts'
import type { Recording } from './recording.ts'
import { ReplaySession } from './session.ts'
import { runGuarded } from './socket-guard.ts'
import { drawVerdict } from './verdict.ts'
import { rememberOrigin } from './verdict-origin.ts'
import { waitForEnd } from './wait-for-end.ts'

export interface ReplayOptions {
  /** Arguments in place of the recorded ones: for functions, signals and other values that no recording holds. */
  readonly args?: readonly unknown[]
  /** Bound on the whole replay. Default: ten times what the recorded run took, and at least a minute. */
  readonly timeoutMillis?: number
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
  const session = new ReplaySession(recording)
  const args = options.args ?? recording.arguments()
  let socketsDenied = 0
  const watcher = {
    denied({ api, target, frame }: { api: string; target: string; frame: string | undefined }): RepriseError {
      socketsDenied++
      const message = `${api} to ${target} was denied: a replay opens no socket${frame === undefined ? '' : ` (${frame})`}`
      session.departures.noteAt(recording.root, 'socket', message)
      return session.departures.error('replay_diverged', message, [recording.manifest.name])
    },
  }
  const guarded = runGuarded(watcher, () => runWithInterceptor(session, () => start(recording, fn, args)))
  try {
    const end = await waitForEnd(session, guarded.result, timeoutMillis)
    session.finish(end)
  } finally {
    session.close()
    guarded.release()
  }
  return rememberOrigin(drawVerdict(session, socketsDenied), { folder: recording.folder, exportName: fn.name })
}

/** Calls the program and reads what it gives as its recorded caller did. Never rejects: outcomes reach the session. */
async function start(recording: Recording, fn: Program, args: readonly unknown[]): Promise<void> {
  try {
    const result: unknown = await Reflect.apply(fn, undefined, args)
    await readStream(recording, result)
  } catch {
    // The session was told of the root's error by the wrapper.
  }
}

/** A program that gives a stream does its work while the stream is read. */
async function readStream(recording: Recording, result: unknown): Promise<void> {
  const { core } = recording.root.record
  if (core.streamEnd === undefined || typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return
  const limit = core.streamEnd === 'done' || core.streamEnd === 'error' ? Number.POSITIVE_INFINITY : recordedChunks(recording)
  let taken = 0
  if (taken >= limit) return
  for await (const _chunk of result as AsyncIterable<unknown>) if (++taken >= limit) break
}

function recordedChunks(recording: Recording): number {
  const chunks = recording.rootOutput()
  return Array.isArray(chunks) ? chunks.length : 0
}
