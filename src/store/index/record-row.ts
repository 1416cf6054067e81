import {
  ATTR,
  type AttributeValue,
  type GapRecord,
  GENAI,
  type LogRecord,
  parseJson,
  type SpanRecord,
  STEP_KINDS,
  type StepKind,
} from '../../schemas/index.ts'
import { COUNT_MAX, FactReader } from './step-facts.ts'

/** What a resource says for the records under it. */
export interface ResourceFacts {
  readonly service: string | undefined
  readonly session: string | undefined
  readonly tags: readonly string[]
  readonly sender: string | undefined
  /** Number of the batch among those of its sender. */
  readonly sequence: number | undefined
}

/** What the index keeps of one span record. */
export interface StepRow {
  readonly type: 'step'
  readonly namespace: string
  readonly runId: string
  readonly traceId: string
  readonly span: bigint
  readonly parent: bigint | undefined
  /** Its number in the call order, or the last place. */
  readonly position: number
  readonly startNanos: bigint
  readonly endNanos: bigint | undefined
  readonly kind: StepKind
  readonly name: string
  readonly own: boolean
  readonly pending: boolean
  readonly error: boolean
  readonly model: string | undefined
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  /** In billionths. */
  readonly cost: number | undefined
  readonly session: string | undefined
  readonly tags: readonly string[]
  readonly redactions: number
  readonly resource: ResourceFacts
  /** `digestKeyOf` of each payload. */
  readonly digests: readonly number[]
}

export interface LogRow {
  readonly type: 'log'
  readonly namespace: string
  readonly runId: string | undefined
  readonly span: bigint | undefined
  readonly nanos: bigint
  readonly severity: number
  readonly eventName: string | undefined
  /** Whether it carries messages of a model call. */
  readonly messages: boolean
  readonly redactions: number
  readonly digests: readonly number[]
}

export interface GapRow {
  readonly type: 'gap'
  readonly namespace: string
  readonly runId: string | undefined
  readonly reason: string
  readonly count: number
  /** Batches of a sender that never came. */
  readonly lost: { readonly sender: string; readonly from: number; readonly to: number } | undefined
  /** The batch in which a sender's own notice came. */
  readonly batch: { readonly sender: string; readonly sequence: number } | undefined
}

export type RecordRow = StepRow | LogRow | GapRow

/** Content of a model call that newer senders put on an event instead of the span (GenAI conventions, since 1.37). */
export const MESSAGE_ROLES: ReadonlySet<string> = new Set(
  [GENAI.inputMessages, GENAI.outputMessages, GENAI.systemInstructions, GENAI.toolDefinitions].map((key) => `/attributes/${key}`),
)

/** Steps without a place in the call order come after those with one. */
export const NO_POSITION: number = Number.MAX_SAFE_INTEGER

const DIGEST_PREFIX_LENGTH = 'sha256:'.length
const KEY_DIGITS = 9
const NO_TAGS: readonly string[] = []

// A container reports the sum over its children, which would count them twice.
const CONTAINERS: readonly StepKind[] = ['run', 'agent', 'stage', 'training.run', 'evaluation']
export const COUNTS_USAGE: ReadonlySet<StepKind> = new Set<StepKind>(STEP_KINDS.filter((kind) => !CONTAINERS.includes(kind)))

/** 16 hex digits as SQLite's signed 64-bit integer. */
export function integerOfHex(hex: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${hex}`))
}

export function hexOfInteger(integer: bigint): string {
  return BigInt.asUintN(64, integer).toString(16).padStart(16, '0')
}

/** The first 36 bits of a digest: enough to find it by, and to be sorted as a number together with 16 bits more. */
export function digestKeyOf(digest: string): number {
  return hexNumberAt(digest, DIGEST_PREFIX_LENGTH, KEY_DIGITS)
}

/** Lowercase hex digits of a text, up to 13 of them; -1 where they are none. Without leaving JavaScript, which costs more than the rest. */
export function hexNumberAt(text: string, from: number, digits: number): number {
  let value = 0
  for (let at = from; at < from + digits; at++) {
    const code = text.charCodeAt(at)
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code >= 0x61 && code <= 0x66 ? code - 0x57 : -1
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

/** Reads one line of the tape the plain way. Undefined for a record of a kind that this version does not know. Throws on what is no JSON. */
export function rowOfLine(line: string): RecordRow | undefined {
  const record: unknown = parseJson(line)
  // Lines were checked when they were made, and the group's digest was too: the schema name is enough here.
  switch (schemaOf(record)) {
    case 'reprise.span/1':
      return stepRowOf(record as SpanRecord)
    case 'reprise.log/1':
      return logRowOf(record as LogRecord)
    case 'reprise.gap/1': {
      const { namespace, runId, reason, count, sender, batches, batch } = (record as GapRecord).core
      const lost = sender === undefined || batches === undefined ? undefined : { sender, ...batches }
      return { type: 'gap', namespace, runId, reason, count: Math.min(count, COUNT_MAX), lost, batch }
    }
    default:
      return undefined
  }
}

function schemaOf(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || !('core' in record)) return undefined
  const { core } = record
  return typeof core === 'object' && core !== null && 'schema' in core ? core.schema : undefined
}

export function isSpanRecord(record: unknown): record is SpanRecord {
  return schemaOf(record) === 'reprise.span/1'
}

export function isLogRecord(record: unknown): record is LogRecord {
  return schemaOf(record) === 'reprise.log/1'
}

export function isGapRecord(record: unknown): record is GapRecord {
  return schemaOf(record) === 'reprise.gap/1'
}

function stepRowOf({ core, refs }: SpanRecord): StepRow {
  const { model, inputTokens, outputTokens, cost, session, tags } = new FactReader().takeAll(core.attributes)
  const counts = COUNTS_USAGE.has(core.kind)
  return {
    type: 'step',
    namespace: core.namespace,
    runId: core.runId,
    traceId: core.traceId,
    span: integerOfHex(core.spanId),
    parent: core.parentSpanId === undefined ? undefined : integerOfHex(core.parentSpanId),
    position: core.sequence ?? NO_POSITION,
    startNanos: BigInt(core.startNanos),
    endNanos: core.endNanos === undefined ? undefined : BigInt(core.endNanos),
    kind: core.kind,
    name: core.stepName,
    own: core.fidelity === 'replayable',
    pending: core.pending === true,
    error: core.status.code === 'error',
    model,
    inputTokens: counts ? inputTokens : undefined,
    outputTokens: counts ? outputTokens : undefined,
    cost: counts ? cost : undefined,
    session,
    tags: tags ?? NO_TAGS,
    redactions: sumOf(core.redactions),
    resource: resourceFactsOf(core.resource.attributes),
    digests: refs.map(({ digest }) => digestKeyOf(digest)),
  }
}

function logRowOf({ core, refs }: LogRecord): LogRow {
  return {
    type: 'log',
    namespace: core.namespace,
    runId: core.runId,
    span: core.spanId === undefined ? undefined : integerOfHex(core.spanId),
    nanos: BigInt(core.timeNanos ?? core.observedNanos ?? 0),
    severity: core.severityNumber ?? 0,
    eventName: core.eventName,
    messages: core.payloads?.some(({ role }) => MESSAGE_ROLES.has(role)) === true,
    redactions: sumOf(core.redactions),
    digests: refs.map(({ digest }) => digestKeyOf(digest)),
  }
}

export function sumOf(counts: Readonly<Record<string, number>> | undefined): number {
  return Object.values(counts ?? {}).reduce((sum, count) => sum + Math.min(count, COUNT_MAX), 0)
}

export function resourceFactsOf(attributes: Readonly<Record<string, AttributeValue>>): ResourceFacts {
  const { session, tags } = new FactReader().takeAll(attributes)
  const service = attributes['service.name']
  const sender = attributes[ATTR.senderId]
  const sequence = attributes[ATTR.senderSequence]
  return {
    service: typeof service === 'string' ? service : undefined,
    session,
    tags: tags ?? NO_TAGS,
    sender: typeof sender === 'string' ? sender : undefined,
    sequence: typeof sequence === 'number' && Number.isSafeInteger(sequence) && sequence >= 0 ? sequence : undefined,
  }
}
