import { parseJson, RepriseError, RUN_STATUSES, type RunSummary } from '../../schemas/index.ts'
import { PAGE_MAX } from '../limits.ts'
import type { ListRunsQuery, RunPage } from '../types.ts'
import { Conditions } from './conditions.ts'
import { cursorText, listName, readCursor } from './cursor-text.ts'
import { type IndexDatabase, numberOf, type Row, textOf } from './database.ts'
import { rankNearest } from './nearest.ts'
import type { QuerySource } from './query-source.ts'
import { hexOfInteger } from './record-row.ts'
import { plainNanos, RANK_NONE } from './run-state.ts'
import { EVERY_RUN, kindOf, orderOfNanos, parseKinds, parseTags, wordOf } from './run-table.ts'
import { LOST_COUNT_SQL, NEAR_SQL } from './sender-table.ts'
import { costOfUnits, unitsOfCost } from './step-facts.ts'
import { PENDING_FLAG, readFlags } from './step-flags.ts'

const MODELS_MAX = 100
const NEAREST_CANDIDATES = 2000
const OPEN_STEPS_MAX = 1000
/** Runs that one call looks at, and names of steps that it compares, to fill a page. */
const SCAN_RUNS_MAX = 4000
const SCAN_NAMES_MAX = 20_000

const nameOf = (column: string): string => `(SELECT text FROM names WHERE id = runs.${column}) AS ${column}_text`
const RUN_COLUMNS = [
  'id',
  'run',
  'trace',
  'root_rank',
  'root_span',
  'root_end',
  'root_pending',
  'kind',
  'tags',
  'last_end',
  'start',
  'status',
  'steps',
  'by_kind',
  'pending',
  'errors',
  'input_tokens',
  'output_tokens',
  'cost',
  'cost_steps',
  'redactions',
  'gaps',
  'conflicts',
  'logs',
  'replayable',
]
/** All that a summary tells but its stage. A statement costs more than what it reads here, hence the models as JSON. */
const RUN_ROW = `${RUN_COLUMNS.map((column) => `runs.${column}`).join(', ')}, own.text AS name_text, space.text AS namespace_text,
  ${nameOf('service')}, ${nameOf('session')}, ${nameOf('interrupted')}, (SELECT json_group_array(text) FROM
    (SELECT names.text AS text FROM run_models JOIN names ON names.id = run_models.name WHERE run_models.run = runs.id AND run_models.steps > 0
      ORDER BY names.text LIMIT ${MODELS_MAX})) AS models,
  (SELECT coalesce(sum(${LOST_COUNT_SQL}), 0) FROM run_senders AS sent CROSS JOIN lost_batches AS lost
    ON lost.sender = sent.sender AND ${NEAR_SQL} AND lost.came = 0 WHERE sent.run = runs.id) AS lost`
const FOUND_ROW = 'runs.id, runs.logs, runs.conflicts, space.text AS namespace_text'
const NEWEST_FIRST = 'ORDER BY at.start DESC, at.tie DESC, at.run DESC'
const NAMES_JOINED = 'JOIN names AS own ON own.id = runs.name JOIN names AS space ON space.id = runs.namespace'

export function checkLimit(limit: number): number {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > PAGE_MAX) {
    throw new RepriseError('invalid_argument', `limit: expected a whole number from 1 to ${PAGE_MAX}`)
  }
  return limit
}

export function checkNanos(key: string, nanos: string): bigint {
  if (!/^[0-9]{1,20}$/.test(nanos)) throw new RepriseError('invalid_argument', `${key}: expected nanoseconds as decimal digits`)
  return orderOfNanos(BigInt(nanos))
}

/** Words that the runs must have, the most telling first. */
function wordsOf(query: ListRunsQuery): string[] {
  const words: string[] = []
  if (query.session !== undefined) words.push(wordOf('session', query.session))
  for (const tag of query.tags ?? []) words.push(wordOf('tag', tag))
  if (query.model !== undefined) words.push(wordOf('model', query.model))
  if (query.name !== undefined) words.push(wordOf('name', query.name))
  if (query.status !== undefined) words.push(wordOf('status', query.status))
  if (query.kind !== undefined) words.push(wordOf('kind', query.kind))
  if (query.fidelity !== undefined) words.push(wordOf('fidelity', query.fidelity))
  if (query.namespace !== undefined) words.push(wordOf('namespace', query.namespace))
  return words.length === 0 ? [EVERY_RUN] : words
}

function runConditions(query: ListRunsQuery): Conditions {
  const conditions = new Conditions()
  if (query.namePrefix !== undefined) conditions.add('lower(substr(own.text, 1, length(?))) = lower(?)', query.namePrefix, query.namePrefix)
  if (query.nameContains !== undefined) conditions.add('instr(lower(own.text), lower(?)) > 0', query.nameContains)
  if (query.costMin !== undefined) conditions.add('runs.cost_steps > 0 AND runs.cost >= ?', unitsOfCost(query.costMin))
  if (query.costMax !== undefined) conditions.add('runs.cost_steps > 0 AND runs.cost <= ?', unitsOfCost(query.costMax))
  if (query.stepText !== undefined)
    conditions.add(
      `EXISTS(SELECT 1 FROM run_step_names AS step JOIN names AS called ON called.id = step.name
        WHERE step.run = runs.id AND instr(lower(called.text), lower(?)) > 0)`,
      query.stepText,
    )
  return conditions
}

interface Slice {
  /** Its last place, when there may be more after it. */
  readonly end: readonly bigint[] | undefined
}

/** How far one call looks: a number of runs, and of step names when those are compared. */
function sliceOf(database: IndexDatabase, range: Conditions, countsNames: boolean): Slice {
  const bigints = (row: Row | undefined): bigint[] | undefined =>
    row === undefined ? undefined : [row['start'], row['tie'], row['run']].map((value) => BigInt(String(value)))
  if (!countsNames) {
    const [last] = database.allWithBigInts(
      `SELECT start, tie, run FROM run_words AS at WHERE ${range.sql} ${NEWEST_FIRST} LIMIT 1 OFFSET ${SCAN_RUNS_MAX - 1}`,
      ...range.operands,
    )
    return { end: bigints(last) }
  }
  const rows = database.allWithBigInts(
    `SELECT at.start, at.tie, at.run, runs.step_names AS names FROM run_words AS at JOIN runs ON runs.id = at.run
      WHERE ${range.sql} ${NEWEST_FIRST} LIMIT ${SCAN_RUNS_MAX}`,
    ...range.operands,
  )
  let names = 0
  for (const [index, row] of rows.entries()) {
    names += Number(row['names'])
    if (names >= SCAN_NAMES_MAX) return { end: index + 1 < rows.length || rows.length === SCAN_RUNS_MAX ? bigints(row) : undefined }
  }
  return { end: rows.length === SCAN_RUNS_MAX ? bigints(rows.at(-1)) : undefined }
}

/** Reads runs newest first; equal starts in falling id order. */
export function listRuns({ database }: QuerySource, query: ListRunsQuery): RunPage {
  const limit = checkLimit(query.limit)
  const list = listName('runs', query)
  const after = query.cursor === undefined ? undefined : readCursor(list, 3, query.cursor)
  const ids: number[] = []
  for (const word of wordsOf(query)) {
    const id = database.get('SELECT id FROM names WHERE text = ?', word)?.['id']
    // A word that no run ever had.
    if (id === undefined) return { runs: [] }
    ids.push(Number(id))
  }
  const [first = 0, ...others] = ids
  const range = new Conditions()
  range.add('at.word = ?', first)
  if (after !== undefined) range.add('(at.start, at.tie, at.run) < (?, ?, ?)', ...after)
  if (query.fromNanos !== undefined) range.add('at.start >= ?', checkNanos('fromNanos', query.fromNanos))
  if (query.toNanos !== undefined) range.add('at.start < ?', checkNanos('toNanos', query.toNanos))

  const conditions = runConditions(query)
  const isSearch = others.length > 0 || conditions.parts.length > 0
  const { end } = isSearch ? sliceOf(database, range, query.stepText !== undefined) : { end: undefined }
  if (end !== undefined) range.add('(at.start, at.tie, at.run) >= (?, ?, ?)', ...end)
  for (const word of others) {
    range.add(
      'EXISTS(SELECT 1 FROM run_words AS other WHERE other.word = ? AND other.start = at.start AND other.tie = at.tie AND other.run = at.run)',
      word,
    )
  }
  const placesMax = conditions.parts.length === 0 ? limit + 1 : -1
  const places = `SELECT at.start AS at_start, at.tie AS at_tie, at.run AS at_run FROM run_words AS at WHERE ${range.sql} ${NEWEST_FIRST} LIMIT ${placesMax}`
  // A cross join keeps the order of the words, so that nothing is sorted and reading ends with the page.
  const rows = database.allWithBigInts(
    `SELECT ${RUN_ROW}, at_start, at_tie FROM (${places}) CROSS JOIN runs ON runs.id = at_run CROSS JOIN names AS own ON own.id = runs.name CROSS JOIN names AS space ON space.id = runs.namespace WHERE ${conditions.sql} LIMIT ?`,
    ...range.operands,
    ...conditions.operands,
    limit + 1,
  )
  const runs = rows.slice(0, limit).map((row) => summaryOf(database, row))
  const last = rows[limit - 1]
  const place =
    rows.length > limit && last !== undefined ? [last['at_start'], last['at_tie'], last['id']].map((value) => BigInt(String(value))) : end
  return { runs, ...(place !== undefined && { next: cursorText(list, place) }) }
}

/** The row of a run, with its number and how many logs it has, or the given columns. */
export function findRunRow(
  database: IndexDatabase,
  id: string,
  namespace: string | undefined,
  columns: string = FOUND_ROW,
): Row | undefined {
  const [row] = database
    .all(`SELECT ${columns} FROM runs ${NAMES_JOINED} WHERE runs.run = ? AND runs.steps > 0 ORDER BY runs.id`, id)
    .filter((found) => namespace === undefined || found['namespace_text'] === namespace)
  return row
}

export function readRun({ database }: QuerySource, id: string, namespace?: string): RunSummary | undefined {
  const row = findRunRow(database, id, namespace, RUN_ROW)
  return row === undefined ? undefined : summaryOf(database, row)
}

function summaryOf(database: IndexDatabase, row: Row): RunSummary {
  const rooted = numberOf(row, 'root_rank') < RANK_NONE
  const replayable = numberOf(row, 'replayable') > 0
  const pending = numberOf(row, 'pending')
  const end = rooted ? (numberOf(row, 'root_pending') === 1 ? null : row['root_end']) : pending > 0 || replayable ? null : row['last_end']
  const status = RUN_STATUSES[numberOf(row, 'status')] ?? 'running'
  const tags = parseTags(textOf(row, 'tags'))
  const stage = pending > 0 && (status === 'running' || status === 'interrupted') ? stageOf(database, numberOf(row, 'id')) : undefined
  return {
    schema: 'reprise.run-summary/1',
    namespace: textOf(row, 'namespace_text'),
    id: textOf(row, 'run'),
    traceId: textOf(row, 'trace'),
    ...(rooted && { rootSpanId: textOf(row, 'root_span') }),
    name: textOf(row, 'name_text'),
    kind: kindOf(numberOf(row, 'kind')),
    status,
    ...(row['service_text'] !== null && { service: textOf(row, 'service_text') }),
    startNanos: plainNanos(textOf(row, 'start')),
    ...(typeof end === 'string' && { endNanos: plainNanos(end) }),
    steps: numberOf(row, 'steps'),
    stepsByKind: Object.fromEntries(parseKinds(textOf(row, 'by_kind'))),
    pending,
    errors: numberOf(row, 'errors'),
    models: parseJson(textOf(row, 'models')) as string[],
    inputTokens: numberOf(row, 'input_tokens'),
    outputTokens: numberOf(row, 'output_tokens'),
    redactions: numberOf(row, 'redactions'),
    gaps: numberOf(row, 'gaps') + numberOf(row, 'lost'),
    ...(numberOf(row, 'conflicts') > 0 && { conflicts: numberOf(row, 'conflicts') }),
    fidelity: replayable ? 'replayable' : 'observed',
    ...(numberOf(row, 'logs') > 0 && { logs: numberOf(row, 'logs') }),
    ...(row['session_text'] !== null && { session: textOf(row, 'session_text') }),
    ...(tags.length > 0 && { tags }),
    ...(numberOf(row, 'cost_steps') > 0 && { cost: costOfUnits(numberOf(row, 'cost')) }),
    ...(stage !== undefined && { stage }),
    ...(status === 'interrupted' && { interrupted: textOf(row, 'interrupted_text') }),
  }
}

/** The innermost open step: of those that no other open step is a child of, the one that started last. */
function stageOf(database: IndexDatabase, run: number): RunSummary['stage'] {
  const rows = database.allWithBigInts(
    `SELECT span, parent, start, flags, names.text AS text FROM steps JOIN names ON names.id = steps.name
      WHERE run = ? AND flags & ${PENDING_FLAG} <> 0 ORDER BY start DESC, position DESC, span DESC LIMIT ${OPEN_STEPS_MAX}`,
    run,
  )
  const parents = new Set(rows.map(({ parent }) => parent))
  const innermost = rows.find(({ span }) => !parents.has(span ?? null)) ?? rows[0]
  if (innermost === undefined) return undefined
  return {
    spanId: hexOfInteger(BigInt(textOf(innermost, 'span'))),
    name: textOf(innermost, 'text'),
    kind: readFlags(numberOf(innermost, 'flags')).kind,
    startNanos: textOf(innermost, 'start'),
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
    ...database.all(
      `SELECT runs.run AS run FROM (SELECT run FROM run_words WHERE word = (SELECT id FROM names WHERE text = '${EVERY_RUN}')
        ORDER BY start DESC, tie DESC, run DESC LIMIT ${NEAREST_CANDIDATES}) AS newest JOIN runs ON runs.id = newest.run`,
    ),
  ]
  return rankNearest(wanted, [...new Set(candidates.map((row) => textOf(row, 'run')))], checkLimit(limit))
}
