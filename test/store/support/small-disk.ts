import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
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

/** Takes what a file system has left, to its last block. Returns the file that does. */
export function fillUp(disk: string): string {
  const ballast = join(disk, 'ballast')
  const fd = openSync(ballast, 'a', 0o600)
  try {
    for (const bytes of [1024 * 1024, 4096]) {
      try {
        for (;;) writeSync(fd, Buffer.alloc(bytes, 1))
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error
      }
    }
  } finally {
    closeSync(fd)
  }
  return ballast
}

export function remount(disk: string, options: string): void {
  execFileSync('mount', ['-o', `remount,${options}`, disk], { stdio: 'ignore' })
}
