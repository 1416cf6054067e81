import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { StepRow } from './record-row.ts'
import type { Contribution, RunState } from './run-state.ts'
import { readFlags, STATE_FINAL, STATE_NONE, STATE_PENDING } from './step-flags.ts'

/** A step as it stands in its row: the addresses of its records, and what it adds to its run. */
export interface Step extends Contribution {
  readonly position: number
  readonly start: bigint
  readonly parent: bigint | undefined
  readonly ownState: number
  readonly own: number | undefined
  readonly otherState: number
  readonly other: number | undefined
  /** Name ids. */
  readonly name: number
  readonly model: number | undefined
}

/** A record of a step on its way into the table. */
export interface Waiting {
  readonly run: RunState
  readonly row: StepRow
  readonly address: number
  readonly start: bigint
  readonly flags: number
  /** Name ids. */
  readonly name: number
  readonly model: number | undefined
}

/** As the rows of the table stand. Ids of runs come first: they are numbers in the order in which the runs were met. */
export function inTableOrder(left: Waiting, right: Waiting): number {
  return (
    left.run.id - right.run.id ||
    left.row.position - right.row.position ||
    orderOf(left.start, right.start) ||
    orderOf(left.row.span, right.row.span)
  )
}

function orderOf(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0
}

export function pushValues(values: SQLInputValue[], { run, row, address, start, flags, name, model }: Waiting): void {
  values.push(
    run.id,
    row.position,
    start,
    row.span,
    row.parent ?? null,
    row.own ? address : null,
    row.own ? null : address,
    flags,
    name,
    model ?? null,
    row.inputTokens ?? null,
    row.outputTokens ?? null,
    row.cost ?? null,
    row.redactions,
  )
}

export function stepOfRecord({ row, address, start, name, model }: Waiting): Step {
  const state = row.pending ? STATE_PENDING : STATE_FINAL
  return {
    kind: row.kind,
    pending: row.pending,
    error: row.error,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cost: row.cost,
    redactions: row.redactions,
    position: row.position,
    start,
    parent: row.parent,
    ownState: row.own ? state : STATE_NONE,
    own: row.own ? address : undefined,
    otherState: row.own ? STATE_NONE : state,
    other: row.own ? undefined : address,
    name,
    model,
  }
}

export function stepOf(row: ReturnType<StatementSync['get']> & object): Step {
  const optional = (column: string): number | undefined => (row[column] === null ? undefined : Number(row[column]))
  const { kind, pending, error, ownState, otherState } = readFlags(Number(row['flags']))
  return {
    kind,
    pending,
    error,
    ownState,
    own: optional('own'),
    otherState,
    other: optional('other'),
    position: Number(row['position']),
    start: BigInt(String(row['start'])),
    parent: row['parent'] === null ? undefined : BigInt(String(row['parent'])),
    name: Number(row['name']),
    model: optional('model'),
    inputTokens: optional('input_tokens'),
    outputTokens: optional('output_tokens'),
    cost: optional('cost'),
    redactions: Number(row['redactions']),
  }
}
