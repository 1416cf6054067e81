import { resolve } from 'node:path'
import { backupStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { shellWord } from '../shell-word.ts'
import { paint, plural, type Terminal, writeLine } from '../terminal.ts'

const PROGRESS_MILLIS = 1_000

/** Backs up the store to a new folder, also while a collector writes; to restore, open the folder. */
export async function backup(settings: Settings, terminal: Terminal, folder: string, flags: { links?: boolean }): Promise<number> {
  let last = performance.now()
  const quiet = settings.quiet || settings.json
  const made = await backupStore(settings.storeFolder, resolve(terminal.cwd, folder), {
    copies: flags.links === false,
    onLeftover: (left) => {
      if (!quiet) writeLine(terminal.stderr, `removed ${left}, which a backup that was killed had left`)
    },
    onProgress: (done, total) => {
      const now = performance.now()
      if (quiet || now - last < PROGRESS_MILLIS) return
      last = now
      writeLine(terminal.stderr, `backing up: file ${done} of ${total}`)
    },
  })
  const { head, records, copied, linked, check } = made
  if (settings.json) writeLine(terminal.stdout, JSON.stringify(made))
  else {
    const state =
      check.problemCount === 0
        ? paint(terminal.colorOut, 'green', 'verified')
        : paint(terminal.colorOut, 'red', plural(check.problemCount, 'problem'))
    writeLine(terminal.stdout, `${made.folder}: ${plural(records, 'record')} up to group ${head.group}, ${head.digest}; ${state}`)
    writeLine(
      terminal.stdout,
      `${plural(copied.files, 'file')} copied (${copied.bytes} bytes), ${plural(linked.files, 'file')} linked (${linked.bytes} bytes)`,
    )
    if (check.problemCount > 0) writeLine(terminal.stderr, `what is wrong: reprise verify --store ${shellWord(made.folder)}`)
  }
  return check.problemCount === 0 ? EXIT.ok : EXIT.integrity
}
