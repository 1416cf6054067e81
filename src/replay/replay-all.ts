import { type Dirent, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError, type Verdict } from '../schemas/index.ts'
import type { Recording } from './recording/recording.ts'
import { loadRecording } from './recording/recording-reader.ts'
import { type ReplayOptions, replay } from './replay.ts'

/** Folders below one another are looked through this deep. */
const MAX_DEPTH = 16
const MAX_RECORDINGS = 100_000
/** How far the lanes run ahead of a recording that takes long, in recordings a lane. */
const AHEAD = 4
const MANIFEST = 'recording.json'

/** What came of one recording: a verdict, or why there is none. */
export interface ReplayReport {
  readonly folder: string
  /** Of the run; '' where the recording could not be read. */
  readonly name: string
  readonly outcome: Verdict | Error
}

export interface ReplayAllOptions extends Pick<ReplayOptions, 'timeoutMillis' | 'pacing' | 'scale' | 'resplit'> {
  /** How many are replayed at a time, in this process. */
  readonly lanes: number
}

/**
 * The folders that hold a recording, `folder` itself or any below it, in the order of their paths (by UTF-16 units, so the same
 * everywhere). Links are not followed.
 * @throws RepriseError `invalid_argument` where there are none, or far too many
 */
export function listRecordings(folder: string): string[] {
  const found: string[] = []
  const walk = (path: string, depth: number): void => {
    let entries: Dirent[]
    try {
      entries = readdirSync(path, { withFileTypes: true })
    } catch (cause) {
      throw new RepriseError('invalid_argument', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    }
    if (entries.some((entry) => entry.name === MANIFEST && entry.isFile())) {
      if (found.length >= MAX_RECORDINGS) throw new RepriseError('invalid_argument', `${folder}: more than ${MAX_RECORDINGS} recordings`)
      found.push(path)
      return
    }
    if (depth < MAX_DEPTH) for (const entry of entries) if (entry.isDirectory()) walk(join(path, entry.name), depth + 1)
  }
  walk(folder, 0)
  if (found.length === 0) throw new RepriseError('invalid_argument', `${folder}: no recording there (a folder with a ${MANIFEST})`)
  return found.sort((left, right) => (left < right ? -1 : 1))
}

/**
 * Replays many recordings, some at a time, and gives their reports in the order of `folders` whatever ends first. A recording that
 * cannot be read, or has no program, is a report like another; the others go on.
 * @param programOf the program of a recording, wrapped by `instrument()`
 */
export async function* replayAll(
  folders: readonly string[],
  programOf: (recording: Recording) => (...args: never[]) => unknown,
  { lanes, ...options }: ReplayAllOptions,
): AsyncGenerator<ReplayReport> {
  const running: Promise<ReplayReport>[] = []
  const free: (() => void)[] = []
  let busy = 0
  const inLane = async (folder: string): Promise<ReplayReport> => {
    if (busy >= lanes) await new Promise<void>((resolve) => free.push(resolve))
    else busy++
    try {
      return await replayOne(folder, programOf, options)
    } finally {
      const next = free.shift()
      if (next === undefined) busy--
      else next()
    }
  }
  let started = 0
  for (let at = 0; at < folders.length; at++) {
    for (; started < folders.length && started < at + lanes * AHEAD; started++) running.push(inLane(folders[started] ?? ''))
    const report = await running.shift()
    if (report !== undefined) yield report
  }
}

/** Never rejects. */
async function replayOne(
  folder: string,
  programOf: (recording: Recording) => (...args: never[]) => unknown,
  options: Pick<ReplayOptions, 'timeoutMillis' | 'pacing' | 'scale' | 'resplit'>,
): Promise<ReplayReport> {
  let name = ''
  try {
    const recording = await loadRecording(folder)
    name = recording.manifest.name
    return { folder, name, outcome: await replay(recording, programOf(recording), options) }
  } catch (error) {
    return { folder, name, outcome: error instanceof Error ? error : new Error(String(error)) }
  }
}
