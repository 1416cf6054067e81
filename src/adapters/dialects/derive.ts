import { type Attributes, type AttributeValue, GENAI } from '../../schemas/index.ts'
import { jsonText } from './json-text.ts'
import { at, attempt, listAt } from './read-values.ts'
import { inputMessages, requestModel, requestOf, systemInstructions, toolDefinitions } from './request.ts'
import { requestParameters } from './request-parameters.ts'
import { outputMessages, responseOf, usageOf } from './response.ts'
import { documents, queryText, topK } from './retrieval.ts'
import { argumentsOf, type DerivableStep } from './step.ts'

const CACHE_READ = 'gen_ai.usage.cache_read.input_tokens'
const CACHE_WRITE = 'gen_ai.usage.cache_write.input_tokens'
const REASONING = 'gen_ai.usage.reasoning.output_tokens'
const DIMENSIONS = 'gen_ai.embeddings.dimension.count'
const TOP_K = 'gen_ai.retrieval.top_k'

/**
 * Scalar GenAI attributes of a step: operation, provider, models, response id, finish reasons, token usage, request
 * parameters. Holds no content. Never throws: what an odd value does not yield is left out.
 */
export function deriveGenAiScalars(step: DerivableStep): Attributes {
  const found = new Found()
  switch (step.kind) {
    case 'model':
    case 'embedding':
      found.add(GENAI.operationName, step.operation)
      modelScalars(step, found)
      break
    case 'retriever':
    case 'reranker':
      found.add(GENAI.operationName, step.operation)
      found.add(GENAI.dataSourceId, step.kind === 'retriever' ? step.stepName : undefined)
      found.add(
        TOP_K,
        attempt(() => topK(step)),
      )
      if (step.kind === 'reranker')
        found.add(
          GENAI.requestModel,
          attempt(() => requestModel(step, requestOf(step))),
        )
      found.add(GENAI.providerName, step.provider)
      break
    case 'tool':
      found.add(GENAI.operationName, step.operation)
      found.add(GENAI.toolName, step.stepName)
      break
    case 'agent':
      found.add(GENAI.operationName, step.operation)
      found.add(GENAI.agentName, step.stepName)
      break
    case 'run':
    case 'evaluation':
    case 'training.run':
    case 'training.epoch':
    case 'training.step':
    case 'checkpoint':
    case 'stage':
    case 'custom':
    case 'wire':
      break
  }
  return found.attributes()
}

function modelScalars(step: DerivableStep, found: Found): void {
  const request = attempt(() => requestOf(step))
  const response = attempt(() => responseOf(step))
  found.add(GENAI.providerName, step.provider ?? response?.dialect.provider)
  if (request !== undefined) {
    found.add(
      GENAI.requestModel,
      attempt(() => requestModel(step, request)),
    )
    found.addAll(attempt(() => requestParameters(request.fields)))
  }
  if (response !== undefined) {
    const head = attempt(() => response.dialect.readHead(response.fields))
    found.add(GENAI.responseId, head?.id)
    found.add(GENAI.responseModel, head?.model)
    if (head !== undefined && head.finishReasons.length > 0 && step.kind === 'model')
      found.add(GENAI.finishReasons, [...head.finishReasons])
    const usage = attempt(() => usageOf(response))
    found.add(GENAI.inputTokens, usage?.input)
    found.add(GENAI.outputTokens, step.kind === 'embedding' ? undefined : usage?.output)
    found.add(CACHE_READ, usage?.cacheRead)
    found.add(CACHE_WRITE, usage?.cacheWrite)
    found.add(REASONING, usage?.reasoning)
  }
  if (step.kind === 'embedding')
    found.add(
      DIMENSIONS,
      attempt(() => dimensionsOf(step.output)),
    )
}

/** Length of the first vector, wherever the providers put it. */
function dimensionsOf(output: unknown): number | undefined {
  const candidates = [
    output,
    Array.isArray(output) ? output[0] : undefined,
    at(output, 'embedding'),
    at(output, 'embedding.values'),
    at(listAt(output, 'data')?.[0], 'embedding'),
    listAt(output, 'embeddings')?.[0],
    at(listAt(output, 'embeddings')?.[0], 'values'),
  ]
  for (const candidate of candidates) {
    if (candidate instanceof Float32Array || candidate instanceof Float64Array) return candidate.length
    if (Array.isArray(candidate) && typeof candidate[0] === 'number') return candidate.length
  }
  return undefined
}

/**
 * Content attributes of a step as JSON text in the form of the OpenTelemetry GenAI conventions: messages, system
 * instructions, tool definitions, tool arguments and result, query and documents. Never throws.
 */
export function deriveGenAiContent(step: DerivableStep): Attributes {
  const found = new Found()
  switch (step.kind) {
    case 'model':
      modelContent(step, found)
      break
    case 'agent':
      agentContent(step, found)
      break
    case 'tool': {
      const args = argumentsOf(step)
      if (args.length > 0) found.addJson(GENAI.toolCallArguments, () => (args.length === 1 ? args[0] : args))
      if (step.output !== undefined) found.addJson(GENAI.toolCallResult, () => step.output)
      break
    }
    case 'retriever':
    case 'reranker':
      found.add(
        GENAI.retrievalQuery,
        attempt(() => queryText(step)),
      )
      found.addJson(GENAI.retrievalDocuments, () => documents(step.output))
      break
    case 'run':
    case 'embedding':
    case 'evaluation':
    case 'training.run':
    case 'training.epoch':
    case 'training.step':
    case 'checkpoint':
    case 'stage':
    case 'custom':
    case 'wire':
      break
  }
  return found.attributes()
}

function modelContent(step: DerivableStep, found: Found): void {
  const request = attempt(() => requestOf(step))
  if (request !== undefined) {
    found.addList(GENAI.inputMessages, () => inputMessages(request))
    found.addList(GENAI.systemInstructions, () => systemInstructions(request))
    found.addList(GENAI.toolDefinitions, () => toolDefinitions(request))
  }
  found.addList(GENAI.outputMessages, () => outputMessages(step, responseOf(step)))
}

/** An agent takes and gives anything: only text and messages are shown as messages. */
function agentContent(step: DerivableStep, found: Found): void {
  const request = attempt(() => requestOf(step))
  if (request !== undefined && request.input !== request.fields) found.addList(GENAI.inputMessages, () => inputMessages(request))
  found.addList(GENAI.outputMessages, () => {
    const { output } = step
    const response = responseOf(step)
    const readable =
      typeof output === 'string' || typeof at(output, 'content') === 'string' || (Array.isArray(output) && response !== undefined)
    return readable ? outputMessages(step, response) : []
  })
}

/** Collects attributes; what is undefined or throws is left out. */
class Found {
  readonly #entries = new Map<string, AttributeValue>()

  add(name: string, value: AttributeValue | undefined): void {
    if (value !== undefined) this.#entries.set(name, value)
  }

  addAll(attributes: Attributes | undefined): void {
    for (const [name, value] of Object.entries(attributes ?? {})) this.add(name, value)
  }

  addJson(name: string, read: () => unknown): void {
    const text = attempt(() => {
      const value = read()
      return value === undefined ? undefined : jsonText(value)
    })
    this.add(name, text)
  }

  /** As addJson, nothing for an empty list. */
  addList(name: string, read: () => readonly unknown[]): void {
    this.addJson(name, () => {
      const list = read()
      return list.length === 0 ? undefined : list
    })
  }

  attributes(): Attributes {
    return Object.fromEntries(this.#entries)
  }
}
