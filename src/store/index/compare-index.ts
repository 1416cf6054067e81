import { randomBytes } from 'node:crypto'
import { type IndexDatabase, numberOf } from './database.ts'
import { KEYS } from './digest-table.ts'
import { RUN_COLUMNS } from './run-table.ts'

/** Under which name the index that was made from the tape is attached to the connection of the one that is looked at. */
export const MADE = 'made'

/** How a column of the one index reads in the other: as it is, or as the number of a name or a run, which depends on how it was made. */
type Column = readonly [name: string, kind?: 'name' | 'run']

interface Table {
  readonly table: string
  /** By these a row of the one is found in the other. */
  readonly key: readonly Column[]
  readonly others: readonly Column[]
  /** Rows that count at all. */
  readonly where?: string
}

const RUN: Column = ['run', 'run']
const NAME_COLUMNS: ReadonlySet<string> = new Set(['name', 'service', 'session', 'interrupted'])

const columns = (...names: string[]): Column[] => names.map((name): Column => [name])

const TABLES: readonly Table[] = [
  {
    table: 'runs',
    key: [['run'], ['namespace', 'name']],
    others: RUN_COLUMNS.map((column): Column => (NAME_COLUMNS.has(column) ? [column, 'name'] : [column])),
  },
  { table: 'run_words', key: [['word', 'name'], ['start'], ['tie'], RUN], others: [] },
  { table: 'run_models', key: [RUN, ['name', 'name']], others: columns('steps'), where: 'steps > 0' },
  { table: 'run_step_names', key: [RUN, ['name', 'name']], others: [] },
  { table: 'usage_above', key: [RUN, ['span']], others: columns('kinds') },
  { table: 'run_senders', key: [RUN, ['sender', 'name']], others: columns('first', 'last') },
  { table: 'senders', key: [['sender', 'name']], others: columns('ranges', 'holes') },
  { table: 'lost_batches', key: [['sender', 'name'], ['first']], others: columns('last', 'came', 'address') },
  {
    table: 'steps',
    key: [RUN, ...columns('position', 'start', 'span')],
    others: [
      ...columns('parent', 'own', 'other', 'flags', 'input_tokens', 'output_tokens', 'cost', 'redactions'),
      ['name', 'name'],
      ['model', 'name'],
    ],
  },
  { table: 'logs', key: [RUN, ...columns('time', 'address')], others: [...columns('span', 'severity', 'messages'), ['name', 'name']] },
  { table: 'gaps', key: [RUN, ['address']], others: [] },
  { table: 'conflicts', key: [RUN, ['address']], others: columns('span') },
  { table: 'meta', key: [['key']], others: columns('value'), where: "key IN ('group', 'line', 'records', 'gaps', 'unreadable')" },
]

/** The value of a column of the expected index in terms of the other; -1, which no number of a name or run is, where that has none. */
function translated([name, kind]: Column): string {
  if (kind === undefined) return `expected.${name}`
  const twins = kind === 'name' ? 'name_twins' : 'run_twins'
  return `CASE WHEN expected.${name} IS NULL THEN NULL ELSE coalesce((SELECT twin FROM ${twins} WHERE id = expected.${name}), -1) END`
}

/** Counts the rows that are in both, equal in every column. */
function countSql({ table, key, others, where }: Table, limits: readonly string[]): string {
  const found = key.map((column) => `actual.${column[0]} = ${translated(column)}`)
  const equal = others.map((column) => `actual.${column[0]} IS ${translated(column)}`)
  const counted = where === undefined ? [] : [`expected.${where}`, `actual.${where}`]
  return `SELECT count(*) AS rows FROM ${MADE}.${table} AS expected CROSS JOIN main.${table} AS actual ON ${found.join(' AND ')}
    WHERE ${['true', ...limits, ...counted, ...equal].join(' AND ')}`
}

/** Rows of a long table that one statement compares, by their runs; between two of them others have their turn. */
const RUNS_AT_ONCE = 64

/**
 * The tables in which two indexes differ, whatever order their rows are in: the connection's own, and the one that is attached to
 * it. Every row of each is compared, but for the references to digests, of which the sum of a keyed hash is. Yields now and then.
 */
export function* compareIndexes(database: IndexDatabase): Generator<undefined, string[], void> {
  // An id of the expected index, and of the same name or run in the other one.
  database.exec(`CREATE TEMP TABLE name_twins(id INTEGER PRIMARY KEY, twin INTEGER NOT NULL);
    INSERT INTO name_twins SELECT expected.id, actual.id FROM ${MADE}.names AS expected CROSS JOIN main.names AS actual ON actual.text = expected.text;
    CREATE TEMP TABLE run_twins(id INTEGER PRIMARY KEY, twin INTEGER NOT NULL);
    INSERT INTO run_twins SELECT expected.id, actual.id FROM ${MADE}.runs AS expected CROSS JOIN main.runs AS actual
      ON actual.run = expected.run AND actual.namespace = (SELECT twin FROM name_twins WHERE id = expected.namespace);`)
  const differing: string[] = []
  const rowsOf = (sql: string, ...values: number[]): number => numberOf(database.get(sql, ...values) ?? {}, 'rows')
  const last = rowsOf(`SELECT coalesce(max(id), 0) AS rows FROM ${MADE}.runs`)
  for (const each of TABLES) {
    yield
    const where = each.where === undefined ? '' : ` WHERE ${each.where}`
    const counts = [MADE, 'main'].map((schema) => rowsOf(`SELECT count(*) AS rows FROM ${schema}.${each.table}${where}`))
    let equal = 0
    if (each.key[0] !== RUN) equal = rowsOf(countSql(each, []))
    else {
      const sql = countSql(each, ['expected.run >= ?', 'expected.run < ?'])
      for (let run = 0; run <= last; run += RUNS_AT_ONCE) {
        equal += rowsOf(sql, run, run + RUNS_AT_ONCE)
        yield
      }
    }
    if (counts.some((count) => count !== equal)) differing.push(each.table)
  }
  // Whoever changed a file before did not know the key.
  const seeds = new Int32Array(Uint8Array.from(randomBytes(8)).buffer)
  const [made, found] = [yield* digestsOf(database, MADE, seeds), yield* digestsOf(database, 'main', seeds)]
  if (found === undefined || made !== found) differing.push('digests')
  return differing
}

/** What all references to digests come to; undefined where they do not stand in the order in which they are looked for. */
function* digestsOf(database: IndexDatabase, schema: string, seeds: Int32Array): Generator<undefined, string | undefined, void> {
  const sums = new Int32Array(seeds.length)
  let entries = 0
  let pages = 0
  const add = (bytes: unknown): Float64Array | undefined => {
    if (!(bytes instanceof Uint8Array) || bytes.length % ENTRY_BYTES !== 0) return undefined
    const { buffer } = Uint8Array.from(bytes)
    const words = new Int32Array(buffer)
    for (let at = 0; at < words.length; at += WORDS) {
      for (const [lane, seed] of seeds.entries()) {
        let hash = seed
        for (let word = 0; word < WORDS; word++) hash = mixed(hash ^ (words[at + word] ?? 0))
        sums[lane] = (sums[lane] ?? 0) + hash
      }
    }
    entries += words.length / WORDS
    return new Float64Array(buffer)
  }
  for (const { id, entries: page } of database.iterate(`SELECT id, entries FROM ${schema}.digest_pages`)) {
    const values = add(page)
    if (values === undefined || values[0] !== Number(BigInt(String(id)) % BigInt(KEYS))) return undefined
    for (let at = 2; at < values.length; at += 2) if ((values[at] ?? 0) < (values[at - 2] ?? 0)) return undefined
    if (++pages % PAGES_AT_ONCE === 0) yield
  }
  for (const { entries: tail } of database.iterate(`SELECT entries FROM ${schema}.digest_tail`))
    if (add(tail) === undefined) return undefined
  return `${entries} ${sums.join(' ')}`
}

const ENTRY_BYTES = 16
const WORDS = ENTRY_BYTES / Int32Array.BYTES_PER_ELEMENT
const PAGES_AT_ONCE = 512

/** A bijection of 32 bits in which every bit depends on every other (the finalizer of MurmurHash3). */
function mixed(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
