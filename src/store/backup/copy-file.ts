import { closeSync, fsyncSync, linkSync, openSync } from 'node:fs'
import { createFile, systemCodeOf, writeFully } from '../files/durable.ts'
import { readUpTo } from '../frames/file-window.ts'

const CHUNK_BYTES = 1024 * 1024

/** Copies a file, or its first bytes, durably but for its name. Returns how many bytes it copied. */
export function copyFile(from: string, to: string, lengthBytes: number = Number.POSITIVE_INFINITY): number {
  const source = openSync(from, 'r')
  try {
    const target = createFile(to)
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      let at = 0
      while (at < lengthBytes) {
        const count = readUpTo(source, chunk.subarray(0, Math.min(CHUNK_BYTES, lengthBytes - at)), at)
        if (count === 0) break
        writeFully(target, chunk.subarray(0, count), at)
        at += count
      }
      fsyncSync(target)
      return at
    } finally {
      closeSync(target)
    }
  } finally {
    closeSync(source)
  }
}

/** Gives a file that never changes a second name; false where that cannot be, as on another file system. */
export function linkFile(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if (['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCodeOf(error) ?? '')) return false
    throw error
  }
}
