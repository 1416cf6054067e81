import { OPERATION_OF_KIND, type StepKind } from '../../schemas/index.ts'

/** What is looked at of a foreign span. A span of the OTLP reader fits, and so does one with attributes in an object. */
export interface ForeignSpan {
  readonly name: string
  /** OTLP's number; 2 is server. */
  readonly kind: number
  readonly parentSpanId: string
  readonly attributes: readonly (readonly [key: string, value: unknown])[]
}

export interface Classification {
  readonly kind: StepKind
  readonly operation: string
  readonly stepName: string
  /** Its convention says so, whatever its status. */
  readonly failed?: true
}

const OPERATION = 'gen_ai.operation.name'
const SERVER = 2

const OTEL_OPERATIONS: Readonly<Record<string, StepKind>> = {
  chat: 'model',
  generate_content: 'model',
  text_completion: 'model',
  fetch_response: 'model',
  embeddings: 'embedding',
  retrieval: 'retriever',
  rerank: 'reranker',
  execute_tool: 'tool',
  invoke_agent: 'agent',
  create_agent: 'agent',
  invoke_workflow: 'agent',
  agent_step: 'agent',
  search_memory: 'retriever',
}

const COMMON_KINDS: Readonly<Record<string, StepKind>> = {
  llm: 'model',
  chat: 'model',
  chat_model: 'model',
  generation: 'model',
  completion: 'model',
  embedding: 'embedding',
  retriever: 'retriever',
  reranker: 'reranker',
  rerank: 'reranker',
  tool: 'tool',
  agent: 'agent',
  workflow: 'agent',
  evaluator: 'evaluation',
  chain: 'custom',
  task: 'custom',
  span: 'custom',
  event: 'custom',
  guardrail: 'custom',
  parser: 'custom',
  prompt: 'custom',
}

const VERCEL_OPERATIONS: Readonly<Record<string, StepKind>> = {
  'ai.generatetext.dogenerate': 'model',
  'ai.streamtext.dostream': 'model',
  'ai.generateobject.dogenerate': 'model',
  'ai.streamobject.dostream': 'model',
  // The outer spans carry the same usage again; the inner ones are the calls.
  'ai.generatetext': 'agent',
  'ai.streamtext': 'agent',
  'ai.generateobject': 'agent',
  'ai.streamobject': 'agent',
  'ai.embed': 'custom',
  'ai.embedmany': 'custom',
  'ai.embed.doembed': 'embedding',
  'ai.embedmany.doembed': 'embedding',
  'ai.toolcall': 'tool',
  'ai.rerank': 'custom',
  'ai.rerank.dorerank': 'reranker',
}

const GENKIT_SUBTYPES: Readonly<Record<string, StepKind>> = {
  model: 'model',
  'background-model': 'model',
  embedder: 'embedding',
  retriever: 'retriever',
  reranker: 'reranker',
  tool: 'tool',
  'tool.v2': 'tool',
  flow: 'agent',
  evaluator: 'evaluation',
}

/** Asked in this order; the first attribute whose value is known decides. */
const RULES: readonly (readonly [key: string, kinds: Readonly<Record<string, StepKind>>])[] = [
  ['langfuse.observation.type', COMMON_KINDS],
  ['openinference.span.kind', COMMON_KINDS],
  [OPERATION, OTEL_OPERATIONS],
  ['genkit:metadata:subtype', GENKIT_SUBTYPES],
  ['ai.operationId', VERCEL_OPERATIONS],
  ['traceloop.span.kind', COMMON_KINDS],
  ['llm.request.type', COMMON_KINDS],
  ['mlflow.spanType', COMMON_KINDS],
  ['langsmith.span.kind', COMMON_KINDS],
  ['mcp.method.name', { 'tools/call': 'tool' }],
]

/** Langfuse says here what OpenTelemetry says in the status, which it leaves as it is. */
const LEVEL = 'langfuse.observation.level'
const LEVEL_OF_ERRORS = 'ERROR'

/** Asked last: that the attribute is there is enough. */
const PRESENCE: readonly (readonly [key: string, kind: StepKind])[] = [
  ['gen_ai.tool.name', 'tool'],
  ['gen_ai.request.model', 'model'],
  ['llm.model_name', 'model'],
]

/** Of each key that is looked at, its place in what is found; once for all spans, as every span asks. */
const PLACES: ReadonlyMap<string, number> = new Map(
  [...new Set([...[...RULES, ...PRESENCE].map(([key]) => key), LEVEL])].map((key, place) => [key, place]),
)
const placeOf = (key: string): number => PLACES.get(key) ?? -1
const KINDS_BY_PLACE: readonly (readonly [place: number, kinds: ReadonlyMap<string, StepKind>])[] = RULES.map(([key, kinds]) => [
  placeOf(key),
  new Map(Object.entries(kinds)),
])
const PRESENCE_BY_PLACE: readonly (readonly [place: number, kind: StepKind])[] = PRESENCE.map(([key, kind]) => [placeOf(key), kind])
const OPERATION_PLACE = placeOf(OPERATION)
const LEVEL_PLACE = placeOf(LEVEL)
type Found = readonly (string | undefined)[]
const NOTHING: Found = []

/**
 * What a span of someone else's instrumentation stands for, by its attributes; a server span or a root without any is a
 * run of its own, everything else is custom. Its name is its step name.
 */
export function classifyForeignSpan(span: ForeignSpan): Classification {
  const found = valuesOf(span)
  const kind = kindOf(found) ?? (span.kind === SERVER || span.parentSpanId === '' ? 'run' : 'custom')
  const classified = { kind, operation: found[OPERATION_PLACE] || OPERATION_OF_KIND[kind], stepName: span.name }
  return found[LEVEL_PLACE] === LEVEL_OF_ERRORS ? { ...classified, failed: true } : classified
}

/** By place; of equal keys the last one holds. */
function valuesOf({ attributes }: ForeignSpan): Found {
  let found: (string | undefined)[] | undefined
  for (const [key, value] of attributes) {
    const place = typeof value === 'string' ? PLACES.get(key) : undefined
    if (place !== undefined) (found ??= new Array<string | undefined>(PLACES.size).fill(undefined))[place] = value as string
  }
  return found ?? NOTHING
}

function kindOf(found: Found): StepKind | undefined {
  if (found.length === 0) return undefined
  for (const [place, kinds] of KINDS_BY_PLACE) {
    const value = found[place]
    if (value === undefined) continue
    // MLflow writes the JSON text of a string.
    const kind = kinds.get(value) ?? kinds.get(value.replaceAll('"', '').toLowerCase())
    if (kind !== undefined) return kind
  }
  return PRESENCE_BY_PLACE.find(([place]) => found[place] !== undefined)?.[1]
}
