import type { SQLInputValue, StatementSync } from 'node:sqlite'
import { RepriseError, type SpanRecord } from '../../schemas/index.ts'
import { CONFLICTS_PER_STEP_MAX, differencesOf } from './conflicts.ts'
import { type IndexDatabase, numberOf } from './database.ts'
import { DigestTable } from './digest-table.ts'
import { LineScanner } from './line-scanner.ts'
import { NameTable } from './name-table.ts'
import { readRecordAt } from './query-source.ts'
import { type GapRow, isSpanRecord, type LogRow, type RecordRow, type StepRow } from './record-row.ts'
import { RunCache } from './run-cache.ts'
import type { Contribution, RunState } from './run-state.ts'
import { orderOfNanos } from './run-table.ts'
import { SenderTable } from './sender-table.ts'
import { SpanSet } from './span-set.ts'
import { addressOf, flagsOf, STATE_FINAL, STATE_NONE, STATE_PENDING } from './step-flags.ts'
import { inTableOrder, pushValues, type Step, stepOf, stepOfRecord, type Waiting } from './step-values.ts'
import { bitOf, hasUsage, isToldBeneath } from './usage-nesting.ts'

/** Where the index stands on the tape: the next line to take. */
export interface IndexPlace {
  readonly group: number
  readonly line: number
}

/** A gap record of one of these reasons says that nothing more comes from the program of a run. */
export const INTERRUPTED_REASONS: readonly string[] = ['sender-gone', 'sender-silent']

const STEP_VALUES = 14
const INSERT_STEPS = `INSERT OR IGNORE INTO steps(run, position, start, span, parent, own, other, flags, name, model, input_tokens, output_tokens, cost, redactions) VALUES`
const ONE_ROW = `(${Array.from({ length: STEP_VALUES }, () => '?').join(',')})`
/** Steps that one statement writes: a statement costs about as much as a row. */
const STEPS_AT_ONCE = [64, 8, 1]
/** Steps that are put in order before they are written: few enough that what is kept of them meanwhile dies young. */
const STEPS_MAX = 128
const SELECT_STEP = 'SELECT * FROM steps WHERE run = ? AND span = ?'
const DELETE_STEP = 'DELETE FROM steps WHERE run = ? AND span = ?'
const INSERT_LOG = 'INSERT OR IGNORE INTO logs(run, time, address, span, severity, name, messages) VALUES(?,?,?,?,?,?,?)'

/**
 * Puts records into the index, in tape order. Work is done in transactions: `begin`, any number of lines, `commit`, which
 * also moves the cursor. What it answers depends on the lines and their order alone, never on where transactions end.
 */
export class IndexWriter {
  readonly #database: IndexDatabase
  readonly #readLine: (group: number, line: number) => string
  readonly #breathe: () => void
  readonly #scanner = new LineScanner()
  readonly #names: NameTable
  readonly #digests: DigestTable
  readonly #senders: SenderTable
  readonly #insertStep: StatementSync
  readonly #insertSteps: readonly { readonly rows: number; readonly statement: StatementSync }[]
  readonly #selectStep: StatementSync
  readonly #insertLog: StatementSync
  readonly #runs: RunCache
  #waiting: Waiting[] = []
  readonly #spans = new SpanSet(STEPS_MAX)
  readonly #values: SQLInputValue[] = []
  #place: IndexPlace
  #records: number
  #gaps: number
  #unreadable: number

  /**
   * `readLine` gives lines that were added before: records that come for a step again are held against the first. `breathe` is
   * called again and again while it works.
   */
  constructor(database: IndexDatabase, readLine: (group: number, line: number) => string, breathe: () => void = () => undefined) {
    this.#database = database
    this.#readLine = readLine
    this.#breathe = breathe
    this.#names = new NameTable(database)
    this.#runs = new RunCache(database, this.#names)
    this.#digests = new DigestTable(database)
    this.#senders = new SenderTable(database)
    this.#insertStep = database.prepare(`${INSERT_STEPS} ${ONE_ROW}`)
    this.#insertSteps = STEPS_AT_ONCE.map((rows) => ({
      rows,
      statement: database.prepare(`${INSERT_STEPS} ${Array.from({ length: rows }, () => ONE_ROW).join(',')}`),
    }))
    this.#selectStep = database.prepare(SELECT_STEP)
    this.#selectStep.setReadBigInts(true)
    this.#insertLog = database.prepare(INSERT_LOG)
    const count = (key: string): number => Number(database.meta(key) ?? 0)
    this.#place = { group: count('group'), line: count('line') }
    this.#records = count('records')
    this.#gaps = count('gaps')
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
    this.#flush()
    this.#runs.save(this.#breathe)
    this.#breathe()
    this.#digests.save()
    this.#breathe()
    this.#senders.save()
    this.#database.setMeta({
      group: place.group,
      line: place.line,
      digest,
      records: this.#records,
      gaps: this.#gaps,
      unreadable: this.#unreadable,
    })
    this.#database.exec('COMMIT')
    this.#place = place
    this.#runs.trim()
  }

  /** Takes back what was done since `begin`. The writer is then of no more use: make another one. */
  rollback(): void {
    try {
      this.#database.exec('ROLLBACK')
    } catch {
      // SQLite has already rolled back by itself.
    }
  }

  /** Takes a line: the bytes of a group's lines from `start` up to `end`. */
  add(group: number, line: number, bytes: Buffer, start: number, end: number): void {
    this.#records++
    let row: RecordRow | undefined
    try {
      row = this.#scanner.read(bytes, start, end)
    } catch {
      // The group's bytes are what was written, so a line that cannot be read never could be: `checkStore` names it.
      this.#unreadable++
      return
    }
    if (row !== undefined) this.#take(row, addressOf(group, line))
  }

  /** Takes a line that has been read already. */
  addStep(group: number, line: number, row: StepRow): void {
    this.#records++
    this.#take(row, addressOf(group, line))
  }

  #take(row: RecordRow, address: number): void {
    for (const digest of row.type === 'gap' ? [] : row.digests) this.#digests.add(digest, address)
    if (row.type === 'step') this.#addStep(row, address)
    else if (row.type === 'log') this.#addLog(row, address)
    else this.#addGap(row, address)
  }

  #run(namespace: string, run: string): RunState {
    return this.#runs.find(namespace, run, () => this.#flush())
  }

  #addGap(row: GapRow, address: number): void {
    // What it says of its run depends on the steps before it.
    this.#flush()
    const run = row.runId === undefined ? undefined : this.#run(row.namespace, row.runId)
    if (run !== undefined) {
      this.#database.run('INSERT OR IGNORE INTO gaps(run, address) VALUES(?, ?)', run.id, address)
      run.changed = true
    }
    if (INTERRUPTED_REASONS.includes(row.reason)) {
      if (run !== undefined) run.interrupted = row.reason
      return
    }
    if (row.batch !== undefined) this.#seeBatch(run, row.batch.sender, row.batch.sequence)
    if (row.lost !== undefined) {
      // Which runs it concerns is known when they are read: those of the sender around it.
      const { sender, from, to } = row.lost
      this.#gaps += this.#senders.tell(this.#names.idOf(sender), from, to, address)
      return
    }
    this.#gaps += row.count
    if (run !== undefined) run.gaps += row.count
  }

  #addLog(row: LogRow, address: number): void {
    const run = row.runId === undefined ? undefined : this.#run(row.namespace, row.runId)
    if (run === undefined) return
    run.logs++
    run.redactions += row.redactions
    run.changed = true
    const name = row.eventName === undefined ? null : this.#names.idOf(row.eventName)
    this.#insertLog.run(run.id, orderOfNanos(row.nanos), address, row.span ?? null, row.severity, name, row.messages ? 1 : 0)
  }

  #addStep(row: StepRow, address: number): void {
    const run = this.#run(row.namespace, row.runId)
    const { sender, sequence } = row.resource
    if (sender !== undefined && sequence !== undefined) this.#seeBatch(run, sender, sequence)
    const name = this.#names.idOf(row.name)
    this.#runs.addStepName(run, name)
    const state = row.pending ? STATE_PENDING : STATE_FINAL
    const flags = flagsOf(row.kind, row.pending, row.error, row.own ? state : STATE_NONE, row.own ? STATE_NONE : state)
    const model = row.model === undefined ? undefined : this.#names.idOf(row.model)
    if (!this.#spans.add(row.span)) {
      this.#flush()
      this.#spans.add(row.span)
    }
    this.#waiting.push({ run, row, address, start: orderOfNanos(row.startNanos), flags, name, model })
    if (this.#waiting.length >= STEPS_MAX) this.#flush()
  }

  /**
   * Writes the steps that wait, which are of different spans. They are written in the order of the table, since steps of many
   * runs come mixed, and taken into their runs in the order of the tape.
   */
  #flush(): void {
    const waiting = this.#waiting
    if (waiting.length === 0) return
    this.#waiting = []
    this.#spans.clear()
    const known = this.#insert([...waiting].sort(inTableOrder))
    const passedOver = new Set<Waiting>()
    for (const each of waiting) {
      if (!known.has(each)) this.#added(each)
      else if (!this.#merge(each)) passedOver.add(each)
    }
    // Once all of them are counted: those above may be among them.
    for (const each of waiting) if (!passedOver.has(each)) this.#noteUsage(each)
    this.#breathe()
  }

  /** Takes a step into its run that was not known before. */
  #added({ run, row, model }: Waiting): void {
    run.count(row, model, 1)
    this.#countUsage(run, row.span, row, 1)
    run.see(row, row.position)
    if (row.own) run.replayable++
  }

  #countUsage(run: RunState, span: bigint, step: Contribution, sign: 1 | -1): void {
    if (hasUsage(step) && !isToldBeneath(step.kind, this.#runs.kindsBeneath(run, span))) run.countUsage(step, sign)
  }

  /** What the step above tells of its usage counts no more. */
  #noteUsage({ run, row }: Waiting): void {
    const { parent, kind } = row
    if (parent === undefined || parent === row.span || !hasUsage(row)) return
    const before = this.#runs.kindsBeneath(run, parent)
    const kinds = before | bitOf(kind)
    if (kinds === before) return
    this.#runs.noteUsageBeneath(run, parent, kinds)
    const above = this.#runs.usageOf(run, parent)
    if (above !== undefined && !isToldBeneath(above.kind, before) && isToldBeneath(above.kind, kinds)) run.countUsage(above, -1)
  }

  /** Returns those whose step is in the table already. */
  #insert(sorted: readonly Waiting[]): ReadonlySet<Waiting> {
    const known = new Set<Waiting>()
    const values = this.#values
    let from = 0
    for (const { rows, statement } of this.#insertSteps) {
      for (; from + rows <= sorted.length; from += rows) {
        const part = sorted.slice(from, from + rows)
        values.length = 0
        for (const each of part) pushValues(values, each)
        if (Number(statement.run(...values).changes) === rows) continue
        // Some were there already: those whose row does not name this very record.
        for (const each of part) {
          const found = this.#selectStep.get(each.run.id, each.row.span)
          if (found?.[each.row.own ? 'own' : 'other'] !== BigInt(each.address)) known.add(each)
        }
      }
    }
    return known
  }

  #seeBatch(run: RunState | undefined, sender: string, sequence: number): void {
    const id = this.#names.idOf(sender)
    // One that was given up and comes after all is missing no more.
    if (this.#senders.see(id, sequence)) this.#gaps--
    run?.seeBatch(id, sequence)
  }

  /**
   * A further record of a step that is known. Of each side (our SDK, a foreign exporter) the first final record counts, or
   * the first pending one until then; a resend changes nothing, and one that says something else is noted.
   * Returns whether it counts.
   */
  #merge(waiting: Waiting): boolean {
    const { run, row } = waiting
    const found = this.#selectStep.get(run.id, row.span)
    if (found === undefined) return false
    const old = stepOf(found)
    const added = stepOfRecord(waiting)
    const state = row.own ? added.ownState : added.otherState
    if (state <= (row.own ? old.ownState : old.otherState)) {
      const standing = row.own ? old.own : old.other
      if (state === STATE_FINAL && standing !== undefined) this.#addConflict(waiting, standing)
      return false
    }
    const ownState = row.own ? state : old.ownState
    const otherState = row.own ? old.otherState : state
    // A final record stands over a pending one, and among equals ours over a foreign one.
    const stands = ownState >= otherState === row.own
    const [above, below] = stands ? [added, old] : [old, added]
    const merged: Step = {
      ...above,
      ownState,
      own: row.own ? added.own : old.own,
      otherState,
      other: row.own ? old.other : added.other,
      position: Math.min(above.position, below.position),
      inputTokens: above.inputTokens ?? below.inputTokens,
      outputTokens: above.outputTokens ?? below.outputTokens,
      cost: above.cost ?? below.cost,
      model: above.model ?? below.model,
    }
    this.#database.run(DELETE_STEP, run.id, row.span)
    run.count(old, old.model, -1)
    this.#countUsage(run, row.span, old, -1)
    const { kind, pending, error } = merged
    this.#insertStep.run(
      run.id,
      merged.position,
      merged.start,
      row.span,
      merged.parent ?? null,
      merged.own ?? null,
      merged.other ?? null,
      flagsOf(kind, pending, error, ownState, otherState),
      merged.name,
      merged.model ?? null,
      merged.inputTokens ?? null,
      merged.outputTokens ?? null,
      merged.cost ?? null,
      merged.redactions,
    )
    run.count(merged, merged.model, 1)
    this.#countUsage(run, row.span, merged, 1)
    if (row.own && old.ownState === STATE_NONE) run.replayable++
    if (stands) run.see(row, merged.position)
    return true
  }

  /** Notes a final record that says something else than the one that stands, and than those that were noted before. */
  #addConflict({ run, row, address }: Waiting, standing: number): void {
    const known = this.#database
      .all('SELECT address FROM conflicts WHERE run = ? AND span = ? ORDER BY address', run.id, row.span)
      .map((found) => numberOf(found, 'address'))
    if (known.length >= CONFLICTS_PER_STEP_MAX) return
    const record = this.#readSpan(address)
    const isSaid = (said: number): boolean => {
      const before = this.#readSpan(said)
      return record === undefined || before === undefined || differencesOf(before, record).length === 0
    }
    if ([standing, ...known].some(isSaid)) return
    this.#database.run('INSERT INTO conflicts(run, address, span) VALUES(?, ?, ?)', run.id, address, row.span)
    run.conflicts++
    run.changed = true
  }

  /** Undefined where the group has become unreadable since, or the index names what is not there: `checkStore` names it. */
  #readSpan(address: number): SpanRecord | undefined {
    try {
      const record = readRecordAt({ readLine: this.#readLine }, address)
      return isSpanRecord(record) ? record : undefined
    } catch (error) {
      if (!RepriseError.isInstance(error) || error.code !== 'integrity') throw error
      return undefined
    }
  }
}
