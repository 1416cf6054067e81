import type { DecodedTraces, WireResource, WireSpan } from '../../otlp/index.ts'
import { ATTR, STATUS_CODES } from '../../schemas/index.ts'
import type { SpanFacts } from '../../store/index.ts'
import {
  type Batch,
  type PrepareContext,
  type PreparedBatch,
  type PrepareSteps,
  plainRecord,
  prepareGroups,
  type RecordText,
  recordOf,
  runSteps,
  type SharedScope,
} from './batch.ts'
import { jsonOfText } from './canonical-text.ts'
import { withDerivedAttributes } from './derive.ts'
import { type GapDraft, normalizeSpan, type SpanDraft } from './normalize.ts'
import { type Findings, newFindings } from './redact.ts'
import { type SpanCoreText, spanCoreText } from './write-core.ts'

export { createPrepareContext, type PrepareContext, type PreparedBatch, type RejectedRecord } from './batch.ts'
/** What the spans of one decoded body become. */
export type PreparedTraces = PreparedBatch

const SENDER_KEY = 'service.instance.id'

/** Which numbered batch a notice came in: where nothing else came in it, the batch would look lost. */
function batchText(resource: WireResource, context: PrepareContext, found: Findings): string {
  const valueOf = (wanted: string): unknown => resource.attributes.find(([key]) => key === wanted)?.[1]
  const sender = valueOf(ATTR.senderId)
  const sequence = valueOf(ATTR.senderSequence)
  if (typeof sender !== 'string' || typeof sequence !== 'object' || sequence === null || !('int' in sequence)) return ''
  const number = Number(sequence.int)
  if (!Number.isSafeInteger(number) || number < 0) return ''
  return `"batch":{"sender":${jsonOfText(context.cleaner.plain(sender, found))},"sequence":${number}},`
}

function gapRecord(draft: GapDraft, resource: WireResource, context: PrepareContext, batch: Batch): RecordText {
  const found = newFindings()
  const reason = jsonOfText(context.cleaner.plain(draft.reason, found))
  const id = resource.attributes.find(([key]) => key === SENDER_KEY)?.[1]
  const sender = typeof id === 'string' && id !== '' ? `,"sender":${jsonOfText(context.cleaner.plain(id, found))}` : ''
  const run = draft.runId === undefined ? '' : `,"runId":"${draft.runId}"`
  const within = batchText(resource, context, found)
  batch.count(found)
  return plainRecord(
    `{${within}"count":${draft.count},"namespace":${context.namespaceJson},"reason":${reason}${run},"schema":"reprise.gap/1"${sender}}`,
  )
}

/** Whether nothing of the span was replaced, withheld or left out. */
function isAsSent({ redactions, cuts, contents }: Findings): boolean {
  return redactions === undefined && cuts.length === 0 && contents.every((content) => !('withheld' in content))
}

/** What the index keeps of a span's record, besides what it finds in the attributes. */
function factsOf(
  draft: SpanDraft,
  core: SpanCoreText,
  found: Findings,
  record: RecordText,
  shared: SharedScope,
  context: PrepareContext,
): SpanFacts {
  const { span, pending } = draft
  return {
    namespace: context.namespace,
    runId: draft.runId,
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    sequence: draft.sequence,
    startNanos: span.startNanos,
    endNanos: pending || span.endNanos === 0n ? undefined : span.endNanos,
    kind: draft.kind,
    stepName: core.stepName,
    own: draft.fidelity === 'replayable',
    pending,
    error: STATUS_CODES[span.status.code] === 'error',
    redactions: core.redactions,
    resource: shared.resource,
    attributes: isAsSent(found) ? draft.attributes : undefined,
    digests: record.digests,
  }
}

/** One record into the batch, or among its rejected ones. */
export function prepareSpan(span: WireSpan, resource: WireResource, shared: SharedScope, context: PrepareContext, batch: Batch): void {
  const name = { spanName: span.name, spanId: span.spanId }
  batch.attempt(name, 'span', () => {
    const draft = normalizeSpan(span)
    if (draft.type === 'rejected') batch.rejected.push({ ...name, reason: draft.reason })
    else if (draft.type === 'gap') batch.add(gapRecord(draft, resource, context, batch))
    else {
      const found = newFindings()
      found.place = { runId: draft.runId, spanId: span.spanId }
      const derived = withDerivedAttributes(draft)
      const core = spanCoreText(derived, shared.text, context.cleaner.ofKind(draft.kind), found)
      const record = recordOf(core, found, shared, context, batch)
      batch.add(record, factsOf(derived, core, found, record, shared, context))
    }
  })
}

/** The spans of one body, step by step: see `prepareGroups`. */
export function prepareSteps(decoded: DecodedTraces, context: PrepareContext): PrepareSteps {
  const groups = decoded.resourceSpans.map(({ resource, schemaUrl, scopeSpans }) => ({
    resource,
    schemaUrl,
    scopes: scopeSpans.map(({ scope, schemaUrl: url, spans }) => ({ scope, schemaUrl: url, records: spans })),
  }))
  return prepareGroups(groups, context, prepareSpan)
}

/** `prepareSteps` in one go. */
export function prepareTraces(decoded: DecodedTraces, context: PrepareContext): PreparedTraces {
  return runSteps(prepareSteps(decoded, context), context)
}
