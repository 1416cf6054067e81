import type { Attributes, AttributeValue } from '../../schemas/index.ts'
import { type Message, plainMessage, readMessages } from './messages.ts'
import { type Part, readParts } from './parts.ts'
import { at, type Fields, firstAt, firstStringAt, isFields, stringAt } from './read-values.ts'
import { argumentsOf, type DerivableStep } from './step.ts'

/** Where requests hold what the model is to read. */
const INPUT_PATHS = ['messages', 'input', 'contents', 'prompt']
const SYSTEM_PATHS = ['instructions', 'system', 'systemInstruction', 'system_instruction', 'config.systemInstruction']
const TOOL_PATHS = ['tools', 'config.tools', 'functions']
const MODEL_PATHS = ['model', 'modelId', 'model.modelId', 'deployment']

interface Parameter {
  readonly name: string
  readonly type: 'int' | 'double' | 'string' | 'strings' | 'flag'
  readonly paths: readonly string[]
}

/** Request parameters of the conventions and where the providers have them. */
const PARAMETERS: readonly Parameter[] = [
  {
    name: 'gen_ai.request.max_tokens',
    type: 'int',
    paths: [
      'max_tokens',
      'max_completion_tokens',
      'max_output_tokens',
      'config.maxOutputTokens',
      'generationConfig.maxOutputTokens',
      'maxOutputTokens',
      'options.num_predict',
    ],
  },
  {
    name: 'gen_ai.request.temperature',
    type: 'double',
    paths: ['temperature', 'config.temperature', 'generationConfig.temperature', 'options.temperature'],
  },
  { name: 'gen_ai.request.top_p', type: 'double', paths: ['top_p', 'topP', 'config.topP', 'generationConfig.topP', 'options.top_p'] },
  { name: 'gen_ai.request.top_k', type: 'int', paths: ['top_k', 'topK', 'config.topK', 'generationConfig.topK', 'options.top_k'] },
  {
    name: 'gen_ai.request.frequency_penalty',
    type: 'double',
    paths: ['frequency_penalty', 'frequencyPenalty', 'config.frequencyPenalty', 'options.frequency_penalty'],
  },
  {
    name: 'gen_ai.request.presence_penalty',
    type: 'double',
    paths: ['presence_penalty', 'presencePenalty', 'config.presencePenalty', 'options.presence_penalty'],
  },
  {
    name: 'gen_ai.request.stop_sequences',
    type: 'strings',
    paths: ['stop', 'stop_sequences', 'stopSequences', 'config.stopSequences', 'options.stop'],
  },
  { name: 'gen_ai.request.seed', type: 'int', paths: ['seed', 'config.seed', 'generationConfig.seed', 'options.seed'] },
  { name: 'gen_ai.request.choice.count', type: 'int', paths: ['n', 'config.candidateCount', 'generationConfig.candidateCount'] },
  {
    name: 'gen_ai.request.reasoning.level',
    type: 'string',
    paths: ['reasoning_effort', 'reasoning.effort', 'config.thinkingConfig.thinkingLevel'],
  },
  { name: 'gen_ai.request.previous_response.id', type: 'string', paths: ['previous_response_id'] },
  { name: 'gen_ai.conversation.id', type: 'string', paths: ['conversation.id', 'conversation'] },
  { name: 'gen_ai.request.stream', type: 'flag', paths: ['stream'] },
]

export interface Request {
  /** What the model is to read, of any form. */
  readonly input: unknown
  /** The object that holds the parameters; empty where there is none. */
  readonly fields: Fields
}

/** The request among the arguments: an object with everything in it, or the input itself with options behind it. */
export function requestOf(step: DerivableStep): Request {
  const [first, second] = argumentsOf(step)
  if (!isFields(first)) return { input: first, fields: isFields(second) ? second : {} }
  return { input: firstAt(first, INPUT_PATHS) ?? first, fields: first }
}

export function requestModel(step: DerivableStep, request: Request): string | undefined {
  return step.model ?? firstStringAt(request.fields, MODEL_PATHS)
}

export function requestParameters({ fields }: Request): Attributes {
  const found: [string, AttributeValue][] = []
  for (const { name, type, paths } of PARAMETERS) {
    const value = parameterValue(type, firstAt(fields, paths))
    if (value !== undefined) found.push([name, value])
  }
  return Object.fromEntries(found)
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

export function inputMessages({ input, fields }: Request): readonly Message[] {
  if (input === undefined || input === null) return []
  // A request object without any known field is shown whole.
  if (input === fields) return [plainMessage('user', input)]
  const messages = readMessages(input, 'user')
  return messages.length > 0 || Array.isArray(input) ? messages : [plainMessage('user', input)]
}

/** Instructions given apart from the messages; those among the messages stay there, as the conventions say. */
export function systemInstructions({ fields }: Request): readonly Part[] {
  const system = firstAt(fields, SYSTEM_PATHS)
  // Gemini gives a whole content object, the others text or text blocks.
  return readParts(at(system, 'parts') ?? system)
}

/** Tool definitions in the form of the conventions: the function at the top, with a type. */
export function toolDefinitions({ fields }: Request): readonly Fields[] {
  const tools = firstAt(fields, TOOL_PATHS)
  if (Array.isArray(tools)) return tools.flatMap(readTool)
  // The Vercel AI SDK has them in an object by name.
  return isFields(tools) ? Object.entries(tools).flatMap(([name, tool]) => (isFields(tool) ? readTool({ name, ...tool }) : [])) : []
}

function readTool(tool: unknown): readonly Fields[] {
  if (!isFields(tool)) return []
  const declarations = firstAt(tool, ['functionDeclarations', 'function_declarations'])
  if (Array.isArray(declarations)) return declarations.flatMap(readTool)
  const fn = at(tool, 'function')
  const source = isFields(fn) ? fn : tool
  const name = stringAt(source, 'name') ?? stringAt(tool, 'type')
  if (name === undefined) return [{ ...tool, type: Object.keys(tool)[0] ?? 'tool', name: Object.keys(tool)[0] ?? 'tool' }]
  const description = stringAt(source, 'description')
  const parameters = firstAt(source, ['parameters', 'input_schema', 'parametersJsonSchema', 'inputSchema'])
  return [
    {
      type: isFields(fn) || parameters !== undefined ? 'function' : (stringAt(tool, 'type') ?? 'function'),
      name,
      ...(description === undefined ? {} : { description }),
      ...(parameters === undefined ? {} : { parameters }),
    },
  ]
}
