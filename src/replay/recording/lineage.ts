import { normalizeSurrogates, normalizeTokens } from '../../redaction/index.ts'
import type { RecordedStep, SpanRecord } from '../../schemas/index.ts'
import {
  canonicalJson,
  canonicalTextOf,
  canonicalValue,
  decodeValue,
  digestOf,
  MEDIA_TYPE,
  RepriseError,
  sha256Hex,
} from '../../schemas/index.ts'
import { type IgnoredFields, removeFields } from './ignored-fields.ts'

/**
 * Where a call stands in the program: its parent's place, what was called, with which request, and which of the equal
 * calls under that parent it was. No id and no clock, so that the same program gives the same lineage on every run.
 */
export function lineageOf(
  parentLineage: string | undefined,
  operation: string,
  stepName: string,
  requestDigest: string,
  occurrence: number,
): string {
  const parts = [parentLineage ?? null, operation, stepName, requestDigest, occurrence]
  // Of texts without lone surrogates, and whole numbers, JSON.stringify writes the canonical form.
  return sha256Hex(operation.isWellFormed() && stepName.isWellFormed() ? JSON.stringify(parts) : canonicalJson(parts))
}

/**
 * The text that stands for a redacted payload wherever equality matters: canonical, with tokens numbered instead of keyed.
 * Bytes of a type of their own are equal when their digests are. `hasSurrogates`: the policy puts values of the same shape in the
 * place of some, which are numbered, too. `ignored`: fields that it leaves out.
 */
export function comparableText(mediaType: string, data: string | Uint8Array, hasSurrogates: boolean, ignored: IgnoredFields = []): string {
  if (!isValue(mediaType)) return canonicalJson({ bytes: digestOf(data) })
  const whole = mediaType === MEDIA_TYPE.json && typeof data === 'string' && ignored.length === 0
  const text = normalizeTokens((whole ? canonicalTextOf(data) : undefined) ?? canonicalValue(decodedWithout(mediaType, data, ignored)))
  return hasSurrogates ? normalizeSurrogates(text) : text
}

function decodedWithout(mediaType: string, data: string | Uint8Array, ignored: IgnoredFields): unknown {
  const value = decodeValue(mediaType, data)
  removeFields(value, ignored)
  return value
}

/** Whether a payload of this type decodes to a value of the program. */
export function isValue(mediaType: string): boolean {
  return mediaType === MEDIA_TYPE.json || mediaType === MEDIA_TYPE.msgpack || mediaType === MEDIA_TYPE.text
}

/** Stands in for the request of a step whose input was withheld or erased: no live request can have this digest. */
const NO_REQUEST = sha256Hex('no request')

export function requestDigestOf(
  payload: { mediaType: string; data: string | Uint8Array } | undefined,
  hasSurrogates: boolean,
  ignored: IgnoredFields = [],
): string {
  return payload === undefined ? NO_REQUEST : sha256Hex(comparableText(payload.mediaType, payload.data, hasSurrogates, ignored))
}

/** The parts of a request's identity that come before its occurrence, framed so that no two sets of parts run together. */
export function groupKeyOf(operation: string, stepName: string, requestDigest: string): string {
  return `${requestDigest}:${operation.length}:${operation}:${stepName}`
}

/** One step of a run within the tree of its calls. */
export interface LineageNode {
  readonly record: SpanRecord
  /** The nearest step above that our SDK captured; a foreign span in between says nothing about the program's calls. */
  readonly parent: LineageNode | undefined
  readonly requestDigest: string
  readonly lineage: string
  readonly occurrence: number
  /** In a replay over the wire: its code runs again, above the exchanges that it makes. */
  readonly runsAgain?: true
}

/**
 * Derives the lineage of every step of one run.
 *
 * @param records parents before children, replayable ones in call order
 * @throws RepriseError `invalid_recording` when a step stands before its parent
 */
export function deriveLineage(
  records: readonly SpanRecord[],
  rootSpanId: string,
  requestDigest: (record: SpanRecord) => string,
): LineageNode[] {
  const bySpan = new Map<string, LineageNode>()
  const root = { node: undefined as LineageNode | undefined }
  const occurrences = new Map<LineageNode | undefined, Map<string, number>>()
  return records.map((record) => {
    const { core } = record
    const parent = core.spanId === rootSpanId ? undefined : (replayableAncestor(bySpan, core.parentSpanId) ?? root.node)
    if (core.spanId !== rootSpanId && root.node === undefined && core.fidelity === 'replayable')
      throw new RepriseError('invalid_recording', `step ${core.spanId} (${core.stepName}) stands before the root of its run`)
    const digest = requestDigest(record)
    const key = groupKeyOf(core.operation, core.stepName, digest)
    const counts = occurrences.get(parent) ?? new Map<string, number>()
    occurrences.set(parent, counts)
    const occurrence = counts.get(key) ?? 0
    counts.set(key, occurrence + 1)
    const lineage = lineageOf(parent?.lineage, core.operation, core.stepName, digest, occurrence)
    const node: LineageNode = { record, parent, requestDigest: digest, lineage, occurrence }
    bySpan.set(core.spanId, node)
    if (core.spanId === rootSpanId) root.node = node
    return node
  })
}

function replayableAncestor(bySpan: ReadonlyMap<string, LineageNode>, spanId: string | undefined): LineageNode | undefined {
  const direct = spanId === undefined ? undefined : bySpan.get(spanId)
  // A foreign span's own node already carries its replayable ancestor as parent.
  return direct === undefined || direct.record.core.fidelity === 'replayable' ? direct : direct.parent
}

export function toRecordedStep({ record, lineage, occurrence }: LineageNode): RecordedStep {
  return { schema: 'reprise.recorded-step/1', lineage, occurrence, core: record.core, refs: record.refs }
}
