import type { Cut } from '../schemas/index.ts'
import { resolveRecorderOptions, snapshotLimitsOf } from './options.ts'
import { runtime } from './runtime.ts'
import { SNAPSHOT_LIMITS, type SnapshotLimits, takeSnapshot } from './snapshot.ts'

/** The bounds that recording has or would have: of the recorder, else of the environment. */
export function captureLimits(): SnapshotLimits {
  const { recorder } = runtime()
  return recorder?.limits ?? (fromEnvironment ??= readLimits())
}

let fromEnvironment: SnapshotLimits | undefined

function readLimits(): SnapshotLimits {
  try {
    return snapshotLimitsOf(resolveRecorderOptions({}))
  } catch {
    // Recording would say what is wrong, and be off.
    return SNAPSHOT_LIMITS
  }
}

/** The snapshot of a call's arguments that recording keeps, at this moment. Never throws. */
export function captureArguments(args: readonly unknown[]): unknown[] {
  const { value } = takeSnapshot([...args], captureLimits())
  return Array.isArray(value) ? value : [value]
}

/** The snapshot of one value that recording keeps, with what its bounds cut. Never throws. */
export function captureValue(value: unknown): { value: unknown; cuts: Cut[] } {
  const { value: captured, cuts } = takeSnapshot(value, captureLimits())
  return { value: captured, cuts: (cuts ?? []).map(({ reason, count }) => ({ what: 'value', reason, count })) }
}
