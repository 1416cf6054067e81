import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RepriseError } from '../schemas/index.ts'
import { BlobStore } from './blobs/blob-store.ts'
import { BlobWriter } from './blobs/blob-writer.ts'
import { PackSet } from './blobs/pack-set.ts'
import { isBacked } from './blobs/recover-packs.ts'
import { GroupCommit } from './commit/group-commit.ts'
import { type EraseParts, resumeErasure } from './erase/erase-store.ts'
import { type FileIo, SYSTEM_IO } from './files/append-file.ts'
import { Closers } from './files/close-all.ts'
import { createStore, foldersOf, missingFolders, removeEmptyFolders } from './files/create-store.ts'
import { diskError } from './files/disk-error.ts'
import { makeFolder, systemCodeOf } from './files/durable.ts'
import { readFormat, refuseFile } from './files/format-file.ts'
import { ensureKey } from './files/key-file.ts'
import { type Layout, layoutOf } from './files/layout.ts'
import { removeLeftovers } from './files/replacing-file.ts'
import { takeWriterLock, tryWriterLock, type WriterLock } from './files/writer-lock.ts'
import { DamageLog } from './gaps/damage-log.ts'
import { Outage } from './gaps/outage.ts'
import { ReserveFile } from './gaps/reserve-file.ts'
import { IndexDatabase, isSqliteError, MEMORY } from './index/database.ts'
import { ThreadedIndex } from './index/index-thread.ts'
import { ReadOnlyIndex } from './index/read-only-index.ts'
import { FollowingIndex } from './index/store-index.ts'
import { isUpToDate } from './index/tape-match.ts'
import { QUEUE_MAX_BYTES, SEGMENT_ROLL_BYTES } from './limits.ts'
import { erasureOf, OpenedStore } from './opened-store.ts'
import { Sealer } from './seal/sealer.ts'
import { Tape } from './tape/tape.ts'
import { TapeWriter } from './tape/tape-writer.ts'
import type { OpenStoreOptions, PreparedRecord, Store } from './types.ts'
import { upgradeStore } from './upgrade/upgrade-store.ts'

/** How long an index may take in what is missing with room that the reserve lends, before that is taken back and the store is open. */
const CATCH_UP_MAX_MILLIS = 2_000

/**
 * Opens the store in a folder. A writer makes it where there is none, cuts what a crash left unfinished and lets the index
 * catch up in the background. A reader brings the index up to date where no writer is at work, and needs no lock beyond that.
 *
 * @throws RepriseError `store_locked` naming pid and host, `store_version`, `invalid_argument` where there is no store and none
 *   may be made, `integrity`, `store_write_failed` where the disk does not let it be made, upgraded or opened. One that is there
 *   opens on a full disk as well: appends are refused until there is room
 */
export async function openStore(dir: string, options: OpenStoreOptions): Promise<Store> {
  return await openStoreWith(dir, options, SYSTEM_IO)
}

/** `openStore` with the system calls of the write path given, for tests that make them fail. */
export async function openStoreWith(dir: string, options: OpenStoreOptions, io: FileIo): Promise<Store> {
  const layout = layoutOf(resolve(dir))
  refuseFile(layout)
  return options.mode === 'write' ? await openForWriting(layout, options, io) : await openForReading(layout)
}

async function openForWriting(layout: Layout, options: OpenStoreOptions, io: FileIo): Promise<Store> {
  const isThere = readFormat(layout) !== undefined
  if (!isThere && options.create === false) throw new RepriseError('invalid_argument', `there is no store at ${layout.dir}`)
  const missing = isThere ? [] : missingFolders(layout.dir)
  const closers = new Closers()
  try {
    if (!isThere) makeFolder(layout.dir)
    const lock = await takeWriterLock(layout, options.startedBy ?? process.argv.slice(1, 3).join(' '))
    closers.add(lock, () => lock.release())
    return await startWriting(layout, options, io, lock, closers)
  } catch (error) {
    await closers.close().catch(() => undefined)
    removeEmptyFolders(missing)
    throw diskError(`${layout.dir} cannot be opened for writing`, error)
  }
}

async function startWriting(layout: Layout, options: OpenStoreOptions, io: FileIo, lock: WriterLock, closers: Closers): Promise<Store> {
  prepareFolder(layout, lock)
  // From here on a full disk keeps nobody from reading: what cannot be written now is written later, or is refused and told.
  const reserve = closers.add(new ReserveFile(layout), (part) => part.ensure(0))
  const full = reserve.lend()
  for (const folder of foldersOf(layout)) makeFolder(folder)
  ensureKey(layout)
  const rollBytes = options.segmentRollBytes ?? SEGMENT_ROLL_BYTES
  const tape = closers.add(new Tape(layout), (part) => part.close())
  const packs = closers.add(new PackSet(layout), (part) => part.close())
  const tapeWriter = closers.add(
    new TapeWriter({ layout, tape, rollBytes, isBacked: (before, mark) => isBacked(packs, before, mark), io }),
    (part) => part.close(),
  )
  const { recovery, cuts } = tapeWriter
  const blobWriter = closers.add(new BlobWriter({ layout, packs, rollBytes, mark: recovery.mark, cuts, io }), (part) => part.close())
  const index = closers.add(
    options.indexThread === true ? await ThreadedIndex.start(layout, tape) : new FollowingIndex(layout.index, tape),
    (part) => part.close(),
  )
  const commit = closers.add(
    new GroupCommit({
      tape: tapeWriter,
      blobs: blobWriter,
      queueMaxBytes: options.queueMaxBytes ?? QUEUE_MAX_BYTES,
      onGroup: (group, rows) => ('follow' in index ? index.follow() : index.feed(group, rows)),
    }),
    (part) => part.close(),
  )
  const namespace = options.namespace ?? 'local'
  const appendOne = (record: PreparedRecord): Promise<unknown> => commit.append({ records: [record], blobs: [] })
  const outage = closers.add(new Outage({ layout, namespace, append: appendOne, full }), (part) => part.close())
  const damage = closers.add(new DamageLog(layout, namespace, appendOne), (part) => part.close())
  const sealer = closers.add(
    new Sealer({ tape, packs, automatic: options.seal === true, onDamage: (groups) => damage.tell(groups) }),
    (part) => part.close(),
  )
  const store = new OpenedStore({
    layout,
    mode: 'write',
    recovered: { cut: cuts.done, damagedGroups: recovery.damaged.length },
    tape,
    packs,
    blobs: new BlobStore(layout, packs, false),
    index,
    writing: { commit, index, tapeWriter, blobWriter, sealer, outage, lock },
    closers,
  })
  damage.tell(recovery.damaged)
  await resume(store.blobs, { layout, tape, packs, index, sealer, writers: { tapeWriter, blobWriter, sealer } })
  const caughtUp = index.catchUp().catch(() => undefined)
  if (full) {
    await Promise.race([caughtUp, sleep(CATCH_UP_MAX_MILLIS, undefined, { ref: false })])
    reserve.ensure()
  }
  if (options.seal === true) {
    tape.onCommit(() => sealer.afterCommit())
    sealer.start()
  }
  return store
}

/** Makes the store where there is none, or brings it to the present format. Needs room for that; where there is none, nothing has changed. */
function prepareFolder(layout: Layout, lock: WriterLock): void {
  // Looked at again: another process may have made or upgraded the store before the lock was ours.
  if (readFormat(layout) !== undefined) upgradeStore(layout)
  else {
    try {
      createStore(layout)
    } catch (error) {
      lock.remove()
      throw error
    }
  }
  for (const folder of [layout.dir, layout.segments, layout.packs]) removeLeftovers(folder)
}

/** Carries on an erasure that a crash cut short. Where it fails, `checkStore` says so and the next opening tries again. */
async function resume(
  blobs: BlobStore,
  {
    layout,
    tape,
    packs,
    index,
    sealer,
    writers,
  }: Pick<EraseParts, 'layout' | 'tape' | 'packs'> & {
    readonly index: FollowingIndex | ThreadedIndex
    readonly sealer: Sealer
    readonly writers: Parameters<typeof erasureOf>[0]
  },
): Promise<void> {
  if (!existsSync(layout.erasing)) return
  const release = await sealer.hold()
  try {
    const done = await resumeErasure({ layout, tape, packs, blobs, ...erasureOf(writers) })
    if (done !== undefined) await index.reindex()
  } catch (error) {
    if (!RepriseError.isInstance(error) && systemCodeOf(error) === undefined) throw error
  } finally {
    release()
  }
}

async function openForReading(layout: Layout): Promise<Store> {
  const there = readFormat(layout) !== undefined
  const closers = new Closers()
  try {
    const tape = closers.add(new Tape(layout), (part) => part.close())
    const packs = closers.add(new PackSet(layout), (part) => part.close())
    packs.refresh()
    return new OpenedStore({
      layout,
      mode: 'read',
      recovered: { cut: [], damagedGroups: 0 },
      tape,
      packs,
      blobs: new BlobStore(layout, packs, true),
      index: closers.add(await openIndexForReading(layout, tape, there), (part) => part.close()),
      writing: undefined,
      closers,
    })
  } catch (error) {
    await closers.close().catch(() => undefined)
    throw error
  }
}

/** The index as the writer keeps it; brought up to date here where no writer is at work; else one of this process's own. */
async function openIndexForReading(layout: Layout, tape: Tape, there: boolean): Promise<ReadOnlyIndex | FollowingIndex> {
  let found: IndexDatabase | undefined
  try {
    found = there ? IndexDatabase.openForReading(layout.index) : undefined
    if (found !== undefined && isUpToDate(found, tape)) return new ReadOnlyIndex(found, tape)
  } catch (error) {
    found?.close()
    found = undefined
    if (!isSqliteError(error)) throw error
  }
  const lock = there ? tryLock(layout) : 'none'
  if (lock === 'held' && found !== undefined) {
    const index = new ReadOnlyIndex(found, tape)
    try {
      await index.catchUp()
      return index
    } catch (error) {
      await index.close()
      throw error
    }
  }
  found?.close()
  const made = typeof lock === 'object' ? await bringUpToDate(layout, tape, lock) : undefined
  if (made !== undefined) return new ReadOnlyIndex(made, tape)
  const own = new FollowingIndex(MEMORY, tape)
  await own.catchUp()
  return own
}

/** Undefined where a full or read-only disk does not let it, which does not keep a reader from reading. Gives the lock back. */
async function bringUpToDate(layout: Layout, tape: Tape, lock: WriterLock): Promise<IndexDatabase | undefined> {
  const closers = new Closers()
  try {
    const index = closers.add(new FollowingIndex(layout.index, tape), (part) => part.close())
    await index.catchUp()
    await closers.close()
    return IndexDatabase.openForReading(layout.index)
  } catch (error) {
    await closers.close().catch(() => undefined)
    if (!isSqliteError(error) && !(RepriseError.isInstance(error) && error.code === 'store_write_failed')) throw error
    return undefined
  } finally {
    lock.release()
  }
}

/** `none` where this process may not write here. */
function tryLock(layout: Layout): WriterLock | 'held' | 'none' {
  try {
    const lock = tryWriterLock(layout, 'bringing the index up to date', 'index')
    return 'heldBy' in lock ? 'held' : lock
  } catch {
    return existsSync(layout.lock) ? 'held' : 'none'
  }
}
