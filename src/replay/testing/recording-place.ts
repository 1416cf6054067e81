import { basename, dirname, join } from 'node:path'
import { sha256Hex } from '../../schemas/index.ts'

export const RECORDINGS_FOLDER = '__recordings__'
const MAX_LENGTH = 60

/**
 * Where the recordings of one test stand: beside its file, under a name that can be read and that no other test has.
 *
 * @param ordinal which one it is of the tests of its file that have these names
 */
export function recordingPlace(testFile: string, testNames: readonly string[], ordinal = 1): string {
  const readable = testNames
    .join(' ')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, MAX_LENGTH)
  const digest = sha256Hex(JSON.stringify(ordinal === 1 ? testNames : [...testNames, ordinal])).slice(0, 8)
  return join(dirname(testFile), RECORDINGS_FOLDER, basename(testFile), readable === '' ? digest : `${readable}-${digest}`)
}
