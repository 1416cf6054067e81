import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

let parent: string | undefined

/** A new folder, removed with all others of this process when it ends. */
export async function temporaryFolder(): Promise<string> {
  if (parent === undefined) {
    const made = (parent = mkdtempSync(join(tmpdir(), 'reprise-replay-')))
    process.once('exit', () => rmSync(made, { recursive: true, force: true }))
  }
  return await mkdtemp(join(parent, 'test-'))
}
