import { closeSync, existsSync } from 'node:fs'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { RUN_STATUSES, STEP_KINDS } from '../../schemas/index.ts'
import { createFile, removeFile } from '../files/durable.ts'

/** Raised with every change of the tables or of what is put into them: an index of another version is made anew. */
const INDEX_VERSION = 1
/** Numbers in the tables stand for places in these lists. */
const VOCABULARY = JSON.stringify([STEP_KINDS, RUN_STATUSES])

const TABLES = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  run TEXT NOT NULL,
  trace TEXT NOT NULL,
  -- The best root so far: 3 is none, only a name. Times as 20 digits, so that text order is time order.
  root_rank INTEGER NOT NULL,
  root_order INTEGER NOT NULL,
  root_span TEXT NOT NULL,
  root_start TEXT NOT NULL,
  root_end TEXT,
  root_pending INTEGER NOT NULL,
  root_error INTEGER NOT NULL,
  name INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  service INTEGER,
  first_start TEXT NOT NULL,
  last_end TEXT,
  -- Derived from the rest, for the list.
  start TEXT NOT NULL,
  status INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  by_kind TEXT NOT NULL,
  pending INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  redactions INTEGER NOT NULL,
  gaps INTEGER NOT NULL,
  replayable INTEGER NOT NULL,
  UNIQUE(run, namespace)
) STRICT;
CREATE INDEX runs_by_start ON runs(start, run);
CREATE TABLE run_models(run INTEGER NOT NULL, name INTEGER NOT NULL, steps INTEGER NOT NULL, PRIMARY KEY(run, name)) STRICT, WITHOUT ROWID;
-- One row a step: where its records stand (of our SDK, of a foreign exporter; state 0 none, 1 pending, 2 final), where it
-- stands in the run, and what it adds to the run's sums.
CREATE TABLE steps(
  run INTEGER NOT NULL,
  span INTEGER NOT NULL,
  position INTEGER NOT NULL,
  start INTEGER NOT NULL,
  own_state INTEGER NOT NULL,
  own_group INTEGER NOT NULL,
  own_line INTEGER NOT NULL,
  foreign_state INTEGER NOT NULL,
  foreign_group INTEGER NOT NULL,
  foreign_line INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  error INTEGER NOT NULL,
  model INTEGER,
  input_tokens INTEGER,
  output_tokens INTEGER,
  redactions INTEGER NOT NULL,
  PRIMARY KEY(run, span)
) STRICT, WITHOUT ROWID;
CREATE INDEX steps_by_position ON steps(run, position, start, span);
-- Digests are random; by epoch, new ones go to a small part of the tree however large the store is.
CREATE TABLE refs(epoch INTEGER NOT NULL, prefix INTEGER NOT NULL, tape_group INTEGER NOT NULL, line INTEGER NOT NULL,
  PRIMARY KEY(epoch, prefix, tape_group, line)) STRICT, WITHOUT ROWID;
`

export type Row = Record<string, SQLOutputValue>

/** A connection to an index, with its statements. */
export class IndexDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** For writing: made when it is not there, or not of this version, or damaged so that it does not open. */
  static openForWriting(path: string): IndexDatabase {
    if (existsSync(path)) {
      const opened = IndexDatabase.#tryOpen(path, false)
      if (opened !== undefined) return opened
      removeIndex(path)
    }
    return IndexDatabase.create(path)
  }

  /** Undefined when there is none that this version can read. */
  static openForReading(path: string): IndexDatabase | undefined {
    return existsSync(path) ? IndexDatabase.#tryOpen(path, true) : undefined
  }

  /** An empty one; `:memory:` for one that only this process sees. */
  static create(path: string): IndexDatabase {
    // The mode of its side files follows that of the file.
    if (path !== ':memory:') closeSync(createFile(path))
    const database = new DatabaseSync(path, { timeout: BUSY_MILLIS })
    const index = new IndexDatabase(database)
    index.#configure()
    database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${INDEX_VERSION};`)
    index.setMeta('vocabulary', VOCABULARY)
    database.exec('COMMIT')
    return index
  }

  static #tryOpen(path: string, readOnly: boolean): IndexDatabase | undefined {
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path, { readOnly, timeout: BUSY_MILLIS })
      const index = new IndexDatabase(database)
      const version = index.get('PRAGMA user_version')?.['user_version']
      if (version !== INDEX_VERSION || index.meta('vocabulary') !== VOCABULARY) {
        database.close()
        return undefined
      }
      if (!readOnly) index.#configure()
      return index
    } catch (error) {
      database?.close()
      if (isSqliteError(error)) return undefined
      throw error
    }
  }

  #configure(): void {
    // The tape is the truth: a commit that a power cut undoes is done again from there, so NORMAL is enough.
    this.#database.exec(
      'PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768; PRAGMA temp_store = MEMORY',
    )
  }

  exec(sql: string): void {
    this.#database.exec(sql)
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#database.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** For the statements of a hot loop. */
  prepare(sql: string): StatementSync {
    return this.#database.prepare(sql)
  }

  run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values)
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values)
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values)
  }

  /** Every integer comes as a bigint: for columns that use all 64 bits. */
  allWithBigInts(sql: string, ...values: SQLInputValue[]): Row[] {
    const statement = this.#statement(sql)
    statement.setReadBigInts(true)
    return statement.all(...values)
  }

  meta(key: string): SQLOutputValue | undefined {
    return this.get('SELECT value FROM meta WHERE key = ?', key)?.['value']
  }

  setMeta(key: string, value: SQLInputValue): void {
    this.run('INSERT INTO meta(key, value) VALUES(?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value', key, value)
  }

  close(): void {
    this.#statements.clear()
    this.#database.close()
  }
}

const BUSY_MILLIS = 5_000
const SQLITE_CORRUPT = 11
const SQLITE_NOTADB = 26

export function removeIndex(path: string): void {
  for (const suffix of ['-wal', '-shm', '-journal', '']) removeFile(`${path}${suffix}`)
}

export function isSqliteError(error: unknown): error is Error & { errcode: number } {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number'
}

/** Whether the file is no longer a sound database, which only making it anew can cure. */
export function isDamage(error: unknown): boolean {
  return isSqliteError(error) && [SQLITE_CORRUPT, SQLITE_NOTADB].includes(error.errcode & 0xff)
}

/** A column that holds a number below 2^53. */
export function numberOf(row: Row, column: string): number {
  return Number(row[column])
}

export function textOf(row: Row, column: string): string {
  return String(row[column])
}
