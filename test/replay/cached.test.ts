import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { loadRecording, type Recording, type ReplayOptions, replay } from '../../src/replay/index.ts'
import { verdictSchema } from '../../src/schemas/public.ts'
import { agent, instrument, model, tool } from '../../src/sdk/index.ts'
import { recordPrograms } from './record-programs.ts'

let prompts = ['one', 'two']
let orders = ['cup']
let reach = false
const live: string[] = []
let url = ''
const server = createServer((request, response) => {
  live.push(request.url ?? '')
  // Longer than a replay would wait for a program that is silent.
  setTimeout(() => response.end(`answer ${live.length}`), 300)
})

const fetchText = async (path: string): Promise<string> => await (await fetch(url + path, { method: 'POST' })).text()
const inner = model(async (prompt: string) => await fetchText(`/inner/${prompt}`), { name: 'inner' })
const helper = agent(async (prompt: string) => await inner(prompt), { name: 'helper' })
const chat = model(async (prompt: string) => await fetchText(`/chat/${prompt}`), { name: 'chat' })
const deep = tool(async (prompt: string) => ({ said: await helper(prompt), at: Date.now() }), { name: 'deep', effect: 'read' })
const order = tool(async (what: string) => await fetchText(`/order/${what}`), { name: 'order' })
const program = instrument(
  async () => {
    const said: string[] = []
    for (const prompt of prompts) said.push(await chat(prompt))
    const ordered = await Promise.all(orders.map(async (what) => await order(what)))
    if (reach) await fetchText('/reached')
    return { said, ordered, drawn: Math.random() }
  },
  { name: 'program' },
)
const deeper = instrument(async () => [await chat('one'), (await deep('three')).at > 0], { name: 'program' })

let recording: Recording
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const folders = await recordPrograms(program)
  recording = await loadRecording(folders.get('program') ?? '')
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

/** A replay of the program with those prompts and orders, and what it made live. */
async function replayed(
  asked: { prompts?: string[]; orders?: string[]; reach?: boolean },
  options: ReplayOptions,
  edited: () => Promise<unknown> = program,
) {
  prompts = asked.prompts ?? ['one', 'two']
  orders = asked.orders ?? ['cup']
  reach = asked.reach ?? false
  live.length = 0
  const verdict = await replay(recording, edited, options)
  expect(verdictSchema.parse(verdict)).toEqual(verdict)
  return { verdict, made: [...live] }
}

describe('a cached replay', () => {
  it('serves what matches, and says that it is cached', async () => {
    const { verdict, made } = await replayed({}, { mode: 'cached', onMiss: 'live' })
    expect(verdict).toMatchObject({
      mode: 'cached',
      label: 'cached',
      counts: { live: 0, served: 3, unmatched: 0 },
      output: { equal: true },
    })
    expect(verdict.steps.map(({ label }) => label)).toEqual(['exact', 'cached', 'cached', 'cached'])
    expect(made).toEqual([])
  })

  it('makes the call that does not match, once, however long it takes, and serves the rest', async () => {
    const { verdict, made } = await replayed({ prompts: ['one', 'other'] }, { mode: 'cached', onMiss: 'live' })
    expect(made).toEqual(['/chat/other'])
    expect(verdict).toMatchObject({
      label: 'live',
      counts: { live: 1, served: 2, unmatched: 0, socketsDenied: 0 },
      output: { equal: false },
    })
    expect(verdict.divergences).toEqual([])
    expect(verdict.steps.filter(({ how }) => how === 'live')).toEqual([{ kind: 'model', name: 'chat', label: 'live', how: 'live' }])
    expect(verdict.steps[0], 'the root, which gave something else').toMatchObject({ label: 'live', how: 'ran' })
  })

  it('makes what a live call calls, containers and all, with the time of the machine', async () => {
    const { verdict, made } = await replayed({}, { mode: 'cached', onMiss: 'live' }, deeper)
    expect(made).toEqual(['/inner/three'])
    expect(verdict).toMatchObject({ label: 'live', counts: { live: 2, served: 1 }, divergences: [] })
    expect(verdict.effects).toMatchObject({ beyond: [], unserved: [] })
  })

  it('never makes a call that writes, unless it is named', async () => {
    const options = { mode: 'cached', onMiss: 'live' } as const
    const refused = await replayed({ orders: ['cup', 'plate'] }, options)
    expect(refused.made).toEqual([])
    expect(refused.verdict).toMatchObject({ label: 'diverged', counts: { live: 0, unmatched: 1 } })
    expect(refused.verdict.divergences[0]?.message).toContain("only made where allowWrites (--allow-write) names 'order'")
    expect((await replayed({ orders: ['plate'] }, { ...options, allowWrites: ['chat'] })).made).toEqual([])
    const allowed = await replayed({ orders: ['cup', 'plate'] }, { ...options, allowWrites: ['order'] })
    expect(allowed.made).toEqual(['/order/plate'])
    expect(allowed.verdict.label).toBe('live')
  })

  it('fails as an exact one does when nothing may go live', async () => {
    const { verdict, made } = await replayed({ prompts: ['other'] }, { mode: 'cached' })
    expect(made).toEqual([])
    expect(verdict).toMatchObject({ mode: 'cached', label: 'diverged', counts: { live: 0, unmatched: 1 } })
  })

  it("denies sockets to the program's own code, as ever", async () => {
    const { verdict, made } = await replayed({ prompts: ['other'], reach: true }, { mode: 'cached', onMiss: 'live' })
    expect(made).toEqual(['/chat/other'])
    expect(verdict.counts.socketsDenied).toBe(1)
    expect(verdict.label).toBe('diverged')
  })

  it('is asked for by name', async () => {
    await expect(replay(recording, program, { onMiss: 'live' })).rejects.toThrow("onMiss: 'live' is for mode: 'cached'")
    const wrong: object = { mode: 'cache' }
    await expect(replay(recording, program, wrong as ReplayOptions)).rejects.toThrow('mode: expected exact or cached')
  })
})
