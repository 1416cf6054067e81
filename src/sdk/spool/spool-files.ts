import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { RepriseError } from '../../schemas/index.ts'

const FILE_MODE = 0o600
const GROUP_AND_OTHERS = 0o077
const WRITABLE_BY_OTHERS = 0o022
// Not on Windows.
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_WAIT = constants.O_NONBLOCK ?? 0
const KEY_BYTES = 32

/** Under some test runners (Jest) errors of Node's own are of another realm, and no `Error` here. */
export function systemCodeOf(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Node's permission model denies some calls on any file, whatever may be written: what they would do is done without. */
function unlessDenied(call: () => void): void {
  try {
    call()
  } catch (error) {
    if (systemCodeOf(error) !== 'ERR_ACCESS_DENIED') throw error
  }
}

/** A new file, 0600 whatever the umask, whole and on the disk when this returns; nothing of it stays when it throws. */
export function writeNewFile(path: string, pieces: readonly Uint8Array[]): void {
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | NO_FOLLOW, FILE_MODE)
  try {
    try {
      unlessDenied(() => fchmodSync(fd, FILE_MODE))
      for (const piece of pieces) for (let at = 0; at < piece.length; ) at += writeSync(fd, piece, at)
      unlessDenied(() => fsyncSync(fd))
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    removeFile(path)
    throw error
  }
}

/** Puts a file in place unless there is one: of several processes that try, the first one's stays. */
export function addFileOnce(path: string, bytes: Uint8Array): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}`)
  writeNewFile(temporary, [bytes])
  try {
    linkSync(temporary, path)
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return
    // A file system without hard links.
    renameSync(temporary, path)
  } finally {
    removeFile(temporary)
  }
}

/** @throws RepriseError where it is no file, not this user's, or one that others can write */
export function readOwnFile(path: string, maxBytes: number, forbiddenMode: number = WRITABLE_BY_OTHERS): Uint8Array {
  const fd = openSync(path, constants.O_RDONLY | NO_FOLLOW | NO_WAIT)
  try {
    const { uid, mode, size, isFile } = statOf(fd)
    const own = process.getuid?.()
    if (!isFile || (own !== undefined && (uid !== own || (mode & forbiddenMode) !== 0)))
      throw new RepriseError('invalid_argument', `${path}: expected a file that nobody but this user has access to`)
    if (size > maxBytes) throw new RepriseError('limit_exceeded', `${path}: larger than ${maxBytes} bytes`)
    return readFileSync(fd)
  } finally {
    closeSync(fd)
  }
}

function statOf(fd: number): { uid: number; mode: number; size: number; isFile: boolean } {
  const stat = fstatSync(fd)
  return { uid: stat.uid, mode: stat.mode, size: stat.size, isFile: stat.isFile() }
}

/** A redaction key that nobody else can read. */
export function readKeyFile(path: string): Uint8Array {
  const key = readOwnFile(path, KEY_BYTES, GROUP_AND_OTHERS)
  if (key.length !== KEY_BYTES) throw new RepriseError('integrity', `${path}: expected ${KEY_BYTES} bytes, found ${key.length}`)
  return key
}

export function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r')
  try {
    unlessDenied(() => fsyncSync(fd))
  } finally {
    closeSync(fd)
  }
}

/** Removes a file if it is there. */
export function removeFile(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // Gone already, or it stays: the bounds of the spool take it in the end.
  }
}
