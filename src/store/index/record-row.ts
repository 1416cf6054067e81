import { type AttributeValue, GENAI, type SpanCore, type SpanRecord, STEP_KINDS, type StepKind } from '../../schemas/index.ts'

/** What the index keeps of one span record. */
export interface StepRow {
  readonly namespace: string
  readonly runId: string
  readonly traceId: string
  readonly spanId: string
  readonly parented: boolean
  /** Its number in the call order, or the last place. */
  readonly position: number
  readonly startNanos: string
  readonly endNanos: string | undefined
  readonly kind: StepKind
  readonly name: string
  readonly service: string | undefined
  readonly own: boolean
  readonly pending: boolean
  readonly error: boolean
  readonly model: string | undefined
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly redactions: number
  readonly digests: readonly string[]
}

export interface GapRow {
  readonly namespace: string
  readonly runId: string | undefined
  readonly count: number
}

/** Steps without a place in the call order come after those with one. */
export const NO_POSITION: number = Number.MAX_SAFE_INTEGER
/** Sums stay exact whatever a sender claims. */
const COUNT_MAX = 1_000_000_000_000

// A container reports the sum over its children, which would count them twice.
const COUNTS_TOKENS: ReadonlySet<StepKind> = new Set<StepKind>(
  STEP_KINDS.filter((kind) => !['run', 'agent', 'stage', 'training.run', 'evaluation'].includes(kind)),
)

/** Reads one line of the tape. Undefined for a record of a kind that this version does not know. Throws on what is no JSON. */
export function rowOfLine(line: string): { step: StepRow } | { gap: GapRow } | undefined {
  const record: unknown = JSON.parse(line)
  if (isSpanRecord(record)) return { step: stepRowOf(record) }
  return isGapRecord(record)
    ? { gap: { namespace: record.core.namespace, runId: record.core.runId, count: Math.min(record.core.count, COUNT_MAX) } }
    : undefined
}

// Lines were checked when they were made, and the group's digest was too: the schema name is enough here.
function schemaOf(record: unknown): unknown {
  if (typeof record !== 'object' || record === null || !('core' in record)) return undefined
  const { core } = record
  return typeof core === 'object' && core !== null && 'schema' in core ? core.schema : undefined
}

export function isSpanRecord(record: unknown): record is SpanRecord {
  return schemaOf(record) === 'reprise.span/1'
}

function isGapRecord(record: unknown): record is { core: { namespace: string; runId?: string; count: number } } {
  return schemaOf(record) === 'reprise.gap/1'
}

function stepRowOf({ core, refs }: SpanRecord): StepRow {
  const { attributes } = core
  const model = attributes[GENAI.requestModel]
  const counts = COUNTS_TOKENS.has(core.kind)
  return {
    namespace: core.namespace,
    runId: core.runId,
    traceId: core.traceId,
    spanId: core.spanId,
    parented: core.parentSpanId !== undefined,
    position: core.sequence ?? NO_POSITION,
    startNanos: core.startNanos,
    endNanos: core.endNanos,
    kind: core.kind,
    name: core.stepName,
    service: serviceOf(core),
    own: core.fidelity === 'replayable',
    pending: core.pending === true,
    error: core.status.code === 'error',
    model: typeof model === 'string' ? model : undefined,
    inputTokens: counts ? countOf(attributes[GENAI.inputTokens]) : undefined,
    outputTokens: counts ? countOf(attributes[GENAI.outputTokens]) : undefined,
    redactions: Object.values(core.redactions ?? {}).reduce((sum, count) => sum + Math.min(count, COUNT_MAX), 0),
    digests: refs.map(({ digest }) => digest),
  }
}

function serviceOf(core: SpanCore): string | undefined {
  const service = core.resource.attributes['service.name']
  return typeof service === 'string' ? service : undefined
}

/** A count as some senders write it: an integer, a double, decimal digits beyond 2^53. */
function countOf(value: AttributeValue | undefined): number | undefined {
  let count: number
  if (typeof value === 'number') count = value
  else if (typeof value === 'object' && value !== null && 'int' in value) count = Number(value.int)
  else if (typeof value === 'object' && value !== null && 'double' in value && typeof value.double === 'number') count = value.double
  else return undefined
  return count >= 0 ? Math.min(Math.floor(count), COUNT_MAX) : undefined
}
