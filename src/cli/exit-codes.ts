import { type ErrorCode, RepriseError } from '../schemas/index.ts'

/** Exit codes that scripts rely on. `run --` alone returns its child's code instead. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  gateFailed: 3,
  diverged: 4,
  integrity: 5,
  missing: 6,
  unreachable: 7,
  interrupted: 130,
} as const

const BY_CODE: Partial<Record<ErrorCode, number>> = {
  usage: EXIT.usage,
  invalid_option: EXIT.usage,
  module_export_missing: EXIT.usage,
  replay_diverged: EXIT.diverged,
  integrity: EXIT.integrity,
  invalid_recording: EXIT.integrity,
  recording_version: EXIT.integrity,
  artifact_missing: EXIT.missing,
  collector_unreachable: EXIT.unreachable,
}

export function exitCodeOf(error: unknown): number {
  return RepriseError.isInstance(error) ? (BY_CODE[error.code] ?? EXIT.error) : EXIT.error
}
