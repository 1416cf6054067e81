import { RepriseError, type SpanRecord } from '../../schemas/index.ts'
import type { Store } from '../../store/index.ts'

const PAGE = 1000

/**
 * The steps of a run that a recording holds: every step that our SDK captured, in call order, and those foreign spans
 * that stand between two of them, since a step's parent may be such a span.
 */
export async function readRunRecords(store: Store, runId: string): Promise<{ records: SpanRecord[]; rootSpanId: string }> {
  const summary = await store.index.readRun(runId)
  if (summary === undefined) throw new RepriseError('no_such_run', `no run ${runId}`)
  if (summary.fidelity !== 'replayable') {
    const message = `run ${runId} was seen through foreign spans only: it can be viewed and compared, not replayed`
    throw new RepriseError('invalid_argument', message)
  }
  if (summary.rootSpanId === undefined) throw new RepriseError('invalid_argument', `the root step of run ${runId} has not arrived`)
  const all = await readAllSteps(store, runId)
  const steps = all.filter(({ core }) => core.fidelity === 'replayable')
  const foreign = new Map(all.filter(({ core }) => core.fidelity === 'observed').map((record) => [record.core.spanId, record]))
  const traceId = steps[0]?.core.traceId
  const known = new Set(steps.map(({ core }) => core.spanId))
  const isKnown = (spanId: string): boolean => known.has(spanId) || foreign.has(spanId)
  const orphan = steps.some(({ core }) => core.parentSpanId !== undefined && !isKnown(core.parentSpanId))
  // A run inside somebody else's trace: the spans in between belong to the run that is that trace.
  if (orphan && traceId !== undefined && traceId !== runId) {
    for (const record of await readAllSteps(store, traceId)) {
      if (record.core.fidelity === 'observed') foreign.set(record.core.spanId, record)
    }
  }
  return { records: inCallOrder(steps, foreign, summary.rootSpanId), rootSpanId: summary.rootSpanId }
}

async function readAllSteps(store: Store, runId: string): Promise<SpanRecord[]> {
  const steps: SpanRecord[] = []
  let cursor: string | undefined
  do {
    const page = await store.index.listSteps(runId, cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor })
    steps.push(...page.steps)
    cursor = page.next
  } while (cursor !== undefined)
  return steps
}

/** Call order, with each foreign span just before the first step that it stands above. */
export function inCallOrder(steps: readonly SpanRecord[], foreign: ReadonlyMap<string, SpanRecord>, rootSpanId: string): SpanRecord[] {
  const place = (record: SpanRecord): number => positionOf(record, rootSpanId)
  const sorted = [...steps].sort((left, right) => place(left) - place(right) || compare(left.core.spanId, right.core.spanId))
  const placed = new Set<string>()
  return sorted.flatMap((step) => {
    const between: SpanRecord[] = []
    let above = step.core.spanId === rootSpanId ? undefined : foreign.get(step.core.parentSpanId ?? '')
    while (above !== undefined && !placed.has(above.core.spanId)) {
      placed.add(above.core.spanId)
      between.unshift(above)
      above = foreign.get(above.core.parentSpanId ?? '')
    }
    return [...between, step]
  })
}

function positionOf({ core }: SpanRecord, rootSpanId: string): number {
  return core.spanId === rootSpanId ? -1 : (core.sequence ?? Number.MAX_SAFE_INTEGER)
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
