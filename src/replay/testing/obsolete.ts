import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { MANIFEST_FILE } from '../recording/recording-text.ts'
import { RECORDINGS_FOLDER } from './recording-place.ts'

/** The tests of one file, as far as their recordings go. */
export interface TestedFile {
  readonly path: string
  /** Every test of the file, run or not. */
  readonly tests: readonly {
    readonly place: string
    /** How many calls of `recorded` it made; undefined where that is not known, since it did not run to its end. */
    readonly calls: number | undefined
  }[]
}

/**
 * Folders of recordings that no test has any more, sorted: of tests that are not in their file now, of calls that a test does not make
 * now, and of files that are gone from beside these.
 */
export function findObsolete(files: readonly TestedFile[]): string[] {
  const found = new Set<string>()
  for (const { path, tests } of files) {
    const places = new Map(tests.map(({ place, calls }) => [place, calls]))
    const home = dirname(path)
    for (const file of foldersIn(join(home, RECORDINGS_FOLDER))) {
      const isThis = join(home, RECORDINGS_FOLDER, file) === join(home, RECORDINGS_FOLDER, path.slice(home.length + 1))
      if (!isThis && existsSync(join(home, file))) continue
      for (const test of foldersIn(join(home, RECORDINGS_FOLDER, file))) {
        const place = join(home, RECORDINGS_FOLDER, file, test)
        const calls = places.get(place)
        const isKnown = isThis && places.has(place)
        for (const call of foldersIn(place)) {
          if (!existsSync(join(place, call, MANIFEST_FILE))) continue
          if (!isKnown || (calls !== undefined && Number(call) > calls)) found.add(join(place, call))
        }
      }
    }
  }
  return [...found].sort()
}

/** Removes recordings, and the folders above them that are empty then, up to that of all recordings. */
export function removeRecordings(folders: readonly string[]): void {
  for (const folder of folders) {
    rmSync(folder, { recursive: true, force: true })
    let above = dirname(folder)
    for (let level = 0; level < 3; level++, above = dirname(above)) {
      try {
        rmdirSync(above)
      } catch {
        // Something else is there.
        break
      }
    }
  }
}

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  } catch {
    return []
  }
}
