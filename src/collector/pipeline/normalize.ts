import { type Classification, classifyForeignSpan } from '../../adapters/dialects/index.ts'
import { isWireBytes, isWireText, textOf, type WireAttribute, type WireSpan, type WireText, type WireValue } from '../../otlp/index.ts'
import {
  ATTR,
  type Cut,
  EFFECTS,
  type Effect,
  FIDELITIES,
  type Fidelity,
  GENAI,
  MEDIA_TYPE_FORM,
  OPERATION_OF_KIND,
  parseJson,
  RESULT_SHAPES,
  type ResultShape,
  STEP_KINDS,
  STREAM_ENDS,
  type StepKind,
  type StreamEnd,
} from '../../schemas/index.ts'

/** A payload as it was sent: not yet redacted. Without a media type, text is JSON and bytes are bytes. */
export interface DraftPayload {
  readonly role: 'input' | 'output' | 'error'
  readonly mediaType: string | undefined
  readonly data: string | WireText | { readonly bytes: Uint8Array }
}

/** A span in canonical terms, whose strings are still as they were sent. */
export interface SpanDraft {
  readonly type: 'span'
  readonly span: WireSpan
  readonly runId: string
  readonly kind: StepKind
  readonly operation: string
  readonly stepName: string
  readonly fidelity: Fidelity
  readonly pending: boolean
  readonly sequence: number | undefined
  readonly effect: Effect | undefined
  readonly shape: ResultShape | undefined
  readonly streamEnd: StreamEnd | undefined
  readonly deliveries: readonly number[] | undefined
  readonly seed: string | undefined
  readonly cuts: readonly Cut[]
  readonly payloads: readonly DraftPayload[]
  /** What is left when the fields above have been lifted out. */
  readonly attributes: readonly WireAttribute[]
}

/** A notice of the SDK that it had to drop something. */
export interface GapDraft {
  readonly type: 'gap'
  readonly runId: string | undefined
  readonly reason: string
  readonly count: number
}

export interface Rejection {
  readonly type: 'rejected'
  /** Names the place and what was expected there, never what was found: that may be a secret. */
  readonly reason: string
}

const MAX_CUTS = 1_000
const HEX_32 = /^[0-9a-f]{32}$/
const ZEROS_32 = '0'.repeat(32)

/** An attribute of ours that cannot be read; the message names it and what was expected. */
export class Unacceptable extends Error {}

function reject(key: string, expected: string): never {
  throw new Unacceptable(`attributes.${key}: expected ${expected}`)
}

function stringIn(key: string, value: WireValue): string {
  if (typeof value === 'string') return value
  if (isWireText(value)) return textOf(value)
  return reject(key, 'a string')
}

function oneOf<const T extends string>(key: string, allowed: readonly T[], value: WireValue): T {
  const text = typeof value === 'string' ? value : undefined
  return allowed.find((candidate) => candidate === text) ?? reject(key, `one of ${allowed.join(', ')}`)
}

function countIn(key: string, value: WireValue): number {
  const count = typeof value === 'object' && value !== null && 'int' in value ? Number(value.int) : typeof value === 'number' ? value : -1
  return Number.isSafeInteger(count) && count >= 0 ? count : reject(key, 'a whole number from 0 to 2^53 - 1')
}

function countsIn(key: string, value: WireValue): number[] {
  if (typeof value !== 'object' || value === null || !('array' in value)) return reject(key, 'an array of whole numbers')
  return value.array.map((item) => countIn(key, item))
}

function boolIn(key: string, value: WireValue): boolean {
  return typeof value === 'boolean' ? value : reject(key, 'true or false')
}

function cutsIn(key: string, value: WireValue): Cut[] {
  const expected = `JSON of at most ${MAX_CUTS} objects {what, reason, count}`
  let parsed: unknown
  try {
    parsed = parseJson(stringIn(key, value))
  } catch {
    return reject(key, expected)
  }
  if (!Array.isArray(parsed) || parsed.length > MAX_CUTS) return reject(key, expected)
  return parsed.map((cut: unknown) => {
    if (typeof cut !== 'object' || cut === null || !('what' in cut) || !('reason' in cut) || !('count' in cut)) return reject(key, expected)
    const { what, reason, count } = cut
    if (typeof what !== 'string' || typeof reason !== 'string' || typeof count !== 'number') return reject(key, expected)
    return Number.isSafeInteger(count) && count >= 0 ? { what, reason, count } : reject(key, expected)
  })
}

export function runIdIn(key: string, value: WireValue): string {
  const text = typeof value === 'string' ? value : ''
  return HEX_32.test(text) && text !== ZEROS_32 ? text : reject(key, '32 lowercase hex digits, not all zero')
}

function payloadIn(key: string, role: DraftPayload['role'], value: WireValue): DraftPayload {
  if (typeof value === 'string' || isWireText(value) || isWireBytes(value)) return { role, mediaType: undefined, data: value }
  return reject(key, 'a string or bytes')
}

type Lifted = {
  -readonly [Key in Exclude<keyof SpanDraft, 'type' | 'span' | 'attributes' | 'payloads' | 'cuts'>]?: SpanDraft[Key]
} & {
  cuts?: Cut[]
  payloads?: DraftPayload[]
  mediaTypes?: Partial<Record<DraftPayload['role'], string>>
  gapReason?: string
  gapCount?: number
}

/** One entry for each attribute of ours that becomes a field. The sender controls every value. */
const LIFT: ReadonlyMap<string, (into: Lifted, value: WireValue, key: string) => void> = new Map<
  string,
  (into: Lifted, value: WireValue, key: string) => void
>([
  [ATTR.runId, (into, value, key) => void (into.runId = runIdIn(key, value))],
  [ATTR.kind, (into, value, key) => void (into.kind = oneOf(key, STEP_KINDS, value))],
  [ATTR.operation, (into, value, key) => void (into.operation = stringIn(key, value))],
  [ATTR.stepName, (into, value, key) => void (into.stepName = stringIn(key, value))],
  [ATTR.sequence, (into, value, key) => void (into.sequence = countIn(key, value))],
  [ATTR.effect, (into, value, key) => void (into.effect = oneOf(key, EFFECTS, value))],
  [ATTR.fidelity, (into, value, key) => void (into.fidelity = oneOf(key, FIDELITIES, value))],
  [ATTR.pending, (into, value, key) => void (into.pending = boolIn(key, value))],
  [ATTR.seed, (into, value, key) => void (into.seed = stringIn(key, value))],
  [ATTR.shape, (into, value, key) => void (into.shape = oneOf(key, RESULT_SHAPES, value))],
  [ATTR.streamEnd, (into, value, key) => void (into.streamEnd = oneOf(key, STREAM_ENDS, value))],
  [ATTR.deliveries, (into, value, key) => void (into.deliveries = countsIn(key, value))],
  [ATTR.cuts, (into, value, key) => void (into.cuts = cutsIn(key, value))],
  [ATTR.input, (into, value, key) => void (into.payloads ??= []).push(payloadIn(key, 'input', value))],
  [ATTR.output, (into, value, key) => void (into.payloads ??= []).push(payloadIn(key, 'output', value))],
  [ATTR.error, (into, value, key) => void (into.payloads ??= []).push(payloadIn(key, 'error', value))],
  [ATTR.inputMediaType, (into, value, key) => void ((into.mediaTypes ??= {}).input = mediaTypeIn(key, value))],
  [ATTR.outputMediaType, (into, value, key) => void ((into.mediaTypes ??= {}).output = mediaTypeIn(key, value))],
  [ATTR.errorMediaType, (into, value, key) => void ((into.mediaTypes ??= {}).error = mediaTypeIn(key, value))],
  [ATTR.gapReason, (into, value, key) => void (into.gapReason = stringIn(key, value))],
  [ATTR.gapCount, (into, value, key) => void (into.gapCount = countIn(key, value))],
])

function mediaTypeIn(key: string, value: WireValue): string {
  const text = typeof value === 'string' ? value : ''
  return MEDIA_TYPE_FORM.test(text) ? text : reject(key, 'a media type such as application/json')
}

const STATUS_UNSET = 0
const STATUS_ERROR = 2
const OURS = 'reprise.'
const ROLE_ORDER: readonly DraftPayload['role'][] = ['input', 'output', 'error']

function payloadsOf(lifted: Lifted): DraftPayload[] {
  if (lifted.payloads === undefined) return []
  // As with every repeated key, the last one holds.
  const byRole = new Map(lifted.payloads.map((payload) => [payload.role, payload]))
  return ROLE_ORDER.flatMap((role) => {
    const payload = byRole.get(role)
    return payload === undefined ? [] : [{ ...payload, mediaType: lifted.mediaTypes?.[role] }]
  })
}

function operationOf(attributes: readonly WireAttribute[], kind: StepKind): string {
  for (const [key, value] of attributes) if (key === GENAI.operationName && typeof value === 'string' && value !== '') return value
  return OPERATION_OF_KIND[kind]
}

/** Reads what is ours of a list, and gives the rest. */
function lift(list: readonly WireAttribute[], into: Lifted): WireAttribute[] {
  return list.filter(([key, value]) => {
    const field = LIFT.get(key)
    field?.(into, value, key)
    return field === undefined
  })
}

/**
 * One span of any sender in canonical terms: our own attributes become fields, and a foreign span gets a kind from its
 * conventions. Pure. What cannot be read makes the span a rejection that names the attribute.
 */
export function normalizeSpan(span: WireSpan): SpanDraft | GapDraft | Rejection {
  const lifted: Lifted = {}
  let { attributes } = span
  try {
    // Most spans of others have none of ours, and their list stays as it is.
    if (attributes.some(([key]) => key.startsWith(OURS))) attributes = lift(attributes, lifted)
    if (lifted.gapReason !== undefined || lifted.gapCount !== undefined) {
      if (lifted.gapReason === undefined || lifted.gapReason === '') reject(ATTR.gapReason, `a reason beside ${ATTR.gapCount}`)
      return { type: 'gap', runId: lifted.runId, reason: lifted.gapReason, count: lifted.gapCount ?? 1 }
    }
  } catch (error) {
    if (error instanceof Unacceptable) return { type: 'rejected', reason: error.message }
    throw error
  }
  const known = lifted.kind
  const derived: Classification =
    known === undefined ? classifyForeignSpan(span) : { kind: known, operation: operationOf(attributes, known), stepName: span.name }
  return {
    type: 'span',
    span: derived.failed === true && span.status.code === STATUS_UNSET ? { ...span, status: { ...span.status, code: STATUS_ERROR } } : span,
    runId: lifted.runId ?? span.traceId,
    kind: derived.kind,
    operation: lifted.operation ?? derived.operation,
    stepName: lifted.stepName ?? derived.stepName,
    // Spans of ours that another exporter carries have our names and not our payloads: only our exporter says `replayable`.
    fidelity: lifted.fidelity ?? 'observed',
    pending: lifted.pending ?? false,
    sequence: lifted.sequence,
    effect: lifted.effect,
    shape: lifted.shape,
    streamEnd: lifted.streamEnd,
    deliveries: lifted.deliveries,
    seed: lifted.seed,
    cuts: lifted.cuts ?? [],
    payloads: payloadsOf(lifted),
    attributes,
  }
}
