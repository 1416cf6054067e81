import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, plural, type Terminal, writeLine } from '../terminal.ts'

/** Throws the index away and builds it again from the tape. Needs the store to itself. */
export async function reindex(settings: Settings, terminal: Terminal): Promise<number> {
  const store = await openStore(settings.storeFolder, { mode: 'write', create: false })
  try {
    const started = performance.now()
    const showProgress = !settings.quiet && !settings.json
    const done = await store.reindex((progress) => {
      if (showProgress)
        writeLine(terminal.stderr, `reindexing: group ${progress.group} of ${progress.groups}, ${plural(progress.records, 'record')}`)
    })
    const millis = performance.now() - started
    if (settings.json) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.reindex/1', ...done }))
    else
      writeLine(
        terminal.stdout,
        `${plural(done.records, 'record')} in ${plural(done.groups, 'group')} indexed in ${formatDuration(millis)}`,
      )
    return EXIT.ok
  } finally {
    await store.close()
  }
}
