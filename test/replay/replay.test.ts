import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../src/replay/index.ts'
import { RepriseError, type Verdict, verdictSchema } from '../../src/schemas/index.ts'
import { agent, currentRun, embedding, instrument, model, reranker, retriever, tool } from '../../src/sdk/index.ts'
import { RecordingBuilder } from './recording-builder.ts'

/** What a wrapped function would do if it ran: in a replay none does. */
function live(): never {
  throw new Error('a live effect')
}

const chat = model(async (_request: unknown): Promise<unknown> => live(), { name: 'chat' })
const search = retriever(async (_query: string): Promise<unknown> => live(), { name: 'kb' })
const rank = reranker(async (_documents: unknown): Promise<unknown> => live(), { name: 'rank' })
const embed = embedding((_text: string): number[] => live(), { name: 'embed' })
const refund = tool(async (_order: unknown): Promise<unknown> => live(), { name: 'refund', effect: 'write' })

function expectExact(verdict: Verdict): void {
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  expect(verdictSchema.parse(verdict)).toEqual(verdict)
  expect(verdict.counts).toMatchObject({ live: 0, unmatched: 0, unused: 0, missing: 0, socketsDenied: 0 })
  expect(verdict.output.equal).toBe(true)
  expect(verdict.divergences).toEqual([])
  expect(verdict.steps.every(({ label }) => label === 'exact')).toBe(true)
}

function reasonsOf(verdict: Verdict): string[] {
  return verdict.divergences.map(({ reason }) => reason)
}

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
    const builder = new RecordingBuilder({ seed: 'a-seed' })
    const draw = instrument(
      async function draw() {
        const random = currentRun().random('noise')
        return [random(), random(), currentRun().id]
      },
      { seed: 'another' },
    )
    builder.step(undefined, { kind: 'run', name: 'draw', output: [] })
    const first = await replay(await builder.load(), draw)
    const recorded = new RecordingBuilder({ seed: 'a-seed' })
    recorded.step(undefined, {
      kind: 'run',
      name: 'draw',
      output: JSON.parse(
        first.divergences[0]?.differences.length ? `[${first.divergences[0].differences.map(({ replayed }) => replayed).join()}]` : '[]',
      ) as unknown,
    })
    expectExact(await replay(await recorded.load(), draw))
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

describe('a call that the recording does not answer', () => {
  async function recorded(): Promise<RecordingBuilder> {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', args: [], output: 'ok' })
    builder.step(root, {
      kind: 'model',
      name: 'chat',
      args: [{ messages: [{ role: 'user', content: 'hello' }], temperature: 0 }],
      output: 'a',
    })
    builder.step(root, {
      kind: 'model',
      name: 'chat',
      args: [{ messages: [{ role: 'user', content: 'bye' }], temperature: 0 }],
      output: 'b',
    })
    builder.step(root, { kind: 'tool', name: 'refund', args: [{ id: 1 }], output: 'c' })
    return builder
  }
  const ask = (content: string, temperature = 0): Promise<unknown> => chat({ messages: [{ role: 'user', content }], temperature })

  it('names the nearest candidate and the fields that differ', async () => {
    const answer = instrument(async function answer() {
      await ask('hello')
      await ask('goodbye')
      await refund({ id: 1 })
      return 'ok'
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(verdict.label).toBe('diverged')
    expect(verdict.counts).toMatchObject({ unmatched: 1, unused: 2, served: 1 })
    const [first] = verdict.divergences
    expect(first).toMatchObject({
      reason: 'unmatched',
      kind: 'model',
      name: 'chat',
      path: ['answer', 'chat'],
      nearest: { name: 'chat', sequence: 2 },
      differences: [{ path: '/0/messages/0/content', recorded: '"bye"', replayed: '"goodbye"' }],
    })
    expect(reasonsOf(verdict)).toEqual(['unmatched', 'output', 'unused', 'unused'])
    const text = formatVerdict(verdict)
    expect(text).toContain('/0/messages/0/content')
    expect(text).toContain('recorded: "bye"')
    expect(text).toContain('replayed: "goodbye"')
  })

  it('fails with replay_diverged in the shape of its function', async () => {
    const seen: unknown[] = []
    const builder = await recorded()
    builder.step(builder.rootSpanId, { kind: 'embedding', name: 'embed', args: ['x'], output: [1], shape: 'value' })
    const stream = model((_request: unknown): AsyncIterable<string> => live(), { name: 'stream' })
    builder.step(builder.rootSpanId, {
      kind: 'model',
      name: 'stream',
      args: [1],
      output: ['a'],
      shape: 'async-iterable',
      streamEnd: 'done',
    })
    const readable = tool((_request: unknown): ReadableStream<string> => live(), { name: 'readable' })
    builder.step(builder.rootSpanId, {
      kind: 'tool',
      name: 'readable',
      args: [1],
      output: ['a'],
      shape: 'readable-stream',
      streamEnd: 'done',
    })
    const answer = instrument(async function answer() {
      const promise = chat('unknown')
      seen.push(promise instanceof Promise)
      await promise.catch((error: unknown) => seen.push(RepriseError.isInstance(error) && error.code))
      try {
        embed('unknown')
      } catch (error) {
        seen.push(RepriseError.isInstance(error) && error.code)
      }
      const iterable = stream('unknown')
      try {
        for await (const _chunk of iterable) seen.push('never')
      } catch (error) {
        seen.push(RepriseError.isInstance(error) && error.code)
      }
      await readable('unknown')
        .getReader()
        .read()
        .catch((error: unknown) => seen.push(RepriseError.isInstance(error) && error.code))
      return 'ok'
    })
    await replay(await builder.load(), answer)
    expect(seen).toEqual([true, 'replay_diverged', 'replay_diverged', 'replay_diverged', 'replay_diverged'])
  })

  it('stops the program where nobody catches it', async () => {
    let after = false
    const answer = instrument(async function answer() {
      await ask('hello', 1)
      after = true
      return 'ok'
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(after).toBe(false)
    expect(verdict.label).toBe('diverged')
    expect(reasonsOf(verdict)).not.toContain('swallowed')
    expect(verdict.divergences[0]?.differences).toEqual([{ path: '/0/temperature', recorded: '0', replayed: '1' }])
  })

  it('fails the verdict also when the program swallows the error and gives the recorded output', async () => {
    const answer = instrument(async function answer() {
      await ask('hello')
      await ask('bye')
      await refund({ id: 1 })
      await ask('one more').catch(() => undefined)
      return 'ok'
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(verdict.output.equal).toBe(true)
    expect(verdict.label).toBe('diverged')
    expect(verdict.counts).toMatchObject({ unmatched: 1, unused: 0 })
    expect(reasonsOf(verdict)).toEqual(['unmatched', 'swallowed'])
  })

  it('calls a key that was used up exhausted', async () => {
    const answer = instrument(async function answer() {
      await ask('hello')
      await ask('bye')
      await refund({ id: 1 })
      await ask('hello').catch(() => undefined)
      return 'ok'
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(reasonsOf(verdict)).toEqual(['exhausted', 'swallowed'])
    expect(verdict.divergences[0]?.differences).toEqual([])
    expect(verdict.divergences[0]?.nearest?.sequence).toBe(1)
  })

  it('reports a recorded step that was not called as unused', async () => {
    const answer = instrument(async function answer() {
      await ask('hello')
      await refund({ id: 1 })
      return 'ok'
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(verdict.label).toBe('diverged')
    expect(verdict.output.equal).toBe(true)
    expect(verdict.counts).toMatchObject({ unmatched: 0, unused: 1 })
    expect(verdict.divergences).toMatchObject([{ reason: 'unused', name: 'chat', path: ['answer', 'chat'] }])
  })

  it('calls a step whose content was withheld missing', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: 'ok' })
    builder.step(root, { kind: 'model', name: 'chat', args: [1], withheld: 'redaction failed' })
    const answer = instrument(async function answer() {
      await chat(1)
      return 'ok'
    })
    const verdict = await replay(await builder.load(), answer)
    expect(verdict.label).toBe('missing')
    expect(verdict.counts).toMatchObject({ missing: 1, served: 0, unmatched: 0 })
    expect(verdict.divergences[0]).toMatchObject({ reason: 'missing', message: expect.stringContaining('redaction failed') as string })
  })

  it('calls a result that was cut missing, rather than serve half of it', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: 'ok' })
    builder.step(root, { kind: 'model', name: 'chat', args: [1], output: [1], cuts: [{ what: 'output', reason: 'entries', count: 1 }] })
    const answer = instrument(async function answer() {
      await chat(1)
      return 'ok'
    })
    expect((await replay(await builder.load(), answer)).label).toBe('missing')
  })

  it('says so when the recorded arguments were cut', async () => {
    const builder = new RecordingBuilder()
    builder.step(undefined, { kind: 'run', name: 'answer', args: ['x'], cuts: [{ what: 'input', reason: 'bytes', count: 1 }] })
    const recording = await builder.load()
    await expect(
      replay(
        recording,
        instrument(async function answer() {}),
      ),
    ).rejects.toMatchObject({ code: 'artifact_missing' })
  })

  it('reports a container that ran with other arguments, and still serves beneath it', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: ['A', 'B'] })
    for (const text of ['a', 'b']) {
      const planner = builder.step(root, { kind: 'agent', name: 'planner', args: [{ text, note: 'old' }], output: text.toUpperCase() })
      builder.step(planner, { kind: 'model', name: 'chat', args: ['go'], output: text.toUpperCase() })
    }
    const planner = agent(async (_input: unknown) => await chat('go'), { name: 'planner' })
    const answer = instrument(async function answer() {
      return [await planner({ text: 'a', note: 'new' }), await planner({ text: 'b', note: 'old' })]
    })
    const verdict = await replay(await builder.load(), answer)
    expect(verdict.label).toBe('diverged')
    expect(verdict.counts).toMatchObject({ unmatched: 0, unused: 0, served: 2, ran: 3 })
    expect(verdict.divergences).toMatchObject([
      {
        reason: 'changed-container',
        path: ['answer', 'planner'],
        differences: [{ path: '/0/note', recorded: '"old"', replayed: '"new"' }],
      },
    ])
  })

  it('reports a container without a counterpart, and serves nothing beneath it', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: 1 })
    builder.step(root, { kind: 'model', name: 'chat', args: ['go'], output: 1 })
    const extra = agent(async () => await chat('go'), { name: 'extra' })
    const answer = instrument(async function answer() {
      await extra().catch(() => undefined)
      return await chat('go')
    })
    const verdict = await replay(await builder.load(), answer)
    expect(verdict.label).toBe('diverged')
    expect(verdict.counts).toMatchObject({ unmatched: 2, served: 1, unused: 0 })
  })

  it('reports another result of a container that ran again', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'answer', output: 'same' })
    builder.step(root, { kind: 'agent', name: 'planner', args: [], output: { at: 1, list: [1, 2] } })
    const planner = agent(async () => ({ at: 2, list: [1] }), { name: 'planner' })
    const answer = instrument(async function answer() {
      await planner()
      return 'same'
    })
    const verdict = await replay(await builder.load(), answer)
    expect(verdict.divergences).toMatchObject([
      {
        reason: 'output',
        name: 'planner',
        differences: [
          { path: '/at', recorded: '1', replayed: '2' },
          { path: '/list/1', recorded: '2' },
        ],
      },
    ])
    expect(verdict.label).toBe('diverged')
  })

  it('compares what steps measured', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'fit', output: undefined, metrics: [['total', 3]] })
    builder.step(root, {
      kind: 'custom',
      name: 'step',
      args: [{ index: 0 }],
      metrics: [
        ['loss', 0.5],
        ['loss', 0.25],
      ],
      output: undefined,
    })
    const fitWith = (last: number) =>
      instrument(async function fit() {
        await currentRun().step({ index: 0 }, async (step) => {
          step.metric('loss', 0.5)
          step.metric('loss', last)
        })
        currentRun().metric('total', 3)
      })
    const recording = await builder.load()
    expectExact(await replay(recording, fitWith(0.25)))
    const verdict = await replay(recording, fitWith(0.75))
    expect(verdict.label).toBe('diverged')
    expect(verdict.divergences).toMatchObject([
      { reason: 'output', name: 'step', differences: [{ path: '/metrics/1/value', recorded: '0.25', replayed: '0.75' }] },
    ])
  })
})
