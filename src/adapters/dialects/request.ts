import { type Message, plainMessage, readMessages } from './messages.ts'
import { type Part, readParts } from './parts.ts'
import { at, type Fields, firstAt, firstStringAt, isFields, stringAt } from './read-values.ts'
import { argumentsOf, type DerivableStep } from './step.ts'

/** Where requests hold what the model is to read. */
const INPUT_PATHS = ['messages', 'input', 'contents', 'prompt']
const SYSTEM_PATHS = ['instructions', 'system', 'systemInstruction', 'system_instruction', 'config.systemInstruction']
const TOOL_PATHS = ['tools', 'config.tools', 'functions']
const MODEL_PATHS = ['model', 'modelId', 'model.modelId', 'deployment']

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
