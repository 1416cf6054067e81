import { type Dialect, type ResponseHead, withFinishReason } from './dialect.ts'
import type { Message } from './messages.ts'
import { readParts } from './parts.ts'
import { at, type Fields, isFields, listAt, parsedOr, stringAt } from './read-values.ts'

const EVENTS: ReadonlySet<string> = new Set([
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
  'ping',
])

/** Anthropic Messages, also as Bedrock and Vertex serve it. */
export const anthropic: Dialect = {
  name: 'anthropic',
  provider: 'anthropic',
  isResponse: (value) =>
    stringAt(value, 'type') === 'message' && listAt(value, 'content') !== undefined && Object.hasOwn(value, 'stop_reason'),
  isChunk: (value) => EVENTS.has(stringAt(value, 'type') ?? ''),
  assemble,
  readHead,
  readMessages,
  usage: [
    {
      // `input_tokens` alone counts only what no cache had.
      input: ['usage.input_tokens', 'usage.cache_read_input_tokens', 'usage.cache_creation_input_tokens'],
      output: ['usage.output_tokens'],
      cacheRead: 'usage.cache_read_input_tokens',
      cacheWrite: 'usage.cache_creation_input_tokens',
    },
  ],
}

function readHead(response: Fields): ResponseHead {
  const reason = stringAt(response, 'stop_reason')
  return { id: stringAt(response, 'id'), model: stringAt(response, 'model'), finishReasons: reason === undefined ? [] : [reason] }
}

function readMessages(response: Fields): readonly Message[] {
  const parts = readParts(at(response, 'content'))
  if (parts.length === 0) return []
  return [withFinishReason({ role: stringAt(response, 'role') ?? 'assistant', parts }, stringAt(response, 'stop_reason'))]
}

interface OpenBlock {
  readonly start: Fields
  text: string
  json: string
}

function assemble(chunks: readonly unknown[]): Fields {
  let message: Fields = {}
  let usage: Fields = {}
  let stopReason: string | undefined
  const blocks = new Map<number, OpenBlock>()
  for (const chunk of chunks) {
    const index = at(chunk, 'index')
    switch (stringAt(chunk, 'type')) {
      case 'message_start': {
        const start = at(chunk, 'message')
        if (isFields(start)) message = start
        usage = merged(usage, at(chunk, 'message.usage'))
        break
      }
      case 'content_block_start': {
        const start = at(chunk, 'content_block')
        if (typeof index === 'number' && isFields(start)) blocks.set(index, { start, text: '', json: '' })
        break
      }
      case 'content_block_delta': {
        const block = typeof index === 'number' ? blocks.get(index) : undefined
        if (block === undefined) break
        block.text += stringAt(chunk, 'delta.text') ?? stringAt(chunk, 'delta.thinking') ?? ''
        block.json += stringAt(chunk, 'delta.partial_json') ?? ''
        break
      }
      case 'message_delta':
        stopReason = stringAt(chunk, 'delta.stop_reason') ?? stopReason
        // Its counts are totals so far; those that it does not name stand as message_start gave them.
        usage = merged(usage, at(chunk, 'usage'))
        break
    }
  }
  const ordered = [...blocks].sort(([left], [right]) => left - right)
  return { ...message, content: ordered.map(([, block]) => closeBlock(block)), usage, stop_reason: stopReason ?? 'error' }
}

function merged(usage: Fields, update: unknown): Fields {
  if (!isFields(update)) return usage
  return { ...usage, ...Object.fromEntries(Object.entries(update).filter(([, count]) => count !== null && count !== undefined)) }
}

function closeBlock({ start, text, json }: OpenBlock): Fields {
  const field = stringAt(start, 'type') === 'thinking' ? 'thinking' : 'text'
  return {
    ...start,
    ...(text === '' ? {} : { [field]: (stringAt(start, field) ?? '') + text }),
    ...(json === '' ? {} : { input: parsedOr(json) }),
  }
}
