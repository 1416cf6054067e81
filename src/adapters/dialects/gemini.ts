import { type Dialect, type ResponseHead, withFinishReason } from './dialect.ts'
import type { Message } from './messages.ts'
import { readParts } from './parts.ts'
import { at, type Fields, firstAt, firstStringAt, isFields, listAt, stringAt } from './read-values.ts'

const looksRight = (value: Fields): boolean =>
  listAt(value, 'candidates') !== undefined || isFields(at(value, 'usageMetadata')) || isFields(at(value, 'promptFeedback'))

/** Gemini generateContent; each chunk of a stream has the form of a response. */
export const gemini: Dialect = {
  name: 'gemini',
  provider: 'gcp.gemini',
  isResponse: looksRight,
  isChunk: looksRight,
  assemble,
  readHead,
  readMessages,
  usage: [
    {
      // Its candidates do not count thoughts, and its prompt does not count what tools put in.
      input: ['usageMetadata.promptTokenCount', 'usageMetadata.toolUsePromptTokenCount'],
      output: ['usageMetadata.candidatesTokenCount', 'usageMetadata.thoughtsTokenCount'],
      cacheRead: 'usageMetadata.cachedContentTokenCount',
      reasoning: 'usageMetadata.thoughtsTokenCount',
    },
  ],
}

function readHead(response: Fields): ResponseHead {
  const reasons = (listAt(response, 'candidates') ?? []).map((candidate) => stringAt(candidate, 'finishReason'))
  const blocked = stringAt(response, 'promptFeedback.blockReason')
  const none = blocked === undefined ? [] : [blocked]
  return {
    id: stringAt(response, 'responseId'),
    model: firstStringAt(response, ['modelVersion', 'model']),
    finishReasons: reasons.every((reason) => reason === undefined) ? none : reasons.map((reason) => reason ?? 'error'),
  }
}

function readMessages(response: Fields): readonly Message[] {
  return (listAt(response, 'candidates') ?? []).flatMap((candidate) => {
    const parts = readParts(at(candidate, 'content.parts'))
    const role = stringAt(candidate, 'content.role') ?? 'model'
    return parts.length === 0 ? [] : [withFinishReason({ role, parts }, stringAt(candidate, 'finishReason'))]
  })
}

interface OpenCandidate {
  role: string
  readonly parts: Record<string, unknown>[]
  finishReason: string | undefined
}

function assemble(chunks: readonly unknown[]): Fields {
  const top: Record<string, unknown> = {}
  const candidates = new Map<number, OpenCandidate>()
  for (const chunk of chunks) {
    if (!isFields(chunk)) continue
    for (const field of ['responseId', 'modelVersion', 'usageMetadata', 'promptFeedback']) {
      const value = at(chunk, field)
      if (value !== undefined && value !== null) top[field] = value
    }
    for (const candidate of listAt(chunk, 'candidates') ?? []) addCandidate(candidates, candidate)
  }
  const ordered = [...candidates].sort(([left], [right]) => left - right)
  return {
    ...top,
    candidates: ordered.map(([index, { role, parts, finishReason }]) => ({
      index,
      content: { role, parts },
      finishReason: finishReason ?? 'error',
    })),
  }
}

function addCandidate(candidates: Map<number, OpenCandidate>, candidate: unknown): void {
  const index = firstAt(candidate, ['index'])
  const place = typeof index === 'number' ? index : 0
  let open = candidates.get(place)
  if (open === undefined) {
    open = { role: 'model', parts: [], finishReason: undefined }
    candidates.set(place, open)
  }
  open.role = stringAt(candidate, 'content.role') || open.role
  open.finishReason = stringAt(candidate, 'finishReason') ?? open.finishReason
  for (const part of listAt(candidate, 'content.parts') ?? []) {
    if (!isFields(part)) continue
    const last = open.parts.at(-1)
    const text = stringAt(part, 'text')
    // Text comes in pieces; a thought and an answer are kept apart.
    if (text !== undefined && last !== undefined && typeof last['text'] === 'string' && last['thought'] === part['thought'])
      last['text'] += text
    else open.parts.push({ ...part })
  }
}
