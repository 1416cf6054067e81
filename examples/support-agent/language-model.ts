import type { ChatCompletionCreateParams, ChatCompletionFunctionTool, ChatCompletionMessageParam } from 'openai/resources/chat/completions'
import { wordsOf } from './bm25.ts'

/**
 * A very small language model: it extracts. It calls a tool when the user's words ask for what the tool's description
 * promises and every required argument can be read from the conversation; otherwise it answers with the sentences of its
 * context that share most with the question. No answer is stored anywhere; the same request gives the same reply.
 */
export type ToolCall = { readonly name: string; readonly arguments: Record<string, unknown> }
export type Reply = { readonly content: string; readonly toolCalls: readonly ToolCall[] }

const COMMON = new Set(
  'the and for with that this from into what how does are can was you your they them its not but has have will when which'.split(' '),
)

function meaningful(text: string): Set<string> {
  return new Set(
    wordsOf(text)
      .filter((word) => word.length > 2 && !COMMON.has(word))
      .map((word) => word.replace(/(ing|ed|es|s)$/, '')),
  )
}

function shared(left: Set<string>, right: Set<string>): number {
  let count = 0
  for (const word of left) if (right.has(word)) count++
  return count
}

function textOf(message: ChatCompletionMessageParam): string {
  const { content } = message
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content.map((part) => ('text' in part ? part.text : '')).join('\n')
}

/** A tool's JSON result as a sentence: `id R-1042, state delivered.` */
function factsOf(text: string): string {
  const found: unknown = JSON.parse(text)
  if (typeof found !== 'object' || found === null) return text
  return `${Object.entries(found)
    .map(([key, value]) => `${key} ${String(value)}`)
    .join(', ')}.`
}

function sentencesOf(text: string): string[] {
  return text
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length > 20)
}

type ParameterSchema = { type?: string; pattern?: string; enum?: string[] }

function readArgument(schema: ParameterSchema, question: string): unknown {
  if (schema.pattern !== undefined) return new RegExp(schema.pattern).exec(question)?.[0]
  if (schema.enum !== undefined) return schema.enum.find((value) => question.toLowerCase().includes(value)) ?? schema.enum[0]
  if (schema.type === 'string') return sentencesOf(question)[0] ?? question
  return undefined
}

function chooseTool(tool: ChatCompletionFunctionTool, question: string): ToolCall | undefined {
  const { name, description = '', parameters = {} } = tool.function
  if (shared(meaningful(description), meaningful(question)) < 2) return undefined
  const { properties = {}, required = [] } = parameters as { properties?: Record<string, ParameterSchema>; required?: string[] }
  const found: Record<string, unknown> = {}
  for (const [key, schema] of Object.entries(properties)) {
    const value = readArgument(schema, question)
    if (value !== undefined) found[key] = value
    else if (required.includes(key)) return undefined
  }
  return { name, arguments: found }
}

function extract(context: string, question: string): string {
  const wanted = meaningful(question)
  const best = sentencesOf(context)
    .map((sentence, position) => ({ sentence, position, score: shared(meaningful(sentence), wanted) }))
    .filter(({ score }) => score > 0)
    .sort((left, right) => right.score - left.score || left.position - right.position)
    .slice(0, 4)
    .sort((left, right) => left.position - right.position)
  if (best.length === 0) return 'The documents that I was given do not answer this.'
  return best.map(({ sentence }) => sentence).join(' ')
}

export function reply(request: ChatCompletionCreateParams): Reply {
  const question = request.messages
    .filter((message) => message.role === 'user')
    .map(textOf)
    .join('\n')
  const called = new Set(
    request.messages.flatMap((message) =>
      message.role === 'assistant' ? (message.tool_calls ?? []).map((call) => (call.type === 'function' ? call.function.name : '')) : [],
    ),
  )
  const tools = (request.tools ?? []).filter((tool): tool is ChatCompletionFunctionTool => tool.type === 'function')
  const toolCalls = tools.filter((tool) => !called.has(tool.function.name)).flatMap((tool) => chooseTool(tool, question) ?? [])
  if (toolCalls.length > 0) return { content: '', toolCalls }
  const context = request.messages
    .filter((message) => message.role === 'system' || message.role === 'tool')
    .map((message) => (message.role === 'tool' ? factsOf(textOf(message)) : textOf(message)))
    .join('\n')
  return { content: extract(context, question), toolCalls: [] }
}

/** What this model counts as a token: a word or a mark. */
export function tokensOf(text: string): string[] {
  return text.match(/\s*[\p{L}\p{N}_]+|\s*[^\s\p{L}\p{N}_]+/gu) ?? []
}
