import { at, type Fields, firstAt, firstStringAt, isFields, listAt, parsedOr, stringAt } from './read-values.ts'

/** One part of a message, as the JSON schema of the OpenTelemetry GenAI conventions has it: a `type` and fields of its own. */
export interface Part {
  readonly type: string
  readonly [field: string]: unknown
}

const MAX_DEPTH = 8

export function textPart(content: string): Part {
  return { type: 'text', content }
}

export function reasoningPart(content: string): Part {
  return { type: 'reasoning', content }
}

export function toolCallPart(id: unknown, name: unknown, args: unknown): Part {
  return {
    type: 'tool_call',
    ...(typeof id === 'string' ? { id } : {}),
    name: typeof name === 'string' ? name : '',
    ...(args === undefined ? {} : { arguments: parsedOr(args) }),
  }
}

export function toolResponsePart(id: unknown, response: unknown): Part {
  return { type: 'tool_call_response', ...(typeof id === 'string' ? { id } : {}), response: response ?? null }
}

/** Bytes in place, a reference to a file at the provider, or an address: whichever of the three a value holds. */
function mediaPart(modality: string, source: { data?: unknown; fileId?: unknown; uri?: unknown; mimeType?: unknown }): Part | undefined {
  const mime = typeof source.mimeType === 'string' ? { mime_type: source.mimeType } : {}
  if (typeof source.uri === 'string') {
    const inline = /^data:([^;,]{1,128})(?:;[^;,]{1,128})*;base64,/.exec(source.uri)
    if (inline !== null) return { type: 'blob', modality, mime_type: inline[1], content: source.uri.slice(inline[0].length) }
    return { type: 'uri', modality, ...mime, uri: source.uri }
  }
  if (typeof source.fileId === 'string') return { type: 'file', modality, ...mime, file_id: source.fileId }
  if (source.data === undefined || source.data === null) return undefined
  return { type: 'blob', modality, ...mime, content: source.data }
}

/** image, audio, video or document, by the MIME type. */
function modalityOf(mimeType: unknown): string {
  const family = typeof mimeType === 'string' ? (mimeType.split('/')[0] ?? '') : ''
  return family === 'image' || family === 'audio' || family === 'video' ? family : 'document'
}

type PartReader = (part: Fields, depth: number) => Part | undefined

const readText: PartReader = (part) => {
  const text = firstStringAt(part, ['text', 'content', 'refusal'])
  return text === undefined ? undefined : textPart(text)
}

const readImage: PartReader = (part) =>
  mediaPart('image', {
    // OpenAI chat: image_url.url; Responses: image_url as text; Anthropic: source; Vercel: image.
    uri: firstStringAt(part, ['image_url.url', 'image_url', 'source.url', 'url']),
    fileId: firstStringAt(part, ['file_id', 'source.file_id']),
    data: firstAt(part, ['source.data', 'image', 'data']),
    mimeType: firstStringAt(part, ['source.media_type', 'mediaType', 'mimeType', 'mime_type']),
  })

const readFile: PartReader = (part) => {
  const mimeType = firstStringAt(part, ['source.media_type', 'mediaType', 'mimeType', 'mime_type'])
  return mediaPart(modalityOf(mimeType), {
    uri: firstStringAt(part, ['file.file_data', 'file_data', 'file_url', 'source.url', 'url']),
    fileId: firstStringAt(part, ['file.file_id', 'file_id', 'source.file_id']),
    data: firstAt(part, ['source.data', 'data']),
    mimeType,
  })
}

const readAudio: PartReader = (part) => {
  const format = stringAt(part, 'input_audio.format')
  return mediaPart('audio', { data: at(part, 'input_audio.data'), mimeType: format === undefined ? undefined : `audio/${format}` })
}

const readReasoning: PartReader = (part) => {
  const summary = (listAt(part, 'summary') ?? listAt(part, 'content'))?.map((entry) => stringAt(entry, 'text') ?? '').join('\n')
  return reasoningPart(firstStringAt(part, ['thinking', 'reasoning', 'text', 'content']) ?? summary ?? '')
}

const readToolUse: PartReader = (part) =>
  toolCallPart(
    firstAt(part, ['call_id', 'id', 'toolCallId']),
    firstAt(part, ['name', 'toolName']),
    firstAt(part, ['input', 'arguments', 'args']),
  )

const readToolResult: PartReader = (part, depth) => {
  const result = firstAt(part, ['content', 'output', 'result'])
  return toolResponsePart(firstAt(part, ['tool_use_id', 'call_id', 'toolCallId', 'id']), plainContent(result, depth))
}

const readServerTool: PartReader = (part) => ({
  type: 'server_tool_call',
  ...(stringAt(part, 'id') === undefined ? {} : { id: stringAt(part, 'id') }),
  name: stringAt(part, 'name') ?? stringAt(part, 'type') ?? '',
  server_tool_call: { ...part, type: stringAt(part, 'name') ?? stringAt(part, 'type') ?? '' },
})

/** By the `type` that a content part or an item has at its provider. */
const PART_READERS: ReadonlyMap<string, PartReader> = new Map<string, PartReader>([
  ['text', readText],
  ['input_text', readText],
  ['output_text', readText],
  ['refusal', readText],
  ['image_url', readImage],
  ['input_image', readImage],
  ['image', readImage],
  ['input_audio', readAudio],
  ['file', readFile],
  ['input_file', readFile],
  ['document', readFile],
  ['thinking', readReasoning],
  ['redacted_thinking', readReasoning],
  ['reasoning', readReasoning],
  ['tool_use', readToolUse],
  ['function_call', readToolUse],
  ['custom_tool_call', readToolUse],
  ['tool-call', readToolUse],
  ['tool_result', readToolResult],
  ['function_call_output', readToolResult],
  ['custom_tool_call_output', readToolResult],
  ['tool-result', readToolResult],
  ['server_tool_use', readServerTool],
  ['web_search_call', readServerTool],
  ['file_search_call', readServerTool],
  ['code_interpreter_call', readServerTool],
])

/** One content part of any provider; a part of a kind that is not known stays as it is, which the schema allows. */
export function readPart(value: unknown, depth = 0): Part | undefined {
  if (typeof value === 'string') return textPart(value)
  if (!isFields(value)) return undefined
  const type = stringAt(value, 'type')
  if (type === undefined) return readGeminiPart(value)
  return PART_READERS.get(type)?.(value, depth) ?? { ...value, type }
}

/** Gemini's parts have no type: the field that is set tells. */
function readGeminiPart(part: Fields): Part | undefined {
  const text = stringAt(part, 'text')
  if (text !== undefined) return at(part, 'thought') === true ? reasoningPart(text) : textPart(text)
  const call = firstAt(part, ['functionCall', 'function_call'])
  if (isFields(call)) return toolCallPart(at(call, 'id'), at(call, 'name'), at(call, 'args'))
  const response = firstAt(part, ['functionResponse', 'function_response'])
  if (isFields(response)) return { ...toolResponsePart(at(response, 'id'), at(response, 'response')), ...nameOf(response) }
  const inline = firstAt(part, ['inlineData', 'inline_data'])
  const file = firstAt(part, ['fileData', 'file_data'])
  const mimeType = firstStringAt(isFields(inline) ? inline : file, ['mimeType', 'mime_type'])
  if (isFields(inline)) return mediaPart(modalityOf(mimeType), { data: at(inline, 'data'), mimeType })
  if (isFields(file)) return mediaPart(modalityOf(mimeType), { uri: firstAt(file, ['fileUri', 'file_uri']), mimeType })
  const [field] = Object.keys(part)
  return field === undefined ? undefined : { type: field, ...part }
}

function nameOf(value: Fields): { name?: string } {
  const name = stringAt(value, 'name')
  return name === undefined ? {} : { name }
}

/** Content as parts: a string is one text part, a list is read part by part. */
export function readParts(content: unknown, depth = 0): Part[] {
  if (content === undefined || content === null || content === '') return []
  if (!Array.isArray(content)) {
    const part = readPart(content, depth)
    return part === undefined ? [] : [part]
  }
  const parts: Part[] = []
  for (const element of content) {
    const part = readPart(element, depth)
    if (part !== undefined) parts.push(part)
  }
  return parts
}

/** What a tool answered: plain text where it is nothing but text. */
function plainContent(content: unknown, depth: number): unknown {
  if (!Array.isArray(content) || depth >= MAX_DEPTH) return content
  const parts = readParts(content, depth + 1)
  return parts.every((part) => part.type === 'text') ? parts.map((part) => part['content']).join('\n') : parts
}
