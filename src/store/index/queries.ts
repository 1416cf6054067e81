import {
  type Digest,
  isDigest,
  RepriseError,
  RUN_STATUSES,
  type RunStatus,
  type RunSummary,
  type SpanRecord,
  STEP_KINDS,
  type StepKind,
} from '../../schemas/index.ts'
import { PAGE_MAX } from '../limits.ts'
import type { ArtifactUse, ListRunsQuery, ListStepsQuery, RunPage, StepPage } from '../types.ts'
import { type IndexDatabase, numberOf, type Row, textOf } from './database.ts'
import { hexOfInteger, integerOfHex, prefixOf } from './index-writer.ts'
import { mergeRecords } from './merge-records.ts'
import { rankNearest } from './nearest.ts'
import { isSpanRecord } from './record-row.ts'
import { plainNanos, RANK_NONE } from './run-state.ts'
import { kindOf, parseKinds } from './run-table.ts'

const MODELS_MAX = 100
const NEAREST_CANDIDATES = 2000
const STATE_NONE = 0

const RUN_COLUMNS = `SELECT runs.*, own.text AS name_text, space.text AS namespace_text, (SELECT text FROM names WHERE id = runs.service) AS service_text
  FROM runs JOIN names AS own ON own.id = runs.name JOIN names AS space ON space.id = runs.namespace`

export interface QuerySource {
  readonly database: IndexDatabase
  /** A line of the tape. */
  readonly readLine: (group: number, line: number) => string
}

function checkLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw new RepriseError('invalid_argument', `limit: expected a whole number from 1 to ${PAGE_MAX}`)
  }
  return limit
}

function badCursor(): RepriseError {
  return new RepriseError('invalid_argument', 'cursor: expected the `next` of an earlier page of the same list')
}

/** Reads runs newest first; equal starts in falling id order. */
export function listRuns({ database }: QuerySource, query: ListRunsQuery): RunPage {
  const limit = checkLimit(query.limit)
  const conditions = ['runs.steps > 0']
  const values: (string | number)[] = []
  const require = (condition: string, ...operands: (string | number)[]): void => {
    conditions.push(condition)
    values.push(...operands)
  }
  if (query.cursor !== undefined) {
    const [, start, run, id] = /^([0-9]{20})-([0-9a-f]{32})-([0-9]{1,15})$/.exec(query.cursor) ?? []
    if (start === undefined || run === undefined || id === undefined) throw badCursor()
    require('(runs.start, runs.run, runs.id) < (?, ?, ?)', start, run, Number(id))
  }
  if (query.namespace !== undefined) require('runs.namespace = (SELECT id FROM names WHERE text = ?)', query.namespace)
  if (query.kind !== undefined) require('runs.kind = ?', STEP_KINDS.indexOf(query.kind as StepKind))
  if (query.status !== undefined) require('runs.status = ?', RUN_STATUSES.indexOf(query.status as RunStatus))
  if (query.fidelity !== undefined) require(query.fidelity === 'replayable' ? 'runs.replayable > 0' : 'runs.replayable = 0')
  for (const part of [query.nameContains, query.name]) if (part !== undefined) require('instr(lower(own.text), lower(?)) > 0', part)
  const rows = database.all(
    `${RUN_COLUMNS} WHERE ${conditions.join(' AND ')} ORDER BY runs.start DESC, runs.run DESC, runs.id DESC LIMIT ?`,
    ...values,
    limit + 1,
  )
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  const runs = page.map((row) => summaryOf(database, row))
  if (rows.length <= limit || last === undefined) return { runs }
  return { runs, next: `${textOf(last, 'start')}-${textOf(last, 'run')}-${numberOf(last, 'id')}` }
}

function findRun(database: IndexDatabase, id: string, namespace: string | undefined): Row | undefined {
  const [row] = database
    .all(`${RUN_COLUMNS} WHERE runs.run = ? AND runs.steps > 0 ORDER BY runs.id`, id)
    .filter((found) => namespace === undefined || found['namespace_text'] === namespace)
  return row
}

export function readRun({ database }: QuerySource, id: string, namespace?: string): RunSummary | undefined {
  const row = findRun(database, id, namespace)
  return row === undefined ? undefined : summaryOf(database, row)
}

function summaryOf(database: IndexDatabase, row: Row): RunSummary {
  const rooted = numberOf(row, 'root_rank') < RANK_NONE
  const replayable = numberOf(row, 'replayable') > 0
  const end = rooted
    ? numberOf(row, 'root_pending') === 1
      ? null
      : row['root_end']
    : numberOf(row, 'pending') > 0 || replayable
      ? null
      : row['last_end']
  const models = database.all(
    `SELECT names.text AS text FROM run_models JOIN names ON names.id = run_models.name WHERE run_models.run = ? AND run_models.steps > 0 ORDER BY names.text LIMIT ${MODELS_MAX}`,
    numberOf(row, 'id'),
  )
  return {
    schema: 'reprise.run-summary/1',
    namespace: textOf(row, 'namespace_text'),
    id: textOf(row, 'run'),
    traceId: textOf(row, 'trace'),
    ...(rooted && { rootSpanId: textOf(row, 'root_span') }),
    name: textOf(row, 'name_text'),
    kind: kindOf(numberOf(row, 'kind')),
    status: RUN_STATUSES[numberOf(row, 'status')] ?? 'running',
    ...(row['service'] !== null && { service: textOf(row, 'service_text') }),
    startNanos: plainNanos(textOf(row, 'start')),
    ...(typeof end === 'string' && { endNanos: plainNanos(end) }),
    steps: numberOf(row, 'steps'),
    stepsByKind: Object.fromEntries(parseKinds(textOf(row, 'by_kind'))),
    pending: numberOf(row, 'pending'),
    errors: numberOf(row, 'errors'),
    models: models.map((model) => textOf(model, 'text')),
    inputTokens: numberOf(row, 'input_tokens'),
    outputTokens: numberOf(row, 'output_tokens'),
    redactions: numberOf(row, 'redactions'),
    gaps: numberOf(row, 'gaps'),
    fidelity: replayable ? 'replayable' : 'observed',
  }
}

export function findRunIds({ database }: QuerySource, prefix: string, limit: number): string[] {
  if (!/^[0-9a-f]{0,32}$/.test(prefix)) return []
  // 'g' comes after every hex digit.
  const rows = database.all(
    'SELECT DISTINCT run FROM runs WHERE run >= ? AND run < ? AND steps > 0 ORDER BY run LIMIT ?',
    prefix,
    `${prefix}g`,
    checkLimit(limit),
  )
  return rows.map((row) => textOf(row, 'run'))
}

/** Among the ids beside the wanted one and the newest runs. */
export function nearestRunIds({ database }: QuerySource, id: string, limit: number): string[] {
  const wanted = id.toLowerCase().slice(0, 64)
  const candidates = [
    ...database.all('SELECT run FROM runs WHERE run < ? AND steps > 0 ORDER BY run DESC LIMIT 50', wanted),
    ...database.all('SELECT run FROM runs WHERE run >= ? AND steps > 0 ORDER BY run LIMIT 50', wanted),
    ...database.all(`SELECT run FROM runs WHERE steps > 0 ORDER BY start DESC, run DESC LIMIT ${NEAREST_CANDIDATES}`),
  ]
  return rankNearest(wanted, [...new Set(candidates.map((row) => textOf(row, 'run')))], checkLimit(limit))
}

const STEP_ADDRESSES = `SELECT span, position, start, own_state, own_group, own_line, foreign_state, foreign_group, foreign_line FROM steps WHERE run = ?`

export function listSteps(source: QuerySource, runId: string, query: ListStepsQuery): StepPage {
  const limit = checkLimit(query.limit)
  const run = findRun(source.database, runId, query.namespace)
  if (run === undefined) return { steps: [] }
  const id = numberOf(run, 'id')
  const order = 'ORDER BY position, start, span LIMIT ?'
  let rows: Row[]
  if (query.cursor === undefined) rows = source.database.allWithBigInts(`${STEP_ADDRESSES} ${order}`, id, limit + 1)
  else {
    const [, position, start, span] = /^([0-9]{1,16})-([0-9]{1,19})-([0-9a-f]{16})$/.exec(query.cursor) ?? []
    if (position === undefined || start === undefined || span === undefined) throw badCursor()
    const after = [BigInt(position), BigInt(start), integerOfHex(span)] as const
    rows = source.database.allWithBigInts(`${STEP_ADDRESSES} AND (position, start, span) > (?, ?, ?) ${order}`, id, ...after, limit + 1)
  }
  const page = rows.slice(0, limit)
  const steps = page.map((row) => readStep(source, row))
  const last = page.at(-1)
  if (rows.length <= limit || last === undefined) return { steps }
  return { steps, next: `${textOf(last, 'position')}-${textOf(last, 'start')}-${hexOfInteger(BigInt(textOf(last, 'span')))}` }
}

function readStep(source: QuerySource, row: Row): SpanRecord {
  const ownState = numberOf(row, 'own_state')
  const foreignState = numberOf(row, 'foreign_state')
  const spanId = hexOfInteger(BigInt(textOf(row, 'span')))
  const own = ownState === STATE_NONE ? undefined : readRecord(source, numberOf(row, 'own_group'), numberOf(row, 'own_line'), spanId)
  const foreign =
    foreignState === STATE_NONE ? undefined : readRecord(source, numberOf(row, 'foreign_group'), numberOf(row, 'foreign_line'), spanId)
  if (own !== undefined && foreign !== undefined) return ownState >= foreignState ? mergeRecords(own, foreign) : mergeRecords(foreign, own)
  const record = own ?? foreign
  if (record === undefined) throw new RepriseError('integrity', 'the index names a step without a record; `reprise reindex` makes it anew')
  return record
}

function readRecord({ readLine }: QuerySource, group: number, line: number, spanId?: string): SpanRecord {
  const record: unknown = JSON.parse(readLine(group, line))
  if (!isSpanRecord(record) || (spanId !== undefined && record.core.spanId !== spanId))
    throw new RepriseError('integrity', `line ${line} of group ${group} is not the span record that the index expects`)
  return record
}

/** Where an artifact is referred to, in tape order. */
export function artifactRefs(source: QuerySource, digest: Digest, limit: number): ArtifactUse[] {
  if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'digest: expected sha256: and 64 lowercase hex digits')
  const uses: ArtifactUse[] = []
  const epochs = numberOf(source.database.get('SELECT coalesce(max(epoch), -1) AS epoch FROM refs') ?? {}, 'epoch')
  for (let epoch = 0; epoch <= epochs && uses.length < limit; epoch++) {
    const rows = source.database.all(
      'SELECT tape_group, line FROM refs WHERE epoch = ? AND prefix = ? ORDER BY tape_group, line LIMIT ?',
      epoch,
      prefixOf(digest),
      checkLimit(limit),
    )
    for (const row of rows) {
      const group = numberOf(row, 'tape_group')
      const line = numberOf(row, 'line')
      const { core, refs } = readRecord(source, group, line)
      for (const ref of refs) {
        if (ref.digest !== digest) continue
        const payload = core.payloads.find(({ role }) => role === ref.role)
        if (payload === undefined) continue
        const { role, sizeBytes, mediaType } = payload
        const artifact = { schema: 'reprise.artifact/1', role, digest, sizeBytes, mediaType } as const
        uses.push({ namespace: core.namespace, runId: core.runId, spanId: core.spanId, group, line, artifact })
      }
    }
  }
  return uses.slice(0, limit)
}
