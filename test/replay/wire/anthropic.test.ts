import Anthropic from '@anthropic-ai/sdk'
import { beforeAll, describe, expect, it } from 'vitest'
import { formatVerdict, type Recording, replay } from '../../../src/replay/index.ts'
import { instrument, tool } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { startMessagesServer } from './messages-server.ts'
import { recordingOf, recordWire } from './record-wire.ts'

const KEY = 'sk-ant-api03-Zx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5WtZx81hTQ0vLw3Rk7MfYp2Ne9UaBcD4sGj6HoKq5WtZx81hTQ0vAA'
const server = await startMessagesServer()
let client = new Anthropic({ apiKey: KEY, baseURL: server.url })

const asked = { model: 'claude-test', max_tokens: 64 }
const user = (content: string) => ({ role: 'user' as const, content })
const weather = tool(async ({ city }: { city: string }) => ({ city, sky: 'clear' }), { name: 'weather', effect: 'read' })

const PROGRAMS = {
  streamed: instrument(async function streamed() {
    const read = async (content: string): Promise<unknown> => {
      const heard: string[] = []
      const stream = client.messages.stream({ ...asked, messages: [user(content)] }).on('text', (text) => heard.push(text))
      return [(await stream.finalMessage()).id, heard.join('|'), await stream.finalText()]
    }
    return await Promise.all(['left', 'right', 'left'].map(read))
  }),
  left: instrument(async function left() {
    const types: string[] = []
    for await (const event of await client.messages.create({ ...asked, stream: true, messages: [user('leave')] })) {
      types.push(event.type)
      if (types.length === 3) break
    }
    return types
  }),
  tools: instrument(async function tools() {
    const messages: Anthropic.MessageParam[] = [user('what is the weather?')]
    for (;;) {
      const { content } = await client.messages.create({
        ...asked,
        messages,
        tools: [{ name: 'weather', input_schema: { type: 'object' } }],
      })
      const uses = content.filter((block) => block.type === 'tool_use')
      if (uses.length === 0) return content
      messages.push({ role: 'assistant', content })
      for (const { id, input } of uses) {
        const result = JSON.stringify(await weather(input as { city: string }))
        messages.push({ role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: result }] })
      }
    }
  }),
  retried: instrument(async function retried() {
    const { data, request_id } = await client.messages.create({ ...asked, messages: [user('busy')] }).withResponse()
    return [data.content, request_id]
  }),
  failing: instrument(async function failing() {
    try {
      return await client.messages.create({ ...asked, messages: [user('bad')] })
    } catch (error) {
      if (!(error instanceof Anthropic.BadRequestError)) throw error
      return [error.constructor.name, error.status, error.requestID, error.message]
    }
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
  client = new Anthropic({ apiKey: 'none', baseURL: server.url })
})

describe('the anthropic client above a served wire', () => {
  it('was recorded with its real key, which nothing keeps', () => {
    expect(new Set(server.keys)).toEqual(new Set([`Bearer ${KEY}`]))
    for (const name of NAMES) {
      const { nodes } = recordingOf(recordings, name)
      expect(JSON.stringify(nodes.map(({ record }) => record))).not.toContain('Zx81hTQ0')
    }
    const exchanges = recordingOf(recordings, 'retried').nodes.filter(({ record }) => record.core.kind === 'wire')
    expect(exchanges).toHaveLength(3)
    for (const { record } of exchanges) {
      const { port } = new URL(server.url)
      expect(record.core.attributes).toMatchObject({ 'http.request.method': 'POST', 'server.port': Number(port), 'url.scheme': 'http' })
      expect(record.core.spanKind).toBe('client')
    }
  })

  it.for(NAMES)('%s: the real client runs with its server gone, and nothing is different', async (name) => {
    const before = server.keys.length
    for (let round = 0; round < 2; round++) expectExact(await replay(recordingOf(recordings, name), PROGRAMS[name], { serve: 'wire' }))
    expect(server.keys).toHaveLength(before)
  })

  it('reads a stream whose chunks are cut elsewhere', async () => {
    for (const resplit of [1, 2, 3]) {
      const verdict = await replay(recordingOf(recordings, 'streamed'), PROGRAMS.streamed, { serve: 'wire', resplit })
      expect(verdict.label, formatVerdict(verdict)).toBe('cached')
      expect(verdict.counts).toMatchObject({ served: 3, unmatched: 0, unused: 0, socketsDenied: 0, labels: { cached: 3 } })
      expect(verdict.output.equal).toBe(true)
    }
  })
})
