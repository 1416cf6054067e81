import type { StatementSync } from 'node:sqlite'
import { STEP_KINDS, type StepKind } from '../../schemas/index.ts'
import type { IndexDatabase } from './database.ts'
import type { RunState, Usage } from './run-state.ts'
import { readFlags } from './step-flags.ts'

/** Of steps above others with usage, kept in memory for a run; of more the table is asked. */
const KEPT_MAX = 4096

const INSERT = 'INSERT INTO usage_above(run, span, kinds) VALUES(?1, ?2, ?3) ON CONFLICT DO UPDATE SET kinds = ?3'
const SELECT_USAGE = `SELECT flags, input_tokens AS input, output_tokens AS output, cost FROM steps
  WHERE run = ? AND span = ? AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL OR cost IS NOT NULL)`
const SELECT = 'SELECT kinds FROM usage_above WHERE run = ? AND span = ?'

/** What the step of one span tells. */
export interface ToldUsage extends Usage {
  readonly kind: StepKind
}

export function hasUsage({ inputTokens, outputTokens, cost }: Usage): boolean {
  return inputTokens !== undefined || outputTokens !== undefined || cost !== undefined
}

/**
 * Where two instrumentations cover one call (a framework's and the client's beneath it), both tell of its usage, which was used once: what
 * a step tells is not added where a step directly beneath it tells of its own, but for model calls above others than model calls. Records
 * come in any order, so that the steps beneath are noted under the one above whether that is there or not.
 */
export class UsageNesting {
  readonly #insert: StatementSync
  readonly #select: StatementSync
  readonly #selectUsage: StatementSync
  readonly #all: StatementSync

  constructor(database: IndexDatabase) {
    this.#insert = database.prepare(INSERT)
    this.#select = database.prepare(SELECT)
    this.#selectUsage = database.prepare(SELECT_USAGE)
    this.#all = database.prepare(`SELECT span, kinds FROM usage_above WHERE run = ? LIMIT ${KEPT_MAX + 1}`)
    this.#all.setReadBigInts(true)
  }

  /** Brings what is known of a run that has just been read from its table. */
  load(run: RunState): void {
    for (const { span, kinds } of this.#all.all(run.id)) keep(run, BigInt(String(span)), Number(kinds))
  }

  /** Which kinds of steps with usage are directly beneath: a bit each. */
  kindsBeneath(run: RunState, span: bigint): number {
    const kept = run.usageBeneath.get(span)
    if (kept !== undefined || run.usageBeneathWhole) return kept ?? 0
    return Number(this.#select.get(run.id, span)?.['kinds'] ?? 0)
  }

  /** What a step that is in the table tells of its usage; undefined where there is none, or it tells nothing. */
  usageOf(run: RunState, span: bigint): ToldUsage | undefined {
    const row = this.#selectUsage.get(run.id, span)
    if (row === undefined) return undefined
    const number = (column: string): number | undefined => (row[column] === null ? undefined : Number(row[column]))
    return {
      kind: readFlags(Number(row['flags'])).kind,
      inputTokens: number('input'),
      outputTokens: number('output'),
      cost: number('cost'),
    }
  }

  /** Notes that a step of this kind beneath `span` tells of its usage. */
  note(run: RunState, span: bigint, kinds: number): void {
    this.#insert.run(run.id, span, kinds)
    keep(run, span, kinds)
  }
}

function keep(run: RunState, span: bigint, kinds: number): void {
  if (run.usageBeneath.has(span) || run.usageBeneath.size < KEPT_MAX) run.usageBeneath.set(span, kinds)
  else run.usageBeneathWhole = false
}

const BITS: ReadonlyMap<StepKind, number> = new Map(STEP_KINDS.map((kind, number) => [kind, 2 ** number]))

export function bitOf(kind: StepKind): number {
  return BITS.get(kind) ?? 0
}

/** Whether the usage that a step of this kind tells of is told by those beneath it, of these kinds. A model call may embed on its own. */
export function isToldBeneath(kind: StepKind, kinds: number): boolean {
  if (kind === 'model') return (kinds & bitOf('model')) !== 0
  return kind === 'embedding' ? (kinds & (bitOf('model') | bitOf('embedding'))) !== 0 : kinds !== 0
}
