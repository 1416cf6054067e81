import type { RunSummary, SpanRecord } from '../../schemas/index.ts'
import { openStore } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, formatTime, millisBetween, paint, plain, plural, type Terminal, writeLine } from '../terminal.ts'

const PAGE = 500

function describeStep({ core, refs }: SpanRecord): string {
  const took = core.endNanos === undefined ? 'not ended' : formatDuration(millisBetween(core.startNanos, core.endNanos))
  const notes = [
    core.effect === 'write' ? 'writes' : '',
    core.status.code === 'error' ? `error ${String(core.attributes['error.type'] ?? '')}`.trim() : '',
    core.streamEnd !== undefined && core.streamEnd !== 'done' ? `stream ${core.streamEnd}` : '',
    core.fidelity === 'observed' ? 'observed' : '',
    core.redactions === undefined
      ? ''
      : `redacted ${Object.entries(core.redactions)
          .map(([rule, count]) => `${rule} ${count}`)
          .join(', ')}`,
    ...core.payloads.map((payload) => {
      if (payload.withheld !== undefined) return `${payload.role} withheld (${payload.withheld})`
      const digest = refs.find(({ role }) => role === payload.role)?.digest
      return `${payload.role} ${payload.sizeBytes} B${digest === undefined ? '' : ` ${digest.slice(0, 19)}…`}`
    }),
  ].filter((note) => note !== '')
  return `${core.kind.padEnd(13)} ${core.name === core.stepName ? core.name : `${core.stepName} (${core.name})`}  ${took}${notes.length > 0 ? `  · ${notes.join(' · ')}` : ''}`
}

function headLines(run: RunSummary): string[] {
  const tokens = run.inputTokens + run.outputTokens > 0 ? ` · tokens ${run.inputTokens} in, ${run.outputTokens} out` : ''
  return [
    `run ${run.id} · ${run.name} · ${run.status} · ${run.fidelity}`,
    `${plural(run.steps, 'step')} · ${plural(run.errors, 'error')}${tokens} · ${plural(run.redactions, 'redaction')} · started ${formatTime(run.startNanos)} UTC`,
    ...(run.gaps > 0 ? [`${plural(run.gaps, 'span')} known to be missing`] : []),
  ]
}

export async function show(settings: Settings, terminal: Terminal, wanted: string, flags: { limit: number }): Promise<number> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const run = findRun(store, wanted)
    if (settings.json) writeLine(terminal.stdout, JSON.stringify(run))
    else for (const line of headLines(run)) writeLine(terminal.stdout, paint(terminal.colorOut, 'bold', plain(line)))
    const depth = new Map<string, number>()
    let shown = 0
    let cursor: string | undefined
    do {
      const page = store.index.listSteps(run.id, { limit: Math.min(PAGE, flags.limit - shown), ...(cursor !== undefined && { cursor }) })
      for (const record of page.steps) {
        const { parentSpanId, spanId } = record.core
        const level = parentSpanId === undefined ? 0 : (depth.get(parentSpanId) ?? -1) + 1
        depth.set(spanId, level)
        const line = settings.json ? JSON.stringify(record) : '  '.repeat(Math.min(level, 40)) + plain(describeStep(record))
        writeLine(terminal.stdout, record.core.status.code === 'error' && !settings.json ? paint(terminal.colorOut, 'red', line) : line)
      }
      shown += page.steps.length
      cursor = page.next
    } while (cursor !== undefined && shown < flags.limit)
    if (cursor !== undefined && !settings.quiet) writeLine(terminal.stderr, `only the first ${shown} steps are shown: --limit shows more`)
    return EXIT.ok
  } finally {
    await store.close()
  }
}
