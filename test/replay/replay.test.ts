import { describe, expect, it } from 'vitest'
import { replay } from '../../src/replay/index.ts'
import { agent, createRandom, currentRun, embedding, instrument, model, reranker, retriever, tool } from '../../src/sdk/index.ts'
import { expectExact, live, reasonsOf } from './expect-exact.ts'
import { RecordingBuilder } from './recording-builder.ts'

const chat = model(async (_request: unknown): Promise<unknown> => live(), { name: 'chat' })
const search = retriever(async (_query: string): Promise<unknown> => live(), { name: 'kb' })
const rank = reranker(async (_documents: unknown): Promise<unknown> => live(), { name: 'rank' })
const embed = embedding((_text: string): number[] => live(), { name: 'embed' })
const refund = tool(async (_order: unknown): Promise<unknown> => live(), { name: 'refund', effect: 'write' })

describe('replay', () => {
  it('serves every kind of effect and runs the program itself again', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', args: ['why?'], output: { text: 'because 3', n: 1 }, end: 90 })
    builder.step(root, { kind: 'retriever', name: 'kb', args: ['why?'], output: ['a', 'b', 'c'] })
    builder.step(root, { kind: 'embedding', name: 'embed', args: ['a'], output: [0.5, 0.25], shape: 'value' })
    builder.step(root, { kind: 'reranker', name: 'rank', args: [['a', 'b', 'c']], output: ['c', 'a'] })
    builder.step(root, { kind: 'model', name: 'chat', args: [{ documents: ['c', 'a'], vector: [0.5, 0.25] }], output: { text: 'because' } })
    builder.step(root, { kind: 'tool', name: 'refund', args: [{ id: 7 }], output: undefined })
    let ran = 0
    const answer = instrument(async function answer(question: string) {
      ran++
      const found = (await search(question)) as string[]
      const vector = embed(found[0] ?? '')
      const documents = await rank(found)
      const { text } = (await chat({ documents, vector })) as { text: string }
      expect(await refund({ id: 7 })).toBeUndefined()
      return { text: `${text} ${found.length}`, n: ran }
    })
    const verdict = await replay(await builder.load(), answer)
    expectExact(verdict)
    expect(ran).toBe(1)
    expect(verdict.counts).toMatchObject({ steps: 6, served: 5, ran: 1, covered: 0 })
    expect(verdict.output.recorded).toBe(verdict.output.replayed)
    expect(verdict.steps.map(({ how }) => how)).toEqual(['ran', 'served', 'served', 'served', 'served', 'served'])
  })

  it('can be repeated, and gives the same verdict each time', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'twice', args: [], output: 3 })
    builder.step(root, { kind: 'model', name: 'chat', args: [1], output: 1 })
    builder.step(root, { kind: 'model', name: 'chat', args: [2], output: 2 })
    const recording = await builder.load()
    const twice = instrument(async function twice() {
      return ((await chat(1)) as number) + ((await chat(2)) as number)
    })
    const first = await replay(recording, twice)
    expectExact(first)
    for (let round = 0; round < 5; round++) expect(await replay(recording, twice)).toEqual(first)
  })

  it('hands out a fresh value each time, so that a program may change what it gets', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'mutate', args: [[1]], output: [1, 9] })
    builder.step(root, { kind: 'model', name: 'chat', args: [[1]], output: [1] })
    const mutate = instrument(async function mutate(input: number[]) {
      const got = (await chat(input)) as number[]
      input.push(5)
      got.push(9)
      return got
    })
    const recording = await builder.load()
    expectExact(await replay(recording, mutate))
    expectExact(await replay(recording, mutate))
  })

  it('takes arguments of the test in place of the recorded ones', async () => {
    const builder = new RecordingBuilder()
    const notify = (): void => undefined
    const root = builder.step(undefined, { kind: 'run', name: 'notify', args: ['x', notify], output: 'done' })
    builder.step(root, { kind: 'model', name: 'chat', args: ['x'], output: 'done' })
    let notified = 0
    const run = instrument(async function notify(text: string, done: () => void) {
      const result = await chat(text)
      done()
      return result
    })
    const recording = await builder.load()
    function given(): void {
      notified++
    }
    Object.defineProperty(given, 'name', { value: 'notify' })
    expectExact(await replay(recording, run, { args: ['x', given] }))
    expect(notified).toBe(1)
    const changed = await replay(recording, run, { args: ['y', given] })
    expect(changed.label).toBe('diverged')
    expect(reasonsOf(changed).slice(0, 2)).toEqual(['changed-container', 'unmatched'])
    expect(changed.divergences[0]?.differences).toEqual([{ path: '/0', recorded: '"x"', replayed: '"y"' }])
  })

  it('refuses a function that instrument() did not wrap', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'plain' })
    const recording = await builder.load()
    await expect(replay(recording, async function plain() {})).rejects.toMatchObject({
      code: 'invalid_argument',
      message: expect.stringContaining('plain') as string,
    })
    await expect(replay(recording, chat)).rejects.toMatchObject({ code: 'invalid_argument' })
  })

  it('feeds currentRun().random from the recorded seed, and knows the recorded run', async () => {
    const expected = createRandom('recorded', 'noise')
    const builder = new RecordingBuilder({ seed: 'recorded' })
    builder.step(undefined, { kind: 'run', name: 'draw', output: [expected(), expected(), builder.runId] })
    const draw = instrument(
      async function draw() {
        const random = currentRun().random('noise')
        return [random(), random(), currentRun().id]
      },
      { seed: 'of the program' },
    )
    expectExact(await replay(await builder.load(), draw))
  })

  it('gives back recorded errors: class, message, code and properties', async () => {
    const builder = new RecordingBuilder()
    const busy = Object.assign(new RangeError('slow down'), { status: 429, code: 'rate_limited' })
    const root = builder.step(undefined, {
      kind: 'run',
      name: 'failing',
      output: ['RangeError', 'slow down', 429, 'rate_limited', true, 'thrown text'],
    })
    builder.step(root, { kind: 'model', name: 'chat', args: [1], error: busy })
    builder.step(root, { kind: 'embedding', name: 'embed', args: ['x'], error: 'thrown text', shape: 'value' })
    const failing = instrument(async function failing() {
      const caught: unknown[] = []
      try {
        await chat(1)
      } catch (error) {
        const { name, message, status, code } = error as RangeError & { status: number; code: string }
        caught.push(name, message, status, code, error instanceof RangeError)
      }
      try {
        embed('x')
      } catch (error) {
        caught.push(error)
      }
      return caught
    })
    expectExact(await replay(await builder.load(), failing))
  })

  it('compares the error of a run that failed', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'fails', error: new TypeError('no refund: 7') })
    builder.step(root, { kind: 'model', name: 'chat', args: [1], output: 7 })
    const fails = (text: string) =>
      instrument(async function fails() {
        throw new TypeError(`${text}: ${String(await chat(1))}`)
      })
    const recording = await builder.load()
    expectExact(await replay(recording, fails('no refund')))
    const other = await replay(recording, fails('no credit'))
    expect(other.label).toBe('diverged')
    expect(reasonsOf(other)).toEqual(['output'])
    const returned = await replay(
      recording,
      instrument(async function fails() {
        await chat(1)
      }),
    )
    expect(returned.divergences[0]?.message).toContain('it returned, and had failed when recorded')
  })

  it('runs nested agents again and serves beneath them; steps beneath a served step are covered', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'outer', output: 'plan:x/plan:y' })
    for (const topic of ['x', 'y']) {
      const planner = builder.step(root, { kind: 'agent', name: 'planner', args: [topic], output: `plan:${topic}` })
      const asked = builder.step(planner, { kind: 'model', name: 'chat', args: ['same question'], output: topic })
      const http = builder.step(asked, { kind: 'custom', name: 'POST', args: [topic], output: 1 })
      builder.step(http, { kind: 'tool', name: 'dns', args: [], output: 2 })
    }
    const planner = agent(async (_topic: string) => `plan:${String(await chat('same question'))}`, { name: 'planner' })
    const outer = instrument(async function outer() {
      return `${await planner('x')}/${await planner('y')}`
    })
    const verdict = await replay(await builder.load(), outer)
    expectExact(verdict)
    expect(verdict.counts).toMatchObject({ steps: 9, served: 2, ran: 3, covered: 4 })
    expect(verdict.steps.filter(({ how }) => how === 'covered').map(({ name }) => name)).toEqual(['POST', 'dns', 'POST', 'dns'])
  })

  it('never runs a live effect, whatever diverges', async () => {
    let effects = 0
    const charge = tool(async (_id: number) => ++effects, { name: 'charge', effect: 'write' })
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'pay', output: 1 })
    builder.step(root, { kind: 'tool', name: 'charge', args: [1], output: 1 })
    const pay = instrument(async function pay() {
      for (const id of [1, 2, 3, 1]) await charge(id).catch(() => undefined)
      return 1
    })
    const verdict = await replay(await builder.load(), pay)
    expect(effects).toBe(0)
    expect(verdict.label).toBe('diverged')
    expect(verdict.counts).toMatchObject({ live: 0, unmatched: 3 })
  })
})
