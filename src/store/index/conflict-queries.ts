import type { SpanRecord } from '../../schemas/index.ts'
import type { StepConflict } from '../types.ts'
import { differencesOf } from './conflicts.ts'
import { numberOf, textOf } from './database.ts'
import { expected, type QuerySource, readRecordAt, readStandingRecord } from './query-source.ts'
import { hexOfInteger, isSpanRecord } from './record-row.ts'
import { findRunRow } from './run-queries.ts'
import { placeOf } from './step-flags.ts'

const CONFLICTS_MAX = 100
const ANSWER_MAX_BYTES = 8 * 1024 * 1024

/** Final records that say something else than the one of their step that stands, in tape order; the first of them. */
export function readConflicts(source: QuerySource, runId: string, namespace?: string): StepConflict[] {
  const run = findRunRow(source.database, runId, namespace)
  if (run === undefined || numberOf(run, 'conflicts') === 0) return []
  const rows = source.database.allWithBigInts(
    `SELECT conflicts.address AS address, steps.span AS span, steps.own AS own, steps.other AS other FROM conflicts
      CROSS JOIN steps ON steps.run = conflicts.run AND steps.span = conflicts.span
      WHERE conflicts.run = ? ORDER BY conflicts.address LIMIT ${CONFLICTS_MAX}`,
    numberOf(run, 'id'),
  )
  const conflicts: StepConflict[] = []
  let bytes = 0
  for (const row of rows) {
    const address = numberOf(row, 'address')
    const record = expected<SpanRecord>(readRecordAt(source, address), isSpanRecord)
    bytes += JSON.stringify(record).length
    if (conflicts.length > 0 && bytes > ANSWER_MAX_BYTES) break
    const standing = readStandingRecord(source, row, record.core.fidelity === 'replayable')
    conflicts.push({
      spanId: hexOfInteger(BigInt(textOf(row, 'span'))),
      ...placeOf(address),
      differs: differencesOf(standing, record),
      record,
    })
  }
  return conflicts
}
