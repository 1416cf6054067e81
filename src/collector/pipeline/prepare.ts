import type { DecodedTraces, WireResource, WireScopeSpans, WireSpan } from '../../otlp/index.ts'
import type { Redactor } from '../../redaction/index.ts'
import { canonicalJson, type PolicyRef } from '../../schemas/index.ts'
import { type PreparedBlob, type PreparedRecord, RECORD_MAX_BYTES } from '../../store/index.ts'
import { type AddressedContent, addPayloadText, addressContent, type BlobSet, type PayloadText } from './address.ts'
import { jsonOfText, LoneSurrogate } from './canonical-text.ts'
import { Committer } from './commitment.ts'
import { type GapDraft, normalizeSpan, type SpanDraft } from './normalize.ts'
import { Cleaner, type Findings, mergeCounts, newFindings } from './redact.ts'
import { resourceText, type SharedText, scopeText, spanCoreText } from './write-core.ts'

export interface RejectedRecord {
  readonly spanName: string
  readonly spanId: string
  readonly reason: string
}

/** What one decoded body becomes: ready to be appended. */
export interface PreparedTraces {
  readonly records: PreparedRecord[]
  readonly blobs: PreparedBlob[]
  /** Spans that decoded well and still cannot be kept; those that did not decode are in `DecodedTraces.rejected`. */
  readonly rejected: RejectedRecord[]
  /** Replaced stretches, by rule. */
  readonly redactions: Readonly<Record<string, number>>
  /** Contents withheld, by reason. */
  readonly withheld: Readonly<Record<string, number>>
}

/** What preparing needs besides the spans; made once. Holds no handle, so that a worker can make its own. */
export interface PrepareContext {
  readonly namespaceJson: string
  readonly policyJson: string
  readonly cleaner: Cleaner
  readonly committer: Committer
}

export function createPrepareContext(options: { namespace: string; redactor: Redactor }): PrepareContext {
  const policy: PolicyRef = options.redactor.policy
  return {
    namespaceJson: jsonOfText(options.namespace),
    policyJson: canonicalJson(policy),
    cleaner: new Cleaner(options.redactor),
    committer: new Committer(),
  }
}

class RecordTooLarge extends Error {
  override readonly message = `its record would be larger than ${RECORD_MAX_BYTES} bytes`
}

class Batch {
  readonly records: PreparedRecord[] = []
  readonly blobs: BlobSet = new Map()
  readonly rejected: RejectedRecord[] = []
  readonly withheld: Record<string, number> = {}
  redactions: Readonly<Record<string, number>> = {}

  /** Counts what was found, once for each text that was looked at. */
  count(found: Findings): void {
    this.redactions = mergeCounts(this.redactions, found.redactions) ?? {}
    for (const content of found.contents) {
      if ('withheld' in content) this.withheld[content.withheld] = (this.withheld[content.withheld] ?? 0) + 1
    }
  }

  #length = 0

  /** Large enough to be stored before the rest is made ready. */
  get full(): boolean {
    return this.#length >= PART_LENGTH
  }

  add(record: PreparedRecord): void {
    if (record.line.length * 3 > RECORD_MAX_BYTES && Buffer.byteLength(record.line) > RECORD_MAX_BYTES) throw new RecordTooLarge()
    this.records.push(record)
    this.#length += record.line.length
  }

  toPrepared(): PreparedTraces {
    const { records, rejected, redactions, withheld } = this
    return { records, blobs: [...this.blobs.values()], rejected, redactions, withheld }
  }

  /** Forgets what a span that is rejected after all had put there. */
  dropBlobsFrom(size: number): void {
    if (this.blobs.size > size) for (const digest of [...this.blobs.keys()].slice(size)) this.blobs.delete(digest)
  }

  reject(span: WireSpan, reason: string): void {
    this.rejected.push({ spanName: span.name, spanId: span.spanId, reason })
  }
}

/** A resource or a scope, cleaned and addressed once for all spans beneath it. */
interface SharedPart {
  readonly json: string
  readonly contents: readonly AddressedContent[]
  readonly found: Findings
}

function sharePart(batch: Batch, write: (found: Findings) => string): SharedPart {
  const found = newFindings()
  const json = write(found)
  batch.count(found)
  return { json, contents: found.contents.map((content) => addressContent(content, batch.blobs)), found }
}

function shareScope(scopeSpans: WireScopeSpans, resource: SharedPart, context: PrepareContext, batch: Batch): SharedScope {
  const scope = sharePart(batch, (found) => scopeText(scopeSpans.scope, scopeSpans.schemaUrl, context.cleaner, found))
  return {
    text: {
      namespace: context.namespaceJson,
      policy: context.policyJson,
      resource: resource.json,
      scope: scope.json,
      redactions: mergeCounts(resource.found.redactions, scope.found.redactions),
      cuts: [...resource.found.cuts, ...scope.found.cuts],
    },
    contents: [...resource.contents, ...scope.contents],
  }
}

interface SharedScope {
  readonly text: SharedText
  readonly contents: readonly AddressedContent[]
}

function spanRecord(draft: SpanDraft, shared: SharedScope, context: PrepareContext, batch: Batch): PreparedRecord {
  const found = newFindings()
  const { head, tail } = spanCoreText(draft, shared.text, context.cleaner, found)
  const text: PayloadText = { payloads: '', refs: '' }
  for (const content of found.contents) addPayloadText(text, addressContent(content, batch.blobs), context.committer)
  for (const content of shared.contents) addPayloadText(text, content, context.committer)
  batch.count(found)
  return recordOf(`${head},"payloads":[${text.payloads}]${tail}`, text.refs)
}

function gapRecord(draft: GapDraft, resource: WireResource, context: PrepareContext, batch: Batch): PreparedRecord {
  const found = newFindings()
  const reason = jsonOfText(context.cleaner.plain(draft.reason, found))
  const id = resource.attributes.find(([key]) => key === SENDER_KEY)?.[1]
  const sender = typeof id === 'string' && id !== '' ? `,"sender":${jsonOfText(context.cleaner.plain(id, found))}` : ''
  const run = draft.runId === undefined ? '' : `,"runId":"${draft.runId}"`
  batch.count(found)
  return recordOf(
    `{"count":${draft.count},"namespace":${context.namespaceJson},"reason":${reason}${run},"schema":"reprise.gap/1"${sender}}`,
    '',
  )
}

function recordOf(core: string, refs: string): PreparedRecord {
  return { core, line: `{"core":${core},"refs":[${refs}]}` }
}

const SENDER_KEY = 'service.instance.id'

/**
 * Turns decoded spans into records and blobs, all strings redacted. Yields now and then: nothing, so that a caller on an
 * event loop can let others have a turn, or a part that is to be stored before those after it. The rest is returned.
 * Nothing here waits. One bad span never costs its neighbours.
 */
export function* prepareSteps(
  decoded: DecodedTraces,
  context: PrepareContext,
): Generator<PreparedTraces | undefined, PreparedTraces, void> {
  let batch = new Batch()
  let sinceYield = 0
  for (const { resource, schemaUrl, scopeSpans } of decoded.resourceSpans) {
    const sharedResource = sharePart(batch, (found) => resourceText(resource, schemaUrl, context.cleaner, found))
    for (const scope of scopeSpans) {
      const shared = shareScope(scope, sharedResource, context, batch)
      for (const span of scope.spans) {
        prepareSpan(span, resource, shared, context, batch)
        if (batch.full) {
          yield batch.toPrepared()
          batch = new Batch()
        }
        if (++sinceYield >= SPANS_PER_STEP) {
          sinceYield = 0
          yield undefined
        }
      }
    }
  }
  return batch.toPrepared()
}

function prepareSpan(span: WireSpan, resource: WireResource, shared: SharedScope, context: PrepareContext, batch: Batch): void {
  const blobsBefore = batch.blobs.size
  try {
    const draft = normalizeSpan(span)
    if (draft.type === 'rejected') batch.reject(span, draft.reason)
    else batch.add(draft.type === 'gap' ? gapRecord(draft, resource, context, batch) : spanRecord(draft, shared, context, batch))
  } catch (error) {
    batch.dropBlobsFrom(blobsBefore)
    // The message of an unforeseen error may quote the span, so it is not passed on.
    const foreseen = error instanceof LoneSurrogate || error instanceof RecordTooLarge
    batch.reject(span, foreseen ? error.message : 'internal: the span could not be prepared')
  }
}

const SPANS_PER_STEP = 32
/** UTF-16 units of records in one part: a request whose records are much larger than itself does not fill the memory. */
const PART_LENGTH = 8 * 1024 * 1024

/** `prepareSteps` in one go. */
export function prepareTraces(decoded: DecodedTraces, context: PrepareContext): PreparedTraces {
  const parts: PreparedTraces[] = []
  const steps = prepareSteps(decoded, context)
  for (let step = steps.next(); ; step = steps.next()) {
    if (step.value !== undefined) parts.push(step.value)
    if (step.done === true) return joinParts(parts)
  }
}

function joinParts(parts: readonly PreparedTraces[]): PreparedTraces {
  const [first] = parts
  if (parts.length === 1 && first !== undefined) return first
  const sum = (pick: (part: PreparedTraces) => Readonly<Record<string, number>>): Readonly<Record<string, number>> =>
    parts.reduce<Readonly<Record<string, number>>>((total, part) => mergeCounts(total, pick(part)) ?? total, {})
  return {
    records: parts.flatMap((part) => part.records),
    blobs: parts.flatMap((part) => part.blobs),
    rejected: parts.flatMap((part) => part.rejected),
    redactions: sum((part) => part.redactions),
    withheld: sum((part) => part.withheld),
  }
}
