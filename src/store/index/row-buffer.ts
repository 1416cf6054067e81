import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { IndexDatabase } from './database.ts'

/** Rows that one statement writes: a statement costs about as much as a row. */
const ROWS_AT_ONCE = 64

/** Rows of one table, gathered and written many at a time. */
export class RowBuffer {
  readonly #one: StatementSync
  readonly #many: StatementSync
  readonly #columns: number
  readonly #values: SQLInputValue[] = []

  /** `insert` is a statement up to its `VALUES`. */
  constructor(database: IndexDatabase, insert: string, columns: number) {
    const row = `(${Array.from({ length: columns }, () => '?').join(',')})`
    this.#one = database.prepare(`${insert} ${row}`)
    this.#many = database.prepare(`${insert} ${Array.from({ length: ROWS_AT_ONCE }, () => row).join(',')}`)
    this.#columns = columns
  }

  add(...values: SQLInputValue[]): void {
    this.#values.push(...values)
    if (this.#values.length < ROWS_AT_ONCE * this.#columns) return
    this.#many.run(...this.#values)
    this.#values.length = 0
  }

  /** Writes what is left. */
  flush(): void {
    for (let at = 0; at < this.#values.length; at += this.#columns) this.#one.run(...this.#values.slice(at, at + this.#columns))
    this.#values.length = 0
  }
}
