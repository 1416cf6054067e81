import { type Dialect, type ResponseHead, withFinishReason } from './dialect.ts'
import { type Message, plainMessage, readMessage } from './messages.ts'
import { at, type Fields, firstStringAt, isFields } from './read-values.ts'

/** Where programs and frameworks put the text of an answer. */
const TEXT_PATHS = ['text', 'output_text', 'generated_text', 'answer', 'completion', 'response', 'output', 'delta', 'textDelta', 'content']

/** Everything else: frameworks' own result objects, and plain functions that give text. */
export const generic: Dialect = {
  name: 'generic',
  provider: undefined,
  isResponse: () => true,
  isChunk: () => true,
  assemble: (chunks) => assemble(chunks),
  readHead,
  readMessages,
  usage: [
    // Vercel AI SDK, from its newest names to its oldest.
    {
      input: ['usage.inputTokens'],
      output: ['usage.outputTokens'],
      cacheRead: 'usage.cachedInputTokens',
      reasoning: 'usage.reasoningTokens',
    },
    { input: ['usage.promptTokens'], output: ['usage.completionTokens'] },
    // LangChain messages.
    {
      input: ['usage_metadata.input_tokens'],
      output: ['usage_metadata.output_tokens'],
      cacheRead: 'usage_metadata.input_token_details.cache_read',
      cacheWrite: 'usage_metadata.input_token_details.cache_creation',
      reasoning: 'usage_metadata.output_token_details.reasoning',
    },
    { input: ['usage.prompt_tokens'], output: ['usage.completion_tokens'] },
    { input: ['usage.input_tokens'], output: ['usage.output_tokens'] },
  ],
}

const REASON_PATHS = ['finishReason', 'finish_reason', 'stop_reason', 'response_metadata.finish_reason']

function readHead(response: Fields): ResponseHead {
  const reason = firstStringAt(response, REASON_PATHS)
  return {
    id: firstStringAt(response, ['response.id', 'id']),
    model: firstStringAt(response, ['response.modelId', 'model', 'response_metadata.model_name']),
    finishReasons: reason === undefined ? [] : [reason],
  }
}

function readMessages(response: Fields): readonly Message[] {
  return [withFinishReason(messageOf(response), firstStringAt(response, REASON_PATHS))]
}

function messageOf(response: Fields): Message {
  const message = readMessage(isFields(at(response, 'message')) ? at(response, 'message') : response, 'assistant')
  if (message !== undefined && message.parts.length > 0) return message
  const text = firstStringAt(response, TEXT_PATHS)
  return text === undefined ? plainMessage('assistant', response) : plainMessage('assistant', text)
}

function assemble(chunks: readonly unknown[]): Fields {
  let text = ''
  let last: Fields = {}
  let usage: unknown
  for (const chunk of chunks) {
    if (typeof chunk === 'string') text += chunk
    if (!isFields(chunk)) continue
    text += firstStringAt(chunk, TEXT_PATHS) ?? ''
    usage = at(chunk, 'usage') ?? at(chunk, 'totalUsage') ?? usage
    last = chunk
  }
  const finishReason = firstStringAt(last, ['finishReason', 'finish_reason'])
  return { text, ...(usage === undefined ? {} : { usage }), ...(finishReason === undefined ? {} : { finishReason }) }
}
