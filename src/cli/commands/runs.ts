import type { RunSummary } from '../../schemas/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, formatTime, millisBetween, type Terminal, tableLines, writeLine } from '../terminal.ts'

export type RunsFlags = { limit: number; cursor?: string; kind?: string; status?: string; name?: string }

export function runRow(run: RunSummary): string[] {
  return [
    run.id.slice(0, 12),
    run.name,
    run.kind,
    run.status,
    String(run.steps),
    String(run.errors),
    run.inputTokens + run.outputTokens > 0 ? `${run.inputTokens}/${run.outputTokens}` : '-',
    String(run.redactions),
    run.endNanos === undefined ? '-' : formatDuration(millisBetween(run.startNanos, run.endNanos)),
    formatTime(run.startNanos),
  ]
}

export const RUN_COLUMNS = [
  { title: 'RUN' },
  { title: 'NAME', maxWidth: 40 },
  { title: 'KIND' },
  { title: 'STATUS' },
  { title: 'STEPS', align: 'right' },
  { title: 'ERRORS', align: 'right' },
  { title: 'TOKENS', align: 'right' },
  { title: 'REDACTED', align: 'right' },
  { title: 'TOOK', align: 'right' },
  { title: 'STARTED (UTC)' },
] as const

export async function runs(settings: Settings, terminal: Terminal, flags: RunsFlags): Promise<number> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const { limit, cursor, kind, status, name } = flags
    const page = store.index.listRuns({
      limit,
      namespace: settings.values.namespace,
      ...(cursor !== undefined && { cursor }),
      ...(kind !== undefined && { kind }),
      ...(status !== undefined && { status }),
      ...(name !== undefined && { name }),
    })
    if (settings.json) {
      for (const run of page.runs) writeLine(terminal.stdout, JSON.stringify(run))
    } else if (page.runs.length === 0) {
      if (!settings.quiet) writeLine(terminal.stderr, `no runs in ${settings.storeFolder} yet. Start one with: reprise demo`)
    } else {
      for (const line of tableLines(RUN_COLUMNS, page.runs.map(runRow))) writeLine(terminal.stdout, line)
    }
    if (page.next !== undefined && !settings.quiet) writeLine(terminal.stderr, `more: --cursor ${page.next}`)
    return EXIT.ok
  } finally {
    await store.close()
  }
}
