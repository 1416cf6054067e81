import { fileURLToPath } from 'node:url'
import { createRecorded, type Recorded } from './recorded.ts'
import { recordingPlace } from './recording-place.ts'
import { type RecordedSources, TestRecorder } from './test-recorder.ts'
import { type UpdateState, vitestUpdateState } from './update-state.ts'

export interface OpenRecordedOptions {
  /** The test file, as a path or a `file:` URL: recordings stand beside it. */
  readonly file: string
  /**
   * `new` records what is not there yet, `all` records everything again, `none` only reads. Default: `none` where `CI` is set, `all` with
   * Node's `--test-update-snapshots`, else `new`.
   */
  readonly update?: UpdateState
  /** What the process may reach while it replays, besides the replayed function: hosts, or hosts with ports. */
  readonly allowNetwork?: readonly string[]
  /** Whether HTTP exchanges are recorded, too. Default: as REPRISE_WIRE says. */
  readonly wire?: boolean
  /** What of time and chance is recorded: `all`, `none` or a list of sources. Default: as REPRISE_EFFECTS says. */
  readonly effects?: RecordedSources['effects']
  /** `wire`: calls that made HTTP exchanges run again in a replay, above the recorded exchanges. Default: `call`, they are served whole. */
  readonly serve?: 'call' | 'wire'
}

export interface RecordedTests {
  /** The `recorded` of one test, by its name, after those of the suites that it stands in. */
  of(...names: string[]): Recorded
  /** Ends the collector that recordings took, if they did. */
  close(): Promise<void>
}

/**
 * What `reprise/vitest` gives as a fixture, for node:test, Jest, or any other runner: records where there is no recording yet, and replays
 * it otherwise.
 */
export function openRecorded({ file, update, ...options }: OpenRecordedOptions): RecordedTests {
  const path = file.startsWith('file:') ? fileURLToPath(file) : file
  const isUpdate = process.execArgv.includes('--test-update-snapshots')
  const state = update ?? (isUpdate ? 'all' : vitestUpdateState())
  const recorder = new TestRecorder()
  return {
    of: (...names) => createRecorded({ place: recordingPlace(path, names), state, recorder, ...options }),
    close: async () => await recorder.close(),
  }
}
