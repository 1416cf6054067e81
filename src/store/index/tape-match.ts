import type { Tape } from '../tape/tape.ts'
import type { IndexDatabase } from './database.ts'

const DIGEST_PREFIX = 'sha256:'

/** The digest of the group before one, in hex; '' before the first. */
export function digestBefore(tape: Tape, group: number): string {
  const head = tape.head()
  if (group === head.group + 1 && group > 0) return head.digest.slice(DIGEST_PREFIX.length)
  return group === 0 ? '' : (tape.entryOf(group - 1)?.digest.toString('hex') ?? '')
}

/** Whether the index was made from this very tape: a tape that was cut or put back from a backup may tell another story. */
export function isOfTape(database: IndexDatabase, tape: Tape): boolean {
  const group = Number(database.meta('group') ?? 0)
  return group <= tape.head().group + 1 && String(database.meta('digest') ?? '') === digestBefore(tape, group)
}

/** Whether the index holds everything that is on the tape. */
export function isUpToDate(database: IndexDatabase, tape: Tape): boolean {
  return isOfTape(database, tape) && Number(database.meta('group') ?? 0) > tape.head().group
}
