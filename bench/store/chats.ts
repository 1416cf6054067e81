import { createHash } from 'node:crypto'

/** Numbers that repeat from run to run. */
export class Dice {
  #state: number

  constructor(seed: string) {
    this.#state = createHash('sha256').update(seed).digest().readUInt32LE(0)
  }

  /** From 0 up to, and without, 1 (mulberry32). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  between(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1))
  }

  pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.next() * values.length)]!
  }

  hex(bytes: number): string {
    let text = ''
    while (text.length < bytes * 2)
      text += Math.floor(this.next() * 2 ** 32)
        .toString(16)
        .padStart(8, '0')
    return text.slice(0, bytes * 2)
  }
}

const SYLLABLES = 'ta re mi con ver sal pro lin der fa ment tion ing er ous ble ack ost und qua zi pel gra no shi ex am ur ov ly'.split(' ')
const COMMON =
  'the of and to in is that for it with as was on be at by this have from or not are but you which a your order can will'.split(' ')

/** 20,000 made-up words; the common ones come first. */
const WORDS: readonly string[] = (() => {
  const dice = new Dice('words')
  const words = [...COMMON]
  while (words.length < 20_000) words.push(Array.from({ length: dice.between(2, 4) }, () => dice.pick(SYLLABLES)).join(''))
  return words
})()

/**
 * Prose of about so many bytes. The n-th word is drawn with a chance of about 1/n, as in natural language, so that the text
 * compresses about as well as English does; the bench prints how well.
 */
export function prose(dice: Dice, bytes: number): string {
  let text = ''
  while (text.length < bytes) {
    const word = WORDS[Math.floor(WORDS.length ** dice.next()) - 1] ?? 'the'
    text += text === '' || dice.next() < 0.07 ? `${text === '' ? '' : '. '}${word[0]!.toUpperCase()}${word.slice(1)}` : ` ${word}`
  }
  return `${text}.`
}

type Part = Readonly<Record<string, unknown>>
type Message = { readonly role: string; readonly parts: readonly Part[]; readonly finish_reason?: string }

interface Agent {
  readonly name: string
  readonly instructions: string
  readonly tools: readonly unknown[]
}

function agentOf(index: number): Agent {
  const dice = new Dice(`agent ${index}`)
  return {
    name: `support-${index}`,
    instructions: JSON.stringify([{ type: 'text', content: prose(dice, 1200) }]),
    tools: Array.from({ length: 4 }, (_, tool) => ({
      type: 'function',
      name: `${dice.pick(SYLLABLES)}_${dice.pick(SYLLABLES)}_${tool}`,
      description: prose(dice, 160),
      parameters: {
        type: 'object',
        properties: { id: { type: 'string', description: prose(dice, 60) }, limit: { type: 'integer', description: prose(dice, 40) } },
        required: ['id'],
      },
    })),
  }
}

const AGENTS = Array.from({ length: 8 }, (_, index) => agentOf(index))
const TURN_MILLIS = 4_000

type Attribute = { key: string; value: Readonly<Record<string, unknown>> }

function attributes(values: Readonly<Record<string, string | number>>): Attribute[] {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value:
      typeof value === 'string' ? { stringValue: value } : Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value },
  }))
}

/** `agent`: instructions, tool definitions and tool calls; `plain`: questions and answers alone. */
export type ChatKind = 'agent' | 'plain'

/** One chat: for each turn the OTLP spans that a GenAI instrumentation sends, the whole history in each model call. */
export function* chatTurns(kind: ChatKind, chat: number, turns: number): Generator<unknown[], void, void> {
  const dice = new Dice(`${kind} ${chat}`)
  const agent = AGENTS[chat % AGENTS.length]!
  const traceId = dice.hex(16)
  const rootId = dice.hex(8)
  const conversation = `conv_${dice.hex(12)}`
  const messages: Message[] = []
  const started = 1_790_000_000_000_000_000n + BigInt(chat) * 7_001_003n
  let clock = started
  const span = (name: string, kind: number, spanId: string, millis: number, values: Readonly<Record<string, string | number>>): unknown => {
    const from = clock + BigInt(dice.between(100_000, 3_000_000))
    clock = from + BigInt(Math.round(millis * 1e6)) + BigInt(dice.between(0, 999_999))
    return {
      traceId,
      spanId,
      parentSpanId: rootId,
      name,
      kind,
      startTimeUnixNano: String(from),
      endTimeUnixNano: String(clock),
      attributes: attributes({ 'gen_ai.conversation.id': conversation, 'gen_ai.agent.name': agent.name, ...values }),
      status: {},
    }
  }
  const model = (answer: Message): unknown => {
    const input = JSON.stringify(messages)
    const output = JSON.stringify([answer])
    messages.push({ role: answer.role, parts: answer.parts })
    return span('chat gpt-5-mini', 3, dice.hex(8), dice.between(300, 2500), {
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.response.model': 'gpt-5-mini-2026-05-01',
      'gen_ai.response.id': `resp_${dice.hex(16)}`,
      'gen_ai.request.temperature': 0.2,
      'gen_ai.request.max_tokens': 1024,
      'gen_ai.usage.input_tokens': Math.ceil(input.length / 4),
      'gen_ai.usage.output_tokens': Math.ceil(output.length / 4),
      'server.address': 'api.openai.com',
      'server.port': 443,
      ...(kind === 'agent' && { 'gen_ai.system_instructions': agent.instructions, 'gen_ai.tool.definitions': JSON.stringify(agent.tools) }),
      'gen_ai.input.messages': input,
      'gen_ai.output.messages': output,
    })
  }
  for (let turn = 0; turn < turns; turn++) {
    const spans: unknown[] = []
    messages.push({ role: 'user', parts: [{ type: 'text', content: prose(dice, dice.between(60, 500)) }] })
    if (kind === 'agent' && dice.next() < 0.6) {
      const id = `call_${dice.hex(12)}`
      const name = `${(dice.pick(agent.tools) as { name: string }).name}`
      const call = { id: `${dice.between(10_000, 99_999)}-${dice.hex(3)}`, limit: dice.between(1, 20) }
      spans.push(model({ role: 'assistant', parts: [{ type: 'tool_call', id, name, arguments: call }], finish_reason: 'tool_call' }))
      const found = Array.from({ length: dice.between(1, 5) }, () => ({
        id: `${dice.between(10_000, 99_999)}-${dice.hex(3)}`,
        status: dice.pick(['open', 'paid', 'shipped', 'returned']),
        total: dice.between(100, 90_000) / 100,
        updated_at: new Date(Number(clock / 1_000_000n)).toISOString(),
        note: prose(dice, dice.between(40, 300)),
      }))
      const result = JSON.stringify(found)
      spans.push(
        span(`execute_tool ${name}`, 1, dice.hex(8), dice.between(5, 300), {
          'gen_ai.operation.name': 'execute_tool',
          'gen_ai.tool.name': name,
          'gen_ai.tool.type': 'function',
          'gen_ai.tool.call.id': id,
          'gen_ai.tool.call.arguments': JSON.stringify(call),
          'gen_ai.tool.call.result': result,
        }),
      )
      messages.push({ role: 'tool', parts: [{ type: 'tool_call_response', id, result: found }] })
    }
    spans.push(
      model({ role: 'assistant', parts: [{ type: 'text', content: prose(dice, dice.between(200, 1400)) }], finish_reason: 'stop' }),
    )
    if (turn === turns - 1) {
      spans.push({
        traceId,
        spanId: rootId,
        name: `invoke_agent ${agent.name}`,
        kind: 1,
        startTimeUnixNano: String(started),
        endTimeUnixNano: String(clock + 1_000_000n),
        attributes: attributes({
          'gen_ai.operation.name': 'invoke_agent',
          'gen_ai.agent.name': agent.name,
          'gen_ai.conversation.id': conversation,
        }),
        status: {},
      })
    }
    clock += BigInt(TURN_MILLIS) * 1_000_000n
    yield spans
  }
}

/** An OTLP/JSON request around spans. */
export function requestOf(spans: readonly unknown[]): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: {
          attributes: attributes({
            'service.name': 'support-desk',
            'service.version': '4.2.0',
            'service.instance.id': 'b7c3c1de-32f4-4a3f-9a49-6f1a6a3a9c11',
            'telemetry.sdk.name': 'opentelemetry',
            'telemetry.sdk.language': 'python',
            'telemetry.sdk.version': '1.39.0',
            'host.name': 'worker-3',
            'process.pid': 4242,
          }),
        },
        scopeSpans: [{ scope: { name: 'opentelemetry.instrumentation.openai_v2', version: '2.3b0' }, spans }],
      },
    ],
  })
}

/**
 * Requests as a busy service sends them: `together` chats at a time, one turn of each in turn; a chat that ends makes room
 * for the next one.
 */
export function* chatRequests(kind: ChatKind, chats: number, turns: number, together: number): Generator<string, void, void> {
  let next = 0
  const running: Generator<unknown[], void, void>[] = []
  for (;;) {
    while (running.length < together && next < chats) running.push(chatTurns(kind, next++, turns))
    if (running.length === 0) return
    const spans: unknown[] = []
    for (const chat of [...running]) {
      const turn = chat.next()
      if (turn.done === true) running.splice(running.indexOf(chat), 1)
      else spans.push(...turn.value)
    }
    if (spans.length > 0) yield requestOf(spans)
  }
}
