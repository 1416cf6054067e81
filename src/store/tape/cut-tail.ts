import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync, unlinkSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { isNoRoom } from '../files/disk-error.ts'
import { createFile, makeFolder, removeFile, syncFolder, writeFully } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { readUpTo } from '../frames/file-window.ts'
import type { CutTail } from '../types.ts'

const CHUNK_BYTES = 1024 * 1024

interface Tail {
  readonly path: string
  readonly at: number
  readonly fileBytes: number
  /** Nothing of the file counts, and it goes. */
  readonly whole?: boolean
  readonly onCut?: () => void
}

/**
 * Tails that were never acknowledged. They are put aside and cut at once, or, where the disk has no room for them, before anything
 * is written: until then nobody may look beyond where they begin.
 */
export class TailCuts {
  /** What was cut so far. */
  readonly done: CutTail[] = []
  readonly #layout: Layout
  readonly #waiting: Tail[] = []

  constructor(layout: Layout) {
    this.#layout = layout
  }

  add(tail: Tail): void {
    this.#waiting.push(tail)
    try {
      this.finish()
    } catch (error) {
      if (!isNoRoom(error)) throw error
    }
  }

  /** To be called before anything is written. Throws what the disk says. */
  finish(): void {
    for (let tail = this.#waiting[0]; tail !== undefined; tail = this.#waiting[0]) {
      const { path, at, fileBytes, whole, onCut } = tail
      if (at < fileBytes) this.done.push(cutTail(this.#layout, path, at, fileBytes))
      if (whole === true) unlinkSync(path)
      this.#waiting.shift()
      onCut?.()
    }
  }
}

/** Cuts a file at a position, after its tail has been put aside durably. Nothing is lost by a cut that was wrong. */
function cutTail(layout: Layout, path: string, at: number, fileBytes: number): CutTail {
  makeFolder(layout.cut)
  const kept = freeName(layout, path, at)
  const source = openSync(path, 'r+')
  try {
    const target = createFile(kept)
    try {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
      for (let position = at; position < fileBytes; ) {
        const count = readUpTo(source, chunk.subarray(0, Math.min(CHUNK_BYTES, fileBytes - position)), position)
        if (count === 0) break
        writeFully(target, chunk.subarray(0, count), position - at)
        position += count
      }
      fsyncSync(target)
      syncFolder(layout.cut)
    } catch (error) {
      // It stands where it stood.
      removeFile(kept)
      throw error
    } finally {
      closeSync(target)
    }
    ftruncateSync(source, at)
    fsyncSync(source)
  } finally {
    closeSync(source)
  }
  return { file: relative(layout.dir, path), atBytes: at, cutBytes: fileBytes - at, keptAs: relative(layout.dir, kept) }
}

function freeName(layout: Layout, path: string, at: number): string {
  const folder = basename(join(path, '..'))
  const base = join(layout.cut, `${folder}-${basename(path, '.zst')}-${at}`)
  for (let count = 0; ; count++) {
    const name = count === 0 ? base : `${base}-${count}`
    if (!existsSync(name)) return name
  }
}
