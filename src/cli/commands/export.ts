import { resolve } from 'node:path'
import { exportRecording } from '../../replay/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { plain, plural, type Terminal, writeLine } from '../terminal.ts'

const PENDING_SHOWN = 10

export async function exportRun(
  settings: Settings,
  terminal: Terminal,
  wanted: string,
  flags: { out: string; force?: boolean },
): Promise<number> {
  const folder = resolve(terminal.cwd, flags.out)
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const run = findRun(store, wanted)
    const pending: string[] = []
    const manifest = await exportRecording(store, run.id, folder, { force: flags.force === true, onPending: (step) => pending.push(step) })
    if (settings.json) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.export/1', folder, recording: manifest }))
    else writeLine(terminal.stdout, folder)
    if (!settings.quiet) {
      const bytes = manifest.blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, manifest.steps.sizeBytes)
      writeLine(
        terminal.stderr,
        `exported ${plural(manifest.steps.count, 'step')}, ${plural(manifest.blobs.length, 'payload')}, ${bytes} bytes`,
      )
      for (const step of pending.slice(0, PENDING_SHOWN)) writeLine(terminal.stderr, `pending: ${plain(step)} had not ended`)
      if (pending.length > PENDING_SHOWN) writeLine(terminal.stderr, `pending: ${pending.length - PENDING_SHOWN} more`)
      if (pending.length > 0)
        writeLine(terminal.stderr, 'what these steps give is not in the recording: once they have ended, export again with --force')
      writeLine(terminal.stderr, `next: reprise replay ${flags.out} --module FILE --export NAME`)
    }
    return EXIT.ok
  } finally {
    await store.close()
  }
}
