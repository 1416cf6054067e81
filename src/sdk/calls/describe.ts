import { type Attributes, type AttributeValue, GENAI, OPERATION_OF_KIND, type StepKind } from '../../schemas/index.ts'
import type { Call } from './call-spec.ts'

/** The span's name, by the OpenTelemetry GenAI conventions where they have a rule for its kind. */
export function spanNameOf({ spec: { kind, name }, model }: Call): string {
  switch (kind) {
    case 'model':
    case 'embedding':
      return `${OPERATION_OF_KIND[kind]} ${model ?? name}`
    case 'retriever':
    case 'reranker':
    case 'tool':
    case 'agent':
      return `${OPERATION_OF_KIND[kind]} ${name}`
    case 'run':
    case 'evaluation':
    case 'training.run':
    case 'training.epoch':
    case 'training.step':
    case 'checkpoint':
    case 'stage':
    case 'custom':
    case 'wire':
      return name
  }
}

const GENAI_KINDS: ReadonlySet<StepKind> = new Set<StepKind>(['agent', 'model', 'embedding', 'retriever', 'reranker', 'tool'])

/** The GenAI attributes known when the step starts. */
export function genAiStart({ spec: { kind, name, provider, attributes }, model }: Call): Attributes {
  const start: Record<string, AttributeValue> = { ...attributes }
  if (GENAI_KINDS.has(kind)) start[GENAI.operationName] = OPERATION_OF_KIND[kind]
  if (provider !== undefined) start[GENAI.providerName] = provider
  if (model !== undefined) start[GENAI.requestModel] = model
  if (kind === 'tool') start[GENAI.toolName] = name
  if (kind === 'agent') start[GENAI.agentName] = name
  if (kind === 'retriever') start[GENAI.dataSourceId] = name
  return start
}
