import { hash } from 'node:crypto'
import type { IndexDatabase } from './database.ts'
import { doublesOf } from './digest-table.ts'
import { RUN_COLUMNS } from './run-table.ts'

const NAME_COLUMNS: ReadonlySet<string> = new Set(['name', 'service', 'session', 'interrupted'])
const textOf = (column: string): string => `(SELECT text FROM names WHERE id = ${column})`
const RUN = `(SELECT runs.run || ' ' || ${textOf('runs.namespace')} FROM runs WHERE runs.id = at.run)`

/** What each table says, with ids of names and runs, which depend on how it was made, put into words. */
const CONTENTS: Readonly<Record<string, string>> = {
  runs: `SELECT run, ${textOf('namespace')}, ${RUN_COLUMNS.map((column) => (NAME_COLUMNS.has(column) ? textOf(column) : column)).join(', ')} FROM runs`,
  run_words: `SELECT ${textOf('word')}, start, tie, ${RUN} FROM run_words AS at`,
  run_models: `SELECT ${RUN}, ${textOf('name')}, steps FROM run_models AS at WHERE steps > 0`,
  run_step_names: `SELECT ${RUN}, ${textOf('name')} FROM run_step_names AS at`,
  run_senders: `SELECT ${RUN}, ${textOf('sender')}, first, last FROM run_senders AS at`,
  senders: `SELECT ${textOf('sender')}, ranges, holes FROM senders`,
  lost_batches: `SELECT ${textOf('sender')}, first, last, came, address FROM lost_batches`,
  steps: `SELECT ${RUN}, position, start, span, parent, own, other, flags, ${textOf('name')}, ${textOf('model')}, input_tokens, output_tokens, cost, redactions FROM steps AS at`,
  logs: `SELECT ${RUN}, time, address, span, severity, ${textOf('name')}, messages FROM logs AS at`,
  gaps: `SELECT ${RUN}, address FROM gaps AS at`,
  meta: "SELECT key, value FROM meta WHERE key IN ('group', 'line', 'records', 'gaps', 'unreadable')",
}

/** A number for each table that tells what is in it, whatever order its rows are in. Yields now and then. */
export function* fingerprint(database: IndexDatabase): Generator<undefined, ReadonlyMap<string, bigint>, void> {
  const prints = new Map<string, bigint>()
  for (const [table, sql] of Object.entries(CONTENTS)) {
    let sum = 0n
    let rows = 0
    for (const row of database.iterate(sql)) {
      sum += numberOf(JSON.stringify(Object.values(row), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
      if (++rows % ROWS_AT_ONCE === 0) yield
    }
    prints.set(table, BigInt.asUintN(64, sum + BigInt(rows)))
  }
  // Where chunks begin and end depends on how the table was made.
  let sum = 0n
  let rows = 0
  for (const { entries } of database.iterate('SELECT entries FROM digest_pages UNION ALL SELECT entries FROM digest_tail')) {
    const values = doublesOf(entries)
    for (let at = 0; at + 1 < values.length; at += 2) sum += numberOf(`${values[at]} ${values[at + 1]}`)
    if (++rows % ROWS_AT_ONCE === 0) yield
  }
  prints.set('digests', BigInt.asUintN(64, sum))
  return prints
}

const ROWS_AT_ONCE = 512

function numberOf(text: string): bigint {
  return hash('sha256', text, 'buffer').readBigUInt64LE(0)
}
