import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../src/replay/index.ts'
import { RepriseError } from '../../src/schemas/index.ts'
import { agent, currentRun, embedding, instrument, model, tool } from '../../src/sdk/index.ts'
import { expectExact, live, reasonsOf } from './expect-exact.ts'
import { RecordingBuilder } from './recording-builder.ts'

const chat = model(async (_request: unknown): Promise<unknown> => live(), { name: 'chat' })
const embed = embedding((_text: string): number[] => live(), { name: 'embed' })
const refund = tool(async (_order: unknown): Promise<unknown> => live(), { name: 'refund', effect: 'write' })

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

  it('tells of a call that was left out before it tells of the result without it', async () => {
    const answer = instrument(async function answer() {
      const first = await ask('hello')
      await refund({ id: 1 })
      return `without ${String(first)}`
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(verdict.divergences.map(({ reason, path }) => [reason, path.at(-1)])).toEqual([
      ['unused', 'chat'],
      ['output', 'answer'],
    ])
  })

  it('tells of a failure before it tells of what was not called after it', async () => {
    const answer = instrument(async function answer() {
      await ask('hello')
      throw new TypeError('broken')
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(reasonsOf(verdict)).toEqual(['output', 'unused', 'unused'])
  })

  it('says when the recording has no call of that name', async () => {
    const look = tool(async (_order: unknown): Promise<unknown> => live(), { name: 'look_up' })
    const answer = instrument(async function answer() {
      await look({ id: 1 })
    })
    const verdict = await replay(await (await recorded()).load(), answer)
    expect(verdict.divergences[0]).toMatchObject({
      message: 'tool look_up was called, and the recording has no call of that name here',
      nearest: { name: 'refund' },
    })
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
