import { RUN_STATUSES, STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import { type IndexDatabase, numberOf, type Row, textOf } from './database.ts'
import { RANK_NONE, RunState } from './run-state.ts'

const NAMES_CACHE_MAX = 10_000

/** Texts that repeat, each stored once. */
export class NameTable {
  readonly #database: IndexDatabase
  readonly #ids = new Map<string, number>()

  constructor(database: IndexDatabase) {
    this.#database = database
  }

  idOf(text: string): number {
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    let row = this.#database.get('SELECT id FROM names WHERE text = ?', text)
    row ??= this.#database.get('INSERT INTO names(text) VALUES(?) RETURNING id', text)
    const id = Number(row?.['id'])
    if (this.#ids.size >= NAMES_CACHE_MAX) this.#ids.clear()
    this.#ids.set(text, id)
    return id
  }

  textOf(id: number): string {
    return String(this.#database.get('SELECT text FROM names WHERE id = ?', id)?.['text'] ?? '')
  }

  /** After a rollback, which may have taken back what was cached. */
  forget(): void {
    this.#ids.clear()
  }
}

export function kindOf(number: number): StepKind {
  return STEP_KINDS[number] ?? 'custom'
}

export function parseKinds(text: string): Map<StepKind, number> {
  const counts: unknown = JSON.parse(text)
  return new Map(
    STEP_KINDS.flatMap((kind) =>
      counts !== null && typeof counts === 'object' && Object.hasOwn(counts, kind)
        ? [[kind, Number(Reflect.get(counts, kind))] as const]
        : [],
    ),
  )
}

/** The run for a namespace and id, from the table; undefined when it has none yet. */
export function loadRun(database: IndexDatabase, names: NameTable, namespace: string, run: string): RunState | undefined {
  const row = database.get('SELECT * FROM runs WHERE run = ? AND namespace = ?', run, names.idOf(namespace))
  if (row === undefined) return undefined
  const state = new RunState(numberOf(row, 'id'), namespace, run)
  state.trace = textOf(row, 'trace')
  state.root = rootOf(row, names)
  state.service = row['service'] === null ? undefined : names.textOf(numberOf(row, 'service'))
  state.firstStart = textOf(row, 'first_start')
  state.lastEnd = row['last_end'] === null ? undefined : textOf(row, 'last_end')
  state.steps = numberOf(row, 'steps')
  for (const [kind, count] of parseKinds(textOf(row, 'by_kind'))) state.byKind.set(kind, count)
  state.pending = numberOf(row, 'pending')
  state.errors = numberOf(row, 'errors')
  state.inputTokens = numberOf(row, 'input_tokens')
  state.outputTokens = numberOf(row, 'output_tokens')
  state.redactions = numberOf(row, 'redactions')
  state.gaps = numberOf(row, 'gaps')
  state.replayable = numberOf(row, 'replayable')
  return state
}

function rootOf(row: Row, names: NameTable): RunState['root'] {
  const span = textOf(row, 'root_span')
  if (span === '') return undefined
  return {
    rank: numberOf(row, 'root_rank'),
    position: numberOf(row, 'root_order'),
    span,
    start: textOf(row, 'root_start'),
    end: row['root_end'] === null ? undefined : textOf(row, 'root_end'),
    pending: numberOf(row, 'root_pending') === 1,
    error: numberOf(row, 'root_error') === 1,
    name: names.textOf(numberOf(row, 'name')),
    kind: kindOf(numberOf(row, 'kind')),
  }
}

/** Makes the row of a run that has been seen for the first time. */
export function createRun(database: IndexDatabase, names: NameTable, namespace: string, run: string): RunState {
  const row = database.get(
    `INSERT INTO runs(namespace, run, trace, root_rank, root_order, root_span, root_start, root_pending, root_error, name, kind, first_start, start, status,
      steps, by_kind, pending, errors, input_tokens, output_tokens, redactions, gaps, replayable)
     VALUES(?, ?, ?, ${RANK_NONE}, 0, '', '', 0, 0, ?, 0, '', '', 0, 0, '{}', 0, 0, 0, 0, 0, 0, 0) RETURNING id`,
    names.idOf(namespace),
    run,
    run,
    names.idOf(''),
  )
  return new RunState(Number(row?.['id']), namespace, run)
}

export function saveRun(database: IndexDatabase, names: NameTable, state: RunState): void {
  const { root } = state
  database.run(
    `UPDATE runs SET trace = ?, root_rank = ?, root_order = ?, root_span = ?, root_start = ?, root_end = ?, root_pending = ?, root_error = ?, name = ?, kind = ?,
      service = ?, first_start = ?, last_end = ?, start = ?, status = ?, steps = ?, by_kind = ?, pending = ?, errors = ?, input_tokens = ?, output_tokens = ?,
      redactions = ?, gaps = ?, replayable = ? WHERE id = ?`,
    state.trace,
    root?.rank ?? RANK_NONE,
    root?.position ?? 0,
    root?.span ?? '',
    root?.start ?? '',
    root?.end ?? null,
    root?.pending === true ? 1 : 0,
    root?.error === true ? 1 : 0,
    names.idOf(root?.name ?? ''),
    STEP_KINDS.indexOf(root?.kind ?? 'run'),
    state.service === undefined ? null : names.idOf(state.service),
    state.firstStart,
    state.lastEnd ?? null,
    state.start,
    RUN_STATUSES.indexOf(state.status),
    state.steps,
    state.kindsText(),
    state.pending,
    state.errors,
    state.inputTokens,
    state.outputTokens,
    state.redactions,
    state.gaps,
    state.replayable,
    state.id,
  )
}
