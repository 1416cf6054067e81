import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

export const SKIPPED = 'SKIPPED: no right to mount a small file system here'

/** A file system of its own, with the options of tmpfs, that is gone when the test is over; undefined where this process may not make one. */
export function smallDisk(options: string): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'reprise-disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true, force: true })
    return undefined
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true, force: true })
  })
  return folder
}
