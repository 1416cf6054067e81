import type { GapRecord } from '../../schemas/index.ts'
import { parseJson } from '../../schemas/index.ts'
import type { MissingBatches, RunGaps } from '../types.ts'
import { numberOf, textOf } from './database.ts'
import { expected, type QuerySource, readRecordAt } from './query-source.ts'
import { isGapRecord } from './record-row.ts'
import { checkLimit, findRunRow } from './run-queries.ts'
import { type BatchRange, holesOf, isNear, readLost, readRanges, untoldHoles } from './sender-table.ts'

const GAPS_MAX = 1000
const SENDERS_MAX = 100
const HOLES_MAX = 1000

/**
 * What is known to be missing of a run: what gap records say of it, and the holes in the numbers of its senders' batches between,
 * or next to, those in which something of it came.
 */
export function readGaps(source: QuerySource, runId: string, namespace?: string): RunGaps {
  const { database } = source
  const run = findRunRow(database, runId, namespace)
  if (run === undefined) return { gaps: [], missingBatches: [], lateBatches: [] }
  const id = numberOf(run, 'id')
  const addresses = new Set(
    database
      .all(`SELECT address FROM gaps WHERE run = ? ORDER BY address LIMIT ${GAPS_MAX}`, id)
      .map((row): number => numberOf(row, 'address')),
  )
  const senders = database.all(
    `SELECT sender, first, last, names.text AS text FROM run_senders JOIN names ON names.id = sender WHERE run = ? ORDER BY names.text LIMIT ${SENDERS_MAX}`,
    id,
  )
  const missingBatches: MissingBatches[] = []
  const lateBatches: MissingBatches[] = []
  for (const row of senders) {
    const sender = textOf(row, 'text')
    const named = ([from, to]: BatchRange): MissingBatches => ({ sender, from, to })
    const seen = { first: numberOf(row, 'first'), last: numberOf(row, 'last') }
    const ranges = readRanges(database, numberOf(row, 'sender'))
    missingBatches.push(
      ...holesOf(ranges)
        .filter(([from, to]) => isNear(seen, from, to))
        .map(named),
    )
    for (const { first, last, came, address } of readLost(database, numberOf(row, 'sender'))) {
      if (!isNear(seen, first, last)) continue
      addresses.add(address)
      if (came) lateBatches.push(named([first, last]))
    }
  }
  return {
    gaps: [...addresses]
      .sort((left, right) => left - right)
      .slice(0, GAPS_MAX)
      .map((address): GapRecord => expected<GapRecord>(readRecordAt(source, address), isGapRecord)),
    missingBatches: missingBatches.slice(0, HOLES_MAX),
    lateBatches: lateBatches.slice(0, HOLES_MAX),
  }
}

/** Holes that no gap record tells of, of so many senders. */
export function listMissingBatches({ database }: QuerySource, limit: number): MissingBatches[] {
  const rows = database.all(
    'SELECT sender, ranges, names.text AS text FROM senders JOIN names ON names.id = sender WHERE holes > 0 LIMIT ?',
    checkLimit(limit),
  )
  return rows.flatMap((row) =>
    untoldHoles(parseJson(textOf(row, 'ranges')) as BatchRange[], readLost(database, numberOf(row, 'sender'))).map(
      ([from, to]): MissingBatches => ({ sender: textOf(row, 'text'), from, to }),
    ),
  )
}
