import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { RepriseError } from '../schemas/index.ts'
import { BlobStore } from './blobs/blob-store.ts'
import { BlobWriter } from './blobs/blob-writer.ts'
import { PackSet } from './blobs/pack-set.ts'
import { isBacked } from './blobs/recover-packs.ts'
import { GroupCommit } from './commit/group-commit.ts'
import { type EraseParts, resumeErasure } from './erase/erase-store.ts'
import { type FileIo, SYSTEM_IO } from './files/append-file.ts'
import { makeFolder } from './files/durable.ts'
import { readFormat, writeFormat } from './files/format-file.ts'
import { ensureKey } from './files/key-file.ts'
import { type Layout, layoutOf } from './files/layout.ts'
import { removeLeftovers } from './files/replacing-file.ts'
import { takeWriterLock, tryWriterLock, type WriterLock } from './files/writer-lock.ts'
import { DamageLog } from './gaps/damage-log.ts'
import { Outage } from './gaps/outage.ts'
import { IndexDatabase, isSqliteError } from './index/database.ts'
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

/**
 * Opens the store in a folder. A writer makes it where there is none, cuts what a crash left unfinished and lets the index
 * catch up in the background. A reader brings the index up to date where no writer is at work, and needs no lock beyond that.
 *
 * @throws RepriseError `store_locked` naming pid and host, `store_version`, `invalid_argument` where there is no store and none
 *   may be made, `integrity`
 */
export async function openStore(dir: string, options: OpenStoreOptions): Promise<Store> {
  return await openStoreWith(dir, options, SYSTEM_IO)
}

/** `openStore` with the system calls of the write path given, for tests that make them fail. */
export async function openStoreWith(dir: string, options: OpenStoreOptions, io: FileIo): Promise<Store> {
  const layout = layoutOf(resolve(dir))
  return options.mode === 'write' ? await openForWriting(layout, options, io) : await openForReading(layout)
}

async function openForWriting(layout: Layout, options: OpenStoreOptions, io: FileIo): Promise<Store> {
  if (readFormat(layout) === undefined) {
    if (options.create === false) throw new RepriseError('invalid_argument', `there is no store at ${layout.dir}`)
    makeFolder(layout.dir)
  }
  const lock = await takeWriterLock(layout, options.startedBy ?? process.argv.slice(1, 3).join(' '))
  try {
    return await startWriting(layout, options, io, lock)
  } catch (error) {
    lock.release()
    throw error
  }
}

async function startWriting(layout: Layout, options: OpenStoreOptions, io: FileIo, lock: WriterLock): Promise<Store> {
  // Looked at again: another process may have made or upgraded the store before the lock was ours.
  if (readFormat(layout) === undefined) writeFormat(layout)
  else upgradeStore(layout)
  for (const folder of [layout.segments, layout.blobs, layout.packs, layout.views]) makeFolder(folder)
  for (const folder of [layout.dir, layout.segments, layout.packs]) removeLeftovers(folder)
  ensureKey(layout)
  const rollBytes = options.segmentRollBytes ?? SEGMENT_ROLL_BYTES
  const tape = new Tape(layout)
  const packs = new PackSet(layout)
  const tapeWriter = new TapeWriter({ layout, tape, rollBytes, isBacked: (before, mark) => isBacked(packs, before, mark), io })
  const blobWriter = new BlobWriter({ layout, packs, rollBytes, mark: tapeWriter.recovery.mark, io })
  const index = options.indexThread === true ? await ThreadedIndex.start(layout, tape) : new FollowingIndex(layout.index, tape)
  const commit = new GroupCommit({
    tape: tapeWriter,
    blobs: blobWriter,
    queueMaxBytes: options.queueMaxBytes ?? QUEUE_MAX_BYTES,
    onGroup: (group, rows) => ('follow' in index ? index.follow() : index.feed(group, rows)),
  })
  const namespace = options.namespace ?? 'local'
  const appendOne = (record: PreparedRecord): Promise<unknown> => commit.append({ records: [record], blobs: [] })
  const outage = new Outage({ layout, namespace, append: appendOne })
  const damage = new DamageLog(layout, namespace, appendOne)
  const sealer = new Sealer({ tape, packs, automatic: options.seal === true, onDamage: (groups) => damage.tell(groups) })
  const store = new OpenedStore({
    layout,
    mode: 'write',
    recovered: { cut: [...tapeWriter.recovery.cut, ...blobWriter.cut], damagedGroups: tapeWriter.recovery.damaged.length },
    tape,
    packs,
    blobs: new BlobStore(layout, packs, false),
    index,
    writing: { commit, index, tapeWriter, blobWriter, sealer, outage, damage, lock },
  })
  damage.tell(tapeWriter.recovery.damaged)
  await resume(store.blobs, { layout, tape, packs, index, sealer, writers: { tapeWriter, blobWriter, sealer } })
  void index.catchUp().catch(() => undefined)
  if (options.seal === true) {
    tape.onCommit(() => sealer.afterCommit())
    sealer.start()
  }
  return store
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
    if (!RepriseError.isInstance(error)) throw error
  } finally {
    release()
  }
}

async function openForReading(layout: Layout): Promise<Store> {
  const there = readFormat(layout) !== undefined
  const tape = new Tape(layout)
  const packs = new PackSet(layout)
  packs.refresh()
  return new OpenedStore({
    layout,
    mode: 'read',
    recovered: { cut: [], damagedGroups: 0 },
    tape,
    packs,
    blobs: new BlobStore(layout, packs, true),
    index: await openIndexForReading(layout, tape, there),
    writing: undefined,
  })
}

/** The index as the writer keeps it; brought up to date here where no writer is at work; else one of this process's own. */
async function openIndexForReading(layout: Layout, tape: Tape, there: boolean): Promise<ReadOnlyIndex | FollowingIndex> {
  if (!there) return new FollowingIndex(':memory:', tape)
  const found = IndexDatabase.openForReading(layout.index)
  if (found !== undefined && isUpToDate(found, tape)) return new ReadOnlyIndex(found, tape)
  const lock = tryLock(layout)
  if (lock === 'held' && found !== undefined) {
    const index = new ReadOnlyIndex(found, tape)
    await index.catchUp()
    return index
  }
  found?.close()
  if (typeof lock === 'object') {
    try {
      const index = new FollowingIndex(layout.index, tape)
      await index.catchUp()
      await index.close()
      const made = IndexDatabase.openForReading(layout.index)
      if (made !== undefined) return new ReadOnlyIndex(made, tape)
    } catch (error) {
      // A full or read-only disk does not keep a reader from reading.
      if (!isSqliteError(error) && !(RepriseError.isInstance(error) && error.code === 'store_write_failed')) throw error
    } finally {
      lock.release()
    }
  }
  const own = new FollowingIndex(':memory:', tape)
  await own.catchUp()
  return own
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
