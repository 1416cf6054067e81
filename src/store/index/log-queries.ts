import { type GapRecord, type LogRecord, RepriseError } from '../../schemas/index.ts'
import type { ListLogsQuery, LogPage, RunGaps } from '../types.ts'
import { Conditions } from './conditions.ts'
import { cursorText, readCursor } from './cursor-text.ts'
import { numberOf, textOf } from './database.ts'
import { type QuerySource, readRecordAt } from './query-source.ts'
import { integerOfHex, isGapRecord, isLogRecord } from './record-row.ts'
import { checkLimit, findRunRow } from './run-queries.ts'
import { holesOf, readRanges } from './sender-table.ts'

const GAPS_MAX = 1000
const SENDERS_MAX = 100
const HOLES_MAX = 1000
/** Log records that one call looks at to fill a page of a search. */
const SCAN_LOGS_MAX = 20_000
/** Number of a sender's first batch. */
const FIRST_BATCH = 0

export function listLogs(source: QuerySource, runId: string, query: ListLogsQuery): LogPage {
  const { database } = source
  const limit = checkLimit(query.limit)
  const run = findRunRow(database, runId, query.namespace)
  if (run === undefined) return { logs: [] }
  const range = new Conditions()
  range.add('run = ?', numberOf(run, 'id'))
  if (query.cursor !== undefined) range.add('(time, address) > (?, ?)', ...readCursor('logs', 2, query.cursor))
  const search = new Conditions()
  if (query.spanId !== undefined) {
    if (!/^[0-9a-f]{16}$/.test(query.spanId)) throw new RepriseError('invalid_argument', 'spanId: expected 16 lowercase hex digits')
    search.add('span = ?', integerOfHex(query.spanId))
  }
  if (query.severityMin !== undefined) search.add('severity >= ?', query.severityMin)
  let end: bigint[] | undefined
  if (search.parts.length > 0) {
    const [last] = database.allWithBigInts(
      `SELECT time, address FROM logs WHERE ${range.sql} ORDER BY time, address LIMIT 1 OFFSET ${SCAN_LOGS_MAX - 1}`,
      ...range.operands,
    )
    if (last !== undefined) {
      end = [BigInt(textOf(last, 'time')), BigInt(textOf(last, 'address'))]
      range.add('(time, address) <= (?, ?)', ...end)
    }
  }
  const rows = database.allWithBigInts(
    `SELECT time, address FROM logs WHERE ${range.sql} AND ${search.sql} ORDER BY time, address LIMIT ?`,
    ...range.operands,
    ...search.operands,
    limit + 1,
  )
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const place = rows.length > limit && last !== undefined ? [BigInt(textOf(last, 'time')), BigInt(textOf(last, 'address'))] : end
  const logs = page.map((row) => expected<LogRecord>(readRecordAt(source, numberOf(row, 'address')), isLogRecord))
  return { logs, ...(place !== undefined && { next: cursorText('logs', place) }) }
}

function expected<T>(record: unknown, is: (record: unknown) => record is T): T {
  if (!is(record)) throw new RepriseError('integrity', 'the index points at another kind of record; `reprise reindex` makes it anew')
  return record
}

/** What is known to be missing of a run: what was recorded as missing, and the holes in the numbers of its senders' batches. */
export function readGaps(source: QuerySource, runId: string, namespace?: string): RunGaps {
  const { database } = source
  const run = findRunRow(database, runId, namespace)
  if (run === undefined) return { gaps: [], missingBatches: [] }
  const id = numberOf(run, 'id')
  const rows = database.all(`SELECT address FROM gaps WHERE run = ? ORDER BY address LIMIT ${GAPS_MAX}`, id)
  const senders = database.all(
    `SELECT sender, names.text AS text FROM run_senders JOIN names ON names.id = sender WHERE run = ? ORDER BY names.text LIMIT ${SENDERS_MAX}`,
    id,
  )
  return {
    gaps: rows.map((row) => expected<GapRecord>(readRecordAt(source, numberOf(row, 'address')), isGapRecord)),
    missingBatches: senders
      .flatMap((row) =>
        holesOf(readRanges(database, numberOf(row, 'sender')), FIRST_BATCH).map(([from, to]) => ({
          sender: textOf(row, 'text'),
          from,
          to,
        })),
      )
      .slice(0, HOLES_MAX),
  }
}
