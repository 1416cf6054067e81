import type { Attributes, AttributeValue } from '../../schemas/index.ts'
import { attempt, type Fields, isFields } from './read-values.ts'

interface Parameter {
  readonly name: string
  readonly type: 'int' | 'double' | 'string' | 'strings' | 'flag'
}

/** Fields of a request: a parameter of the conventions, an object that holds some, or (where both occur) either. */
interface Place {
  readonly parameter?: Parameter
  readonly fields?: ReadonlyMap<string, Place>
}

const is = (name: string, type: Parameter['type']): Place => ({ parameter: { name, type } })
const holds = (fields: Readonly<Record<string, Place>>): Place => ({ fields: new Map(Object.entries(fields)) })

const maxTokens = is('gen_ai.request.max_tokens', 'int')
const temperature = is('gen_ai.request.temperature', 'double')
const topP = is('gen_ai.request.top_p', 'double')
const topK = is('gen_ai.request.top_k', 'int')
const frequencyPenalty = is('gen_ai.request.frequency_penalty', 'double')
const presencePenalty = is('gen_ai.request.presence_penalty', 'double')
const stopSequences = is('gen_ai.request.stop_sequences', 'strings')
const seed = is('gen_ai.request.seed', 'int')
const choiceCount = is('gen_ai.request.choice.count', 'int')
const reasoningLevel = is('gen_ai.request.reasoning.level', 'string')
const conversationId = is('gen_ai.conversation.id', 'string')

const camelCase = {
  temperature,
  topP,
  topK,
  maxOutputTokens: maxTokens,
  frequencyPenalty,
  presencePenalty,
  stopSequences,
  seed,
  candidateCount: choiceCount,
}
const snakeCase = {
  temperature,
  top_p: topP,
  top_k: topK,
  max_tokens: maxTokens,
  frequency_penalty: frequencyPenalty,
  presence_penalty: presencePenalty,
  stop: stopSequences,
  stop_sequences: stopSequences,
  seed,
}
const geminiConfig = holds({ ...camelCase, thinkingConfig: holds({ thinkingLevel: reasoningLevel }) })

/** Where the requests of the providers hold the parameters that the conventions name. */
const REQUEST = holds({
  ...camelCase,
  ...snakeCase,
  max_completion_tokens: maxTokens,
  max_output_tokens: maxTokens,
  n: choiceCount,
  reasoning_effort: reasoningLevel,
  previous_response_id: is('gen_ai.request.previous_response.id', 'string'),
  stream: is('gen_ai.request.stream', 'flag'),
  reasoning: holds({ effort: reasoningLevel }),
  conversation: { ...conversationId, ...holds({ id: conversationId }) },
  // Gemini's client, Gemini's wire format, Ollama.
  config: geminiConfig,
  generationConfig: geminiConfig,
  options: holds({ ...snakeCase, num_predict: maxTokens }),
})

/** The parameters of a request, by name. */
export function requestParameters(request: Fields): Attributes {
  const found = new Map<string, AttributeValue>()
  collect(request, REQUEST.fields, found)
  return Object.fromEntries([...found].sort(([left], [right]) => (left < right ? -1 : 1)))
}

// Walks what the request has rather than all that it might have: requests are small, the table is not.
function collect(fields: Fields, places: Place['fields'], found: Map<string, AttributeValue>): void {
  for (const key of Object.keys(fields)) {
    const place = places?.get(key)
    if (place === undefined) continue
    const value = attempt(() => fields[key])
    const { parameter } = place
    const attribute = parameter === undefined ? undefined : parameterValue(parameter.type, value)
    if (parameter !== undefined && attribute !== undefined) found.set(parameter.name, attribute)
    if (place.fields !== undefined && isFields(value)) collect(value, place.fields, found)
  }
}

function parameterValue(type: Parameter['type'], value: unknown): AttributeValue | undefined {
  switch (type) {
    case 'int':
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? doubleValue(value) : undefined
    case 'string':
      return typeof value === 'string' ? value : undefined
    case 'strings': {
      const strings = Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : typeof value === 'string' ? [value] : []
      return strings.length === 0 ? undefined : strings
    }
    case 'flag':
      // The conventions set it only where it is true.
      return value === true ? true : undefined
  }
}

/** An integral double must not be taken for an int64. */
function doubleValue(value: number): AttributeValue {
  return Number.isInteger(value) ? { double: Object.is(value, -0) ? '-0' : value } : value
}
