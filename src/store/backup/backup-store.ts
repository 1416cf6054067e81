import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { RepriseError } from '../../schemas/index.ts'
import { PackSet } from '../blobs/pack-set.ts'
import { checkStoreFolder } from '../check/check-store.ts'
import { FOLDER_MODE, makeFolder, namesIn, removeFile, replaceFile, syncFolder, systemCodeOf } from '../files/durable.ts'
import { readFormat, writeFormat } from '../files/format-file.ts'
import { type Layout, layoutOf, numberedName } from '../files/layout.ts'
import { takeWriterLock, tryWriterLock, type WriterLock } from '../files/writer-lock.ts'
import { isSealedFile } from '../seal/is-sealed-file.ts'
import type { PackMark } from '../tape/group-header.ts'
import { SegmentView } from '../tape/segment-view.ts'
import { Tape } from '../tape/tape.ts'
import type { StoreCheck, TapeHead } from '../types.ts'
import { copyFile, linkFile } from './copy-file.ts'

/** Of a name that may itself be as long as names can be, 255 bytes, for a name beside it. */
const NAME_PART = 50

export interface BackupOptions {
  /** Copy every file, also those that never change and could be linked. Default false. */
  readonly copies?: boolean
  readonly onProgress?: (done: number, total: number) => void
  /** Called with each folder that a backup which was killed had left beside this one, and that is now gone. */
  readonly onLeftover?: (folder: string) => void
}

export interface StoreBackup {
  readonly schema: 'reprise.backup/1'
  /** Absolute. */
  readonly folder: string
  /** What the backup ends with. */
  readonly head: TapeHead
  readonly records: number
  readonly copied: { readonly files: number; readonly bytes: number }
  /** Sealed files, which never change, are the same files under a second name. */
  readonly linked: { readonly files: number; readonly bytes: number }
  readonly createdAt: string
  /** Of the backup itself, made after it was complete. */
  readonly check: StoreCheck
}

/**
 * Backs up a store to a folder that is not there yet, whether a collector is writing or not: a whole prefix of the tape with
 * everything that it refers to. To restore, open the folder. It appears complete or not at all.
 *
 * @throws RepriseError `invalid_argument` where there is no store, or the folder is taken; `store_version`
 */
export async function backupStore(dir: string, target: string, options: BackupOptions = {}): Promise<StoreBackup> {
  const source = layoutOf(resolve(dir))
  const format = readFormat(source)
  if (format === undefined) throw new RepriseError('invalid_argument', `there is no store at ${source.dir}`)
  const folder = resolve(target)
  if (isTaken(folder)) throw new RepriseError('invalid_argument', `${folder} is there already; a backup needs a folder of its own`)
  makeFolder(dirname(folder))
  if (isWithin(realpathSync(source.dir), realpathSync(dirname(folder))))
    throw new RepriseError('invalid_argument', `${folder} is in the store itself; a backup there would be lost with it`)
  for (const leftover of removeLeftBackups(dirname(folder))) options.onLeftover?.(leftover)
  const partial = join(dirname(folder), `.${basename(folder).slice(0, NAME_PART)}.${randomBytes(6).toString('hex')}.partial`)
  mkdirSync(partial, { mode: FOLDER_MODE })
  chmodSync(partial, FOLDER_MODE)
  let lock: WriterLock | undefined
  try {
    lock = await takeWriterLock(layoutOf(partial), 'reprise backup')
    const copier = new Copier(source, layoutOf(partial), options)
    const head = await copier.run(format)
    const check = await checkStoreFolder(partial)
    const { copied, linked } = copier
    const backup: StoreBackup = {
      schema: 'reprise.backup/1',
      folder,
      head,
      records: check.records,
      copied,
      linked,
      createdAt: new Date().toISOString(),
      check,
    }
    replaceFile(join(partial, 'backup.json'), `${JSON.stringify(backup)}\n`)
    if (isTaken(folder)) throw new RepriseError('invalid_argument', `${folder} was made meanwhile`)
    lock.remove()
    rmSync(folder, { recursive: true, force: true })
    renameSync(partial, folder)
    syncFolder(dirname(folder))
    return backup
  } catch (error) {
    lock?.remove()
    rmSync(partial, { recursive: true, force: true })
    throw error
  }
}

const PARTIAL = /^\..*\.[0-9a-f]{12}\.partial$/

/** Removes what backups left that were killed: their lock is there, and nobody holds it. What cannot be removed stays. */
function removeLeftBackups(parent: string): string[] {
  return namesIn(parent)
    .filter((name) => PARTIAL.test(name))
    .map((name) => join(parent, name))
    .filter((folder) => {
      try {
        const layout = layoutOf(folder)
        if (!existsSync(layout.lockFile)) return false
        const lock = tryWriterLock(layout, 'reprise backup', 'write')
        if ('heldBy' in lock) return false
        lock.remove()
        rmSync(folder, { recursive: true, force: true })
        return true
      } catch {
        return false
      }
    })
}

function isWithin(parent: string, path: string): boolean {
  const way = relative(parent, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

function isTaken(folder: string): boolean {
  try {
    return readdirSync(folder).length > 0
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return false
    if (systemCodeOf(error) === 'ENOTDIR') return true
    throw error
  }
}

class Copier {
  readonly copied = { files: 0, bytes: 0 }
  readonly linked = { files: 0, bytes: 0 }
  readonly #source: Layout
  readonly #target: Layout
  readonly #options: BackupOptions
  #done = 0
  #total = 0

  constructor(source: Layout, target: Layout, options: BackupOptions) {
    this.#source = source
    this.#target = target
    this.#options = options
  }

  async run(format: number): Promise<TapeHead> {
    const source = this.#source
    const target = this.#target
    for (const folder of [target.segments, target.blobs, target.packs, target.views, target.keys]) makeFolder(folder)
    // Before the head is looked at: no view may have seen more than the backup holds.
    for (const name of namesIn(source.views))
      if (name.endsWith('.json')) this.#copyIfThere(join(source.views, name), join(target.views, name))
    this.#copyIfThere(source.redactionKey, target.redactionKey)
    const policies = namesIn(source.policies)
    if (policies.length > 0) makeFolder(target.policies)
    for (const name of policies) this.#copyIfThere(join(source.policies, name), join(target.policies, name))
    this.#copyIfThere(source.damage, target.damage)
    const tape = new Tape(source)
    const packs = new PackSet(source)
    try {
      const head = tape.head()
      const mark = tape.entryOf(head.group)?.mark ?? { pack: 0, bytes: 0 }
      const segments = tape.segments().filter((first) => first <= head.group)
      packs.refresh()
      const listed = packs.packs()
      const loose = looseNames(source)
      this.#total = segments.length + listed.length + loose.length
      for (const [index, first] of segments.entries()) {
        this.#segment(first, Math.min(head.group, (segments[index + 1] ?? Number.POSITIVE_INFINITY) - 1))
        await this.#step()
      }
      for (const pack of listed) {
        this.#pack(packs, pack, mark)
        await this.#step()
      }
      for (const name of loose) {
        makeFolder(dirname(join(target.blobs, name)))
        this.#unchanging(join(source.blobs, name), join(target.blobs, name))
        await this.#step()
      }
      for (const folder of new Set([
        ...loose.map((name) => dirname(join(target.blobs, name))),
        target.segments,
        target.packs,
        target.views,
        target.keys,
      ]))
        syncFolder(folder)
      // Last: without it the folder is no store.
      writeFormat(target, format)
      return head
    } finally {
      tape.close()
      packs.close()
    }
  }

  async #step(): Promise<void> {
    this.#options.onProgress?.(++this.#done, this.#total)
    await nextTurn()
  }

  /** The groups up to one, and not what stands behind them. */
  #segment(first: number, lastGroup: number): void {
    const from = join(this.#source.segments, numberedName(first))
    const to = join(this.#target.segments, numberedName(first))
    if (isSealedFile(from)) return this.#unchanging(from, to)
    const before = statSync(from, { bigint: true }).ino
    const view = new SegmentView(from, first)
    try {
      view.scan(lastGroup)
      const { files, bytes } = this.copied
      this.#copy(from, to, view.scannedTo)
      if (statSync(from, { bigint: true }).ino === before) return
      // It was sealed meanwhile: the copy is of one file up to a place in the other.
      removeFile(to)
      Object.assign(this.copied, { files, bytes })
    } finally {
      view.close()
    }
    this.#unchanging(from, to)
  }

  #pack(packs: PackSet, pack: number, mark: PackMark): void {
    const from = packs.packFile(pack)
    const to = join(this.#target.packs, numberedName(pack))
    const closed = packs.indexOf(pack) !== undefined
    if (isSealedFile(from)) this.#unchanging(from, to)
    else if (closed) this.#copy(from, to)
    else if (pack === mark.pack) this.#copy(from, to, mark.bytes)
    else return
    if (closed) this.#copyIfThere(packs.indexFile(pack), join(this.#target.packs, basename(packs.indexFile(pack))))
  }

  #unchanging(from: string, to: string): void {
    if (this.#options.copies !== true && linkFile(from, to)) {
      this.linked.files++
      this.linked.bytes += statSync(to).size
    } else this.#copy(from, to)
  }

  #copy(from: string, to: string, lengthBytes?: number): void {
    this.copied.bytes += copyFile(from, to, lengthBytes)
    this.copied.files++
  }

  #copyIfThere(from: string, to: string): void {
    try {
      this.#copy(from, to)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
      removeFile(to)
    }
  }
}

/** Payloads that are files of their own, relative to `blobs/`. */
function looseNames(layout: Layout): string[] {
  return namesIn(layout.blobs)
    .filter((name) => /^[0-9a-f]{2}$/.test(name))
    .flatMap((folder) =>
      namesIn(join(layout.blobs, folder))
        .filter((name) => /^[0-9a-f]{64}$/.test(name))
        .map((name) => join(folder, name)),
    )
}
