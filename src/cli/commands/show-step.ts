import { type LogRecord, RepriseError, type RunSummary, type SpanRecord } from '../../schemas/index.ts'
import type { Store } from '../../store/index.ts'
import { EXIT } from '../exit-codes.ts'
import type { Settings } from '../settings.ts'
import { formatTime, paint, plain, type Terminal, writeLine } from '../terminal.ts'
import { describeStep } from './describe-step.ts'

const PAGE = 500
const LOGS_MAX = 1000
const CONTENT_MAX = 2_000
/** Steps that are named where the beginning of an id is that of several. */
const NAMED_MAX = 5

/** By its number, of few digits, or by the first letters of the id of its span. */
function findStep(store: Store, { id, namespace }: RunSummary, wanted: string): SpanRecord {
  if (/^\d{1,9}$/.test(wanted)) {
    const sequence = Number(wanted)
    const [step] = store.index.listSteps(id, { namespace, fromSequence: sequence, toSequence: sequence, limit: 1 }).steps
    if (step !== undefined) return step
  }
  const found = /^[0-9a-f]{1,16}$/i.test(wanted) ? store.index.findSteps(id, wanted.toLowerCase(), NAMED_MAX, namespace) : []
  const [step, another] = found
  if (step === undefined)
    throw new RepriseError('invalid_argument', `no step ${wanted} in run ${id}: expected a number or the first letters of a span id`)
  if (another !== undefined) {
    const ids = found.map(({ core }) => core.spanId).join(', ')
    throw new RepriseError('invalid_argument', `more than one step of run ${id} begins with ${wanted}: ${ids}`)
  }
  return step
}

/** One step with what it was given and gave back. */
export function showStep(settings: Settings, terminal: Terminal, store: Store, run: RunSummary, wanted: string): number {
  const step = findStep(store, run, wanted)
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

function describeLog({ core }: LogRecord): string {
  const severity = core.severityText ?? (core.severityNumber === undefined ? 'log' : `severity ${core.severityNumber}`)
  const time = core.timeNanos ?? core.observedNanos
  const where = core.spanId === undefined ? '' : `  · step ${core.spanId}`
  return `${time === undefined ? '-'.padEnd(19) : formatTime(time)}  ${severity.padEnd(8)} ${core.eventName ?? ''}${where}`
}

export function showLogs(settings: Settings, terminal: Terminal, store: Store, run: RunSummary, query: { readonly spanId?: string }): void {
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
