import { type Dialect, type ResponseHead, withFinishReason } from './dialect.ts'
import { type Message, readMessage } from './messages.ts'
import { at, type Fields, isFields, listAt, stringAt } from './read-values.ts'

const looksRight = (value: Fields): boolean =>
  typeof at(value, 'done') === 'boolean' && (isFields(at(value, 'message')) || typeof at(value, 'response') === 'string')

/** Ollama's own API: chat (`message`) and generate (`response`); each chunk of a stream has the form of a response. */
export const ollama: Dialect = {
  name: 'ollama',
  provider: 'ollama',
  isResponse: looksRight,
  isChunk: looksRight,
  assemble,
  readHead,
  readMessages,
  usage: [{ input: ['prompt_eval_count'], output: ['eval_count'] }],
}

function finishReason(response: Fields): string {
  return at(response, 'done') === true ? (stringAt(response, 'done_reason') ?? 'stop') : 'error'
}

function readHead(response: Fields): ResponseHead {
  return { model: stringAt(response, 'model'), finishReasons: [finishReason(response)] }
}

function readMessages(response: Fields): readonly Message[] {
  const text = stringAt(response, 'response')
  const generated = text === undefined ? undefined : { content: text, thinking: at(response, 'thinking') }
  const message = readMessage(at(response, 'message') ?? generated, 'assistant')
  return message === undefined ? [] : [withFinishReason(message, finishReason(response))]
}

function assemble(chunks: readonly unknown[]): Fields {
  let last: Fields = {}
  let role = 'assistant'
  let content = ''
  let thinking = ''
  const calls: unknown[] = []
  for (const chunk of chunks) {
    if (!isFields(chunk)) continue
    last = chunk
    role = stringAt(chunk, 'message.role') ?? role
    content += stringAt(chunk, 'message.content') ?? stringAt(chunk, 'response') ?? ''
    thinking += stringAt(chunk, 'message.thinking') ?? stringAt(chunk, 'thinking') ?? ''
    for (const call of listAt(chunk, 'message.tool_calls') ?? []) calls.push(call)
  }
  const { response: _, ...rest } = last
  return { ...rest, message: { role, content, thinking, tool_calls: calls } }
}
