import { fileURLToPath } from 'node:url'
import { RepriseError } from '../../schemas/index.ts'
import { createRecorded, type Recorded } from './recorded.ts'
import { plainFolder, recordingPlace } from './recording-place.ts'
import { type RecordedSources, TestRecorder } from './test-recorder.ts'
import { runnerUpdateState, type UpdateState } from './update-state.ts'

export interface OpenRecordedOptions {
  /** The test file, as a path or a `file:` URL: recordings stand beside it. */
  readonly file: string
  /**
   * `new` records what is not there yet, `all` records everything again, `none` only reads. Default: what the runner does with snapshots
   * (`jest -u` and Node's `--test-update-snapshots`: `all`, `jest --ci`: `none`); where it does not tell, `none` where `CI` is set, else `new`.
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

/** What a test of node:test is given. It says which test it is among those of one name. */
export interface NamedTest {
  /** With the names of the suites that it stands in. */
  readonly fullName: string
}

export interface RecordedTests {
  /** Of one test of node:test, by its context. Tests of one name have recordings of their own, in the order in which they ask for them. */
  of(test: NamedTest): Recorded
  /**
   * Of one test, by its name, after those of the suites that it stands in. Whoever gives the same names gets the same recordings; that
   * one would record over those of another is an error.
   */
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
  const state = update ?? runnerUpdateState()
  const folder = plainFolder(path)
  const recorder = new TestRecorder()
  const owners = new Map<string, object>()
  const open = (names: readonly string[], ordinal?: number): Recorded => {
    const owner = {}
    const isOfAnother = (folder: string): boolean => {
      const first = owners.get(folder) ?? owner
      owners.set(folder, first)
      return first !== owner
    }
    return createRecorded({ place: recordingPlace(path, names, ordinal, folder), state, recorder, isOfAnother, ...options })
  }
  const byTest = new WeakMap<NamedTest, Recorded>()
  const ordinals = new Map<string, number>()
  const openFor = (test: NamedTest): Recorded => {
    const { fullName } = test
    if (typeof fullName !== 'string')
      throw new RepriseError('invalid_argument', 'recordings.of(test): expected the context of a test, with its fullName, or names')
    const ordinal = (ordinals.get(fullName) ?? 0) + 1
    ordinals.set(fullName, ordinal)
    const recorded = open([fullName], ordinal)
    byTest.set(test, recorded)
    return recorded
  }
  return {
    of: (...given: [NamedTest] | string[]) => {
      const [first] = given
      return typeof first === 'object' && first !== null ? (byTest.get(first) ?? openFor(first)) : open(given as string[])
    },
    close: async () => await recorder.close(),
  }
}
