import type { SQLInputValue, StatementSync } from 'node:sqlite'
import type { IndexDatabase } from './database.ts'

/** Rows that one statement writes: a statement costs about as much as a row. */
const ROWS_AT_ONCE = 64
/** Rows that are gathered before they are put in order and written. */
const ROWS_MAX = 4096

type Value = number | bigint

/**
 * Rows of one table, gathered, put in the order of its key, and written many at a time: rows that come mixed would touch
 * another page each.
 */
export class RowBuffer {
  readonly #one: StatementSync
  readonly #many: StatementSync
  readonly #columns: number
  readonly #keys: number
  /** Row after row: a list for each would cost more than to write it. */
  readonly #values: Value[] = []
  readonly #bound: SQLInputValue[]
  readonly #boundOne: SQLInputValue[]
  #rows = 0

  /** `insert` is a statement up to its `VALUES`; the key is the first `keys` of its `columns`. No two rows between flushes share one. */
  constructor(database: IndexDatabase, insert: string, columns: number, keys: number) {
    const row = `(${Array.from({ length: columns }, () => '?').join(',')})`
    this.#one = database.prepare(`${insert} ${row}`)
    this.#many = database.prepare(`${insert} ${Array.from({ length: ROWS_AT_ONCE }, () => row).join(',')}`)
    this.#columns = columns
    this.#keys = keys
    this.#bound = new Array<SQLInputValue>(columns * ROWS_AT_ONCE).fill(0)
    this.#boundOne = new Array<SQLInputValue>(columns).fill(0)
  }

  /** A row of two columns, or of as many as the table has. */
  add(first: Value, second: Value, third: Value = 0, fourth: Value = 0): void {
    const values = this.#values
    const columns = this.#columns
    const at = this.#rows++ * columns
    values[at] = first
    values[at + 1] = second
    if (columns > 2) values[at + 2] = third
    if (columns > 3) values[at + 3] = fourth
    if (this.#rows >= ROWS_MAX) this.flush()
  }

  /** Writes what is left. */
  flush(): void {
    const rows = this.#rows
    if (rows === 0) return
    this.#rows = 0
    const order = this.#inOrder(rows)
    let from = 0
    for (; from + ROWS_AT_ONCE <= rows; from += ROWS_AT_ONCE) this.#write(this.#many, order, from, ROWS_AT_ONCE, this.#bound)
    for (; from < rows; from++) this.#write(this.#one, order, from, 1, this.#boundOne)
  }

  /** Where each row begins, in the order of the keys. */
  #inOrder(rows: number): number[] {
    const values = this.#values
    const columns = this.#columns
    const keys = this.#keys
    const order: number[] = []
    for (let row = 0; row < rows; row++) order.push(row * columns)
    return order.sort((left, right) => {
      for (let key = 0; key < keys; key++) {
        const one = values[left + key] ?? 0
        const other = values[right + key] ?? 0
        if (one !== other) return one < other ? -1 : 1
      }
      return 0
    })
  }

  #write(statement: StatementSync, order: readonly number[], from: number, rows: number, bound: SQLInputValue[]): void {
    const columns = this.#columns
    for (let row = 0; row < rows; row++) {
      const start = order[from + row] ?? 0
      for (let column = 0; column < columns; column++) bound[row * columns + column] = this.#values[start + column] ?? 0
    }
    statement.run(...bound)
  }
}
