import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { instrument, model } from 'reprise'

// A program that knows of Reprise only that its entry is wrapped: clients are made as anybody makes them, when the module is loaded.

const { OPENAI_URL, ANTHROPIC_URL, KEY } = process.env
const openai = new OpenAI({ apiKey: KEY ?? 'none', baseURL: `${OPENAI_URL}/v1` })
const anthropic = new Anthropic({ apiKey: KEY ?? 'none', baseURL: `${ANTHROPIC_URL}` })

async function spoken(prompt: string): Promise<string[]> {
  const words: string[] = []
  const stream = await openai.chat.completions.create({
    model: 'gpt-test',
    stream: true,
    messages: [{ role: 'user', content: prompt }],
  })
  for await (const { choices } of stream) words.push(choices[0]?.delta.content ?? '')
  return words
}

async function withTools(): Promise<unknown> {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'what is the weather?' }]
  for (;;) {
    const { choices } = await openai.chat.completions.create({
      model: 'gpt-test',
      messages,
      tools: [{ type: 'function', function: { name: 'weather', parameters: { type: 'object' } } }],
    })
    const message = choices[0]?.message
    if (message?.tool_calls === undefined) return message?.content
    messages.push(message)
    for (const { id } of message.tool_calls) messages.push({ role: 'tool', tool_call_id: id, content: `clear at ${Date.now()}` })
  }
}

async function failing(): Promise<unknown> {
  try {
    return await openai.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'bad' }] })
  } catch (error) {
    if (!(error instanceof OpenAI.BadRequestError)) throw error
    return [error.name, error.status, error.code, error.requestID, error.message]
  }
}

const ask = { model: 'claude-test', max_tokens: 64 }

async function streamed(content: string): Promise<unknown> {
  const heard: string[] = []
  const stream = anthropic.messages.stream({ ...ask, messages: [{ role: 'user', content }] }).on('text', (text) => heard.push(text))
  return [(await stream.finalMessage()).id, heard]
}

async function retried(content: string): Promise<unknown> {
  const { data, request_id } = await anthropic.messages.create({ ...ask, messages: [{ role: 'user', content }] }).withResponse()
  return [data.content, request_id]
}

/** Streams, tools, retries and errors of two clients, some of it at once. */
export const assist = instrument(async function assist(topic: string) {
  const [left, right, tools, again, busy] = await Promise.all([spoken(topic), streamed(topic), withTools(), spoken(topic), retried('busy')])
  const { choices } = await openai.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content: 'busy too' }] })
  return { left, right, tools, again, busy, retried: choices[0]?.message.content, failed: await failing() }
})

/** How often the body of `chat` ran in this process. */
export const ran = { chat: 0 }
const chat = model(
  async (prompt: string) => {
    ran.chat++
    return await spoken(prompt)
  },
  { name: 'chat' },
)

/** Calls of this one are wrapped. */
export const summarize = instrument(async function summarize(text: string) {
  return (await chat(text)).join('')
})
