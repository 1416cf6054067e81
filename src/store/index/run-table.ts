import { parseJson, RUN_STATUSES, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import { type IndexDatabase, numberOf, type Row, textOf } from './database.ts'
import type { NameTable } from './name-table.ts'
import { hexOfInteger, integerOfHex } from './record-row.ts'
import type { RowBuffer } from './row-buffer.ts'
import { paddedNanos, RANK_NONE, RunState } from './run-state.ts'

const INT64_MAX = 2n ** 63n - 1n

export function kindOf(number: number): StepKind {
  return STEP_KINDS[number] ?? 'custom'
}

export function parseKinds(text: string): Map<StepKind, number> {
  const counts: unknown = parseJson(text)
  return new Map(
    STEP_KINDS.flatMap((kind) =>
      counts !== null && typeof counts === 'object' && Object.hasOwn(counts, kind)
        ? [[kind, Number(Reflect.get(counts, kind))] as const]
        : [],
    ),
  )
}

export function parseTags(text: string): string[] {
  const tags: unknown = parseJson(text)
  return Array.isArray(tags) ? tags.map(String) : []
}

/** For order only: the tape has the exact time. */
export function orderOfNanos(nanos: bigint): bigint {
  return nanos > INT64_MAX ? INT64_MAX : nanos
}

/** Orders runs that start at the same moment as their ids do, but for the last digits. */
export function tieOf(runId: string): bigint {
  return BigInt(`0x${runId.slice(0, 15)}`)
}

/** The word under which every run is listed. */
export const EVERY_RUN = '*'
export type WordKind = 'namespace' | 'status' | 'kind' | 'name' | 'session' | 'model' | 'tag' | 'fidelity'

export function wordOf(kind: WordKind, value: string): string {
  return `${kind}:${value}`
}

function wordsOf(names: NameTable, state: RunState): string[] {
  if (state.steps === 0) return []
  const words = [
    EVERY_RUN,
    wordOf('namespace', state.namespace),
    wordOf('status', state.status),
    wordOf('kind', state.root?.kind ?? 'run'),
    wordOf('name', state.root?.name ?? ''),
    wordOf('fidelity', state.replayable > 0 ? 'replayable' : 'observed'),
  ]
  if (state.session !== undefined) words.push(wordOf('session', state.session))
  for (const [model, steps] of state.models) if (steps > 0) words.push(wordOf('model', names.textOf(model)))
  for (const tag of state.tags) {
    words.push(wordOf('tag', tag))
    const equals = tag.indexOf('=')
    if (equals > 0) words.push(wordOf('tag', tag.slice(0, equals)))
  }
  return [...new Set(words)]
}

/** The run for a namespace and id, from the table; undefined when it has none yet. */
export function loadRun(database: IndexDatabase, names: NameTable, namespace: string, run: string): RunState | undefined {
  const row = database.get('SELECT * FROM runs WHERE run = ? AND namespace = ?', run, names.idOf(namespace))
  if (row === undefined) return undefined
  const name = (column: string): string | undefined => (row[column] === null ? undefined : names.textOf(numberOf(row, column)))
  const state = new RunState(numberOf(row, 'id'), namespace, textOf(row, 'run'))
  state.trace = textOf(row, 'trace')
  state.root = rootOf(row, names)
  state.service = name('service')
  state.session = name('session')
  state.tags = parseTags(textOf(row, 'tags'))
  state.firstStart = textOf(row, 'first_start') === '' ? undefined : BigInt(textOf(row, 'first_start'))
  state.lastEnd = row['last_end'] === null ? undefined : BigInt(textOf(row, 'last_end'))
  state.steps = numberOf(row, 'steps')
  for (const [kind, count] of parseKinds(textOf(row, 'by_kind'))) state.byKind.set(kind, count)
  state.pending = numberOf(row, 'pending')
  state.errors = numberOf(row, 'errors')
  state.inputTokens = numberOf(row, 'input_tokens')
  state.outputTokens = numberOf(row, 'output_tokens')
  state.cost = numberOf(row, 'cost')
  state.costSteps = numberOf(row, 'cost_steps')
  state.redactions = numberOf(row, 'redactions')
  state.gaps = numberOf(row, 'gaps')
  state.conflicts = numberOf(row, 'conflicts')
  state.logs = numberOf(row, 'logs')
  state.replayable = numberOf(row, 'replayable')
  state.interrupted = name('interrupted')
  for (const model of database.all('SELECT name, steps FROM run_models WHERE run = ?', state.id))
    state.models.set(numberOf(model, 'name'), numberOf(model, 'steps'))
  for (const step of database.all('SELECT name FROM run_step_names WHERE run = ?', state.id)) state.stepNames.add(numberOf(step, 'name'))
  for (const sender of database.all('SELECT sender, first, last FROM run_senders WHERE run = ?', state.id))
    state.senders.set(numberOf(sender, 'sender'), { first: numberOf(sender, 'first'), last: numberOf(sender, 'last') })
  state.stored = true
  state.words = wordsOf(names, state)
  state.storedStart = state.start
  return state
}

function rootOf(row: Row, names: NameTable): RunState['root'] {
  const span = textOf(row, 'root_span')
  if (span === '') return undefined
  return {
    rank: numberOf(row, 'root_rank'),
    position: numberOf(row, 'root_order'),
    span: integerOfHex(span),
    start: BigInt(textOf(row, 'root_start')),
    end: row['root_end'] === null ? undefined : BigInt(textOf(row, 'root_end')),
    pending: numberOf(row, 'root_pending') === 1,
    error: numberOf(row, 'root_error') === 1,
    name: names.textOf(numberOf(row, 'name')),
    kind: kindOf(numberOf(row, 'kind')),
  }
}

export const RUN_COLUMNS: readonly string[] = [
  'trace',
  'root_rank',
  'root_order',
  'root_span',
  'root_start',
  'root_end',
  'root_pending',
  'root_error',
  'name',
  'kind',
  'service',
  'session',
  'tags',
  'first_start',
  'last_end',
  'start',
  'status',
  'interrupted',
  'steps',
  'by_kind',
  'step_names',
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
const INSERT_RUN = `INSERT INTO runs(${RUN_COLUMNS.join(', ')}, id, namespace, run) VALUES(${RUN_COLUMNS.map(() => '?').join(', ')}, ?, ?, ?)`
const UPDATE_RUN = `UPDATE runs SET ${RUN_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE id = ?`

/** Rows of other tables that come with a run, gathered. */
export interface RunRows {
  readonly words: RowBuffer
  readonly models: RowBuffer
  readonly senders: RowBuffer
}

export function saveRun(database: IndexDatabase, names: NameTable, rows: RunRows, state: RunState): void {
  const { root } = state
  const optional = (text: string | undefined): number | null => (text === undefined ? null : names.idOf(text))
  const padded = (nanos: bigint | undefined): string | null => (nanos === undefined ? null : paddedNanos(nanos))
  const values = [
    state.trace,
    root?.rank ?? RANK_NONE,
    root?.position ?? 0,
    root === undefined ? '' : hexOfInteger(root.span),
    padded(root?.start) ?? '',
    padded(root?.end),
    root?.pending === true ? 1 : 0,
    root?.error === true ? 1 : 0,
    names.idOf(root?.name ?? ''),
    STEP_KINDS.indexOf(root?.kind ?? 'run'),
    optional(state.service),
    optional(state.session),
    JSON.stringify(state.tags),
    padded(state.firstStart) ?? '',
    padded(state.lastEnd),
    padded(state.start) ?? '',
    RUN_STATUSES.indexOf(state.status),
    optional(state.interrupted),
    state.steps,
    state.kindsText(),
    state.stepNames.size,
    state.pending,
    state.errors,
    state.inputTokens,
    state.outputTokens,
    state.cost,
    state.costSteps,
    state.redactions,
    state.gaps,
    state.conflicts,
    state.logs,
    state.replayable,
    state.id,
  ]
  if (state.stored) database.run(UPDATE_RUN, ...values)
  else database.run(INSERT_RUN, ...values, names.idOf(state.namespace), state.run)
  state.stored = true
  for (const model of state.changedModels) rows.models.add(state.id, model, state.models.get(model) ?? 0)
  state.changedModels.clear()
  for (const sender of state.changedSenders) {
    const seen = state.senders.get(sender)
    if (seen !== undefined) rows.senders.add(state.id, sender, seen.first, seen.last)
  }
  state.changedSenders.clear()
  saveWords(database, names, rows.words, state)
  state.changed = false
}

/** Lists the run under its present words and time, and no longer under earlier ones. */
function saveWords(database: IndexDatabase, names: NameTable, rows: RowBuffer, state: RunState): void {
  const words = wordsOf(names, state)
  const moved = state.start !== state.storedStart
  const tie = tieOf(state.run)
  if (state.words.length > 0) {
    const start = orderOfNanos(state.storedStart ?? 0n)
    for (const word of state.words)
      if (moved || !words.includes(word))
        database.run('DELETE FROM run_words WHERE word = ? AND start = ? AND tie = ? AND run = ?', names.idOf(word), start, tie, state.id)
  }
  if (words.length > 0) {
    const start = orderOfNanos(state.start ?? 0n)
    for (const word of words) if (moved || !state.words.includes(word)) rows.add(names.idOf(word), start, tie, state.id)
  }
  state.words = words
  state.storedStart = state.start
}
