import { existsSync, readdirSync, statfsSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { RepriseError } from '../schemas/index.ts'
import { readFormat, refuseFile, STORE_FORMAT } from './files/format-file.ts'
import { layoutOf } from './files/layout.ts'
import { tryWriterLock } from './files/writer-lock.ts'

/** What can be said of a store's folder without reading its records. */
export interface StoreInspection {
  /** Undefined where there is no store. */
  readonly format: number | undefined
  readonly newestFormat: number
  /** Who writes, in words, and where it can be asked if it is a collector; undefined when nobody does. */
  readonly writer: { readonly pid?: number; readonly host?: string; readonly startedBy: string; readonly url?: string } | undefined
  /** Whether its lock could be tried: where it could not, a writer may be at work, and `writer` only says that much. */
  readonly isLockTried: boolean
  /** Files and folders that others than their owner may read or write, relative to the store; bounded. */
  readonly tooOpen: readonly string[]
  /** Bytes of the file system that this user can still write; undefined where that cannot be told. */
  readonly freeBytes: number | undefined
  /** What the file system is called where its files may be on another machine; undefined where they are not, or it cannot be told. */
  readonly network: string | undefined
  /** What crashes left, put aside when the store was opened. */
  readonly cutFiles: number
  /** Of the index's write-ahead log: it grows for as long as somebody reads one and the same state of the index. */
  readonly indexLogBytes: number
}

const TOO_OPEN_MAX = 20
const OTHERS = 0o077

/**
 * Looks at a store's folder. Whether a writer is at work is found by trying its lock for a moment.
 * @throws RepriseError `store_version`, `integrity`, `invalid_argument` for a file
 */
export function inspectStore(dir: string): StoreInspection {
  const layout = layoutOf(resolve(dir))
  refuseFile(layout)
  const format = readFormat(layout)
  return {
    format,
    newestFormat: STORE_FORMAT,
    ...(format === undefined ? { writer: undefined, isLockTried: true } : lockOf(layout)),
    tooOpen: format === undefined ? [] : tooOpenUnder(layout.dir),
    freeBytes: freeBytesAt(layout.dir),
    network: networkAt(layout.dir),
    cutFiles: existsSync(layout.cut) ? readdirSync(layout.cut).length : 0,
    indexLogBytes: statSync(`${layout.index}-wal`, { throwIfNoEntry: false })?.size ?? 0,
  }
}

function lockOf(layout: ReturnType<typeof layoutOf>): Pick<StoreInspection, 'writer' | 'isLockTried'> {
  const known = (writer: StoreInspection['writer']): Pick<StoreInspection, 'writer' | 'isLockTried'> => ({ writer, isLockTried: true })
  // A look must not leave a lock file behind.
  if (!existsSync(layout.lockFile)) return known(undefined)
  try {
    const lock = tryWriterLock(layout, 'looking who writes', 'index')
    if (!('heldBy' in lock)) {
      lock.release()
      return known(undefined)
    }
    if (lock.heldBy === undefined) return known({ startedBy: 'an unknown process' })
    const { pid, host, startedBy, url } = lock.heldBy
    return known({ pid, host, startedBy, ...(url !== undefined && { url }) })
  } catch (error) {
    if (RepriseError.isInstance(error)) throw error
    return { writer: { startedBy: 'an unknown process' }, isLockTried: false }
  }
}

function tooOpenUnder(dir: string): string[] {
  // Windows has other means.
  if (process.platform === 'win32') return []
  const found: string[] = []
  const look = (path: string): void => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0
    if ((mode & OTHERS) !== 0 && found.length < TOO_OPEN_MAX) found.push(`${relative(dir, path) || '.'} (${(mode & 0o777).toString(8)})`)
  }
  look(dir)
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    look(path)
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) continue
    for (const inner of readdirSync(path)) look(join(path, inner))
  }
  return found
}

function statfsAt(dir: string): ReturnType<typeof statfsSync> | undefined {
  let folder = dir
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder)
  try {
    return statfsSync(folder)
  } catch {
    return undefined
  }
}

function freeBytesAt(dir: string): number | undefined {
  const found = statfsAt(dir)
  return found === undefined ? undefined : Number(found.bavail) * Number(found.bsize)
}

// From linux/magic.h and the sources of the file systems; other systems number theirs otherwise.
const NETWORK: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0x01021997, '9P'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
])

/** The name of a kind of file system of Linux whose files are on another machine. */
export function networkNameOf(type: number): string | undefined {
  // Some versions give it with its sign.
  return NETWORK.get(type >>> 0)
}

function networkAt(dir: string): string | undefined {
  const found = process.platform === 'linux' ? statfsAt(dir) : undefined
  return found === undefined ? undefined : networkNameOf(Number(found.type))
}
