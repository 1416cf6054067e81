import type { StatementSync } from 'node:sqlite'
import { STEP_KINDS } from '../../schemas/index.ts'
import { type IndexDatabase, numberOf, type Row } from './database.ts'
import { type GapRow, rowOfLine, type StepRow } from './record-row.ts'
import type { Contribution, RunState } from './run-state.ts'
import { createRun, kindOf, loadRun, NameTable, saveRun } from './run-table.ts'

/** Where the index stands on the tape: the next line to take. */
export interface IndexPlace {
  readonly group: number
  readonly line: number
}

const STATE_NONE = 0
const STATE_PENDING = 1
const STATE_FINAL = 2
const REFS_PER_EPOCH = 200_000

const INSERT_STEP = `INSERT INTO steps(run, span, position, start, own_state, own_group, own_line, foreign_state, foreign_group, foreign_line,
  kind, pending, error, model, input_tokens, output_tokens, redactions) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO NOTHING`
const SELECT_STEP = 'SELECT * FROM steps WHERE run = ? AND span = ?'
const DELETE_STEP = 'DELETE FROM steps WHERE run = ? AND span = ?'
const INSERT_REF = 'INSERT OR IGNORE INTO refs(epoch, prefix, tape_group, line) VALUES(?, ?, ?, ?)'
const COUNT_MODEL = 'INSERT INTO run_models(run, name, steps) VALUES(?, ?, ?) ON CONFLICT DO UPDATE SET steps = steps + excluded.steps'

/** A step as it stands in its row: the addresses of its records, and what it adds to its run. */
interface Step extends Contribution {
  readonly position: number
  readonly start: bigint
  readonly ownState: number
  readonly own: IndexPlace
  readonly foreignState: number
  readonly foreign: IndexPlace
  /** Name id. */
  readonly model: number | undefined
}

const NOWHERE: IndexPlace = { group: -1, line: -1 }
const INT64_MAX = 2n ** 63n - 1n

/** 16 hex digits as SQLite's signed 64-bit integer. */
export function integerOfHex(hex: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hex}`))
}

export function hexOfInteger(integer: bigint): string {
  return BigInt.asUintN(64, integer).toString(16).padStart(16, '0')
}

/** For order only: the tape has the exact time. */
function orderOfNanos(nanos: string): bigint {
  const value = BigInt(nanos)
  return value > INT64_MAX ? INT64_MAX : value
}

/**
 * Puts records into the index, in tape order. Work is done in transactions: `begin`, any number of lines, `commit`, which
 * also moves the cursor. What it writes depends on the lines and their order alone, never on where transactions end.
 */
export class IndexWriter {
  readonly #database: IndexDatabase
  readonly #names: NameTable
  readonly #insertStep: StatementSync
  readonly #selectStep: StatementSync
  readonly #insertRef: StatementSync
  readonly #runs = new Map<string, RunState>()
  #place: IndexPlace
  #records: number
  #gaps: number
  #refs: number
  #unreadable: number

  constructor(database: IndexDatabase) {
    this.#database = database
    this.#names = new NameTable(database)
    this.#insertStep = database.prepare(INSERT_STEP)
    this.#selectStep = database.prepare(SELECT_STEP)
    this.#selectStep.setReadBigInts(true)
    this.#insertRef = database.prepare(INSERT_REF)
    const count = (key: string): number => Number(database.meta(key) ?? 0)
    this.#place = { group: count('group'), line: count('line') }
    this.#records = count('records')
    this.#gaps = count('gaps')
    this.#refs = count('refs')
    this.#unreadable = count('unreadable')
  }

  get place(): IndexPlace {
    return this.#place
  }

  get records(): number {
    return this.#records
  }

  begin(): void {
    this.#database.exec('BEGIN IMMEDIATE')
  }

  /** `digest` is that of the group before the new place, by which another tape is told from this one. */
  commit(place: IndexPlace, digest: string): void {
    for (const state of this.#runs.values()) saveRun(this.#database, this.#names, state)
    const meta = {
      group: place.group,
      line: place.line,
      digest,
      records: this.#records,
      gaps: this.#gaps,
      refs: this.#refs,
      unreadable: this.#unreadable,
    }
    for (const [key, value] of Object.entries(meta)) this.#database.setMeta(key, value)
    this.#database.exec('COMMIT')
    this.#place = place
    this.#runs.clear()
  }

  /** Takes back what was done since `begin`. The writer is then of no more use: make another one. */
  rollback(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // SQLite has already rolled back by itself.
    }
  }

  add(group: number, line: number, text: string): void {
    this.#records++
    let row: ReturnType<typeof rowOfLine>
    try {
      row = rowOfLine(text)
    } catch {
      // The group's bytes are what was written, so a line that cannot be read never could be: `checkStore` names it.
      this.#unreadable++
      return
    }
    if (row === undefined) return
    if ('gap' in row) this.#addGap(row.gap)
    else this.#addStep(row.step, { group, line })
  }

  #run(namespace: string, run: string): RunState {
    const key = `${namespace} ${run}`
    let state = this.#runs.get(key)
    if (state === undefined) {
      state = loadRun(this.#database, this.#names, namespace, run) ?? createRun(this.#database, this.#names, namespace, run)
      this.#runs.set(key, state)
    }
    return state
  }

  #addGap(gap: GapRow): void {
    this.#gaps += gap.count
    if (gap.runId !== undefined) this.#run(gap.namespace, gap.runId).gaps += gap.count
  }

  #addStep(row: StepRow, place: IndexPlace): void {
    for (const digest of row.digests) {
      this.#insertRef.run(Math.floor(this.#refs / REFS_PER_EPOCH), prefixOf(digest), place.group, place.line)
      this.#refs++
    }
    const run = this.#run(row.namespace, row.runId)
    const span = integerOfHex(row.spanId)
    const state = row.pending ? STATE_PENDING : STATE_FINAL
    const step: Step = {
      kind: row.kind,
      pending: row.pending,
      error: row.error,
      inputTokens: row.inputTokens,
      outputTokens: row.outputTokens,
      redactions: row.redactions,
      position: row.position,
      start: orderOfNanos(row.startNanos),
      ownState: row.own ? state : STATE_NONE,
      own: row.own ? place : NOWHERE,
      foreignState: row.own ? STATE_NONE : state,
      foreign: row.own ? NOWHERE : place,
      model: row.model === undefined ? undefined : this.#names.idOf(row.model),
    }
    if (this.#write(run, span, step)) {
      run.see(row)
      if (row.own) run.replayable++
      return
    }
    this.#merge(run, span, row, step)
  }

  /** False when the step already has a row. */
  #write(run: RunState, span: bigint, step: Step): boolean {
    const { changes } = this.#insertStep.run(
      run.id,
      span,
      step.position,
      step.start,
      step.ownState,
      step.own.group,
      step.own.line,
      step.foreignState,
      step.foreign.group,
      step.foreign.line,
      STEP_KINDS.indexOf(step.kind),
      step.pending ? 1 : 0,
      step.error ? 1 : 0,
      step.model ?? null,
      step.inputTokens ?? null,
      step.outputTokens ?? null,
      step.redactions,
    )
    if (changes === 0) return false
    run.count(step, 1)
    if (step.model !== undefined) this.#database.run(COUNT_MODEL, run.id, step.model, 1)
    return true
  }

  /**
   * A further record of a step that is known. Of each side (our SDK, a foreign exporter) the first final record counts, or
   * the first pending one until then; a resend changes nothing.
   */
  #merge(run: RunState, span: bigint, row: StepRow, added: Step): void {
    const found = this.#selectStep.get(run.id, span)
    if (found === undefined) return
    const old = stepOf(found)
    const state = row.own ? added.ownState : added.foreignState
    if (state <= (row.own ? old.ownState : old.foreignState)) return
    const ownState = row.own ? state : old.ownState
    const foreignState = row.own ? old.foreignState : state
    // A final record stands over a pending one, and among equals ours over a foreign one.
    const ownStands = ownState >= foreignState
    const stands = ownStands === row.own
    const [above, below] = stands ? [added, old] : [old, added]
    const merged: Step = {
      ...above,
      ownState,
      own: row.own ? added.own : old.own,
      foreignState,
      foreign: row.own ? old.foreign : added.foreign,
      position: Math.min(above.position, below.position),
      inputTokens: above.inputTokens ?? below.inputTokens,
      outputTokens: above.outputTokens ?? below.outputTokens,
      model: above.model ?? below.model,
    }
    this.#database.run(DELETE_STEP, run.id, span)
    run.count(old, -1)
    if (old.model !== undefined) this.#database.run(COUNT_MODEL, run.id, old.model, -1)
    this.#write(run, span, merged)
    if (row.own && old.ownState === STATE_NONE) run.replayable++
    if (stands) run.see({ ...row, position: merged.position })
  }
}

function stepOf(row: Row): Step {
  const optional = (column: string): number | undefined => (row[column] === null ? undefined : numberOf(row, column))
  return {
    kind: kindOf(numberOf(row, 'kind')),
    pending: numberOf(row, 'pending') === 1,
    error: numberOf(row, 'error') === 1,
    inputTokens: optional('input_tokens'),
    outputTokens: optional('output_tokens'),
    redactions: numberOf(row, 'redactions'),
    position: numberOf(row, 'position'),
    start: BigInt(row['start'] === null ? 0 : String(row['start'])),
    ownState: numberOf(row, 'own_state'),
    own: { group: numberOf(row, 'own_group'), line: numberOf(row, 'own_line') },
    foreignState: numberOf(row, 'foreign_state'),
    foreign: { group: numberOf(row, 'foreign_group'), line: numberOf(row, 'foreign_line') },
    model: optional('model'),
  }
}

/** The first eight bytes of a digest. */
export function prefixOf(digest: string): bigint {
  return integerOfHex(digest.slice(7, 23))
}
