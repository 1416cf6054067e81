import { closeSync, readFileSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseJson, RepriseError } from '../../schemas/index.ts'
import { isNoRoom } from './disk-error.ts'
import { createFile, removeFile, replaceFile, systemCodeOf } from './durable.ts'
import type { Layout } from './layout.ts'
import { isAlive, ownIdentity, type ProcessIdentity } from './process-identity.ts'

/** `index`: a reader that brings the index up to date and is gone in a moment; worth waiting for. */
export type LockPurpose = 'write' | 'index'

interface Holder extends ProcessIdentity {
  readonly startedBy: string
  readonly purpose: LockPurpose
  /** When it was taken, by the clock of its host; ISO 8601. */
  readonly since?: string
  /** Where the writer can be asked, if it is a service. */
  readonly url?: string
  /** The inode of the store's folder: in a copy of the folder the text is of another store's writer. */
  readonly folder?: number
}

export interface WriterLock {
  /** Tells those who find the lock held where its holder can be asked. */
  tellUrl(url: string): void
  release(): void
  /** Releases it and removes its files: for a store that could not be made. */
  remove(): void
}

const SQLITE_BUSY = 5
const SHORT_HOLD_MAX_MILLIS = 10_000
const TEXT_MAX_MILLIS = 500
const POLL_MILLIS = 25

/**
 * Makes this process the one writer. The truth is a lock that the kernel keeps on `lock.db` (SQLite takes it, since Node
 * has no call for it) and that dies with its holder, whatever pids are used again; `lock` tells people who it is.
 *
 * @throws RepriseError `store_locked`, naming pid and host
 */
export async function takeWriterLock(layout: Layout, startedBy: string, purpose: LockPurpose = 'write'): Promise<WriterLock> {
  const deadline = performance.now() + SHORT_HOLD_MAX_MILLIS
  for (;;) {
    const lock = tryWriterLock(layout, startedBy, purpose)
    if (!('heldBy' in lock)) return lock
    const left = deadline - performance.now()
    // A holder without a text is about to write it, or to go.
    const waits = lock.heldBy === undefined ? left > SHORT_HOLD_MAX_MILLIS - TEXT_MAX_MILLIS : lock.heldBy.purpose === 'index' && left > 0
    if (purpose !== 'write' || !waits) throw lockedError(layout, lock.heldBy)
    await sleep(POLL_MILLIS)
  }
}

function lockedError(layout: Layout, holder: Holder | undefined): RepriseError {
  if (holder === undefined) return new RepriseError('store_locked', `${layout.dir} is in use by another writer`)
  const { pid, host, startedBy, since } = holder
  const when = since === undefined ? '' : ` since ${since}`
  return new RepriseError(
    'store_locked',
    `${layout.dir} is in use by process ${pid} on ${host} (${startedBy})${when}; one store has one writer`,
    { details: { pid, host, startedBy, ...(since !== undefined && { since }) } },
  )
}

/** One try, without waiting. Throws what the file system says when the lock cannot even be tried. */
export function tryWriterLock(
  layout: Layout,
  startedBy: string,
  purpose: LockPurpose,
): WriterLock | { readonly heldBy: Holder | undefined } {
  try {
    closeSync(createFile(layout.lockFile))
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error
  }
  const own = ownIdentity()
  const inode = inodeOf(layout.lockFile)
  const database = new DatabaseSync(layout.lockFile, { timeout: 0 })
  try {
    // No journal in a file, which `OFF` no longer keeps newer versions of Node from making: nothing is ever written.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isBusy(error)) return { heldBy: readHolder(layout) }
    throw error
  }
  // Whoever could not make a store has removed its file, and another process may have locked the next one of that name.
  if (inodeOf(layout.lockFile) !== inode) {
    database.close()
    return { heldBy: undefined }
  }
  const holder = readHolder(layout)
  // Where the kernel's lock did not hold (a file system without locks), the text still tells of a live writer.
  const folder = inodeOf(layout.dir)
  const isOfCopied = holder?.folder !== undefined && holder.folder !== folder
  if (holder !== undefined && holder.pid !== own.pid && !isOfCopied && isAlive(holder, own)) {
    database.close()
    return { heldBy: holder }
  }
  const text = { ...own, startedBy, purpose, since: new Date().toISOString(), folder }
  const tell = (more: { readonly url?: string }): void =>
    replaceFile(layout.lock, `${JSON.stringify({ ...text, ...more })}\n`, { durable: false })
  try {
    tellIfRoom(layout, () => tell({}))
  } catch (error) {
    database.close()
    throw error
  }
  const release = (...files: readonly string[]): void => {
    if (!database.isOpen) return
    for (const file of files) removeFile(file)
    database.close()
  }
  return {
    tellUrl: (url) => tell({ url }),
    release: () => release(layout.lock),
    remove: () => release(layout.lock, layout.lockFile),
  }
}

/** A full disk does not keep the lock from being held. The text of a holder that is dead goes first: it would mislead, and it takes room. */
function tellIfRoom(layout: Layout, tell: () => void): void {
  try {
    tell()
  } catch (error) {
    if (!isNoRoom(error)) throw error
    removeFile(layout.lock)
    try {
      tell()
    } catch (again) {
      if (!isNoRoom(again)) throw again
    }
  }
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && (Number(error.errcode) & 0xff) === SQLITE_BUSY
}

function readHolder(layout: Layout): Holder | undefined {
  try {
    const value: unknown = parseJson(readFileSync(layout.lock, 'utf8'))
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('host' in value)) return undefined
    if (typeof value.pid !== 'number' || typeof value.host !== 'string') return undefined
    const text = (name: 'bootId' | 'pidNamespace' | 'startTicks' | 'startedBy' | 'since' | 'url'): string | undefined => {
      const field: unknown = name in value ? (value as Record<string, unknown>)[name] : undefined
      return typeof field === 'string' ? field : undefined
    }
    const bootId = text('bootId')
    const pidNamespace = text('pidNamespace')
    const startTicks = text('startTicks')
    const since = text('since')
    const url = text('url')
    return {
      pid: value.pid,
      host: value.host,
      ...(bootId !== undefined && { bootId }),
      ...(pidNamespace !== undefined && { pidNamespace }),
      ...(startTicks !== undefined && { startTicks }),
      startedBy: text('startedBy') ?? 'unknown',
      ...(since !== undefined && { since }),
      ...(url !== undefined && { url }),
      ...('folder' in value && typeof value.folder === 'number' && { folder: value.folder }),
      purpose: 'purpose' in value && value.purpose === 'index' ? 'index' : 'write',
    }
  } catch {
    return undefined
  }
}
