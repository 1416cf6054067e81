import { jsonText } from './json-text.ts'
import { type Part, readPart, readParts, reasoningPart, textPart, toolCallPart, toolResponsePart } from './parts.ts'
import { at, type Fields, firstAt, firstStringAt, isFields, listAt, stringAt } from './read-values.ts'

/** A message as the JSON schema of the OpenTelemetry GenAI conventions has it. The role is the provider's own. */
export interface Message {
  readonly role: string
  readonly parts: readonly Part[]
  readonly name?: string
  readonly finish_reason?: string
}

/** Items of the OpenAI Responses API that stand for a message of this role. */
const ROLE_OF_ITEM: ReadonlyMap<string, string> = new Map([
  ['function_call', 'assistant'],
  ['custom_tool_call', 'assistant'],
  ['reasoning', 'assistant'],
  ['function_call_output', 'tool'],
  ['custom_tool_call_output', 'tool'],
])

const TOOL_ROLES: ReadonlySet<string> = new Set(['tool', 'function'])

/** A message of any provider that has roles; undefined for what does not look like one. */
export function readMessage(value: unknown, defaultRole: string): Message | undefined {
  if (typeof value === 'string') return { role: defaultRole, parts: [textPart(value)] }
  if (!isFields(value)) return undefined
  const type = stringAt(value, 'type')
  const itemRole = type === undefined || at(value, 'role') !== undefined ? undefined : ROLE_OF_ITEM.get(type)
  if (itemRole !== undefined) {
    const part = readPart(value)
    return part === undefined ? undefined : { role: itemRole, parts: [part] }
  }
  const role = stringAt(value, 'role') ?? defaultRole
  const parts = TOOL_ROLES.has(role) && isToolAnswer(value) ? [answerPart(value)] : messageParts(value)
  if (parts.length === 0 && !Object.hasOwn(value, 'role')) return undefined
  const name = stringAt(value, 'name')
  return { role, parts, ...(name === undefined || TOOL_ROLES.has(role) ? {} : { name }) }
}

export function readMessages(value: unknown, defaultRole: string): Message[] {
  const messages: Message[] = []
  for (const element of Array.isArray(value) ? value : [value]) {
    const message = readMessage(element, defaultRole)
    if (message !== undefined) messages.push(message)
  }
  return messages
}

function isToolAnswer(message: Fields): boolean {
  // A Vercel tool message holds typed parts instead of one answer.
  const first = listAt(message, 'content')?.[0]
  return stringAt(first, 'type') !== 'tool-result'
}

function answerPart(message: Fields): Part {
  const content = at(message, 'content')
  const parts = Array.isArray(content) ? readParts(content) : undefined
  const response = parts?.every((part) => part.type === 'text') === true ? parts.map((part) => part['content']).join('') : content
  return toolResponsePart(firstStringAt(message, ['tool_call_id', 'tool_name', 'name']), response)
}

function messageParts(message: Fields): Part[] {
  const parts: Part[] = []
  // DeepSeek and vLLM say reasoning_content, OpenRouter reasoning, Ollama thinking.
  const reasoning = firstStringAt(message, ['reasoning_content', 'reasoning', 'thinking'])
  if (reasoning !== undefined) parts.push(reasoningPart(reasoning))
  const content = readParts(firstAt(message, ['content', 'parts']) ?? stringAt(message, 'text'))
  parts.push(...content)
  for (const image of listAt(message, 'images') ?? []) parts.push({ type: 'blob', modality: 'image', content: image })
  const refusal = stringAt(message, 'refusal')
  if (refusal !== undefined && refusal !== '') parts.push(textPart(refusal))
  // The Vercel AI SDK gives the calls twice: among the content, and in a list.
  const listed = content.some((part) => part.type === 'tool_call') ? [] : firstList(message, ['tool_calls', 'toolCalls'])
  for (const call of listed) {
    const fn = firstAt(call, ['function', 'custom'])
    const source = isFields(fn) ? fn : call
    const args = firstAt(source, ['arguments', 'input', 'args'])
    parts.push(toolCallPart(firstAt(call, ['id', 'toolCallId']), firstAt(source, ['name', 'toolName']), args))
  }
  const legacy = at(message, 'function_call')
  if (isFields(legacy)) parts.push(toolCallPart(undefined, at(legacy, 'name'), at(legacy, 'arguments')))
  return parts
}

function firstList(value: unknown, paths: readonly string[]): readonly unknown[] {
  const found = firstAt(value, paths)
  return Array.isArray(found) ? found : []
}

/** A message for values that have no form of messages: text stays text, the rest is shown as JSON. */
export function plainMessage(role: string, value: unknown): Message {
  return { role, parts: [textPart(typeof value === 'string' ? value : jsonText(value))] }
}
