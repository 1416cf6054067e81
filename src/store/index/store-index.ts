import { availableParallelism } from 'node:os'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { RepriseError } from '../../schemas/index.ts'
import { systemCodeOf } from '../files/durable.ts'
import type { Pace } from '../pace.ts'
import type { Tape } from '../tape/tape.ts'
import type { ReindexProgress, ReindexResult, StoreIndex } from '../types.ts'
import { besideOf, IndexDatabase, isDamage, isSqliteError, MEMORY, notOpened, putInPlace, reasonOf, removeIndex } from './database.ts'
import { IndexQueries } from './index-queries.ts'
import { type IndexPlace, IndexWriter } from './index-writer.ts'
import { OfferedGroups, type OfferedRows } from './offered-rows.ts'
import type { QuerySource } from './query-source.ts'
import { StepRowsReader, stepsOf } from './step-rows.ts'
import { REINDEX_SLICE_MILLIS, takeAhead } from './take-ahead.ts'
import { digestBefore, isOfTape } from './tape-match.ts'

/** The event loop is held no longer at a time. */
const SLICE_MILLIS = 8
/** Groups that come close together share a transaction: after a quiet time so long, */
const GATHER_MILLIS = 10
/**
 * and while they keep coming the longer the more there is to do, so that many steps share what a transaction costs and who
 * acknowledges is not held up: a transaction has this part of the time until the next one begins.
 */
const GATHER_SHARE = 1 / 10
/** Rests while it follows take so much at most; where more waits than this there are none, since it takes memory while it waits. */
const PACED_MAX = { millis: 160, bytes: 1024 * 1024 }
/** Lines that are taken between two looks at the clock. */
const LINES_AT_ONCE = 32
const CLOSE_MAX_MILLIS = 2_000
/** With less a thread costs more time than it saves. */
const SCAN_AHEAD_MIN_BYTES = 16 * 1024 * 1024

export interface FollowingOptions {
  /** How long the event loop is held at a time, and with it how much one transaction takes in. */
  readonly sliceMillis?: number
  /** So long after a group that comes in a quiet time, for others that come close to it. */
  readonly quietMillis?: number
  /** While groups keep coming, at least so long from one transaction to the next; what is new is seen so much later. */
  readonly gatherMillis?: number
  /** And at most so long. */
  readonly gatherMaxMillis?: number
  /** After so long without anything new the log of the database is emptied. Never, when it is absent. */
  readonly restMillis?: number
  /** Called when the database has been thrown away and made anew. */
  readonly onAnew?: () => void
  /** Called when offered rows of so many bytes are taken or let go of. */
  readonly onOfferDone?: (bytes: number) => void
  /** A tape of so many bytes is read by a second thread when the index is made anew. */
  readonly scanAheadMinBytes?: number
  /** For a thread of its own, while it follows. */
  readonly pace?: Pace
  /** Where lines of earlier groups are read again: another reader than `tape`, where that keeps nothing in memory. */
  readonly earlier?: Pick<Tape, 'readLine'>
}

interface Opened {
  readonly database: IndexDatabase
  readonly writer: IndexWriter
}

/** The bytes of a group's lines, and where each begins; the last number is where they end. */
interface ReadGroup {
  readonly group: number
  readonly content: Buffer
  readonly starts: readonly number[]
}

/**
 * The index as a view that follows the tape: it has a cursor of its own and can be made anew at any time. Where the disk does not
 * let it be opened or made there is none, which `problem` tells; it is tried again when it is asked, and with what follows it.
 */
export class FollowingIndex extends IndexQueries implements StoreIndex {
  readonly #path: string
  readonly #tape: Tape
  #database: IndexDatabase | undefined
  #writer: IndexWriter | undefined
  readonly #sliceMillis: number
  readonly #quietMillis: number
  readonly #gatherMillis: number
  readonly #gatherMaxMillis: number
  readonly #restMillis: number | undefined
  readonly #pace: Pace | undefined
  #rest: NodeJS.Timeout | undefined
  readonly #scanAheadMinBytes: number
  readonly #onAnew: (() => void) | undefined
  readonly #earlier: Pick<Tape, 'readLine'>
  readonly #offered: OfferedGroups
  readonly #rows = new StepRowsReader()
  #reading: ReadGroup | undefined
  #running: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #followedAt = Number.NEGATIVE_INFINITY
  /** How long the last transaction took. */
  #sliceTook = 0
  #problem: string | undefined
  #closed = false
  #reindexing: Promise<ReindexResult> | undefined
  /** Asks what is under way to end, since all of it is to be done anew. */
  #interrupted = false

  /** `:memory:` keeps it to this process. */
  constructor(path: string, tape: Tape, options: FollowingOptions = {}) {
    super()
    this.#path = path
    this.#tape = tape
    this.#sliceMillis = options.sliceMillis ?? SLICE_MILLIS
    this.#quietMillis = options.quietMillis ?? GATHER_MILLIS
    this.#gatherMillis = options.gatherMillis ?? GATHER_MILLIS
    this.#gatherMaxMillis = options.gatherMaxMillis ?? this.#gatherMillis
    this.#restMillis = options.restMillis
    this.#pace = options.pace
    this.#scanAheadMinBytes = options.scanAheadMinBytes ?? (availableParallelism() > 1 ? SCAN_AHEAD_MIN_BYTES : Number.POSITIVE_INFINITY)
    this.#onAnew = options.onAnew
    this.#offered = new OfferedGroups((bytes) => options.onOfferDone?.(bytes))
    this.#earlier = options.earlier ?? tape
    try {
      this.#open()
    } catch (error) {
      if (!isSqliteError(error) && systemCodeOf(error) === undefined) throw error
      this.#problem = reasonOf(error)
    }
  }

  #open(): Opened {
    if (this.#database !== undefined && this.#writer !== undefined) return { database: this.#database, writer: this.#writer }
    const database = this.#path === MEMORY ? IndexDatabase.create(MEMORY) : IndexDatabase.openForWriting(this.#path)
    try {
      if (isOfTape(database, this.#tape)) return this.#use(database)
    } catch (error) {
      if (!isDamage(error)) {
        database.close()
        throw error
      }
    }
    database.close()
    this.#letGo()
    return this.#use(IndexDatabase.create(this.#path))
  }

  #use(database: IndexDatabase): Opened {
    const writer = new IndexWriter(
      database,
      (group, line) => this.#earlier.readLine(group, line),
      () => this.#pace?.breathe(),
    )
    this.#database = database
    this.#writer = writer
    return { database, writer }
  }

  /** Where it stands on the tape. */
  get #place(): IndexPlace {
    return this.#writer?.place ?? { group: 0, line: 0 }
  }

  /** Removes it: `#open` makes another one. */
  #letGo(): void {
    this.#database?.close()
    this.#database = undefined
    this.#writer = undefined
    removeIndex(this.#path)
    this.#reading = undefined
    // Something may have been erased in them since they were made.
    this.#offered.clear()
    this.#onAnew?.()
  }

  protected override source(): QuerySource {
    if (this.#closed) throw new RepriseError('store_closed', 'the store is closed')
    const isClosed = this.#database === undefined
    try {
      const { database } = this.#open()
      if (isClosed) this.#schedule()
      return { database, readLine: (group, line) => this.#tape.readLine(group, line) }
    } catch (error) {
      throw notOpened(error)
    }
  }

  protected override failed(error: unknown): unknown {
    if (!isSqliteError(error)) return error
    if (isDamage(error)) {
      this.#letGo()
      this.#schedule()
    }
    const anew = isDamage(error) ? ' and is being made anew' : ''
    return new RepriseError('integrity', `the index could not be read${anew}: ${error.message}`, { cause: error, retryable: true })
  }

  problem(): string | undefined {
    return this.#problem
  }

  /** Rows of groups that are on the tape, or will be when it is followed next: they are then not read from there. */
  offer(offered: readonly OfferedRows[]): void {
    this.#offered.add(offered)
  }

  /** There may be more on the tape: follows it soon. */
  follow(): void {
    this.#schedule()
  }

  #schedule(): void {
    if (this.#closed || this.#running !== undefined || this.#timer !== undefined) return
    const apart = Math.max(this.#gatherMillis, Math.min(this.#gatherMaxMillis, this.#sliceTook / GATHER_SHARE))
    const wait = Math.max(this.#quietMillis, this.#followedAt + apart - performance.now())
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#followedAt = performance.now()
      // What goes wrong is kept in `problem`; the next group or `catchUp` tries again.
      this.#start(this.#sliceMillis)
        .then(() => this.#closed || this.#place.group > this.#tape.head().group || this.#schedule())
        .catch(() => undefined)
    }, wait)
  }

  /** Follows as far as the tape is durable by now: what comes meanwhile is gathered again. */
  #start(sliceMillis: number): Promise<void> {
    this.#running ??= this.#follow(sliceMillis, this.#tape.head().group).finally(() => {
      this.#running = undefined
      this.#restSoon()
    })
    return this.#running
  }

  /** What has been written is in the log still, which nobody would empty before much more is written. */
  #restSoon(): void {
    if (this.#restMillis === undefined || this.#closed) return
    this.#rest ??= setTimeout(() => {
      this.#rest = undefined
      if (this.#closed || this.#running !== undefined) return
      if (this.#reading === undefined) this.#tape.release()
      if (this.#database?.emptyLog() === false) this.#restSoon()
    }, this.#restMillis).unref()
    this.#rest.refresh()
  }

  async #follow(sliceMillis: number, target: number, onSlice?: () => void): Promise<void> {
    this.#pace?.start(this.#reindexing === undefined && this.#offered.bytes <= PACED_MAX.bytes ? PACED_MAX.millis : 0)
    try {
      this.#open()
      while (!this.#closed && !this.#interrupted && this.#place.group <= Math.min(target, this.#tape.head().group)) {
        this.#slice(sliceMillis)
        onSlice?.()
        await nextTurn()
      }
      this.#problem = undefined
    } catch (error) {
      if (isDamage(error)) {
        this.#letGo()
        return await this.#follow(sliceMillis, target, onSlice)
      }
      this.#problem = reasonOf(error)
      throw new RepriseError('store_write_failed', `the index cannot follow the tape: ${this.#problem}`, { cause: error, retryable: true })
    }
  }

  /**
   * A new index of much, made in a file beside together with a thread that reads ahead; what came since is left to `#follow`.
   * Until it is put in place there is none.
   */
  async #makeAhead(onSlice: () => void): Promise<void> {
    const beside = besideOf(this.#path)
    this.#letGo()
    let database: IndexDatabase | undefined
    try {
      database = IndexDatabase.createBeside(beside)
      const { writer } = this.#use(database)
      await takeAhead(this.#tape, writer, () => !this.#closed && this.#database === database, onSlice)
      if (this.#database !== database) return
      database.close()
      // It is made by whoever opens the store next.
      if (this.#closed) return removeIndex(beside)
      putInPlace(beside, this.#path)
      this.#use(IndexDatabase.openForWriting(this.#path))
      this.#onAnew?.()
    } catch {
      database?.close()
      removeIndex(beside)
      // Whatever it was, `#follow` meets it again, where it can be told.
      if (database === undefined || this.#database === database) this.#letGo()
    }
  }

  /** A clock that stands still while it rests, in milliseconds. */
  #worked(): number {
    return performance.now() - (this.#pace?.restedMillis ?? 0)
  }

  /** One transaction. */
  #slice(millis: number): void {
    const started = this.#worked()
    const deadline = started + millis
    const head = this.#tape.head().group
    const { database, writer } = this.#open()
    let { group, line } = writer.place
    writer.begin()
    try {
      // At least one line a slice, however slow the machine is.
      for (let isFirst = true; group <= head && (isFirst || this.#worked() < deadline); isFirst = false) {
        if (line === 0 && this.#takeOffered(writer, group)) {
          group++
          continue
        }
        const { content, starts } = this.#read(group)
        const lines = starts.length - 1
        while (line < lines) {
          const stop = Math.min(lines, line + LINES_AT_ONCE)
          for (; line < stop; line++) writer.add(group, line, content, starts[line] ?? 0, (starts[line + 1] ?? 0) - 1)
          if (this.#worked() >= deadline) break
        }
        if (line < lines) break
        this.#reading = undefined
        group++
        line = 0
      }
      writer.commit({ group, line }, digestBefore(this.#tape, group))
      this.#sliceTook = this.#worked() - started
    } catch (error) {
      writer.rollback()
      // Its caches may hold what was taken back.
      if (!isDamage(error)) this.#use(database)
      throw error
    }
  }

  #takeOffered(writer: IndexWriter, group: number): boolean {
    let line = 0
    return this.#offered.take(group, (rows) => {
      this.#rows.forget()
      this.#rows.start(rows)
      for (let left = stepsOf(rows); left > 0; left--) writer.addStep(group, line++, this.#rows.next())
    })
  }

  #read(group: number): ReadGroup {
    if (this.#reading?.group === group) return this.#reading
    try {
      this.#reading = { group, ...this.#tape.readContent(group) }
    } catch (error) {
      if (!RepriseError.isInstance(error) || error.code !== 'integrity') throw error
      // A damaged group is skipped and the rest served; `checkStore` names it.
      this.#reading = { group, content: Buffer.alloc(0), starts: [0] }
    }
    return this.#reading
  }

  async catchUp(): Promise<void> {
    const target = this.#tape.head().group
    while (!this.#closed && this.#place.group <= target) await this.#start(this.#sliceMillis)
  }

  /** Throws everything away and builds it again from the tape. Asked while that is under way, it is the same. */
  reindex(onProgress?: (progress: ReindexProgress) => void): Promise<ReindexResult> {
    this.#reindexing ??= this.#reindex(onProgress).finally(() => {
      this.#reindexing = undefined
    })
    return this.#reindexing
  }

  async #reindex(onProgress?: (progress: ReindexProgress) => void): Promise<ReindexResult> {
    this.#interrupted = true
    await this.#running?.catch(() => undefined)
    this.#interrupted = false
    const isMuch = this.#path !== MEMORY && this.#tape.tapeBytes() >= this.#scanAheadMinBytes
    if (!isMuch) this.#letGo()
    const onSlice = (): void =>
      onProgress?.({ group: this.#place.group, groups: this.#tape.head().group + 1, records: this.#writer?.records ?? 0 })
    this.#running = (isMuch ? this.#makeAhead(onSlice) : Promise.resolve())
      .then(() => this.#follow(REINDEX_SLICE_MILLIS, Number.POSITIVE_INFINITY, onSlice))
      .finally(() => {
        this.#running = undefined
        this.#restSoon()
        // What came at the very end was not followed, since this was under way.
        if (this.#place.group <= this.#tape.head().group) this.#schedule()
      })
    await this.#running
    return { groups: this.#place.group, records: this.#writer?.records ?? 0 }
  }

  /** Takes what is left, if that is not long; the next open takes the rest. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    clearTimeout(this.#rest)
    this.#timer = undefined
    const late = setTimeout(() => {
      this.#closed = true
    }, CLOSE_MAX_MILLIS)
    if (this.#path !== MEMORY) await this.catchUp().catch(() => undefined)
    clearTimeout(late)
    this.#closed = true
    await this.#running?.catch(() => undefined)
    this.#database?.close()
  }
}
