import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let parent = process.env['TESTS_TEMPORARY_FOLDER']

/** A new folder, removed when the tests end; in a program that no test started, when the process does. */
export async function temporaryFolder(): Promise<string> {
  if (parent === undefined) {
    const made = (parent = mkdtempSync(join(tmpdir(), 'reprise-replay-')))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return await mkdtemp(join(parent, 'test-'))
}
