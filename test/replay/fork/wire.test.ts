import OpenAI from 'openai'
import { beforeAll, describe, expect, it } from 'vitest'
import { fork, formatVerdict, planOfFork, type Recording } from '../../../src/replay/index.ts'
import { instrument, model, tool } from '../../../src/sdk/index.ts'
import { startModelServer } from '../wire/model-server.ts'
import { recordingOf, recordWire } from '../wire/record-wire.ts'

const server = await startModelServer()
const client = new OpenAI({ apiKey: 'none', baseURL: `${server.url}/v1`, maxRetries: 0 })
const said = async (content: string): Promise<string> => {
  const { choices } = await client.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content }] })
  return choices[0]?.message.content ?? ''
}
const chat = model(async (prompt: string) => await said(prompt), { name: 'chat' })
const stock = tool(async (item: string) => ({ item, left: 4 }), { name: 'stock', effect: 'read' })

const PROGRAMS = {
  wrapped: instrument(async function wrapped(item: string) {
    const { left } = await stock(item)
    const first = await chat(`there are ${left} of the ${item}`)
    return [first, await chat(`a summary of: ${first}`)]
  }),
  bare: instrument(async function bare(item: string) {
    const first = await said(`describe the ${item}`)
    return [first, await said(`a summary of: ${first}`)]
  }),
  streamed: instrument(async function streamed() {
    let text = ''
    try {
      const stream = await client.chat.completions.create({ model: 'gpt-test', stream: true, messages: [{ role: 'user', content: 'one' }] })
      for await (const { choices } of stream) text += choices[0]?.delta.content ?? ''
    } catch (error) {
      return (error as Error).constructor.name
    }
    return text
  }),
}

const valueOf = (outcome: Awaited<ReturnType<typeof fork>>['outcome']): unknown => (outcome?.ok === true ? outcome.value : outcome)

let recordings: Map<string, Recording>
beforeAll(async () => {
  recordings = await recordWire(async () => {
    await PROGRAMS.wrapped('lanterns')
    await PROGRAMS.bare('lanterns')
    await PROGRAMS.streamed()
  })
  return async () => await server.close()
})

describe('a fork of what was exchanged', () => {
  it('changes an answer, above which the client runs', async () => {
    const before = server.requests.length
    const { outcome, plan, verdict } = await fork(recordingOf(recordings, 'bare'), PROGRAMS.bare, {
      at: 1,
      set: { 'output[-1].json.choices[0].message.content': 'a lantern of brass' },
      allowWrites: ['POST'],
      record: false,
    })
    expect(plan.counts).toMatchObject({ served: 0, changed: 1, live: 1, missing: 0 })
    expect(verdict.counts, formatVerdict(verdict)).toMatchObject({ served: 1, live: 1, unused: 1, missing: 0, socketsDenied: 0 })
    expect(valueOf(outcome)).toEqual(['a lantern of brass', expect.stringMatching(/^a summary of: a lantern of brass – \d+$/)])
    expect(server.requests.length).toBe(before + 1)
  })

  it('changes a part of a stream, or has the client fail', async () => {
    const before = server.requests.length
    const recording = recordingOf(recordings, 'streamed')
    const options = { at: 1, onMiss: 'throw', record: false } as const
    const changed = await fork(recording, PROGRAMS.streamed, { ...options, set: { 'output[1].choices[0].delta.content': '[changed]' } })
    expect(valueOf(changed.outcome)).toMatch(/^o\[changed\]e ✓ \d+$/)
    const failed = await fork(recording, PROGRAMS.streamed, { ...options, set: { error: 'the line is dead' } })
    expect(valueOf(failed.outcome)).toBe('APIConnectionError')
    expect(server.requests.length).toBe(before)
  })

  it('runs the clients beneath wrapped calls, over the wire', async () => {
    const before = server.requests.length
    const recording = recordingOf(recordings, 'wrapped')
    const options = { serve: 'wire', allowWrites: ['POST'], record: false } as const
    const other = await fork(recording, PROGRAMS.wrapped, { ...options, at: 'stock', set: { 'output.left': 9 } })
    expect(valueOf(other.outcome)).toEqual([expect.stringContaining('there are 9'), expect.stringContaining('there are 9')])
    expect(other.verdict.counts).toMatchObject({ served: 1, live: 2, unused: 2, missing: 0 })
    const answered = await fork(recording, PROGRAMS.wrapped, {
      ...options,
      at: 3,
      set: { 'output[-1].json.choices[0].message.content': 'plenty of them' },
    })
    expect(valueOf(answered.outcome)).toEqual(['plenty of them', expect.stringContaining('a summary of: plenty of them')])
    expect(answered.verdict.counts).toMatchObject({ served: 2, live: 1, unused: 1, missing: 0 })
    expect(server.requests.length).toBe(before + 3)
  })

  it('makes no exchange that writes unless that is allowed, and says so beforehand', async () => {
    const before = server.requests.length
    const recording = recordingOf(recordings, 'wrapped')
    const options = { at: 3, set: { 'output[-1].json.choices[0].message.content': 'none' }, serve: 'wire' } as const
    expect(() => planOfFork(recording, { ...options, serve: 'call' })).toThrow(
      'is a part of step 2 (model chat), which is served as a whole',
    )
    const { verdict } = await fork(recording, PROGRAMS.wrapped, { ...options, record: false })
    expect(verdict.label, formatVerdict(verdict)).toBe('missing')
    expect(verdict.divergences[0]?.message).toContain("allowWrites (--allow-write) names 'POST'")
    expect(server.requests.length).toBe(before)
  })
})
