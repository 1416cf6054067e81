import { type Digest, isDigest, RepriseError, type SpanRecord, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import type { ArtifactUse, ListStepsQuery, StepPage } from '../types.ts'
import { Conditions } from './conditions.ts'
import { cursorText, listName, readCursor } from './cursor-text.ts'
import { type IndexDatabase, numberOf, type Row } from './database.ts'
import { findAddresses } from './digest-table.ts'
import { withLogContent } from './merge-records.ts'
import { type QuerySource, readRecordAt, readStepOf, STEP_COLUMNS } from './query-source.ts'
import { digestKeyOf, integerOfHex, isLogRecord, isSpanRecord, MESSAGE_ROLES, NO_POSITION } from './record-row.ts'
import { checkLimit, checkNanos, findRunRow } from './run-queries.ts'
import { ERROR_FLAG, KIND_OF_FLAGS, PENDING_FLAG, placeOf } from './step-flags.ts'

/** Steps that one call looks at to fill a page of a search. */
const SCAN_STEPS_MAX = 20_000
/** Finding how deep a step is takes a look-up for each step above it. */
const SCAN_DEPTHS_MAX = 4000
const DEPTH_MAX = 1000
/** Log records of one step that are looked at for its content. */
const EVENTS_MAX = 10

function sequenceOf(key: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) throw new RepriseError('invalid_argument', `${key}: expected a whole number from 0`)
  return value
}

/** Where in the order of steps to look. */
function rangeOf(run: number, list: string, query: ListStepsQuery): Conditions {
  const range = new Conditions()
  range.add('run = ?', run)
  if (query.cursor !== undefined) range.add('(position, start, span) > (?, ?, ?)', ...readCursor(list, 3, query.cursor))
  if (query.fromSequence !== undefined) range.add('position >= ?', sequenceOf('fromSequence', query.fromSequence))
  if (query.toSequence !== undefined) range.add('position <= ?', sequenceOf('toSequence', query.toSequence))
  if (query.fromSequence !== undefined || query.toSequence !== undefined) range.add('position < ?', NO_POSITION)
  return range
}

/** What to look for there. */
function searchOf(query: ListStepsQuery): Conditions {
  const search = new Conditions()
  if (query.kinds !== undefined) {
    const numbers = query.kinds.map((kind) => STEP_KINDS.indexOf(kind as StepKind))
    search.add(`${KIND_OF_FLAGS} IN (${numbers.map(() => '?').join(', ')})`, ...numbers)
  }
  if (query.status === 'open') search.add(`flags & ${PENDING_FLAG} <> 0`)
  else if (query.status === 'error') search.add(`flags & ${ERROR_FLAG} <> 0`)
  else if (query.status === 'ok') search.add(`flags & ${PENDING_FLAG + ERROR_FLAG} = 0`)
  if (query.fromNanos !== undefined) search.add('start >= ?', checkNanos('fromNanos', query.fromNanos))
  if (query.toNanos !== undefined) search.add('start < ?', checkNanos('toNanos', query.toNanos))
  if (query.nameContains !== undefined)
    search.add('(SELECT instr(lower(text), lower(?)) FROM names WHERE id = steps.name) > 0', query.nameContains)
  return search
}

/** In call order: by number, then by time. */
const CALL_ORDER = 'ORDER BY position, start, span'

export function listSteps(source: QuerySource, runId: string, query: ListStepsQuery): StepPage {
  const { database } = source
  const limit = checkLimit(query.limit)
  const run = findRunRow(database, runId, query.namespace)
  if (run === undefined) return { steps: [] }
  const id = numberOf(run, 'id')
  const list = listName(`steps ${runId}`, query)
  const range = rangeOf(id, list, query)
  const search = searchOf(query)
  const { maxDepth } = query
  const isSearch = search.parts.length > 0 || maxDepth !== undefined
  let end: bigint[] | undefined
  if (isSearch) {
    const scanMax = maxDepth === undefined ? SCAN_STEPS_MAX : SCAN_DEPTHS_MAX
    const [last] = database.allWithBigInts(
      `SELECT position, start, span FROM steps WHERE ${range.sql} ${CALL_ORDER} LIMIT 1 OFFSET ${scanMax - 1}`,
      ...range.operands,
    )
    if (last !== undefined) {
      end = placeOfRow(last)
      range.add('(position, start, span) <= (?, ?, ?)', ...end)
    }
  }
  const rows = database.allWithBigInts(
    `SELECT position, start, parent, ${STEP_COLUMNS} FROM steps WHERE ${range.sql} AND ${search.sql} ${CALL_ORDER} LIMIT ?`,
    ...range.operands,
    ...search.operands,
    maxDepth === undefined ? limit + 1 : -1,
  )
  const found = maxDepth === undefined ? rows : withinDepth(database, id, rows, maxDepth, limit + 1)
  const page = found.slice(0, limit)
  const last = page.at(-1)
  const place = found.length > limit && last !== undefined ? placeOfRow(last) : end
  return {
    steps: page.map((row) => stepWithLogs(source, run, row)),
    ...(place !== undefined && { next: cursorText(list, place) }),
  }
}

/** A step as it stands; content that its sender put on an event of it stands on the step. */
function stepWithLogs(source: QuerySource, run: Row, row: Row): SpanRecord {
  const step = readStepOf(source, row)
  if (numberOf(run, 'logs') === 0) return step
  const found = source.database.allWithBigInts(
    `SELECT address FROM logs WHERE run = ? AND span = ? AND messages = 1 ORDER BY time, address LIMIT ${EVENTS_MAX}`,
    numberOf(run, 'id'),
    BigInt(String(row['span'])),
  )
  if (found.length === 0) return step
  const logs = found.map((log) => readRecordAt(source, numberOf(log, 'address'))).filter(isLogRecord)
  return withLogContent(step, logs, MESSAGE_ROLES)
}

function placeOfRow(row: Row): bigint[] {
  return [row['position'], row['start'], row['span']].map((value) => BigInt(String(value)))
}

/** Up to `most` rows that have at most so many steps of the run above them. */
function withinDepth(database: IndexDatabase, run: number, rows: readonly Row[], maxDepth: number, most: number): Row[] {
  const parents = new Map<bigint, bigint | null>()
  const parentOf = (span: bigint): bigint | null | undefined => {
    let parent = parents.get(span)
    if (parent !== undefined) return parent
    const [row] = database.allWithBigInts('SELECT parent FROM steps WHERE run = ? AND span = ?', run, span)
    if (row === undefined) return undefined
    parent = row['parent'] === null ? null : BigInt(String(row['parent']))
    parents.set(span, parent)
    return parent
  }
  const found: Row[] = []
  for (const row of rows) {
    let depth = 0
    let above: bigint | null | undefined = row['parent'] === null ? null : BigInt(String(row['parent']))
    while (above !== null && depth <= Math.min(maxDepth, DEPTH_MAX)) {
      above = parentOf(above)
      // A parent that is no step of this run.
      if (above === undefined) break
      depth++
    }
    if (depth > maxDepth) continue
    found.push(row)
    if (found.length >= most) break
  }
  return found
}

export function readStep(source: QuerySource, runId: string, spanId: string, namespace?: string): SpanRecord | undefined {
  if (!/^[0-9a-f]{16}$/.test(spanId)) throw new RepriseError('invalid_argument', 'span id: expected 16 lowercase hex digits')
  const run = findRunRow(source.database, runId, namespace)
  if (run === undefined) return undefined
  const [row] = source.database.allWithBigInts(
    `SELECT ${STEP_COLUMNS} FROM steps WHERE run = ? AND span = ?`,
    numberOf(run, 'id'),
    integerOfHex(spanId),
  )
  return row === undefined ? undefined : stepWithLogs(source, run, row)
}

/** The steps of a run whose span ids begin with these hex digits, in the order of their ids. */
export function findSteps(source: QuerySource, runId: string, prefix: string, limit: number, namespace?: string): SpanRecord[] {
  if (!/^[0-9a-f]{1,16}$/.test(prefix)) throw new RepriseError('invalid_argument', 'span id: expected up to 16 lowercase hex digits')
  checkLimit(limit)
  const run = findRunRow(source.database, runId, namespace)
  if (run === undefined) return []
  const rows = source.database.allWithBigInts(
    `SELECT ${STEP_COLUMNS} FROM steps WHERE run = ? AND span BETWEEN ? AND ? ORDER BY span LIMIT ?`,
    numberOf(run, 'id'),
    integerOfHex(prefix.padEnd(16, '0')),
    integerOfHex(prefix.padEnd(16, 'f')),
    limit,
  )
  return rows.map((row) => stepWithLogs(source, run, row))
}

/** Where an artifact is referred to, in tape order. */
export function artifactRefs(source: QuerySource, digest: Digest, limit: number): ArtifactUse[] {
  if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'digest: expected sha256: and 64 lowercase hex digits')
  checkLimit(limit)
  const uses: ArtifactUse[] = []
  let before = -1
  for (const address of findAddresses(source.database, digestKeyOf(digest))) {
    if (uses.length >= limit) break
    // A record can refer to one artifact in several roles: it is read once.
    if (address === before) continue
    before = address
    const record = readRecordAt(source, address)
    if (!isRecordWithPayloads(record)) continue
    const { core, refs } = record
    const { group, line } = placeOf(address)
    for (const ref of refs) {
      if (ref.digest !== digest) continue
      const payload = core.payloads.find(({ role }) => role === ref.role)
      if (payload === undefined) continue
      const { role, sizeBytes, mediaType } = payload
      const { namespace, runId, spanId } = core
      const artifact = { schema: 'reprise.artifact/1', role, digest, sizeBytes, mediaType } as const
      uses.push({ namespace, ...(runId !== undefined && { runId }), ...(spanId !== undefined && { spanId }), group, line, artifact })
    }
  }
  return uses.slice(0, limit)
}

function isRecordWithPayloads(record: unknown): record is {
  core: Pick<SpanRecord['core'], 'namespace' | 'payloads'> & { runId?: string; spanId?: string }
  refs: SpanRecord['refs']
} {
  return isSpanRecord(record) || isLogRecord(record)
}
