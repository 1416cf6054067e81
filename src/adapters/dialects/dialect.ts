import type { Message } from './messages.ts'
import type { Fields } from './read-values.ts'

/** Where a response says its token counts. The fields of a list are added up; those not there count as nothing. */
export interface UsagePaths {
  /** All input tokens, cached ones included, as OpenTelemetry counts them. */
  readonly input: readonly string[]
  /** All output tokens, reasoning included. */
  readonly output: readonly string[]
  readonly cacheRead?: string
  readonly cacheWrite?: string
  readonly reasoning?: string
}

export interface ResponseHead {
  readonly id?: string | undefined
  readonly model?: string | undefined
  /** One for each generation, in its order. */
  readonly finishReasons: readonly string[]
}

/** The form of one provider's values. */
export interface Dialect {
  readonly name: string
  /** `gen_ai.provider.name` where the user gave none: whose form this is, as the conventions ask for. */
  readonly provider: string | undefined
  isResponse(value: Fields): boolean
  isChunk(value: Fields): boolean
  /** The chunks of a stream as one response in the non-streaming form. */
  assemble(chunks: readonly unknown[]): Fields
  readHead(response: Fields): ResponseHead
  /** One message for each generation. */
  readMessages(response: Fields): readonly Message[]
  readonly usage: readonly UsagePaths[]
}

/** The words of the conventions for why a generation ended, as the deprecated `finish_reason` of a message has them. */
const FINISH_REASONS: ReadonlyMap<string, string> = new Map([
  ['tool_calls', 'tool_call'],
  ['function_call', 'tool_call'],
  ['tool_use', 'tool_call'],
  ['tool-calls', 'tool_call'],
  ['end_turn', 'stop'],
  ['stop_sequence', 'stop'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['refusal', 'content_filter'],
  ['safety', 'content_filter'],
  ['content-filter', 'content_filter'],
])

export function withFinishReason(message: Message, reason: string | undefined): Message {
  if (reason === undefined) return message
  const lower = reason.toLowerCase()
  return { ...message, finish_reason: FINISH_REASONS.get(lower) ?? lower }
}
