import { closeSync, existsSync, fsyncSync, ftruncateSync, openSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { createFile, makeFolder, syncFolder, writeFully } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { readUpTo } from '../frames/file-window.ts'
import type { CutTail } from '../types.ts'

const CHUNK_BYTES = 1024 * 1024

/** Cuts a file at a position, after its tail has been put aside durably. Nothing is lost by a cut that was wrong. */
export function cutTail(layout: Layout, path: string, at: number, fileBytes: number): CutTail {
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
    } finally {
      closeSync(target)
    }
    syncFolder(layout.cut)
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
