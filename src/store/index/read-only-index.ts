import { setTimeout as sleep } from 'node:timers/promises'
import { RepriseError } from '../../schemas/index.ts'
import type { Tape } from '../tape/tape.ts'
import type { StoreIndex } from '../types.ts'
import { type IndexDatabase, isSqliteError } from './database.ts'
import { IndexQueries } from './index-queries.ts'
import type { QuerySource } from './query-source.ts'

const CATCH_UP_PATIENCE_MILLIS = 2_000
const CATCH_UP_POLL_MILLIS = 5

/** An index for reading only, which another process keeps up to date. */
export class ReadOnlyIndex extends IndexQueries implements StoreIndex {
  readonly #database: IndexDatabase
  readonly #tape: Tape

  constructor(database: IndexDatabase, tape: Tape) {
    super()
    this.#database = database
    this.#tape = tape
  }

  protected override source(): QuerySource {
    return { database: this.#database, readLine: (group, line) => this.#tape.readLine(group, line) }
  }

  protected override failed(error: unknown): unknown {
    return isSqliteError(error)
      ? new RepriseError('integrity', `the index cannot be read: ${error.message}; \`reprise reindex\` makes it anew`, { cause: error })
      : error
  }

  /** The other process does it: what it acknowledged is in the index a moment later. Waits for that moment, 2 s at most. */
  async catchUp(): Promise<void> {
    const head = this.#tape.head().group
    const deadline = performance.now() + CATCH_UP_PATIENCE_MILLIS
    while (Number(this.#database.meta('group') ?? 0) <= head && performance.now() < deadline) await sleep(CATCH_UP_POLL_MILLIS)
  }

  problem(): undefined {
    return undefined
  }

  close(): Promise<void> {
    this.#database.close()
    return Promise.resolve()
  }
}
