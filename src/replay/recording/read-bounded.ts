import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { RepriseError } from '../../schemas/index.ts'

const SLAB_BYTES = 1024 * 1024
/** A recording is mostly small files; a buffer of its own for each costs more than reading it. */
const SLAB_FILE_MAX_BYTES = SLAB_BYTES / 16

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/**
 * Reads a small file of exactly that size with as few calls to the system as can be. Undefined where anything is otherwise, which
 * `readBounded` says in words. What else than a regular file gives those bytes shows by its digest, or does no harm.
 */
export function readExactly(home: string, file: string, sizeBytes: number): Buffer | undefined {
  if (sizeBytes >= SLAB_FILE_MAX_BYTES) return undefined
  let descriptor: number
  try {
    descriptor = openSync(`${home}/${file}`, FLAGS)
  } catch {
    return undefined
  }
  try {
    // One byte more is asked for: a file that is longer shows.
    if (used + sizeBytes + 1 > slab.length) openSlab()
    if (readSync(descriptor, slab, used, sizeBytes + 1, null) !== sizeBytes) return undefined
    used += sizeBytes
    return slab.subarray(used - sizeBytes, used)
  } catch {
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

/** Reads a regular file of at most `maxBytes`; `undefined` when there is none. Longer than that is a changed file. */
export function readBounded(home: string, file: string, maxBytes: number): Buffer | undefined {
  let descriptor: number
  try {
    descriptor = openSync(join(home, file), FLAGS)
  } catch (error) {
    const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'ELOOP') throw new RepriseError('invalid_recording', `${file}: expected a regular file, found a link`)
    throw error
  }
  try {
    const status = fstatSync(descriptor)
    if (!status.isFile()) throw new RepriseError('invalid_recording', `${file}: expected a regular file`)
    if (status.size > maxBytes)
      throw new RepriseError('integrity', `${file} was changed: ${status.size} bytes, expected at most ${maxBytes}`, { details: { file } })
    return readWhole(descriptor, status.size, file)
  } finally {
    closeSync(descriptor)
  }
}

/** Exactly `sizeBytes`: what shrinks while it is read is not what was written. What grows shows by its digest, or does not matter. */
function readWhole(descriptor: number, sizeBytes: number, file: string): Buffer {
  const buffer = allocate(sizeBytes)
  let filled = 0
  for (let read = -1; read !== 0 && filled < buffer.length; filled += read)
    read = readSync(descriptor, buffer, filled, buffer.length - filled, null)
  if (filled !== sizeBytes) throw new RepriseError('integrity', `${file} changed while it was read`, { details: { file } })
  return buffer
}

let slab: Buffer = Buffer.alloc(0)
let used = 0

function allocate(sizeBytes: number): Buffer {
  if (sizeBytes > SLAB_FILE_MAX_BYTES) return Buffer.allocUnsafeSlow(sizeBytes)
  if (used + sizeBytes > slab.length) openSlab()
  used += sizeBytes
  return slab.subarray(used - sizeBytes, used)
}

function openSlab(): void {
  slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
  used = 0
}
