import { type DerivableStep, deriveGenAiScalars } from '../../adapters/dialects/index.ts'
import { isWireText, textOf, wireValueOf } from '../../otlp/index.ts'
import { decodeValue, MEDIA_TYPE, parseJson } from '../../schemas/index.ts'
import type { DraftPayload, SpanDraft } from './normalize.ts'

/** Kinds whose values tell more than their wrapper knew. */
const TELLING: ReadonlySet<string> = new Set(['model', 'embedding', 'retriever', 'reranker'])

/** Larger calls go without: parsing them once more would hold up everybody else's. Their values stay what they are. */
const DERIVE_MAX_BYTES = 4 * 1024 * 1024

/**
 * Our own SDK sends the raw values of a call and nothing that follows from them: the program it watches is not to pay for that.
 * What they say as GenAI attributes (models, token usage, request parameters, finish reasons) is added here, before redaction,
 * which it passes as if it had been sent. An attribute that was sent stays as it is.
 */
export function withDerivedAttributes(draft: SpanDraft): SpanDraft {
  if (draft.fidelity !== 'replayable' || draft.pending || !TELLING.has(draft.kind)) return draft
  if (draft.payloads.reduce((sum, { data }) => sum + sizeOf(data), 0) > DERIVE_MAX_BYTES) return draft
  const sent = new Set(draft.attributes.map(([key]) => key))
  const derived = Object.entries(deriveGenAiScalars(derivableOf(draft))).filter(([key]) => !sent.has(key))
  if (derived.length === 0) return draft
  return { ...draft, attributes: [...draft.attributes, ...derived.map(([key, value]) => [key, wireValueOf(value)] as const)] }
}

function derivableOf({ kind, operation, stepName, shape, payloads }: SpanDraft): DerivableStep {
  const valueOf = (role: DraftPayload['role']): unknown => readValue(payloads.find((payload) => payload.role === role))
  return { kind, operation, stepName, shape, args: valueOf('input'), output: valueOf('output') }
}

function sizeOf(data: DraftPayload['data']): number {
  return typeof data === 'string' ? data.length : 'bytes' in data ? data.bytes.length : data.utf8.length
}

/** What cannot be read says nothing here; that it cannot be read is for redaction to tell. */
function readValue(payload: DraftPayload | undefined): unknown {
  if (payload === undefined) return undefined
  const { data, mediaType } = payload
  try {
    if (typeof data !== 'string' && !isWireText(data)) return decodeValue(mediaType ?? MEDIA_TYPE.bytes, data.bytes)
    return mediaType === undefined || mediaType === MEDIA_TYPE.json ? parseJson(typeof data === 'string' ? data : textOf(data)) : undefined
  } catch {
    return undefined
  }
}
