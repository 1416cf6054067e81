import { closeSync, fdatasyncSync, fsyncSync, ftruncateSync, openSync, statfsSync, statSync } from 'node:fs'
import { parseJson } from '../../schemas/index.ts'
import { createFile, removeFile, syncFolder, systemCodeOf, writeFully } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { readExactly } from '../frames/file-window.ts'

const RESERVE_BYTES = 1024 * 1024
const NOTE_BYTES = 512
/** Who holds the lock, told anew. */
const LOCK_TEXT_BYTES = 8 * 1024
/** What opening a store takes on a disk without any room: the side file of the index (32 KiB), and who holds the lock. */
const OPENING_BYTES = 48 * 1024
/** The same with an index that has fallen behind, as a crash leaves it, and takes in what is missing. */
const CATCHING_UP_BYTES = 512 * 1024

/** What a full disk has refused and no gap record tells yet. */
export interface RefusedNote {
  readonly reason: string
  readonly count: number
}

/**
 * A file of space that is given back when the disk is full and the last word has to be written. Until then its beginning is a
 * notebook: its blocks are there, so that it can be written in place when nothing else can.
 */
export class ReserveFile {
  readonly #layout: Layout

  constructor(layout: Layout) {
    this.#layout = layout
  }

  /** Makes the file, or fills it up, as far as there is room for that and for what it leaves. */
  ensure(leftBytes: number = LOCK_TEXT_BYTES): void {
    const { reserve, dir } = this.#layout
    try {
      const size = statSync(reserve, { throwIfNoEntry: false })?.size
      const missing = Math.min(RESERVE_BYTES - (size ?? 0), this.#freeBytes() - leftBytes)
      if (missing <= 0) return
      const fd = size === undefined ? createFile(reserve) : openSync(reserve, 'r+')
      try {
        // Zeros are not the same as nothing: the blocks have to be taken. What stands in the notebook stays.
        writeFully(fd, Buffer.alloc(missing), size ?? 0)
        fdatasyncSync(fd)
      } catch (error) {
        if (size === undefined) removeFile(reserve)
        throw error
      } finally {
        closeSync(fd)
      }
      syncFolder(dir)
    } catch {
      // Without it, what was refused is told as soon as there is room.
    }
  }

  /**
   * Where the disk has not what opening the store takes, gives it back; what was not needed is taken again by `ensure`. Returns
   * whether the disk had so little.
   */
  lend(): boolean {
    const free = this.#freeBytes()
    if (free >= OPENING_BYTES) return false
    const size = statSync(this.#layout.reserve, { throwIfNoEntry: false })?.size ?? 0
    if (size > NOTE_BYTES) this.#cutTo(Math.max(NOTE_BYTES, size - (CATCHING_UP_BYTES - free)))
    return true
  }

  #freeBytes(): number {
    try {
      const { bavail, bsize } = statfsSync(this.#layout.dir)
      return bavail * bsize
    } catch {
      return Number.POSITIVE_INFINITY
    }
  }

  read(): RefusedNote | undefined {
    try {
      const fd = openSync(this.#layout.reserve, 'r')
      try {
        const text = readExactly(fd, 0, NOTE_BYTES)?.toString('utf8').split('\n', 1)[0] ?? ''
        const value: unknown = text.startsWith('{') ? parseJson(text) : undefined
        if (typeof value !== 'object' || value === null || !('reason' in value) || !('count' in value)) return undefined
        const { reason, count } = value
        return typeof reason === 'string' && typeof count === 'number' && Number.isSafeInteger(count) && count > 0
          ? { reason, count }
          : undefined
      } finally {
        closeSync(fd)
      }
    } catch {
      return undefined
    }
  }

  /** Writes in place; undefined clears. False where it could not. */
  write(note: RefusedNote | undefined): boolean {
    const bytes = Buffer.alloc(NOTE_BYTES)
    if (note !== undefined) bytes.write(`${JSON.stringify({ count: note.count, reason: note.reason })}\n`)
    try {
      const fd = openSync(this.#layout.reserve, 'r+')
      try {
        writeFully(fd, bytes, 0)
        fdatasyncSync(fd)
        return true
      } finally {
        closeSync(fd)
      }
    } catch (error) {
      return note === undefined && systemCodeOf(error) === 'ENOENT'
    }
  }

  /** Gives its space back, all but the notebook. */
  release(): void {
    this.#cutTo(NOTE_BYTES)
  }

  #cutTo(bytes: number): void {
    try {
      const fd = openSync(this.#layout.reserve, 'r+')
      try {
        ftruncateSync(fd, bytes)
        // Some file systems have the blocks only then.
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
    } catch {
      // There is none.
    }
  }
}
