import { type LogRecord, RepriseError, type RunSummary, type SpanRecord } from '../../schemas/index.ts'
import { type ListStepsQuery, type MissingBatches, openStore, type RunGaps, type Store } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import { findRun } from '../find-run.ts'
import type { Settings } from '../settings.ts'
import { formatDuration, formatTime, millisBetween, paint, plain, plural, type Terminal, writeLine } from '../terminal.ts'
import { formatCost } from './runs.ts'

const PAGE = 500
const LOGS_MAX = 1000
const CONTENT_MAX = 2_000
/** Clocks of machines that are kept right differ by less. */
const SKEW_MIN_MILLIS = 1_000

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

type Times = Pick<SpanRecord['core'], 'startNanos' | 'endNanos'>

/** Times are kept as they were told. Where two clocks cannot both be right, that is said. */
function skewOf({ startNanos, endNanos }: Times, parent: Times | undefined): string {
  if (endNanos !== undefined && BigInt(endNanos) < BigInt(startNanos)) return 'ends before it starts'
  if (parent === undefined) return ''
  const before = millisBetween(startNanos, parent.startNanos)
  if (before > SKEW_MIN_MILLIS) return `starts ${formatDuration(before)} before its parent: another clock`
  const after = parent.endNanos === undefined ? 0 : millisBetween(parent.endNanos, startNanos)
  return after > SKEW_MIN_MILLIS ? `starts ${formatDuration(after)} after its parent has ended` : ''
}

function describeStep({ core, refs }: SpanRecord, parent?: Times): string {
  const took = core.endNanos === undefined ? 'not ended' : formatDuration(millisBetween(core.startNanos, core.endNanos))
  const notes = [
    skewOf(core, parent),
    core.effect === 'write' ? 'writes' : '',
    core.status.code === 'error' ? `error ${String(core.attributes['error.type'] ?? '')}`.trim() : '',
    core.streamEnd !== undefined && core.streamEnd !== 'done' ? `stream ${core.streamEnd}` : '',
    core.fidelity === 'observed' ? 'observed' : '',
    core.redactions === undefined
      ? ''
      : `redacted ${Object.entries(core.redactions)
          .map(([rule, count]) => `${rule} ${count}`)
          .join(', ')}`,
    core.unscanned === undefined
      ? ''
      : `not looked into: ${Object.entries(core.unscanned)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', ')}`,
    ...core.payloads.map((payload) => {
      if (payload.withheld !== undefined) return `${payload.role} withheld (${payload.withheld})`
      const digest = refs.find(({ role }) => role === payload.role)?.digest
      return `${payload.role} ${payload.sizeBytes} B ${digest === undefined ? 'erased' : `${digest.slice(0, 19)}…`}`
    }),
  ].filter((note) => note !== '')
  return `${core.kind.padEnd(13)} ${core.name === core.stepName ? core.name : `${core.stepName} (${core.name})`}  ${took}${notes.length > 0 ? `  · ${notes.join(' · ')}` : ''}`
}

function describeLog({ core }: LogRecord): string {
  const severity = core.severityText ?? (core.severityNumber === undefined ? 'log' : `severity ${core.severityNumber}`)
  const time = core.timeNanos ?? core.observedNanos
  const where = core.spanId === undefined ? '' : `  · step ${core.spanId}`
  return `${time === undefined ? '-'.padEnd(19) : formatTime(time)}  ${severity.padEnd(8)} ${core.eventName ?? ''}${where}`
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
    for (const record of page.steps) {
      const { parentSpanId, spanId, startNanos, endNanos } = record.core
      const parent = parentSpanId === undefined ? undefined : above.get(parentSpanId)
      const level = (parent?.level ?? -1) + 1
      above.set(spanId, { level, times: { startNanos, ...(endNanos !== undefined && { endNanos }) } })
      const line = settings.json ? JSON.stringify(record) : placeOf(record, level) + plain(describeStep(record, parent?.times))
      writeLine(terminal.stdout, record.core.status.code === 'error' && !settings.json ? paint(terminal.colorOut, 'red', line) : line)
    }
    steps += page.steps.length
    cursor = page.next
  } while (cursor !== undefined && steps < flags.limit)
  return { steps, more: cursor !== undefined }
}

/** The number of a step in its run, by which it can be asked for, and how deep it stands. Foreign spans have no number. */
function placeOf({ core }: SpanRecord, level: number): string {
  return `${String(core.sequence ?? '').padStart(4)}  ${'  '.repeat(Math.min(level, 40))}`
}

function showLogs(settings: Settings, terminal: Terminal, store: Store, run: RunSummary, query: { readonly spanId?: string }): void {
  let cursor: string | undefined
  let shown = 0
  do {
    const page = store.index.listLogs(run.id, { limit: PAGE, namespace: run.namespace, ...query, ...(cursor !== undefined && { cursor }) })
    for (const log of page.logs) writeLine(terminal.stdout, settings.json ? JSON.stringify(log) : plain(describeLog(log)))
    shown += page.logs.length
    cursor = page.next
  } while (cursor !== undefined && shown < LOGS_MAX)
  if (cursor !== undefined && !settings.quiet) writeLine(terminal.stderr, `only the first ${shown} log records are shown`)
}

/** By its number, of few digits, or the id of its span, of sixteen. */
function findStep(store: Store, { id, namespace }: RunSummary, wanted: string): SpanRecord | undefined {
  if (!/^\d{1,9}$/.test(wanted)) return store.index.readStep(id, wanted, namespace)
  const sequence = Number(wanted)
  return store.index.listSteps(id, { namespace, fromSequence: sequence, toSequence: sequence, limit: 1 }).steps[0]
}

/** One step with what it was given and gave back. */
function showStep(settings: Settings, terminal: Terminal, store: Store, run: RunSummary, wanted: string): number {
  const step = findStep(store, run, wanted)
  if (step === undefined) throw new RepriseError('invalid_argument', `no step ${wanted} in run ${run.id}: expected a number or a span id`)
  const { spanId } = step.core
  if (settings.json) {
    writeLine(terminal.stdout, JSON.stringify(step))
    showLogs(settings, terminal, store, run, { spanId })
    return EXIT.ok
  }
  writeLine(terminal.stdout, paint(terminal.colorOut, 'bold', plain(describeStep(step))))
  for (const { role, mediaType, withheld } of step.core.payloads) {
    // The core says what there was; what leads to it has been taken out.
    if (withheld !== undefined || step.refs.some((ref) => ref.role === role)) continue
    writeLine(terminal.stdout, paint(terminal.colorOut, 'cyan', plain(`${role} · ${mediaType} · erased`)))
  }
  for (const { role, digest } of step.refs) {
    const mediaType = step.core.payloads.find((payload) => payload.role === role)?.mediaType ?? ''
    writeLine(terminal.stdout, paint(terminal.colorOut, 'cyan', plain(`${role} · ${mediaType} · ${digest}`)))
    const readable = /^text\/|[/+]json/.test(mediaType)
    const text = store.blobs.has(digest) ? (readable ? store.blobs.read(digest).toString('utf8') : '(not text)') : '(not in the store)'
    const cut = text.length > CONTENT_MAX ? `${text.slice(0, CONTENT_MAX)}… (${text.length - CONTENT_MAX} more characters)` : text
    for (const line of cut.split('\n')) writeLine(terminal.stdout, `  ${plain(line)}`)
  }
  showLogs(settings, terminal, store, run, { spanId })
  return EXIT.ok
}
