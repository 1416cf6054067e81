import { closeSync, existsSync, fsyncSync, openSync, renameSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import { RepriseError, RUN_STATUSES, STEP_KINDS } from '../../schemas/index.ts'
import { diskWords, isNoRoom } from '../files/disk-error.ts'
import { createFile, removeFile, syncFolder, systemCodeOf } from '../files/durable.ts'
import { PENDING_FLAG } from './step-flags.ts'

/** Raised with every change of the tables or of what is put into them: an index of another version is made anew. */
const INDEX_VERSION = 8
/** Numbers in the tables stand for places in these lists. */
const VOCABULARY = JSON.stringify([STEP_KINDS, RUN_STATUSES])

const TABLES = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE names(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
-- One row a run: its root so far (rank 3 is none, only a name) and its sums, kept as records come, so that no page adds up
-- steps. Times are 20 digits, so that text order is time order.
CREATE TABLE runs(
  id INTEGER PRIMARY KEY,
  namespace INTEGER NOT NULL,
  run TEXT NOT NULL,
  trace TEXT NOT NULL,
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
  session INTEGER,
  tags TEXT NOT NULL,
  first_start TEXT NOT NULL,
  last_end TEXT,
  start TEXT NOT NULL,
  status INTEGER NOT NULL,
  interrupted INTEGER,
  steps INTEGER NOT NULL,
  by_kind TEXT NOT NULL,
  step_names INTEGER NOT NULL,
  pending INTEGER NOT NULL,
  errors INTEGER NOT NULL,
  input_tokens INTEGER NOT NULL,
  output_tokens INTEGER NOT NULL,
  cost INTEGER NOT NULL,
  cost_steps INTEGER NOT NULL,
  redactions INTEGER NOT NULL,
  gaps INTEGER NOT NULL,
  conflicts INTEGER NOT NULL,
  logs INTEGER NOT NULL,
  replayable INTEGER NOT NULL,
  UNIQUE(run, namespace)
) STRICT;
-- What runs are listed by: for each word (every run has '*', its status, kind, name, model, …) its runs in time order.
-- These and the steps are not strict: a statement of many rows that can fail half-way makes SQLite copy every page it touches.
CREATE TABLE run_words(word INTEGER, start INTEGER, tie INTEGER, run INTEGER, PRIMARY KEY(word, start, tie, run)) WITHOUT ROWID;
CREATE TABLE run_models(run INTEGER, name INTEGER, steps INTEGER, PRIMARY KEY(run, name)) WITHOUT ROWID;
CREATE TABLE run_step_names(run INTEGER, name INTEGER, PRIMARY KEY(run, name)) WITHOUT ROWID;
-- Steps above others that tell of their usage, and of which kinds those are, a bit each (usage-nesting.ts).
CREATE TABLE usage_above(run INTEGER, span INTEGER, kinds INTEGER, PRIMARY KEY(run, span)) WITHOUT ROWID;
-- The first and the last batch of a sender in which something of a run came.
CREATE TABLE run_senders(run INTEGER, sender INTEGER, first INTEGER, last INTEGER, PRIMARY KEY(run, sender)) WITHOUT ROWID;
-- Numbers of the batches that came from a sender, as closed ranges, and how many holes between them no gap record tells of.
CREATE TABLE senders(sender INTEGER PRIMARY KEY, ranges TEXT NOT NULL, holes INTEGER NOT NULL) STRICT;
CREATE INDEX senders_with_holes ON senders(holes) WHERE holes > 0;
-- Batches that a gap record (at that address) says are lost, as disjoint ranges, and whether they came after all.
CREATE TABLE lost_batches(sender INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, came INTEGER NOT NULL, address INTEGER NOT NULL,
  PRIMARY KEY(sender, first)) STRICT, WITHOUT ROWID;
-- One row a step, in call order: where its records stand (own: of our SDK; other: of a foreign exporter; an address is
-- group * 2^20 + line), and what it adds to the sums of the run. What the flags hold is told in step-flags.ts.
CREATE TABLE steps(
  run INTEGER,
  position INTEGER,
  start INTEGER,
  span INTEGER,
  parent INTEGER,
  own INTEGER,
  other INTEGER,
  flags INTEGER,
  name INTEGER,
  model INTEGER,
  input_tokens INTEGER,
  output_tokens INTEGER,
  cost INTEGER,
  redactions INTEGER,
  PRIMARY KEY(run, position, start, span)
) WITHOUT ROWID;
CREATE UNIQUE INDEX steps_by_span ON steps(run, span);
CREATE INDEX steps_open ON steps(run) WHERE flags & ${PENDING_FLAG} <> 0;
CREATE TABLE logs(run INTEGER NOT NULL, time INTEGER NOT NULL, address INTEGER NOT NULL, span INTEGER, severity INTEGER NOT NULL, name INTEGER, messages INTEGER NOT NULL,
  PRIMARY KEY(run, time, address)) STRICT, WITHOUT ROWID;
CREATE INDEX logs_with_messages ON logs(run, span) WHERE messages = 1;
CREATE TABLE gaps(run INTEGER NOT NULL, address INTEGER NOT NULL, PRIMARY KEY(run, address)) STRICT, WITHOUT ROWID;
-- Final records of a step that say something else than the one that stands (conflicts.ts).
CREATE TABLE conflicts(run INTEGER NOT NULL, address INTEGER NOT NULL, span INTEGER NOT NULL, PRIMARY KEY(run, address)) STRICT, WITHOUT ROWID;
CREATE INDEX conflicts_by_span ON conflicts(run, span);
-- Which records refer to a digest: sorted in chunks (digest-table.ts), since rows with random keys would cost the most of all.
CREATE TABLE digest_pages(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
CREATE TABLE digest_tail(id INTEGER PRIMARY KEY, entries BLOB NOT NULL) STRICT;
`

const PAGES = 'PRAGMA page_size = 8192; PRAGMA temp_store = MEMORY'
// The tape is the truth: a commit that a power cut undoes is done again from there, so NORMAL is enough. The log is emptied every
// 1000 pages: of more the tape, which syncs on the same disk, would wait 20 ms and longer. One that a long reader has let grow beyond
// that is cut back.
const CONFIGURE = `${PAGES}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8192; PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 33554432`
/** Each page is written once, where it will stay, and nothing is taken back. */
const CONFIGURE_BESIDE = `${PAGES}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -32768`

export type Row = Record<string, SQLOutputValue>

/** A connection to an index, with its statements. */
export class IndexDatabase {
  readonly #database: DatabaseSync
  readonly #statements = new Map<string, StatementSync>()

  private constructor(database: DatabaseSync) {
    this.#database = database
  }

  /** For writing: made when it is not there, or not of this version, or damaged so that it does not open. Throws what else keeps it from opening. */
  static openForWriting(path: string): IndexDatabase {
    if (existsSync(path)) {
      const opened = IndexDatabase.#open(path, false)
      if (opened !== undefined) return opened
      removeIndex(path)
    }
    return IndexDatabase.create(path)
  }

  /** Undefined when there is none that this version can read. Throws what else keeps it from opening, such as a full disk. */
  static openForReading(path: string): IndexDatabase | undefined {
    return existsSync(path) ? IndexDatabase.#open(path, true) : undefined
  }

  /** An empty one; `:memory:` for one that only this process sees. */
  static create(path: string): IndexDatabase {
    return IndexDatabase.#create(path, CONFIGURE, true)
  }

  /** An empty one that is worth nothing before `putInPlace`: what is interrupted leaves it damaged. */
  static createBeside(path: string): IndexDatabase {
    removeIndex(path)
    // Otherwise SQLite keeps a way back, as newer versions of Node ask of it.
    return IndexDatabase.#create(path, CONFIGURE_BESIDE, false)
  }

  static #create(path: string, configure: string, defensive: boolean): IndexDatabase {
    // The mode of its side files follows that of the file.
    if (path !== MEMORY) closeSync(createFile(path))
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path, { timeout: BUSY_MILLIS, defensive })
      const index = new IndexDatabase(database)
      database.exec(configure)
      database.exec(`BEGIN; ${TABLES} PRAGMA user_version = ${INDEX_VERSION};`)
      index.setMeta({ vocabulary: VOCABULARY })
      database.exec('COMMIT')
      return index
    } catch (error) {
      database?.close()
      if (path !== MEMORY) removeIndex(path)
      throw error
    }
  }

  static #open(path: string, readOnly: boolean): IndexDatabase | undefined {
    let database: DatabaseSync | undefined
    try {
      database = new DatabaseSync(path, { readOnly, timeout: BUSY_MILLIS })
      const index = new IndexDatabase(database)
      const version = index.get('PRAGMA user_version')?.['user_version']
      if (version !== INDEX_VERSION || index.meta('vocabulary') !== VOCABULARY) {
        database.close()
        return undefined
      }
      if (!readOnly) database.exec(CONFIGURE)
      return index
    } catch (error) {
      database?.close()
      if (isDamage(error) || isForeign(error)) return undefined
      throw error
    }
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

  /** Another database beside this one's own, under a name. Not within a transaction. */
  attach(path: string, name: string): void {
    this.#database.prepare(`ATTACH DATABASE ? AS ${name}`).run(path)
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

  /** Row by row, however many; integers as bigints. The connection is not to be used otherwise until they have been read. */
  iterate(sql: string): IterableIterator<Row> {
    const statement = this.#database.prepare(sql)
    statement.setReadBigInts(true)
    return statement.iterate()
  }

  meta(key: string): SQLOutputValue | undefined {
    return this.get('SELECT value FROM meta WHERE key = ?', key)?.['value']
  }

  setMeta(values: Readonly<Record<string, SQLInputValue>>): void {
    const rows = Object.keys(values).map(() => '(?, ?)')
    this.run(
      `INSERT INTO meta(key, value) VALUES ${rows.join(', ')} ON CONFLICT(key) DO UPDATE SET value = excluded.value`,
      ...Object.entries(values).flat(),
    )
  }

  /** Empties the write-ahead log and gives its space back; false where somebody reads from it just now. */
  emptyLog(): boolean {
    this.#database.exec('PRAGMA busy_timeout = 0')
    try {
      return this.get('PRAGMA wal_checkpoint(TRUNCATE)')?.['busy'] === 0
    } catch (error) {
      if (isSqliteError(error)) return false
      throw error
    } finally {
      this.#database.exec(`PRAGMA busy_timeout = ${BUSY_MILLIS}`)
    }
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }
}

/** A path: one that only this process sees. */
export const MEMORY = ':memory:'
const BUSY_MILLIS = 5_000
const SQLITE_ERROR = 1
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_IOERR_SHMSIZE = 4874
const SQLITE_NOTADB = 26

/** Where one is made that will stand at a path; what a crash leaves of it is removed when the store is opened. */
export function besideOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp`)
}

/** Puts a database that was made beside and is closed in place, durably: what takes its place would be trusted after a power cut. */
export function putInPlace(beside: string, path: string): void {
  const fd = openSync(beside, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(beside, path)
  syncFolder(dirname(path))
}

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

/** Whether room on the disk is all that was missing. */
export function isFull(error: unknown): boolean {
  return isNoRoom(error) || (isSqliteError(error) && [SQLITE_FULL, SQLITE_IOERR_SHMSIZE].includes(error.errcode))
}

/** Why a database does not do what it should, in words. */
export function reasonOf(error: unknown): string {
  // `disk I/O error`, says SQLite.
  if (isSqliteError(error) && error.errcode === SQLITE_IOERR_SHMSIZE) return 'the disk has no room for its side file'
  const system = systemCodeOf(error)
  const words = system === undefined ? undefined : diskWords(system)
  // The system names the file; the folder of a store is not for everybody who asks.
  if (words !== undefined) return `the disk refused it (${system}: ${words})`
  return error instanceof Error ? error.message : String(error)
}

/** For whoever asks an index that the disk does not let be opened. */
export function notOpened(error: unknown): RepriseError {
  if (RepriseError.isInstance(error)) return error
  return new RepriseError('store_write_failed', `the index cannot be opened: ${reasonOf(error)}`, { cause: error, retryable: true })
}

/** Whether it is none of ours: it lacks what a statement asks for. */
function isForeign(error: unknown): boolean {
  return isSqliteError(error) && error.errcode === SQLITE_ERROR
}

/** A column that holds a number below 2^53. */
export function numberOf(row: Row, column: string): number {
  return Number(row[column])
}

export function textOf(row: Row, column: string): string {
  return String(row[column])
}
