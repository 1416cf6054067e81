import { type LogRecord, RepriseError } from '../../schemas/index.ts'
import type { ListLogsQuery, LogPage } from '../types.ts'
import { Conditions } from './conditions.ts'
import { cursorText, listName, readCursor } from './cursor-text.ts'
import { numberOf, textOf } from './database.ts'
import { expected, type QuerySource, readRecordAt } from './query-source.ts'
import { integerOfHex, isLogRecord } from './record-row.ts'
import { checkLimit, findRunRow } from './run-queries.ts'

/** Log records that one call looks at to fill a page of a search. */
const SCAN_LOGS_MAX = 20_000

export function listLogs(source: QuerySource, runId: string, query: ListLogsQuery): LogPage {
  const { database } = source
  const limit = checkLimit(query.limit)
  const run = findRunRow(database, runId, query.namespace)
  if (run === undefined) return { logs: [] }
  const range = new Conditions()
  range.add('run = ?', numberOf(run, 'id'))
  const list = listName(`logs ${runId}`, query)
  if (query.cursor !== undefined) range.add('(time, address) > (?, ?)', ...readCursor(list, 2, query.cursor))
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
  return { logs, ...(place !== undefined && { next: cursorText(list, place) }) }
}
