import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { IndexDatabase } from './database.ts'

/** Rows that one statement writes: a statement costs about as much as a row. */
const ROWS_AT_ONCE = 64
/** Rows that are gathered before they are put in order and written. */
const ROWS_MAX = 4096

/**
 * Rows of one table, gathered, put in the order of its key, and written many at a time: rows that come mixed would touch
 * another page each.
 */
export class RowBuffer {
  readonly #one: StatementSync
  readonly #many: StatementSync
  readonly #keys: number
  #rows: (readonly (number | bigint)[])[] = []

  /** `insert` is a statement up to its `VALUES`; the key is the first `keys` of its `columns`. No two rows between flushes share one. */
  constructor(database: IndexDatabase, insert: string, columns: number, keys: number) {
    const row = `(${Array.from({ length: columns }, () => '?').join(',')})`
    this.#one = database.prepare(`${insert} ${row}`)
    this.#many = database.prepare(`${insert} ${Array.from({ length: ROWS_AT_ONCE }, () => row).join(',')}`)
    this.#keys = keys
  }

  add(...row: (number | bigint)[]): void {
    this.#rows.push(row)
    if (this.#rows.length >= ROWS_MAX) this.flush()
  }

  /** Writes what is left. */
  flush(): void {
    const rows = this.#rows
    if (rows.length === 0) return
    this.#rows = []
    const keys = this.#keys
    rows.sort((left, right) => {
      for (let key = 0; key < keys; key++) {
        const one = left[key] ?? 0
        const other = right[key] ?? 0
        if (one !== other) return one < other ? -1 : 1
      }
      return 0
    })
    let from = 0
    const values: SQLInputValue[] = []
    for (; from + ROWS_AT_ONCE <= rows.length; from += ROWS_AT_ONCE) {
      values.length = 0
      for (const row of rows.slice(from, from + ROWS_AT_ONCE)) values.push(...row)
      this.#many.run(...values)
    }
    for (const row of rows.slice(from)) this.#one.run(...row)
  }
}
