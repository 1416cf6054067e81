import { anthropic } from './anthropic.ts'
import type { Dialect, UsagePaths } from './dialect.ts'
import { gemini } from './gemini.ts'
import { generic } from './generic.ts'
import { type Message, plainMessage } from './messages.ts'
import { ollama } from './ollama.ts'
import { openAiChat } from './openai-chat.ts'
import { openAiResponses } from './openai-responses.ts'
import { countAt, type Fields, isFields } from './read-values.ts'
import { type DerivableStep, isStreamed } from './step.ts'

/** In the order asked; the generic one takes whatever is left. */
const DIALECTS: readonly Dialect[] = [openAiChat, openAiResponses, anthropic, gemini, ollama, generic]

/** A stream shows its form early: pings and the like come before, but not for long. */
const CHUNKS_LOOKED_AT = 32

export interface Response {
  readonly dialect: Dialect
  /** In the form that the provider gives without streaming. */
  readonly fields: Fields
}

/** The output of a model step as one response; undefined where there is none, or where it is no object. */
export function responseOf(step: DerivableStep): Response | undefined {
  const { output } = step
  if (Array.isArray(output)) {
    const dialect = streamDialect(output)
    if (dialect === undefined || (dialect === generic && !isStreamed(step) && !output.every((chunk) => typeof chunk === 'string')))
      return undefined
    return { dialect, fields: dialect.assemble(output) }
  }
  if (!isFields(output)) return undefined
  const dialect = DIALECTS.find((candidate) => candidate.isResponse(output)) ?? generic
  return { dialect, fields: output }
}

function streamDialect(chunks: readonly unknown[]): Dialect | undefined {
  const early = chunks.slice(0, CHUNKS_LOOKED_AT).filter(isFields)
  if (early.length === 0) return chunks.length === 0 ? undefined : generic
  return DIALECTS.find((dialect) => dialect !== generic && early.some((chunk) => dialect.isChunk(chunk))) ?? generic
}

/** What the model said, one message for each generation. */
export function outputMessages(step: DerivableStep, response: Response | undefined): readonly Message[] {
  if (response !== undefined) return response.dialect.readMessages(response.fields)
  const { output } = step
  if (output === undefined || output === null || (Array.isArray(output) && output.length === 0)) return []
  return [plainMessage('assistant', output)]
}

export interface Usage {
  readonly input?: number
  readonly output?: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  readonly reasoning?: number
}

/** The counts of the first table of which any total is there. */
export function usageOf({ dialect, fields }: Response): Usage {
  for (const paths of dialect.usage) {
    const input = sumAt(fields, paths.input)
    const output = sumAt(fields, paths.output)
    if (input === undefined && output === undefined) continue
    return { ...given('input', input), ...given('output', output), ...partsOf(fields, paths) }
  }
  return {}
}

function partsOf(fields: Fields, paths: UsagePaths): Usage {
  return {
    ...given('cacheRead', paths.cacheRead === undefined ? undefined : countAt(fields, paths.cacheRead)),
    ...given('cacheWrite', paths.cacheWrite === undefined ? undefined : countAt(fields, paths.cacheWrite)),
    ...given('reasoning', paths.reasoning === undefined ? undefined : countAt(fields, paths.reasoning)),
  }
}

function sumAt(fields: Fields, paths: readonly string[]): number | undefined {
  const first = paths[0] === undefined ? undefined : countAt(fields, paths[0])
  if (first === undefined) return undefined
  return paths.slice(1).reduce((sum, path) => sum + (countAt(fields, path) ?? 0), first)
}

function given(name: keyof Usage, value: number | undefined): Usage {
  return value === undefined ? {} : { [name]: value }
}
