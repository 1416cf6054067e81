import { parseJson, RepriseError, type SpanRecord } from '../../schemas/index.ts'
import { type IndexDatabase, type Row, textOf } from './database.ts'
import { mergeRecords } from './merge-records.ts'
import { hexOfInteger, isSpanRecord } from './record-row.ts'
import { placeOf, readFlags, STATE_NONE } from './step-flags.ts'

export interface QuerySource {
  readonly database: IndexDatabase
  /** A line of the tape. */
  readonly readLine: (group: number, line: number) => string
}

/** @throws RepriseError `integrity` for a damaged group, and where the index names a line that is not there */
export function readRecordAt({ readLine }: Pick<QuerySource, 'readLine'>, address: number): unknown {
  const { group, line } = placeOf(address)
  let text: string
  try {
    text = readLine(group, line)
  } catch (cause) {
    if (!RepriseError.isInstance(cause) || cause.code !== 'invalid_argument') throw cause
    const message = `the index names line ${line} of group ${group}, which is not there; \`reprise reindex\` makes it anew`
    throw new RepriseError('integrity', message, { cause })
  }
  return parseJson(text)
}

function readSpan(source: QuerySource, address: number, spanId: string): SpanRecord {
  const record = readRecordAt(source, address)
  if (!isSpanRecord(record) || record.core.spanId !== spanId) {
    const { group, line } = placeOf(address)
    throw new RepriseError('integrity', `line ${line} of group ${group} is not the span record that the index expects`)
  }
  return record
}

/** The columns that `readStepOf` needs, read as bigints. */
export const STEP_COLUMNS = 'span, own, other, flags'

/** A step as it stands: its records, merged where there are two. */
export function readStepOf(source: QuerySource, row: Row): SpanRecord {
  const { ownState, otherState } = readFlags(Number(row['flags']))
  const spanId = hexOfInteger(BigInt(textOf(row, 'span')))
  const own = ownState === STATE_NONE ? undefined : readSpan(source, Number(row['own']), spanId)
  const other = otherState === STATE_NONE ? undefined : readSpan(source, Number(row['other']), spanId)
  if (own !== undefined && other !== undefined) return ownState >= otherState ? mergeRecords(own, other) : mergeRecords(other, own)
  const record = own ?? other
  if (record === undefined) throw new RepriseError('integrity', 'the index names a step without a record; `reprise reindex` makes it anew')
  return record
}

/** Of a step's two records ours, or the foreign one. */
export function readStandingRecord(source: QuerySource, row: Row, own: boolean): SpanRecord {
  return readSpan(source, Number(row[own ? 'own' : 'other']), hexOfInteger(BigInt(textOf(row, 'span'))))
}

/** What the index points at is of this kind. */
export function expected<T>(record: unknown, is: (record: unknown) => record is T): T {
  if (!is(record)) throw new RepriseError('integrity', 'the index points at another kind of record; `reprise reindex` makes it anew')
  return record
}
