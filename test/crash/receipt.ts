import { execFileSync } from 'node:child_process'

/** What a loop of crashes came to; a stranger repeats it with the seed and the commit. */
export interface CrashReceipt {
  readonly schema: 'reprise.crash-receipt/1'
  readonly loop: 'kill' | 'power'
  readonly seed: number
  readonly commit: string
  readonly node: string
  readonly cycles: number
  /** Spans that were sent, those sent again not counted again. */
  readonly sent: number
  readonly acknowledged: number
  /** Different spans that the store has in the end. */
  readonly stored: number
  /** Acknowledged, and not stored. */
  readonly lost: number
  /** In the store more than once although they were sent once, or shown more than once. */
  readonly doubled: number
  /** Sent again after a crash had taken the answer. */
  readonly sentAgain: number
  /** Tails that were cut when the store was opened after a crash. */
  readonly tailsCut: number
  readonly problems: number
  readonly seconds: number
}

export function commitOf(folder: string): string {
  try {
    const git = (...args: string[]): string =>
      execFileSync('git', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return `${git('rev-parse', '--short=12', 'HEAD')}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`
  } catch {
    return 'unknown'
  }
}
