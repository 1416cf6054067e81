import { type Dialect, type ResponseHead, withFinishReason } from './dialect.ts'
import { type Message, readMessage } from './messages.ts'
import { at, type Fields, isFields, listAt, stringAt } from './read-values.ts'

/** OpenAI Chat Completions, the older Completions, and the many servers that speak the same. */
export const openAiChat: Dialect = {
  name: 'openai.chat',
  provider: 'openai',
  isResponse: (value) => {
    const choices = listAt(value, 'choices')
    return choices !== undefined && (stringAt(value, 'object') === 'chat.completion' || isChoice(choices[0]))
  },
  isChunk: (value) => {
    const choices = listAt(value, 'choices')
    return (
      choices !== undefined &&
      (stringAt(value, 'object') === 'chat.completion.chunk' || isFields(at(choices[0], 'delta')) || isChoice(choices[0]))
    )
  },
  assemble,
  readHead,
  readMessages,
  usage: [
    {
      input: ['usage.prompt_tokens'],
      output: ['usage.completion_tokens'],
      cacheRead: 'usage.prompt_tokens_details.cached_tokens',
      reasoning: 'usage.completion_tokens_details.reasoning_tokens',
    },
  ],
}

function isChoice(value: unknown): boolean {
  return isFields(at(value, 'message')) || typeof at(value, 'text') === 'string'
}

function readHead(response: Fields): ResponseHead {
  const reasons = (listAt(response, 'choices') ?? []).map((choice) => stringAt(choice, 'finish_reason'))
  return {
    id: stringAt(response, 'id'),
    model: stringAt(response, 'model'),
    // Reasons correspond to choices by position, so that a missing one cannot be left out among others.
    finishReasons: reasons.every((reason) => reason === undefined) ? [] : reasons.map((reason) => reason ?? 'error'),
  }
}

function readMessages(response: Fields): readonly Message[] {
  return (listAt(response, 'choices') ?? []).flatMap((choice) => {
    const message = readMessage(at(choice, 'message') ?? at(choice, 'text'), 'assistant')
    return message === undefined ? [] : [withFinishReason(message, stringAt(choice, 'finish_reason'))]
  })
}

interface OpenCall {
  id?: string
  name: string
  arguments: string
}

interface OpenChoice {
  role: string
  content: string
  refusal: string
  reasoning: string
  finishReason: string | undefined
  /** By the index that the provider gives, which need not be dense. */
  readonly calls: Map<number, OpenCall>
}

function assemble(chunks: readonly unknown[]): Fields {
  const top: { id?: unknown; model?: unknown; usage?: unknown } = {}
  const choices = new Map<number, OpenChoice>()
  for (const chunk of chunks) {
    if (!isFields(chunk)) continue
    top.id ??= stringAt(chunk, 'id') || undefined
    top.model ??= stringAt(chunk, 'model') || undefined
    // OpenAI sends it once in the last chunk; others send a running total in each.
    top.usage = at(chunk, 'usage') ?? at(chunk, 'x_groq.usage') ?? top.usage
    for (const choice of listAt(chunk, 'choices') ?? []) addDelta(choices, choice)
  }
  const ordered = [...choices].sort(([left], [right]) => left - right)
  return { ...top, choices: ordered.map(([index, choice]) => closeChoice(index, choice)) }
}

function addDelta(choices: Map<number, OpenChoice>, choice: unknown): void {
  const index = indexOf(choice)
  let open = choices.get(index)
  if (open === undefined) {
    open = { role: 'assistant', content: '', refusal: '', reasoning: '', finishReason: undefined, calls: new Map() }
    choices.set(index, open)
  }
  const delta = at(choice, 'delta')
  open.finishReason = stringAt(choice, 'finish_reason') ?? open.finishReason
  if (!isFields(delta)) {
    open.content += stringAt(choice, 'text') ?? ''
    return
  }
  // A delta has one or two of these fields; asking for each of them would be most of the work of a long stream.
  for (const key of Object.keys(delta)) {
    if (key === 'tool_calls') addCalls(open, delta)
    else if (key !== 'reasoning' || !('reasoning_content' in delta)) {
      const text = stringAt(delta, key)
      if (text !== undefined) addText(open, key, text)
    }
  }
}

function addText(open: OpenChoice, key: string, text: string): void {
  if (key === 'content') open.content += text
  else if (key === 'role') open.role = text || open.role
  else if (key === 'refusal') open.refusal += text
  else if (key === 'reasoning_content' || key === 'reasoning') open.reasoning += text
}

function addCalls(open: OpenChoice, delta: Fields): void {
  for (const part of listAt(delta, 'tool_calls') ?? []) {
    const place = indexOf(part)
    let call = open.calls.get(place)
    if (call === undefined) {
      call = { name: '', arguments: '' }
      open.calls.set(place, call)
    }
    const id = stringAt(part, 'id')
    if (id) call.id = id
    call.name += stringAt(part, 'function.name') ?? ''
    call.arguments += stringAt(part, 'function.arguments') ?? ''
  }
}

function indexOf(value: unknown): number {
  const index = at(value, 'index')
  return typeof index === 'number' ? index : 0
}

function closeChoice(index: number, choice: OpenChoice): Fields {
  const calls = [...choice.calls].sort(([left], [right]) => left - right)
  return {
    index,
    // A stream that ended before it said why.
    finish_reason: choice.finishReason ?? 'error',
    message: {
      role: choice.role,
      content: choice.content,
      refusal: choice.refusal,
      reasoning_content: choice.reasoning,
      tool_calls: calls.map(([, call]) => ({ id: call.id, type: 'function', function: { name: call.name, arguments: call.arguments } })),
    },
  }
}
