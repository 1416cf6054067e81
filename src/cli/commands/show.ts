import type { RunSummary, SpanRecord } from '../../schemas/index.ts'
import { type ListStepsQuery, type MissingBatches, openStore, type RunGaps, type Store } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { formatTime, paint, plain, plural, type Terminal, writeLine } from '../terminal.ts'
import { describeStep, type Times } from './describe-step.ts'
import { formatCost } from './runs.ts'
import { showLogs, showStep } from './show-step.ts'

const PAGE = 500
/** Letters of a span's id that a step without a number is shown by. */
const SHORT_ID = 6

export type ShowFlags = {
  limit: number
  kind?: string[]
  status?: 'ok' | 'error' | 'open'
  name?: string
  fromSequence?: number
  toSequence?: number
  since?: string
  until?: string
  maxDepth?: number
  step?: string
  logs?: boolean
}

function describeBatches({ sender, from, to }: MissingBatches): string {
  return `batch ${from === to ? from : `${from} to ${to}`} of sender ${sender}`
}

export function headLines(run: RunSummary, { gaps, missingBatches, lateBatches }: RunGaps): string[] {
  const tokens = run.inputTokens + run.outputTokens > 0 ? ` · tokens ${run.inputTokens} in, ${run.outputTokens} out` : ''
  const cost = run.cost === undefined ? '' : ` · ${formatCost(run.cost)}`
  const found = [...(run.session === undefined ? [] : [`session ${run.session}`]), ...(run.tags ?? []).map((tag) => `#${tag}`)]
  const lost = gaps.filter(({ core }) => !core.reason.startsWith('sender-') && core.batches === undefined)
  const why =
    run.interrupted === undefined ? '' : ` (${run.interrupted === 'sender-gone' ? 'its program is gone' : 'nothing came for a day'})`
  return [
    `run ${run.id} · ${run.name} · ${run.status} · ${run.fidelity}`,
    `${plural(run.steps, 'step')} · ${plural(run.errors, 'error')}${tokens}${cost} · ${plural(run.redactions, 'redaction')} · started ${formatTime(run.startNanos)} UTC`,
    ...(found.length > 0 ? [found.join(' · ')] : []),
    ...(run.stage === undefined
      ? []
      : [
          `${run.status === 'interrupted' ? 'interrupted' : 'now'} in ${run.stage.kind} ${run.stage.name}, since ${formatTime(run.stage.startNanos)} UTC${why}`,
        ]),
    ...(run.logs === undefined ? [] : [`${plural(run.logs, 'log record')}: --logs shows them`]),
    ...lost.map(({ core }) => `missing: ${plural(core.count, 'span')} (${core.reason})`),
    ...missingBatches.map((batches) => {
      const given = gaps.some(
        ({ core: { sender, batches: lost } }) =>
          lost !== undefined && sender === batches.sender && lost.from <= batches.to && lost.to >= batches.from,
      )
      return `missing: ${describeBatches(batches)}${given ? '' : ' (still waited for)'}`
    }),
    ...lateBatches.map((batches) => `came late, and is no longer missing: ${describeBatches(batches)}`),
    ...(run.conflicts === undefined ? [] : [`contradicted: ${plural(run.conflicts, 'record')} of a step that had ended; the first stands`]),
  ]
}

export async function show(settings: Settings, terminal: Terminal, wanted: string, flags: ShowFlags): Promise<number> {
  const store = await openStore(settings.storeFolder, { mode: 'read' })
  try {
    const run = findRun(store, wanted)
    if (flags.step !== undefined) return showStep(settings, terminal, store, run, flags.step)
    const gaps = store.index.readGaps(run.id, run.namespace)
    if (settings.json) writeLine(terminal.stdout, JSON.stringify(run))
    else for (const line of headLines(run, gaps)) writeLine(terminal.stdout, paint(terminal.colorOut, 'bold', plain(line)))
    const conflicts = store.index.readConflicts(run.id, run.namespace)
    if (!settings.json)
      for (const { spanId, group, line, differs } of conflicts)
        writeLine(terminal.stdout, plain(`  step ${spanId}: group ${group} line ${line} differs in ${differs.join(', ')}`))
    const shown = showSteps(settings, terminal, store, run, flags)
    if (flags.logs === true) showLogs(settings, terminal, store, run, {})
    if (settings.json) {
      for (const gap of gaps.gaps) writeLine(terminal.stdout, JSON.stringify(gap))
      if (gaps.missingBatches.length + gaps.lateBatches.length > 0)
        writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.run-gaps/1', ...gaps }))
      if (conflicts.length > 0) writeLine(terminal.stdout, JSON.stringify({ schema: 'reprise.run-conflicts/1', conflicts }))
    }
    if (shown.more && !settings.quiet) writeLine(terminal.stderr, `only the first ${shown.steps} steps are shown: --limit shows more`)
    return EXIT.ok
  } finally {
    await store.close()
  }
}

function showSteps(
  settings: Settings,
  terminal: Terminal,
  store: Store,
  run: RunSummary,
  flags: ShowFlags,
): { readonly steps: number; readonly more: boolean } {
  const { kind, status, name, fromSequence, toSequence, since, until, maxDepth } = flags
  const query: Omit<ListStepsQuery, 'limit'> = {
    namespace: run.namespace,
    ...(kind !== undefined && { kinds: kind }),
    ...(status !== undefined && { status }),
    ...(name !== undefined && { nameContains: name }),
    ...(fromSequence !== undefined && { fromSequence }),
    ...(toSequence !== undefined && { toSequence }),
    ...(since !== undefined && { fromNanos: since }),
    ...(until !== undefined && { toNanos: until }),
    ...(maxDepth !== undefined && { maxDepth }),
  }
  const above = new Map<string, { readonly level: number; readonly times: Times }>()
  let steps = 0
  let cursor: string | undefined
  do {
    const page = store.index.listSteps(run.id, {
      ...query,
      limit: Math.min(PAGE, flags.limit - steps),
      ...(cursor !== undefined && { cursor }),
    })
    for (const record of parentsFirst(page.steps)) {
      const { parentSpanId, spanId, startNanos, endNanos } = record.core
      const parent = parentSpanId === undefined ? undefined : above.get(parentSpanId)
      const level = (parent?.level ?? -1) + 1
      above.set(spanId, { level, times: { startNanos, ...(endNanos !== undefined && { endNanos }) } })
      const line = settings.json ? JSON.stringify(record) : placeOf(record, run, level) + plain(describeStep(record, parent?.times))
      writeLine(terminal.stdout, record.core.status.code === 'error' && !settings.json ? paint(terminal.colorOut, 'red', line) : line)
    }
    steps += page.steps.length
    cursor = page.next
  } while (cursor !== undefined && steps < flags.limit)
  return { steps, more: cursor !== undefined }
}

/** In the given order, but among those without a number that began together, as a clock of milliseconds has it, no child before its parent. */
function parentsFirst(steps: readonly SpanRecord[]): SpanRecord[] {
  const ordered: SpanRecord[] = []
  for (let from = 0, to = 0; from < steps.length; from = to) {
    while (to < steps.length && beganTogether(steps[from], steps[to])) to++
    const left = new Map(steps.slice(from, to).map((step) => [step.core.spanId, step]))
    for (const step of left.values()) {
      const line: SpanRecord[] = []
      for (let next: SpanRecord | undefined = step; next !== undefined; next = left.get(next.core.parentSpanId ?? '')) {
        line.push(next)
        left.delete(next.core.spanId)
      }
      ordered.push(...line.reverse())
    }
  }
  return ordered
}

function beganTogether(one: SpanRecord | undefined, other: SpanRecord | undefined): boolean {
  return (
    one === other ||
    (one?.core.sequence === undefined && other?.core.sequence === undefined && one?.core.startNanos === other?.core.startNanos)
  )
}

/** The number of a step in its run, or the first letters of its id, by which it can be asked for, and how deep it stands. */
function placeOf({ core }: SpanRecord, { fidelity }: RunSummary, level: number): string {
  const handle = String(core.sequence ?? core.spanId.slice(0, SHORT_ID))
  return `${handle.padStart(fidelity === 'observed' ? SHORT_ID : 4)}  ${'  '.repeat(Math.min(level, 40))}`
}
