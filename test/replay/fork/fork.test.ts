import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ForkOptions, fork, formatVerdict, planOfFork, replay } from '../../../src/replay/index.ts'
import type { Recording } from '../../../src/replay/recording/recording.ts'
import { verdictSchema } from '../../../src/schemas/public.ts'
import { agent, createRandom, currentRun, instrument, model, retriever, tool } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { LiveStore } from '../live-store.ts'

const live: string[] = []

/** What a call would do: it says so, takes its time, and answers by what it was asked. */
async function made(what: string): Promise<void> {
  live.push(what)
  await sleep(2)
}

const search = retriever(
  async (query: string) => {
    await made(`search ${query}`)
    return [
      { id: 'd1', text: `the terms about ${query}` },
      { id: 'd2', text: 'something else altogether' },
    ]
  },
  { name: 'kb' },
)
const chat = model(
  async (request: { model: string; temperature: number; messages: { role: string; content: string }[] }) => {
    const last = request.messages.at(-1)?.content ?? ''
    await made(`chat ${request.model} ${last}`)
    return { text: `[${request.model} says: ${last}]`, usage: request.temperature }
  },
  { name: 'chat', model: ({ model }) => model },
)
const weather = tool(
  async (city: string) => {
    await made(`weather ${city}`)
    return { city, degrees: 21.5 }
  },
  { name: 'weather', effect: 'read' },
)
const refund = tool(
  async (order: { id: number; reason: string }) => {
    await made(`refund ${order.id}`)
    return { refunded: order.id }
  },
  { name: 'refund' },
)
const outline = agent(
  async (facts: string) =>
    (await chat({ model: 'small', temperature: 0, messages: [{ role: 'user', content: `outline: ${facts}` }] })).text,
  { name: 'outline' },
)

const chance = () => ({ drawn: Math.random(), at: Date.now(), noise: currentRun().random('noise')() })

/** Asks two things at once, and then by what the one said: the other is no business of a change to it. */
const answer = instrument(
  async (question: string) => {
    const [hits, there] = await Promise.all([search(question), weather('Lima')])
    const plan = await outline(hits[0]?.text ?? 'nothing')
    const reply = await chat({ model: 'large', temperature: 0.2, messages: [{ role: 'user', content: `${plan} for ${question}` }] })
    const again = await weather(there.city)
    const done = await refund({ id: 17, reason: reply.text })
    return { reply: reply.text, degrees: again.degrees, done, ...chance(), run: currentRun().id }
  },
  { name: 'answer' },
)

let store: LiveStore
let recording: Recording
beforeAll(async () => {
  store = await LiveStore.open()
  await answer('returns')
  recording = await store.recordingOf()
})
afterAll(async () => await store.close())
beforeEach(() => {
  live.length = 0
})

/** Forks, and holds the run that it made to what it says: it replays exactly, and names where it came from. */
async function forked(options: ForkOptions) {
  const result = await fork(recording, answer, options)
  expect(verdictSchema.parse(result.verdict)).toEqual(result.verdict)
  expect(result.verdict.recordedRunId).toBe(result.runId)
  const calls = live.splice(0)
  const child = await store.recordingOf(result.runId)
  expect(child.manifest.runId).not.toBe(recording.manifest.runId)
  expect(child.root.record.core.attributes).toMatchObject({
    'reprise.parent.run.id': recording.manifest.runId,
    'reprise.parent.span.id': recording.root.record.core.spanId,
  })
  expectExact(await replay(child, answer))
  expect(live).toEqual([])
  return { ...result, calls, child }
}

function howOf({ verdict }: { verdict: Awaited<ReturnType<typeof fork>>['verdict'] }): string[] {
  return verdict.steps.map(({ name, how, label }) => `${name} ${how} ${label}`)
}

describe('a fork', () => {
  it('calls only what the changed result reaches, and serves the rest with its digests', async () => {
    const result = await forked({ at: 'kb', set: { 'documents[0].text': 'no returns at all' }, allowWrites: ['refund'] })
    expect(formatVerdict(result.verdict)).toMatch(/^live {2}answer/)
    expect(result.calls).toEqual([
      'chat small outline: no returns at all',
      'chat large [small says: outline: no returns at all] for returns',
      'refund 17',
    ])
    expect(howOf(result)).toEqual([
      'answer ran live',
      'kb changed cached',
      'weather served cached',
      'outline ran live',
      'chat served diverged',
      'chat served diverged',
      'weather served cached',
      'refund served diverged',
      'chat live live',
      'chat live live',
      'refund live live',
    ])
    expect(result.verdict).toMatchObject({ mode: 'fork', label: 'live', counts: { live: 3, socketsDenied: 0 }, divergences: [] })
    expect(result.plan.counts).toEqual({ served: 2, uncertain: 1, changed: 1, live: 3, missing: 0 })
    expect(result.plan.writes).toEqual(['refund'])

    const digests = ({ nodes }: Recording) =>
      nodes.map(({ record: { refs, core } }) => `${core.stepName} ${refs.map(({ digest }) => digest)}`)
    const [before, after] = [digests(recording), digests(result.child)]
    expect(after.filter((line) => before.includes(line)).map((line) => line.split(' ')[0])).toEqual(['weather', 'weather'])
    const labels = result.child.nodes.map(({ record: { core } }) => core.attributes['reprise.label'])
    expect(labels).toEqual([undefined, 'cached', 'cached', undefined, 'live', 'live', 'cached', 'live'])
  })

  it('says what was set, at which step, in canonical form', async () => {
    const { child } = await forked({ at: 'kb', set: { output: [{ text: 'write to ana@example.com', id: 'x' }] }, allowWrites: ['refund'] })
    const kb = recording.nodes.find(({ record }) => record.core.stepName === 'kb')
    expect(child.root.record.core.attributes['reprise.fork.span.id']).toBe(kb?.record.core.spanId)
    const patch = child.payloadOf(child.root.record, '/attributes/reprise.fork.patch')
    expect(patch.state === 'present' && Buffer.from(patch.data).toString()).toMatch(
      /^\[\["output",\[\{"id":"x","text":"write to <email:[0-9a-f]{12}>"\}\]\]\]$/,
    )
  })

  it('gives the program the same run id, time and chance', async () => {
    const { outcome, child } = await forked({ at: 'weather#2', set: { 'output.degrees': 3 } })
    const recorded = recording.rootOutput() as Record<string, unknown>
    expect(outcome).toEqual({ ok: true, value: { ...recorded, degrees: 3 } })
    expect(recorded['run']).toBe(recording.manifest.runId)
    expect(child.manifest.seed).toBe(recording.manifest.seed)
  })

  it('is cached where nothing had to be called', async () => {
    const { verdict, calls } = await forked({ at: 'weather#2', set: { 'output.degrees': 3 } })
    expect(calls).toEqual([])
    expect(verdict).toMatchObject({
      label: 'cached',
      counts: { live: 0, unmatched: 0, unused: 0 },
      output: { equal: false },
      divergences: [],
    })
  })

  it('calls the step whose request is changed: prompt, model, parameters', async () => {
    const at = { at: 'answer > chat', allowWrites: ['refund'] }
    expect((await forked({ ...at, set: { prompt: 'why?', model: 'huge', 'parameters.temperature': 1 } })).calls).toEqual([
      'chat huge why?',
      'refund 17',
    ])
    const { calls, verdict } = await forked({ ...at, set: { 'input.0.messages[-1].content': 'how?' } })
    expect(calls).toEqual(['chat large how?', 'refund 17'])
    expect(verdict.steps[5]).toMatchObject({ name: 'chat', how: 'live', label: 'live' })
  })

  it('starts from other arguments', async () => {
    const { calls, child } = await forked({ at: 0, set: { 'input.0': 'payments' }, allowWrites: ['refund'] })
    expect(calls).toEqual([
      'search payments',
      'chat small outline: the terms about payments',
      'chat large [small says: outline: the terms about payments] for payments',
      'refund 17',
    ])
    expect(child.arguments()).toEqual(['payments'])
  })

  it('gives an agent other arguments', async () => {
    const { calls, verdict } = await forked({ at: 'outline', set: { 'input.0': 'brevity' }, allowWrites: ['refund'] })
    expect(calls[0]).toBe('chat small outline: brevity')
    expect(verdict.counts.live).toBe(3)
  })

  it('lets a step fail', async () => {
    const { outcome, verdict } = await forked({ at: 'weather#1', set: { error: 'no network' } })
    expect(outcome).toMatchObject({ ok: false, error: { message: 'no network' } })
    expect(verdict.label).toBe('cached')
  })

  it('draws from another seed, and tells another time, from the step on', async () => {
    const seeded = await forked({ at: 'refund', set: { seed: 7, output: { refunded: 1 } } })
    const same = await forked({ at: 'refund', set: { seed: 7, output: { refunded: 1 } } })
    const drawn = (result: typeof seeded) =>
      result.outcome?.ok === true ? (result.outcome.value as { drawn: number; at: number }) : undefined
    const recorded = recording.rootOutput() as { drawn: number; at: number }
    expect(drawn(seeded)?.drawn).not.toBe(recorded.drawn)
    expect(drawn(same)?.drawn).toBe(drawn(seeded)?.drawn)
    const whole = await forked({ at: 0, set: { seed: 'other' } })
    expect(whole.outcome).toMatchObject({ ok: true, value: { noise: createRandom('other', 'noise')() } })
    const timed = await forked({ at: 'refund', set: { time: '2031-05-01T00:00:00Z', output: { refunded: 1 } } })
    const since = (drawn(timed)?.at ?? 0) - Date.parse('2031-05-01T00:00:00Z')
    const step = recording.nodes.at(-1)
    expect(since).toBe(recorded.at - Math.floor(Number(step?.record.core.startNanos) / 1e6))
  })

  it('never calls what writes unless that is allowed by name', async () => {
    const result = await forked({ at: 'kb', set: { 'output[0].text': 'other' }, allowWrites: ['chat'] })
    expect(result.calls.filter((call) => call.startsWith('refund'))).toEqual([])
    expect(result.plan).toMatchObject({ refused: ['refund'], writes: [], counts: { missing: 1 } })
    expect(result.verdict).toMatchObject({ label: 'missing', counts: { unmatched: 1, live: 2 } })
    await expect(fork(recording, answer, { at: 'refund', set: { 'input.0.id': 18 } })).rejects.toThrow("allowWrites: ['refund']")
    expect((await forked({ at: 'refund', set: { 'input.0.id': 18 }, allowWrites: ['refund'] })).calls).toEqual(['refund 18'])
  })

  it('calls nothing at all where that is asked for', async () => {
    const { calls, verdict, plan } = await forked({ at: 'kb', set: { 'output[0].text': 'other' }, onMiss: 'throw' })
    expect(calls).toEqual([])
    expect(plan.counts).toMatchObject({ live: 0, missing: 3 })
    expect(verdict.label).toBe('missing')
  })

  it('is recorded only where that is wanted', async () => {
    const before = await store.runs()
    const { runId } = await fork(recording, answer, { at: 'weather#2', set: { 'output.degrees': 3 }, record: false })
    expect(runId).toBeUndefined()
    expect(await store.runs()).toEqual(before)
  })

  it('can be forked again', async () => {
    const { child } = await forked({ at: 'weather#2', set: { 'output.degrees': 3 } })
    const again = await fork(child, answer, { at: 'refund', set: { output: { refunded: 0 } } })
    expect(again.outcome).toMatchObject({ ok: true, value: { degrees: 3, done: { refunded: 0 }, run: recording.manifest.runId } })
    const grandchild = await store.recordingOf(again.runId)
    expect(grandchild.root.record.core.attributes['reprise.parent.run.id']).toBe(child.manifest.runId)
    expectExact(await replay(grandchild, answer))
  })

  it('says when the program does not come to the step', async () => {
    const shorter = instrument(async (question: string) => (await search(question)).length, { name: 'answer' })
    const { verdict } = await fork(recording, shorter, { at: 'refund', set: { output: 1 }, record: false })
    expect(verdict.label).toBe('diverged')
    expect(verdict.divergences.map(({ message }) => message).join()).toContain('which was to be changed, was not called')
  })
})

describe('where and what to change', () => {
  const stepOf = (at: string): number | undefined => planOfFork(recording, { at, set: { output: 'x' } }).step.sequence

  it('is a step by the last names on the way to it', () => {
    expect(stepOf('outline > chat')).toBe(stepOf('answer > outline > chat'))
    expect(stepOf('answer > chat')).not.toBe(stepOf('outline > chat'))
  })

  it('may reach what was made of a list that gets longer', () => {
    const { steps } = planOfFork(recording, { at: 'kb', set: { 'documents[-]': { id: 'd3', text: 'one more' } } })
    expect(steps.filter(({ expected }) => expected === 'live').map(({ name }) => name)).toContain('chat')
  })

  it('is the place behind the last element, in brackets or as a part', async () => {
    for (const path of ['documents[-]', 'documents.-']) {
      const { calls } = await forked({ at: 'kb', set: { [path]: { id: 'd3', text: 'one more' } }, allowWrites: ['refund'] })
      expect(calls).toEqual([])
    }
  })
})

describe('what cannot be forked', () => {
  it.each([
    [{ at: 'nobody', set: { output: 1 } }, 'no such step; it has step 0 (run answer), step 1 (retriever kb)'],
    [{ at: 'weather', set: { output: 1 } }, '2 steps are called that: step 2 (tool weather), step 6 (tool weather)'],
    [{ at: 'weather#3', set: { output: 1 } }, 'the recording has 2 steps of that name'],
    [{ at: 99, set: { output: 1 } }, 'at 99: the recording has no such step'],
    [{ at: 'kb', set: {} }, 'expected at least one path'],
    [{ at: 'kb', set: { outptu: 1 } }, 'set outptu: expected a path that begins with one of input, output'],
    [{ at: 'kb', set: { 'output[5].text': 1 } }, 'set output[5].text: there is nothing to set: a list of 2 has no 5'],
    [{ at: 'kb', set: { 'output[0].text.deep.er': 1 } }, 'set output[0].text.deep.er: there is nothing to set: text: a string has no deep'],
    [{ at: 'kb', set: { 'output..text': 1 } }, 'expected a name before each dot'],
    [{ at: 'kb', set: { prompt: 'x' } }, 'has no prompt'],
    [{ at: 'refund', set: { documents: [] } }, 'has no documents'],
    [{ at: 'outline', set: { output: 'x' } }, 'change a step in it'],
    [{ at: 'kb', set: { input: ['x'], output: [] } }, 'its input cannot matter'],
    [{ at: 'kb', set: { time: 'soon' } }, 'expected a date such as'],
    [{ at: 'kb', set: { output: [() => 1] } }, 'such as JSON has'],
  ])('%o', (options, message) => {
    expect(() => planOfFork(recording, options)).toThrow(message)
  })
})
