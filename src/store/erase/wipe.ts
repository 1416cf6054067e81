import { closeSync, fstatSync, fsyncSync, openSync } from 'node:fs'
import { systemCodeOf, writeFully } from '../files/durable.ts'

const CHUNK: Buffer = Buffer.alloc(1024 * 1024)

/**
 * Opens a file that is about to be replaced or removed; the returned function, called after that, overwrites its old bytes, so
 * that they do not stay in free space. Bytes that another name still leads to, as in a backup by hard links, stay: then it
 * returns false. What a disk or a file system keeps of overwritten blocks is beyond reach.
 */
export function wipeLater(path: string): () => boolean {
  let fd: number
  try {
    fd = openSync(path, 'r+')
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return () => true
    throw error
  }
  return () => {
    try {
      const { nlink, size } = fstatSync(fd)
      if (nlink > 0) return false
      for (let at = 0; at < size; at += CHUNK.length) writeFully(fd, CHUNK.subarray(0, Math.min(CHUNK.length, size - at)), at)
      fsyncSync(fd)
      return true
    } finally {
      closeSync(fd)
    }
  }
}
