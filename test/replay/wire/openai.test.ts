import OpenAI from 'openai'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatVerdict, type Recording, replay } from '../../../src/replay/index.ts'
import type { Verdict } from '../../../src/schemas/public.ts'
import { instrument, model, tool } from '../../../src/sdk/index.ts'
import { expectExact, reasonsOf } from '../expect-exact.ts'
import { startModelServer } from './model-server.ts'
import { recordingOf, recordWire } from './record-wire.ts'

const KEY = 'sk-proj-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5Wt'
const server = await startModelServer()
let client = new OpenAI({ apiKey: KEY, baseURL: `${server.url}/v1` })
let modelCalls = 0

const user = (content: string) => ({ role: 'user' as const, content })
const chat = model(
  async (content: string) => {
    modelCalls++
    const completion = await client.chat.completions.create({ model: 'gpt-test', messages: [user(content)] })
    return { text: completion.choices[0]?.message.content, request: completion._request_id }
  },
  { name: 'chat', provider: 'openai' },
)
const weather = tool(async ({ city }: { city: string }) => ({ city, sky: 'clear' }), { name: 'weather', effect: 'read' })

let written = 0
const refund = tool(
  async (order: string) => {
    written++
    const { choices } = await client.chat.completions.create({ model: 'gpt-test', messages: [user(`refund ${order}`)] })
    return choices[0]?.message.content
  },
  { name: 'refund' },
)

/** Each with the client itself, in no wrapper of ours, but for the last. */
const PROGRAMS = {
  plain: instrument(async function plain() {
    const { data, response, request_id } = await client.chat.completions
      .create({ model: 'gpt-test', messages: [user('hello')] })
      .withResponse()
    return [data.choices[0]?.message.content, response.status, request_id]
  }),
  streamed: instrument(async function streamed() {
    const read = async (content: string): Promise<string[]> => {
      const words: string[] = []
      for await (const chunk of await client.chat.completions.create({ model: 'gpt-test', stream: true, messages: [user(content)] }))
        words.push(chunk.choices[0]?.delta.content ?? '')
      return words
    }
    const log: string[] = []
    await Promise.all(['left', 'right', 'left'].map(async (side) => log.push((await read(side)).join('|'))))
    for await (const chunk of await client.chat.completions.create({ model: 'gpt-test', stream: true, messages: [user('leave')] })) {
      log.push(chunk.choices[0]?.delta.content ?? '')
      if (log.length > 5) break
    }
    return log
  }),
  retried: instrument(async function retried() {
    const completion = await client.chat.completions.create({ model: 'gpt-test', messages: [user('busy hour')] })
    return completion.choices[0]?.message.content
  }),
  failing: instrument(async function failing() {
    const log: unknown[] = []
    for (const content of ['bad one', 'down one', 'cut one']) {
      try {
        const request = { model: 'gpt-test', messages: [user(content)] }
        if (!content.startsWith('cut')) await client.chat.completions.create(request, { maxRetries: 1 })
        else for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) log.push(chunk.id)
      } catch (error) {
        const { name, message, constructor } = error as Error
        log.push([
          constructor.name,
          name,
          message,
          error instanceof OpenAI.APIError ? [error.status, error.code, error.requestID] : undefined,
        ])
      }
    }
    return log
  }),
  tools: instrument(async function tools() {
    const messages: OpenAI.ChatCompletionMessageParam[] = [user('what is the weather?')]
    const definition = { type: 'function' as const, function: { name: 'weather', parameters: { type: 'object' } } }
    for (;;) {
      const { choices } = await client.chat.completions.create({ model: 'gpt-test', messages, tools: [definition] })
      const message = choices[0]?.message
      if (message?.tool_calls === undefined) return message?.content
      messages.push(message)
      for (const call of message.tool_calls) {
        if (call.type !== 'function') continue
        const content = JSON.stringify(await weather(JSON.parse(call.function.arguments) as { city: string }))
        messages.push({ role: 'tool', tool_call_id: call.id, content })
      }
    }
  }),
  writes: instrument(async function writes() {
    return [await refund('17'), await (await fetch(`${server.url}/v1/chat`, { method: 'POST', body: '{"messages":[]}' })).text()].length
  }),
  wrapped: instrument(async function wrapped() {
    return [await chat('one'), await chat('two'), await chat('busy within')]
  }),
}
type Name = keyof typeof PROGRAMS
const NAMES = Object.keys(PROGRAMS) as Name[]

let recordings: Map<string, Recording>

beforeAll(async () => {
  recordings = await recordWire(async () => {
    for (const name of NAMES) await PROGRAMS[name]()
  })
  await server.close()
  // The same program with a key that opens nothing.
  client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1` })
})

async function replayed(name: Name, serve: 'call' | 'wire'): Promise<Verdict> {
  return await replay(recordingOf(recordings, name), PROGRAMS[name], { serve })
}

describe('the openai client above a served wire', () => {
  it.for(NAMES)('%s: the real client runs, and nothing else is different', async (name) => {
    const before = modelCalls
    for (let round = 0; round < 2; round++) expectExact(await replayed(name, 'wire'))
    expect(modelCalls - before).toBe(name === 'wrapped' ? 6 : 0)
  })

  it.for(NAMES)('%s: served by calls, wrapped code stays at rest', async (name) => {
    const before = modelCalls
    const verdict = await replayed(name, 'call')
    expectExact(verdict)
    expect(modelCalls).toBe(before)
    if (name === 'wrapped') expect(verdict.counts).toMatchObject({ served: 3, covered: 5, unused: 0, unmatched: 0 })
  })

  it('reads streams that are cut elsewhere, those too that it or the program leaves', async () => {
    for (const resplit of [1, 2, 3, 4]) {
      const verdict = await replay(recordingOf(recordings, 'streamed'), PROGRAMS.streamed, { serve: 'wire', resplit })
      expect(verdict.label, formatVerdict(verdict)).toBe('cached')
      expect(verdict.counts).toMatchObject({ served: 4, unmatched: 0, unused: 0, labels: { cached: 4 } })
      expect(verdict.output.equal).toBe(true)
    }
  })

  it('runs a tool that writes only where that is allowed', async () => {
    const recording = recordingOf(recordings, 'writes')
    const before = written
    const kept = await replay(recording, PROGRAMS.writes, { serve: 'wire' })
    expectExact(kept)
    expect(kept.counts).toMatchObject({ served: 2, covered: 1 })
    expect(written).toBe(before)
    const allowed = await replay(recording, PROGRAMS.writes, { serve: 'wire', allowWrites: ['refund'] })
    expectExact(allowed)
    expect(allowed.counts).toMatchObject({ served: 2, covered: 0 })
    expect(written).toBe(before + 1)
  })

  it('notes another body, and another address', async () => {
    const recording = recordingOf(recordings, 'plain')
    const other = instrument(async function plain() {
      const { choices } = await client.chat.completions.create({ model: 'gpt-test', messages: [user('good bye')] }, { maxRetries: 0 })
      return choices
    })
    const verdict = await replay(recording, other, { serve: 'wire' })
    expect(verdict.label, formatVerdict(verdict)).toBe('diverged')
    expect(verdict.counts).toMatchObject({ unmatched: 1, unused: 1, socketsDenied: 0 })
    expect(verdict.divergences[0]?.differences).toEqual([
      { path: '/0/json/messages/0/content', recorded: '"hello"', replayed: '"good bye"' },
    ])
    const elsewhere = instrument(async function plain() {
      const { status } = await fetch(`${server.url}/v1/other`, { method: 'POST', body: '{}' })
      return status
    })
    const lost = await replay(recording, elsewhere, { serve: 'wire' })
    expect(reasonsOf(lost)).toContain('unmatched')
    expect(lost.counts).toMatchObject({ unmatched: 1, unused: 1, socketsDenied: 0 })
  })

  it('keeps no credential', () => {
    for (const { steps, nodes } of recordings.values()) {
      expect(JSON.stringify(steps)).not.toContain(KEY)
      for (const { record } of nodes) {
        const recording = recordingOf(recordings, 'plain')
        for (const role of ['input', 'output'] as const) {
          const payload = recording.nodes.some((node) => node.record === record) ? recording.payloadOf(record, role) : undefined
          if (payload?.state === 'present') expect(String(payload.data)).not.toMatch(/Zx81hTQ0|authorization/i)
        }
      }
    }
  })
})
