import { type Dialect, type ResponseHead, withFinishReason } from './dialect.ts'
import { type Message, readMessage } from './messages.ts'
import type { Part } from './parts.ts'
import { at, type Fields, isFields, listAt, stringAt } from './read-values.ts'

/** Items that ask the program to call something. */
const TOOL_CALLS: ReadonlySet<string> = new Set(['function_call', 'custom_tool_call'])

/** OpenAI Responses: a list of output items; streamed as events of type `response.…`, the last of which holds the whole. */
export const openAiResponses: Dialect = {
  name: 'openai.responses',
  provider: 'openai',
  isResponse: (value) => stringAt(value, 'object') === 'response' && listAt(value, 'output') !== undefined,
  isChunk: (value) => stringAt(value, 'type')?.startsWith('response.') === true,
  assemble,
  readHead,
  readMessages,
  usage: [
    {
      input: ['usage.input_tokens'],
      output: ['usage.output_tokens'],
      cacheRead: 'usage.input_tokens_details.cached_tokens',
      reasoning: 'usage.output_tokens_details.reasoning_tokens',
    },
  ],
}

function readHead(response: Fields): ResponseHead {
  const reason = finishReason(response)
  return { id: stringAt(response, 'id'), model: stringAt(response, 'model'), finishReasons: reason === undefined ? [] : [reason] }
}

function readMessages(response: Fields): readonly Message[] {
  // One response is one generation, so that its items are the parts of one message.
  const parts: Part[] = []
  for (const item of listAt(response, 'output') ?? []) parts.push(...(readMessage(item, 'assistant')?.parts ?? []))
  return parts.length === 0 ? [] : [withFinishReason({ role: 'assistant', parts }, finishReason(response))]
}

/** The API gives a status in place of a reason. */
function finishReason(response: Fields): string | undefined {
  switch (stringAt(response, 'status')) {
    case 'completed':
      return (listAt(response, 'output') ?? []).some((item) => TOOL_CALLS.has(stringAt(item, 'type') ?? '')) ? 'tool_call' : 'stop'
    case 'incomplete': {
      const reason = stringAt(response, 'incomplete_details.reason')
      return reason === 'max_output_tokens' ? 'length' : (reason ?? 'error')
    }
    case 'failed':
    case 'cancelled':
    case 'in_progress':
      return 'error'
    default:
      return undefined
  }
}

function assemble(chunks: readonly unknown[]): Fields {
  let response: Fields = {}
  const items = new Map<number, unknown>()
  const texts = new Map<number, string>()
  for (const chunk of chunks) {
    if (!isFields(chunk)) continue
    const whole = at(chunk, 'response')
    if (isFields(whole)) response = whole
    const index = at(chunk, 'output_index')
    if (typeof index !== 'number') continue
    const type = stringAt(chunk, 'type')
    if (type === 'response.output_item.done') items.set(index, at(chunk, 'item'))
    else if (type === 'response.output_text.delta') texts.set(index, (texts.get(index) ?? '') + (stringAt(chunk, 'delta') ?? ''))
  }
  const output = listAt(response, 'output')
  if (output !== undefined && output.length > 0) return response
  // The stream ended before the event that holds the whole: what had come is put together.
  for (const [index, text] of texts) if (!items.has(index)) items.set(index, { type: 'message', role: 'assistant', content: text })
  const ordered = [...items].sort(([left], [right]) => left - right)
  return { ...response, output: ordered.map(([, item]) => item) }
}
