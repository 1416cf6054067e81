import type { WireEvent, WireLink, WireResource, WireScope } from '../../otlp/index.ts'
import type { Cut } from '../../schemas/index.ts'
import { type AlikeSpans, spanText } from './alike-spans.ts'
import { jsonOfText } from './canonical-text.ts'
import type { SpanDraft } from './normalize.ts'
import { type Cleaner, type Findings, mergeCounts } from './redact.ts'

// Every function here writes canonical JSON (RFC 8785) as text: members stand in the order of their keys.

/** Parts of a core that are the same for many spans, already canonical. */
export interface SharedText {
  readonly namespace: string
  readonly policy: string
  readonly resource: string
  readonly scope: string
  /** Members of a span's core with the above: `policy`; `resource`, and `runId` as far as its value; from there to `scope`. */
  readonly policyMember: string
  readonly toRunId: string
  readonly behindRunId: string
  readonly alike: AlikeSpans
  /** What was found in the resource and the scope, which stand in every record beneath them. */
  readonly redactions: Readonly<Record<string, number>> | undefined
  readonly cuts: readonly Cut[]
}

export function dropped(key: string, count: number): string {
  return count === 0 ? '' : `,"${key}":${count}`
}

export function resourceText(resource: WireResource, schemaUrl: string, cleaner: Cleaner, found: Findings): string {
  const attributes = cleaner.sharedAttributes(resource.attributes, '/resource/attributes', found)
  const url = cleaner.optionalText(schemaUrl, '/resource/schemaUrl', found)
  const schema = url === undefined ? '' : `,"schemaUrl":${jsonOfText(url)}`
  return `{"attributes":${attributes}${dropped('droppedAttributes', resource.droppedAttributes)}${schema}}`
}

export function scopeText(scope: WireScope, schemaUrl: string, cleaner: Cleaner, found: Findings): string {
  const name = jsonOfText(cleaner.name(scope.name, '/scope/name', found))
  const version = cleaner.optionalText(scope.version, '/scope/version', found)
  const url = cleaner.optionalText(schemaUrl, '/scope/schemaUrl', found)
  const attributes =
    scope.attributes.length === 0 ? '' : `"attributes":${cleaner.sharedAttributes(scope.attributes, '/scope/attributes', found)},`
  const count = scope.droppedAttributes === 0 ? '' : `"droppedAttributes":${scope.droppedAttributes},`
  const schema = url === undefined ? '' : `,"schemaUrl":${jsonOfText(url)}`
  return `{${attributes}${count}"name":${name}${schema}${version === undefined ? '' : `,"version":${jsonOfText(version)}`}}`
}

function eventText(event: WireEvent, pointer: string, cleaner: Cleaner, found: Findings): string {
  const attributes = cleaner.attributes(event.attributes, `${pointer}/attributes`, found)
  const name = jsonOfText(cleaner.name(event.name, `${pointer}/name`, found))
  return `{"attributes":${attributes}${dropped('droppedAttributes', event.droppedAttributes)},"name":${name},"timeNanos":"${event.timeNanos}"}`
}

function linkText(link: WireLink, pointer: string, cleaner: Cleaner, found: Findings): string {
  const attributes = cleaner.attributes(link.attributes, `${pointer}/attributes`, found)
  const state = cleaner.optionalText(link.traceState, `${pointer}/traceState`, found)
  const tail = state === undefined ? '' : `,"traceState":${jsonOfText(state)}`
  const counts = `${dropped('droppedAttributes', link.droppedAttributes)}${dropped('flags', link.flags)}`
  return `{"attributes":${attributes}${counts},"spanId":"${link.spanId}","traceId":"${link.traceId}"${tail}}`
}

type WriteItem<T> = (item: T, pointer: string, cleaner: Cleaner, found: Findings) => string

function listText<T>(list: readonly T[], pointer: string, write: WriteItem<T>, cleaner: Cleaner, found: Findings): string {
  return list.length === 0 ? '' : list.map((item, index) => write(item, `${pointer}/${index}`, cleaner, found)).join(',')
}

export function cutsText(cuts: readonly Cut[], cleaner: Cleaner, found: Findings): string {
  return cuts
    .map(
      (cut) =>
        `{"count":${cut.count},"reason":${jsonOfText(cleaner.plain(cut.reason, found))},"what":${jsonOfText(cleaner.plain(cut.what, found))}}`,
    )
    .join(',')
}

export function countsText(counts: Readonly<Record<string, number>>): string {
  const members = Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([rule, count]) => `${jsonOfText(rule)}:${count}`).join(',')}}`
}

/** The members of a core before `payloads` and after it; payloads need what writing the rest has found. */
export interface CoreText {
  readonly head: string
  readonly tail: string
}

/** And what of it the index keeps that is not in the draft. */
export interface SpanCoreText extends CoreText {
  readonly stepName: string
  readonly redactions: Readonly<Record<string, number>> | undefined
}

/** Writes a span's core. Payload contents, redactions and cuts are added to `found`, and are not part of the text yet. */
export function spanCoreText(draft: SpanDraft, shared: SharedText, cleaner: Cleaner, found: Findings): SpanCoreText {
  const { span } = draft
  for (const payload of draft.payloads) cleaner.payload(payload, found)
  const name = cleaner.name(span.name, '/name', found)
  const stepName = draft.stepName === span.name ? name : cleaner.name(draft.stepName, '/stepName', found)
  const operation = cleaner.name(draft.operation, '/operation', found)
  const message = cleaner.message(span.status.message, '/status/message', found)
  const state = cleaner.optionalText(span.traceState, '/traceState', found)
  const seed = draft.seed === undefined ? undefined : cleaner.name(draft.seed, '/seed', found)
  const attributes = cleaner.attributes(draft.attributes, '/attributes', found)
  const events = listText(span.events, '/events', eventText, cleaner, found)
  const links = listText(span.links, '/links', linkText, cleaner, found)
  const allCuts = [...draft.cuts, ...shared.cuts, ...found.cuts]
  const cuts = allCuts.length === 0 ? '' : cutsText(allCuts, cleaner, found)
  const redactions = mergeCounts(shared.redactions, found.redactions)
  const words = { name, stepName, operation, message }
  const isPlain = events === '' && links === ''
  const text = isPlain ? shared.alike.textOf(draft, words) : spanText(draft, words, shared.namespace, events, links)

  let head = `{"attributes":${attributes}`
  if (cuts !== '') head += `,"cuts":[${cuts}]`
  if (draft.deliveries !== undefined) head += `,"deliveries":[${draft.deliveries.join(',')}]`
  head += dropped('droppedAttributes', span.droppedAttributes)
  head += dropped('droppedEvents', span.droppedEvents)
  head += dropped('droppedLinks', span.droppedLinks)
  if (draft.effect !== undefined) head += `,"effect":"${draft.effect}"`
  if (!draft.pending && span.endNanos !== 0n) head += `,"endNanos":"${span.endNanos}"`
  head += text.middle
  if (span.parentSpanId !== '') head += `,"parentSpanId":"${span.parentSpanId}"`

  let tail = draft.pending ? ',"pending":true' : ''
  tail += shared.policyMember
  if (redactions !== undefined) tail += `,"redactions":${countsText(redactions)}`
  tail += `${shared.toRunId}${draft.runId}${shared.behindRunId}`
  if (seed !== undefined) tail += `,"seed":${jsonOfText(seed)}`
  if (draft.sequence !== undefined) tail += `,"sequence":${draft.sequence}`
  if (draft.shape !== undefined) tail += `,"shape":"${draft.shape}"`
  tail += `,"spanId":"${span.spanId}${text.spanKind}${span.startNanos}${text.status}`
  if (draft.streamEnd !== undefined) tail += `,"streamEnd":"${draft.streamEnd}"`
  tail += `,"traceId":"${span.traceId}"`
  if (state !== undefined) tail += `,"traceState":${jsonOfText(state)}`
  if (found.unscanned !== undefined) tail += `,"unscanned":${countsText(found.unscanned)}`
  return { head, tail: `${tail}}`, stepName, redactions }
}
