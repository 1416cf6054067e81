import type * as Fs from 'node:fs'
import type * as FsPromises from 'node:fs/promises'
import { promisify } from 'node:util'

/** How an operation goes wrong. `short`: a write writes half of its bytes and says so, which is no error. */
export type FaultKind = 'EFBIG' | 'EIO' | 'EMFILE' | 'ENOSPC' | 'EROFS' | 'EXDEV' | 'short'

/** Where the system gives this error; anything can fail with the others. */
const ONLY_AT: Partial<Record<FaultKind, readonly string[]>> = {
  short: ['write'],
  EFBIG: ['write'],
  EXDEV: ['rename', 'link'],
  EMFILE: ['open'],
}

export interface FaultPlan {
  readonly kind: FaultKind
  /** Number of the first operation that goes wrong, from 0. */
  readonly at: number
  /** How many operations in a row. Default 1. */
  readonly times?: number
  /** The first truncation after that fails as well, so that what was written cannot be taken back. */
  readonly truncates?: boolean
}

/** Operations that change the disk, counted; those that the plan names fail. */
class Faults {
  #plan: FaultPlan | undefined
  count = 0
  /** What the plan hit. */
  hit: string[] = []

  arm(plan?: FaultPlan): void {
    this.#plan = plan
    this.count = 0
    this.hit = []
  }

  /** To be asked once for each operation: the fault, if it is this one's turn. */
  next(operation: string): FaultKind | undefined {
    const plan = this.#plan
    const number = this.count++
    if (plan === undefined) return undefined
    if (plan.truncates === true && operation === 'ftruncate' && this.hit.length === 1) {
      this.hit.push(operation)
      return 'EIO'
    }
    if (number < plan.at || number >= plan.at + (plan.times ?? 1)) return undefined
    const only = ONLY_AT[plan.kind]
    if (only !== undefined && !only.includes(operation)) return undefined
    this.hit.push(operation)
    return plan.kind
  }
}

export const faults: Faults = new Faults()

function errorOf(kind: FaultKind, operation: string): Error {
  return Object.assign(new Error(`${kind}: injected, ${operation}`), { code: kind, syscall: operation })
}

/** A function that fails when it is its turn, and is itself otherwise. */
function failing<F extends (...args: never[]) => unknown>(operation: string, original: F): F {
  return ((...args: Parameters<F>) => {
    const fault = faults.next(operation)
    if (fault !== undefined && fault !== 'short') throw errorOf(fault, operation)
    return original(...args)
  }) as F
}

const SYNC = {
  fsyncSync: 'fsync',
  fdatasyncSync: 'fdatasync',
  ftruncateSync: 'ftruncate',
  renameSync: 'rename',
  unlinkSync: 'unlink',
  rmSync: 'unlink',
  mkdirSync: 'mkdir',
  chmodSync: 'chmod',
  fchmodSync: 'chmod',
  linkSync: 'link',
  copyFileSync: 'write',
} as const

type SyncName = keyof typeof SYNC

/** `node:fs` with every call that changes the disk behind `faults`. */
export function faultyFs(fs: typeof Fs): typeof Fs {
  const wrapped: Partial<Record<SyncName, unknown>> = {}
  for (const name of Object.keys(SYNC) as SyncName[]) wrapped[name] = failing(SYNC[name], fs[name] as (...args: never[]) => unknown)

  const openSync: typeof Fs.openSync = (path, flags = 'r', mode) => {
    const fault = flags === 'r' ? undefined : faults.next('open')
    if (fault !== undefined && fault !== 'short') throw errorOf(fault, 'open')
    return fs.openSync(path, flags, mode)
  }

  const writeSync = (fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number => {
    const fault = faults.next('write')
    if (fault === undefined) return fs.writeSync(fd, bytes, offset, length, position)
    const written = length === 0 ? 0 : fs.writeSync(fd, bytes, offset, Math.ceil(length / 2), position)
    if (fault !== 'short') throw errorOf(fault, 'write')
    return written
  }

  const writeOriginal = promisify(fs.write) as (
    fd: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ) => Promise<{ bytesWritten: number; buffer: Uint8Array }>
  const write = Object.assign(() => Promise.reject(new Error('only the promise form is used')), {
    [promisify.custom]: async (fd: number, bytes: Uint8Array, offset: number, length: number, position: number) => {
      const fault = faults.next('write')
      if (fault === undefined) return await writeOriginal(fd, bytes, offset, length, position)
      const written = await writeOriginal(fd, bytes, offset, Math.ceil(length / 2), position)
      if (fault !== 'short') throw errorOf(fault, 'write')
      return written
    },
  })
  const syncing = (operation: 'fsync' | 'fdatasync'): unknown => {
    const original = promisify(fs[operation])
    return Object.assign(() => undefined, {
      [promisify.custom]: async (fd: number) => {
        const fault = faults.next(operation)
        if (fault !== undefined && fault !== 'short') throw errorOf(fault, operation)
        await original(fd)
      },
    })
  }
  return Object.assign({}, fs, wrapped, {
    openSync,
    writeSync,
    write,
    fsync: syncing('fsync'),
    fdatasync: syncing('fdatasync'),
  }) as typeof Fs
}

/** Handles of Yarn's Plug'n'Play throw where they are asked to sync: the store syncs by descriptor. */
function throwLikePlugAndPlay(): never {
  throw new Error("handles of Yarn's Plug'n'Play do not sync")
}

/** `node:fs/promises` likewise. */
export function faultyPromises(promises: typeof FsPromises): typeof FsPromises {
  const rejecting = <F extends (...args: never[]) => Promise<unknown>>(operation: string, original: F): F =>
    (async (...args: Parameters<F>) => {
      const fault = faults.next(operation)
      if (fault !== undefined && fault !== 'short') throw errorOf(fault, operation)
      return await original(...args)
    }) as F
  const open: typeof FsPromises.open = async (path, flags, mode) => {
    const fault = flags === 'r' || flags === undefined ? undefined : faults.next('open')
    if (fault !== undefined && fault !== 'short') throw errorOf(fault, 'open')
    const handle = await promises.open(path, flags, mode)
    handle.writeFile = rejecting('write', handle.writeFile.bind(handle))
    handle.sync = throwLikePlugAndPlay
    handle.datasync = throwLikePlugAndPlay
    handle.chmod = rejecting('chmod', handle.chmod.bind(handle))
    return handle
  }
  return {
    ...promises,
    open,
    rename: rejecting('rename', promises.rename),
    chmod: rejecting('chmod', promises.chmod),
    unlink: rejecting('unlink', promises.unlink),
  }
}
