import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  closeSync,
  fchmodSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { chmod, type FileHandle, open, rename } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

export const FILE_MODE = 0o600
export const FOLDER_MODE = 0o700

/** Under some test runners (Jest) errors of Node's own are of another realm, and no `Error` here. */
export function systemCodeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** What stands in a folder; nothing when there is no such folder. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return []
    throw error
  }
}

/** Makes names made, renamed or removed in a folder survive a power cut. */
export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

const fsyncLater = promisify(fsync)

/** What was written to an open file is on the disk. Not by the method of a handle: Yarn's Plug'n'Play gives handles that have none. */
export async function syncFile({ fd }: FileHandle): Promise<void> {
  await fsyncLater(fd)
}

/** The same, where others are to be served while the disk is waited for. */
export async function syncFolderLater(folder: string): Promise<void> {
  await syncedAndClosed(await open(folder, 'r'))
}

/** Makes a folder, 0700 whatever the umask, durably; one that is there keeps its mode. */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false }) !== undefined) return
  const parent = dirname(folder)
  if (parent !== folder) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: FOLDER_MODE })
  } catch (error) {
    if (systemCodeOf(error) !== 'EEXIST') throw error
    return
  }
  chmodSync(folder, FOLDER_MODE)
  syncFolder(parent)
}

/** Makes a file that must not be there yet, 0600 whatever the umask; the name becomes durable with `syncFolder`. */
export function createFile(path: string): number {
  const fd = openSync(path, 'wx+', FILE_MODE)
  try {
    fchmodSync(fd, FILE_MODE)
  } catch (error) {
    closeSync(fd)
    // Or the next try would find its name taken.
    removeFile(path)
    throw error
  }
  return fd
}

export function writeFully(fd: number, bytes: Uint8Array, position: number): void {
  let written = 0
  while (written < bytes.length) written += writeSync(fd, bytes, written, bytes.length - written, position + written)
}

/**
 * Puts a whole file in place: after a crash either the old or the new content is there. Not durable: the same without the
 * wait for the disk, for what means nothing after a power cut.
 */
export function replaceFile(path: string, bytes: Uint8Array | string, { durable = true }: { durable?: boolean } = {}): void {
  const temporary = temporaryFor(path)
  const fd = createFile(temporary)
  try {
    try {
      writeFully(fd, typeof bytes === 'string' ? Buffer.from(bytes) : bytes, 0)
      if (durable) fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
    renameSync(temporary, path)
  } catch (error) {
    removeFile(temporary)
    throw error
  }
  if (durable) syncFolder(dirname(path))
}

/** The same for a large file, where others are to be served while the disk is waited for. */
export async function replaceFileLater(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = temporaryFor(path)
  try {
    await syncedAndClosed(await open(temporary, 'wx', FILE_MODE), async (file) => await file.writeFile(bytes))
    await chmod(temporary, FILE_MODE)
    await rename(temporary, path)
  } catch (error) {
    removeFile(temporary)
    throw error
  }
  await syncFolderLater(dirname(path))
}

async function syncedAndClosed(file: FileHandle, write?: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await write?.(file)
    await syncFile(file)
  } finally {
    await file.close()
  }
}

/** One that `removeLeftovers` knows, should it ever be left. */
function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`)
}

/** Removes a file if it can; for leftovers, where failing harms nothing. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Already gone, or it stays as a leftover.
  }
}
