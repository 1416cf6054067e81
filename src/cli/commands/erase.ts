import { join } from 'node:path'
import { isDigest, RepriseError, STORE_PLACES } from '../../schemas/index.ts'
import { askForErasure, type EraseSelection, type ErasurePreview, type ErasureReceipt, inspectStore, openStore } from '../../store/index.ts'
import { discardQuarantined, listQuarantine } from '../../store/quarantine/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { paint, plural, type Terminal, writeLine } from '../terminal.ts'
import { startFromSettings } from './up.ts'

const RUN_ID = /^[0-9a-f]{32}$/

/** Erases payloads for good. Killed at any moment it is carried on by the next writer, or by the same command again. */
export async function erase(
  settings: Settings,
  terminal: Terminal,
  wanted: readonly string[],
  { everywhere, dryRun }: { everywhere?: boolean; dryRun?: boolean },
): Promise<number> {
  const selection: EraseSelection = { ...selectionOf(wanted), ...(everywhere === true && { everywhere }) }
  const { storeFolder } = settings
  const reader = await openStore(storeFolder, { mode: 'read' })
  let preview: ErasurePreview
  try {
    preview = await reader.previewErasure(selection)
    // A run of which something is in the spool alone is not known yet.
    if (selection.runId !== undefined && preview.spoolFiles === 0) findRun(reader, selection.runId)
  } finally {
    await reader.close()
  }
  if (dryRun === true) {
    tell(settings, terminal, 'would erase', { ...preview, quarantined: quarantinedOf(settings, selection).length })
    return EXIT.ok
  }
  const told = (receipt: ErasureReceipt): void => {
    const quarantined = discardQuarantined(join(storeFolder, STORE_PLACES.quarantine), quarantinedOf(settings, selection))
    tell(settings, terminal, 'erased', { ...receipt, quarantined })
  }
  // A collector says where it is served.
  if (inspectStore(storeFolder).writer?.url !== undefined) {
    const receipt = await askForErasure(storeFolder, selection)
    if (receipt !== undefined) {
      told(receipt)
      return EXIT.ok
    }
  }
  if (preview.spoolFiles > 0) await takeSpool(settings, terminal)
  const store = await openStore(storeFolder, { mode: 'write', create: false, startedBy: 'reprise erase' })
  try {
    if (selection.runId !== undefined) {
      await store.index.catchUp()
      findRun(store, selection.runId)
    }
    told(await store.erase(selection))
  } finally {
    await store.close()
  }
  return EXIT.ok
}

/** Whole ids and digests alone: what cannot be taken back is not guessed from a beginning. */
function selectionOf(wanted: readonly string[]): EraseSelection {
  const digests = wanted.filter(isDigest)
  const [runId, ...others] = wanted.filter((each) => !isDigest(each))
  if (others.length > 0) throw new RepriseError('usage', 'erase: expected one run at most, and digests')
  if (runId !== undefined && !RUN_ID.test(runId))
    throw new RepriseError(
      'usage',
      `erase: '${runId}' is neither the whole id of a run (32 hex digits) nor a digest (sha256: and 64 hex digits)`,
    )
  return { ...(runId !== undefined && { runId }), ...(digests.length > 0 && { digests }) }
}

/** What programs left in the spool is of no digest and no run before it is in the store. None of it is sent on. */
async function takeSpool(settings: Settings, terminal: Terminal): Promise<void> {
  const collector = await startFromSettings({ ...settings, quiet: true, values: { ...settings.values, forward: [] } }, terminal, 0)
  try {
    if (!(await collector.takeSpool()) && !settings.quiet)
      writeLine(terminal.stderr, 'some files in the spool were not taken in: programs still write them, or they could not be read')
  } finally {
    await collector.close()
  }
}

/** Content of a whole run that could not be cleaned, and was sealed instead of being stored. */
function quarantinedOf({ storeFolder }: Settings, { runId, digests }: EraseSelection): string[] {
  if (runId === undefined || digests !== undefined) return []
  const { items } = listQuarantine(join(storeFolder, STORE_PLACES.quarantine))
  return items.filter((item) => item.runId === runId).map(({ id }) => id)
}

type Told = (ErasurePreview | ErasureReceipt) & { readonly quarantined: number }

function tell(settings: Settings, terminal: Terminal, did: string, found: Told): void {
  if (settings.json) {
    writeLine(terminal.stdout, JSON.stringify(found))
    return
  }
  const { references, records, payloads, keptPayloads, quarantined, spoolFiles, head } = found
  const linked = 'linkedCopies' in found ? found.linkedCopies : 0
  writeLine(
    terminal.stdout,
    `${paint(terminal.colorOut, 'bold', did)}: ${plural(payloads, 'payload')}, ${plural(references, 'reference')} in ${plural(records, 'record')}`,
  )
  if (quarantined > 0) writeLine(terminal.stdout, `${plural(quarantined, 'item')} of the quarantine`)
  if (keptPayloads > 0) writeLine(terminal.stdout, `${plural(keptPayloads, 'payload')} stay: other records refer to them (--everywhere)`)
  writeLine(terminal.stdout, `head: group ${head.group}, ${head.digest}`)
  if (settings.quiet) return
  const say = (line: string): void => writeLine(terminal.stderr, line)
  if (spoolFiles > 0) say(`not searched: ${plural(spoolFiles, 'file')} in the spool, whose steps are not in the store`)
  if (linked > 0) say(`${plural(linked, 'file')} of a backup still hold the old bytes: reprise erase --store BACKUP`)
  say('not reached: backups by copy, exported recordings, and what was forwarded')
}
