import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { type ForkOptions, fork, formatVerdict, replay } from '../../../src/replay/index.ts'
import type { Recording } from '../../../src/replay/recording/recording.ts'
import { agent, instrument, model, tool } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { LiveStore } from '../live-store.ts'
import { replayRecordedAgain } from './recorded-again.ts'

const live: string[] = []
let answers = 0

const chat = model(
  async (prompt: string) => {
    live.push(`chat ${prompt}`)
    await sleep(3)
    return `${prompt}: ${++answers}`
  },
  { name: 'chat' },
)
const speak = model(
  async function* speak(prompt: string) {
    live.push(`speak ${prompt}`)
    for (const word of prompt.split(' ')) {
      await sleep(1)
      yield { word }
    }
  },
  { name: 'speak' },
)
const opened = model(async (prompt: string) => speak(prompt), { name: 'opened' })
const helper = agent(async (topic: string) => await chat(`about ${topic}`), { name: 'helper' })
/** A tool that asks models itself. */
const report = tool(
  async (request: { topic: string; length: number }) => {
    live.push(`report ${request.topic} ${request.length}`)
    const [summary, more] = await Promise.all([helper(request.topic), chat(`length ${request.length}`)])
    return { summary, more, drawn: Math.random(), at: Date.now() }
  },
  { name: 'report', effect: 'read' },
)

let store: LiveStore
beforeAll(async () => {
  store = await LiveStore.open()
})
afterAll(async () => await store.close())
beforeEach(() => {
  live.length = 0
})

async function record(program: () => Promise<unknown>): Promise<Recording> {
  await program()
  live.length = 0
  return await store.recordingOf()
}

async function forked(recording: Recording, program: () => Promise<unknown>, options: ForkOptions) {
  const result = await fork(recording, program, options)
  const calls = live.splice(0)
  const child = await store.recordingOf(result.runId)
  expectExact(await replay(child, program))
  expect(live).toEqual([])
  const value: unknown = result.outcome?.ok === true ? result.outcome.value : result.outcome?.error
  return { ...result, calls, child, value, shown: formatVerdict(result.verdict) }
}

it('serves within a step that is called what it asks as before', async () => {
  const program = instrument(async () => (await report({ topic: 'tea', length: 3 })).summary, { name: 'program' })
  const recording = await record(program)
  const { calls, verdict, value, shown } = await forked(recording, program, { at: 'report', set: { 'input.0.length': 9 } })
  expect(calls, shown).toEqual(['report tea 9', 'chat length 9'])
  expect(value).toBe(recording.rootOutput())
  expect(verdict.counts).toMatchObject({ live: 2, unmatched: 0, socketsDenied: 0 })
  const whole = await forked(recording, program, { at: 'report', set: { 'input.0': { topic: 'rum', length: 3 } } })
  expect(whole.calls, whole.shown).toEqual(['report rum 3', 'chat about rum'])
})

it('gives streams with other chunks, more of them or fewer, and streams that fail', async () => {
  const program = instrument(
    async () => {
      const words: string[] = []
      const drain = async (stream: AsyncIterable<{ word: string }>): Promise<void> => {
        for await (const { word } of stream) words.push(word)
      }
      await Promise.all([drain(speak('one two three')), opened('four five').then(drain)])
      return [words.sort(), await chat('after')]
    },
    { name: 'program' },
  )
  const recording = await record(program)
  const of = async (set: ForkOptions['set'], at = 'program > speak') => {
    const { value, verdict, calls, shown } = await forked(recording, program, { at, set })
    expect(calls, shown).toEqual([])
    expect(verdict.label, shown).toBe('cached')
    return (value as [string[]])[0]
  }
  expect(await of({ 'output[1].word': 'TWO' })).toEqual(['TWO', 'five', 'four', 'one', 'three'])
  expect(await of({ output: [{ word: 'only' }] })).toEqual(['five', 'four', 'only'])
  expect(await of({ output: [] })).toEqual(['five', 'four'])
  expect(await of({ output: ['a', 'b', 'c', 'd', 'e', 'f'].map((word) => ({ word })) })).toEqual([
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'five',
    'four',
  ])
  expect(await of({ 'output[-1].word': 'FIVE' }, 'opened')).toEqual(['FIVE', 'four', 'one', 'three', 'two'])
  const failed = await forked(recording, program, { at: 'opened', set: { error: 'cut off' } })
  expect(failed.value).toMatchObject({ message: 'cut off' })
})

it('leaves branches alone that the change does not reach', async () => {
  const program = instrument(
    async () =>
      await Promise.all(
        ['a', 'b', 'c', 'd'].map(async (name) => {
          let text = name
          for (let round = 0; round < 3; round++) {
            text = await chat(text)
            await sleep(2)
          }
          return text
        }),
      ),
    { name: 'program' },
  )
  const recording = await record(program)
  const recorded = recording.rootOutput() as string[]
  const { value, calls, verdict, shown } = await forked(recording, program, { at: 'chat#2', set: { output: 'B!' } })
  expect(calls, shown).toEqual(['chat B!', `chat B!: ${answers - 1}`])
  expect(value).toEqual([recorded[0], `B!: ${answers - 1}: ${answers}`, recorded[2], recorded[3]])
  expect(verdict.counts).toMatchObject({ live: 2, served: 10, unmatched: 0 })
})

it('pairs equal calls with their own answers when one of them is changed', async () => {
  const program = instrument(async () => await Promise.all(['x', 'x', 'x'].map(async (prompt) => await chat(prompt))), { name: 'program' })
  const recording = await record(program)
  const recorded = recording.rootOutput() as string[]
  for (const at of [1, 2, 3]) {
    const { value, calls, shown } = await forked(recording, program, { at, set: { prompt: 'y' } })
    expect(calls, shown).toEqual(['chat y'])
    expect(value).toEqual(recorded.map((text, index) => (index === at - 1 ? `y: ${answers}` : text)))
    const given = await forked(recording, program, { at, set: { output: 'given' } })
    expect(given.value).toEqual(recorded.map((text, index) => (index === at - 1 ? 'given' : text)))
  }
})

it('goes on where the program takes a way that was not recorded', async () => {
  const program = instrument(
    async () => {
      const first = await chat('choose')
      if (first !== 'other') return [first, await chat('left'), await chat('left again')]
      const all = await Promise.all([chat('right'), chat('right too'), helper('the right')])
      return [...all, await chat('left')]
    },
    { name: 'program' },
  )
  const recording = await record(program)
  const { calls, verdict, shown, plan } = await forked(recording, program, { at: 1, set: { output: 'other' } })
  expect(calls, shown).toEqual(['chat right', 'chat right too', 'chat about the right'])
  expect(verdict.counts).toMatchObject({ live: 3, served: 2, unused: 1 })
  expect(verdict.label, shown).toBe('live')
  expect(verdict.steps.at(-1)).toEqual({ kind: 'agent', name: 'helper', label: 'live', how: 'ran' })
  expect(plan.counts).toEqual({ served: 2, uncertain: 2, changed: 1, live: 0, missing: 0 })
})

// All twelve: npm run test:agents
it('replays exactly what was recorded of a replay', async () => {
  expect(await replayRecordedAgain(['streaming', 'timeAndRandom'])).toEqual([])
})
