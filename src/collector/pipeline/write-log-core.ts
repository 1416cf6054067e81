import { jsonOfText } from './canonical-text.ts'
import type { LogDraft } from './normalize-log.ts'
import { type Cleaner, type Findings, mergeCounts } from './redact.ts'
import { type CoreText, countsText, cutsText, dropped, type SharedText } from './write-core.ts'

/**
 * Writes a log record's core as canonical JSON (RFC 8785): members stand in the order of their keys. Payload contents,
 * redactions and cuts are added to `found`, and are not part of the text yet.
 */
export function logCoreText(draft: LogDraft, shared: SharedText, cleaner: Cleaner, found: Findings): CoreText {
  const { log } = draft
  cleaner.content('/body', log.body, found)
  const eventName = cleaner.optionalText(draft.eventName, '/eventName', found)
  const severityText = cleaner.optionalText(log.severityText, '/severityText', found)
  const attributes = cleaner.attributes(draft.attributes, '/attributes', found)
  const allCuts = [...draft.cuts, ...shared.cuts, ...found.cuts]
  const cuts = allCuts.length === 0 ? '' : cutsText(allCuts, cleaner, found)
  const redactions = mergeCounts(shared.redactions, found.redactions)

  let head = `{"attributes":${attributes}`
  if (cuts !== '') head += `,"cuts":[${cuts}]`
  head += dropped('droppedAttributes', log.droppedAttributes)
  if (eventName !== undefined) head += `,"eventName":${jsonOfText(eventName)}`
  head += `${dropped('flags', log.flags)},"namespace":${shared.namespace}`
  if (log.observedNanos !== 0n) head += `,"observedNanos":"${log.observedNanos}"`

  let tail = `,"policy":${shared.policy}`
  if (redactions !== undefined) tail += `,"redactions":${countsText(redactions)}`
  tail += `,"resource":${shared.resource}`
  if (draft.runId !== undefined) tail += `,"runId":"${draft.runId}"`
  tail += `,"schema":"reprise.log/1","scope":${shared.scope}`
  if (draft.severityNumber !== undefined) tail += `,"severityNumber":${draft.severityNumber}`
  if (severityText !== undefined) tail += `,"severityText":${jsonOfText(severityText)}`
  if (log.spanId !== '') tail += `,"spanId":"${log.spanId}"`
  if (log.timeNanos !== 0n) tail += `,"timeNanos":"${log.timeNanos}"`
  if (log.traceId !== '') tail += `,"traceId":"${log.traceId}"`
  if (found.unscanned !== undefined) tail += `,"unscanned":${countsText(found.unscanned)}`
  return { head, tail: `${tail}}` }
}
