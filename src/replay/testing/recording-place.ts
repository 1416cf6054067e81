import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { sha256Hex } from '../../schemas/index.ts'

export const RECORDINGS_FOLDER = '__recordings__'
const MAX_LENGTH = 60

/**
 * Where the recordings of one test stand: beside its file, under a name that can be read and that no other test has.
 *
 * @param ordinal which one it is of the tests of its file that have these names
 * @param folder of the recordings of the file
 */
export function recordingPlace(testFile: string, testNames: readonly string[], ordinal = 1, folder: string = basename(testFile)): string {
  const readable = testNames
    .join(' ')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, MAX_LENGTH)
  const digest = sha256Hex(JSON.stringify(ordinal === 1 ? testNames : [...testNames, ordinal])).slice(0, 8)
  return join(dirname(testFile), RECORDINGS_FOLDER, folder, readable === '' ? digest : `${readable}-${digest}`)
}

/**
 * The folder of a file's recordings for runners without fixtures: `node --test`, which is told no files, takes folders whose names end as
 * those of tests do for tests. One that is there with the plain name, as it was at first, is gone on with.
 */
export function plainFolder(testFile: string): string {
  const name = basename(testFile)
  return existsSync(join(dirname(testFile), RECORDINGS_FOLDER, name)) ? name : `${name}.recorded`
}
