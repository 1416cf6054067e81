import OpenAI from 'openai'
import type {
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionCreateParamsStreaming,
  ChatCompletionFunctionTool,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions'
import { instrument, model, retriever, tool } from 'reprise'
import { Bm25, type Hit } from './bm25.ts'
import { readSections, type Section } from './documents.ts'
import { findOrder, openTicket } from './orders.ts'

export type Ticket = { readonly question: string; readonly model?: string }
export type Answer = { readonly text: string; readonly sources: readonly string[]; readonly toolsUsed: readonly string[] }

// The client is made at the first call, so that importing this module needs no key and no server.
let client: OpenAI | undefined
function openai(): OpenAI {
  client ??= new OpenAI({ apiKey: process.env['OPENAI_API_KEY'] ?? 'none', maxRetries: 1 })
  return client
}

let index: Promise<Bm25<Section>> | undefined
async function searchSections(query: string, limit: number): Promise<Hit<Section>[]> {
  index ??= readSections().then((sections) => new Bm25(sections, ({ title, text }) => `${title}\n${text}`))
  return (await index).search(query, limit)
}

const search = retriever(searchSections, {
  name: 'docs',
  documents: (hits) => hits.map(({ document, score }) => ({ id: document.id, score, content: document.text })),
})
const chat = model((request: ChatCompletionCreateParamsNonStreaming) => openai().chat.completions.create(request), {
  name: 'chat',
  provider: 'openai',
  model: (request) => request.model,
})
const chatStream = model((request: ChatCompletionCreateParamsStreaming) => openai().chat.completions.create(request), {
  name: 'chat_stream',
  provider: 'openai',
  model: (request) => request.model,
})
const lookUpOrder = tool(findOrder, { name: 'look_up_order', effect: 'read' })
const escalate = tool(openTicket, { name: 'open_ticket', effect: 'write' })

const TOOLS: ChatCompletionFunctionTool[] = [
  {
    type: 'function',
    function: {
      name: 'look_up_order',
      description: 'Look up the state of an order by its order number.',
      parameters: { type: 'object', properties: { order_id: { type: 'string', pattern: 'R-[0-9]{4}' } }, required: ['order_id'] },
    },
  },
  {
    type: 'function',
    function: {
      name: 'open_ticket',
      description: 'Open a ticket so that a human of the support team answers.',
      parameters: {
        type: 'object',
        properties: { summary: { type: 'string' }, priority: { type: 'string', enum: ['normal', 'urgent'] } },
        required: ['summary', 'priority'],
      },
    },
  },
]

async function callTool(name: string, argumentsText: string): Promise<unknown> {
  const values: unknown = JSON.parse(argumentsText)
  if (name === 'look_up_order') return await lookUpOrder(values as { order_id: string })
  if (name === 'open_ticket') return await escalate(values as { summary: string; priority: string })
  throw new Error(`the model asked for a tool that does not exist: ${name}`)
}

/** Answers a support question from this project's documentation, with tools where the model asks for them. */
export const answer = instrument(async function answer(ticket: Ticket): Promise<Answer> {
  const name = ticket.model ?? 'extractor-1'
  const [found, privacy] = await Promise.all([search(ticket.question, 4), search('redaction secrets privacy', 1)])
  const context = [...found, ...privacy].map(({ document }) => `## ${document.title}\n${document.text}`).join('\n\n')
  const messages: ChatCompletionMessageParam[] = [
    { role: 'system', content: `Answer from these documents only.\n\n${context}` },
    { role: 'user', content: ticket.question },
  ]
  const toolsUsed: string[] = []
  for (let turn = 0; turn < 4; turn++) {
    const completion = await chat({ model: name, messages, tools: TOOLS })
    const message = completion.choices[0]?.message
    const calls = message?.tool_calls ?? []
    if (message === undefined || calls.length === 0) break
    messages.push(message)
    const results = await Promise.all(
      calls.map(async (call) => {
        if (call.type !== 'function') throw new Error(`unexpected tool call of type ${call.type}`)
        toolsUsed.push(call.function.name)
        return { id: call.id, result: await callTool(call.function.name, call.function.arguments) }
      }),
    )
    for (const { id, result } of results) messages.push({ role: 'tool', tool_call_id: id, content: JSON.stringify(result) })
  }
  const stream = await chatStream({ model: name, messages, stream: true, stream_options: { include_usage: true } })
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  return { text, sources: found.map(({ document }) => document.id), toolsUsed }
})
