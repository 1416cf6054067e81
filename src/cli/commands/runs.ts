import type { RunSummary } from '../../schemas/index.ts'
import { openStore, type Store } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { ofFlag } from '../flag-values.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, formatTime, millisBetween, type Terminal, tableLines, writeLine } from '../terminal.ts'

export type RunsFlags = {
  limit: number
  cursor?: string
  kind?: string
  status?: string
  name?: string
  namePrefix?: string
  model?: string
  session?: string
  tag?: string[]
  since?: string
  until?: string
  minCost?: number
  maxCost?: number
  text?: string
}

export function runRow(run: RunSummary): string[] {
  return [
    run.id.slice(0, 12),
    run.name,
    run.kind,
    `${run.status}${run.gaps > 0 ? ', gaps' : ''}${run.conflicts === undefined ? '' : ', conflicts'}`,
    String(run.steps),
    String(run.errors),
    run.inputTokens + run.outputTokens > 0 ? `${run.inputTokens}/${run.outputTokens}` : '-',
    formatCost(run.cost),
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
  { title: 'COST', align: 'right' },
  { title: 'REDACTED', align: 'right' },
  { title: 'TOOK', align: 'right' },
  { title: 'STARTED (UTC)' },
] as const

export function formatCost(cost: number | undefined): string {
  return cost === undefined ? '-' : `$${cost.toFixed(cost < 1 ? 4 : 2)}`
}

/** Pages of a search can be short; the list goes on until it has what was asked for. */
function readRuns(store: Store, settings: Settings, flags: RunsFlags): { runs: RunSummary[]; next: string | undefined } {
  const { kind, status, name, namePrefix, model, session, tag, since, until, minCost, maxCost, text } = flags
  const runs: RunSummary[] = []
  let next = flags.cursor
  do {
    const page = store.index.listRuns({
      limit: flags.limit - runs.length,
      namespace: settings.values.namespace,
      ...(next !== undefined && { cursor: next }),
      ...(kind !== undefined && { kind }),
      ...(status !== undefined && { status }),
      ...(name !== undefined && { nameContains: name }),
      ...(namePrefix !== undefined && { namePrefix }),
      ...(model !== undefined && { model }),
      ...(session !== undefined && { session }),
      ...(tag !== undefined && { tags: tag }),
      ...(since !== undefined && { fromNanos: since }),
      ...(until !== undefined && { toNanos: until }),
      ...(minCost !== undefined && { costMin: minCost }),
      ...(maxCost !== undefined && { costMax: maxCost }),
      ...(text !== undefined && { stepText: text }),
    })
    runs.push(...page.runs)
    next = page.next
  } while (next !== undefined && runs.length < flags.limit)
  return { runs, next }
}

export async function runs(settings: Settings, terminal: Terminal, flags: RunsFlags): Promise<number> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const page = await ofFlag('cursor', () => readRuns(store, settings, flags))
    if (settings.json) {
      for (const run of page.runs) writeLine(terminal.stdout, JSON.stringify(run))
    } else if (page.runs.length === 0) {
      const filtered = Object.keys(flags).some((key) => !['limit', 'store', 'json', 'quiet', 'config', 'namespace'].includes(key))
      const hint = filtered ? 'no such runs' : `no runs in ${settings.storeFolder} yet. Start one with: reprise demo`
      if (!settings.quiet) writeLine(terminal.stderr, hint)
    } else {
      for (const line of tableLines(RUN_COLUMNS, page.runs.map(runRow))) writeLine(terminal.stdout, line)
    }
    if (page.next !== undefined && !settings.quiet) writeLine(terminal.stderr, `more: --cursor ${page.next}`)
    return EXIT.ok
  } finally {
    await store.close()
  }
}
