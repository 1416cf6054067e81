import type { Label } from '../../schemas/index.ts'

/** What came of one call of `recorded`. */
export interface RecordedUse {
  /** Number of the call within its test, from 1: the name of the recording's folder. */
  readonly call: number
  /** `missing`: there is no recording, and none is made here. */
  readonly how: 'recorded' | 'replayed' | 'missing'
  /** Of a replay. */
  readonly label?: Label
}

/** What a test tells its reporter, as `task.meta.reprise`. */
export interface RecordedMeta {
  readonly uses: readonly RecordedUse[]
}

/** The part of a test's meta that is ours; undefined where it is not, or not of this form. */
export function recordedMeta(meta: object): RecordedMeta | undefined {
  const found: unknown = 'reprise' in meta ? meta.reprise : undefined
  return typeof found === 'object' && found !== null && 'uses' in found && Array.isArray(found.uses) ? (found as RecordedMeta) : undefined
}
