import { existsSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { makeFolder, removeFile } from './durable.ts'
import { writeFormat } from './format-file.ts'
import { ensureKey } from './key-file.ts'
import type { Layout } from './layout.ts'

/** Makes what a store needs to be one, its format last. Where that fails nothing that was made stays. The caller holds the writer's lock. */
export function createStore(layout: Layout): void {
  const folders = foldersOf(layout)
  const hasKey = existsSync(layout.redactionKey)
  try {
    for (const folder of folders) makeFolder(folder)
    ensureKey(layout)
    writeFormat(layout)
  } catch (error) {
    removeFile(layout.format)
    if (!hasKey) removeFile(layout.redactionKey)
    removeEmptyFolders([layout.keys, ...folders.toReversed()])
    throw error
  }
}

/** Those that a store cannot be written without. */
export function foldersOf(layout: Layout): string[] {
  return [layout.segments, layout.blobs, layout.packs, layout.temporary, layout.views]
}

/** Folders that are not there, up from this one; the deepest first. */
export function missingFolders(folder: string): string[] {
  return existsSync(folder) || dirname(folder) === folder ? [] : [folder, ...missingFolders(dirname(folder))]
}

/** Removes those that are there and hold nothing. */
export function removeEmptyFolders(folders: readonly string[]): void {
  for (const folder of folders) {
    try {
      rmdirSync(folder)
    } catch {
      // Not there, or not ours alone.
    }
  }
}
