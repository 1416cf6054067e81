import { describe, expect, test } from 'vitest'
import {
  agent,
  captureArguments,
  captureValue,
  currentRun,
  type InterceptedCall,
  type InterceptedOutcome,
  type Interception,
  type Interceptor,
  instrument,
  model,
  ranInstrumented,
  runWithInterceptor,
  tool,
} from '../../src/sdk/index.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()

type Decide = (call: InterceptedCall, token: string) => Interception | undefined

/** Runs everything that `decide` gives no answer to, and keeps what it saw. */
function watching(
  decide: Decide = () => undefined,
): Interceptor & { calls: InterceptedCall[]; ends: [string, InterceptedOutcome][]; events: unknown[] } {
  const calls: InterceptedCall[] = []
  const ends: [string, InterceptedOutcome][] = []
  const events: unknown[] = []
  return {
    calls,
    ends,
    events,
    intercept(call) {
      const token = `${call.parent === undefined ? '' : `${String(call.parent)}/`}${call.name}`
      calls.push({ ...call, args: captureArguments(call.args) })
      return decide(call, token) ?? { mode: 'run', token, onEnd: (outcome) => ends.push([token, outcome]) }
    },
    onEvent: (token, event) => events.push([token, event]),
  }
}

describe('under an interceptor', () => {
  const search = tool(async (_query: string) => ['live'], { name: 'search', effect: 'read' })
  const chat = model(async (_request: { model: string }) => 'live', { name: 'chat', provider: 'openai', model: (request) => request.model })
  const planner = agent(async (query: string) => [...(await search(query)), await chat({ model: 'm' })], { name: 'planner' })
  const answer = instrument(async function answer(query: string) {
    return await planner(query)
  })

  test('nothing is recorded, every call is asked for, tokens follow the nesting', async () => {
    const interceptor = watching()
    expect(await runWithInterceptor(interceptor, () => answer('q'))).toEqual(['live', 'live'])
    expect(await recording.steps()).toEqual([])
    expect(
      interceptor.calls.map(({ kind, operation, name, effect, args, parent }) => [kind, operation, name, effect, args, parent]),
    ).toEqual([
      ['run', 'run', 'answer', undefined, ['q'], undefined],
      ['agent', 'invoke_agent', 'planner', undefined, ['q'], 'answer'],
      ['tool', 'execute_tool', 'search', 'read', ['q'], 'answer/planner'],
      ['model', 'chat', 'chat', 'read', [{ model: 'm' }], 'answer/planner'],
    ])
    expect(interceptor.calls[3]?.attributes).toMatchObject({ 'gen_ai.request.model': 'm', 'gen_ai.provider.name': 'openai' })
    expect(interceptor.ends).toEqual([
      ['answer/planner/search', { ok: true, value: ['live'] }],
      ['answer/planner/chat', { ok: true, value: 'live' }],
      ['answer/planner', { ok: true, value: ['live', 'live'] }],
      ['answer', { ok: true, value: ['live', 'live'] }],
    ])
  })

  test('onEnd has the text of what is returned, where that is at hand', async () => {
    const texts: [string, string | undefined][] = []
    const interceptor: Interceptor = {
      intercept: ({ name }) => ({
        mode: 'run',
        token: name,
        onEnd: (_outcome, json) => {
          const text = json?.()
          texts.push([name, text === undefined ? undefined : Buffer.from(text).toString()])
        },
      }),
    }
    const returned = { text: 'a "\n', object: { b: [1, 'é'], a: null }, none: undefined, date: new Date(0), long: 'x'.repeat(70_000) }
    for (const [name, value] of Object.entries(returned)) runWithInterceptor(interceptor, () => tool(() => value, { name })())
    expect(texts).toEqual([
      ['text', JSON.stringify(returned.text)],
      ['object', JSON.stringify(returned.object)],
      ['none', undefined],
      ['date', undefined],
      ['long', undefined],
    ])
  })

  test('what is served is handed over as it is, and the function does not run', async () => {
    let ran = 0
    const wrapped = tool(() => {
      ran++
      return {}
    })
    const returned = { the: 'same' }
    const interceptor = watching(() => ({ mode: 'served', returned }))
    expect(runWithInterceptor(interceptor, () => wrapped())).toBe(returned)
    const thrown = { not: 'an error' }
    const throwing = watching(() => ({ mode: 'served', threw: thrown }))
    let caught: unknown
    try {
      runWithInterceptor(throwing, () => wrapped())
    } catch (error) {
      caught = error
    }
    expect(caught).toBe(thrown)
    expect(ran).toBe(0)
  })

  test('what the interceptor throws reaches the caller', () => {
    const stop = new Error('diverged')
    const interceptor: Interceptor = {
      intercept() {
        throw stop
      },
    }
    expect(() => runWithInterceptor(interceptor, () => tool(() => 1)())).toThrow(stop)
  })

  test('onEnd has the error itself; a stream ends with the list of its chunks', async () => {
    const error = new Error('no')
    const failing = tool(
      () => {
        throw error
      },
      { name: 'failing' },
    )
    const streaming = model(
      async function* streaming() {
        yield { text: 'a' }
        yield { text: 'b' }
      },
      { name: 'streaming' },
    )
    const interceptor = watching()
    await runWithInterceptor(interceptor, async () => {
      expect(() => failing()).toThrow(error)
      const seen: unknown[] = []
      for await (const chunk of streaming()) seen.push(chunk)
      for await (const _ of streaming()) break
    })
    expect(interceptor.ends).toEqual([
      ['failing', { ok: false, error }],
      ['streaming', { ok: true, value: [{ text: 'a' }, { text: 'b' }] }],
      ['streaming', { ok: true, value: [{ text: 'a' }] }],
    ])
    expect(interceptor.ends[0]?.[1]).toHaveProperty('error', error)
  })

  test('seed and run id of the recorded run hold inside', async () => {
    const draw = instrument(async () => [currentRun().id, currentRun().random('x')()], { name: 'draw' })
    const runId = 'ab'.repeat(16)
    const decide: Decide = (_call, token) => ({ mode: 'run', token, seed: '7', runId, onEnd: () => {} })
    const first = await runWithInterceptor(watching(decide), () => draw())
    expect(first[0]).toBe(runId)
    expect(await runWithInterceptor(watching(decide), () => draw())).toEqual(first)
    const seeded = instrument(async () => currentRun().random('x')(), { seed: 7 })
    expect(await runWithInterceptor(watching(), () => seeded())).toBe(first[1])
  })

  test('steps, metrics and artifacts are calls and events with their tokens', async () => {
    const train = instrument(
      async function train() {
        currentRun().metric('total', 2)
        await currentRun().step({ index: 0 }, async (step) => step.metric('loss', 0.5))
        await currentRun().artifact('weights', new Uint8Array([1]))
      },
      { kind: 'training' },
    )
    const interceptor = watching()
    await runWithInterceptor(interceptor, () => train())
    expect(interceptor.calls.map(({ kind, name, args, parent }) => [kind, name, args, parent])).toEqual([
      ['training.run', 'train', [], undefined],
      ['training.step', 'step', [{ index: 0 }], 'train'],
      ['checkpoint', 'weights', [{ artifact: 'weights', mediaType: 'application/octet-stream' }], 'train'],
    ])
    expect(interceptor.events).toMatchObject([
      ['train', { name: 'reprise.metric', attributes: { 'reprise.metric.name': 'total', 'reprise.metric.value': { double: 2 } } }],
      ['train/step', { name: 'reprise.metric', attributes: { 'reprise.metric.name': 'loss', 'reprise.metric.value': 0.5 } }],
    ])
    expect(interceptor.ends).toContainEqual(['train/weights', { ok: true, value: new Uint8Array([1]) }])
  })

  test('two interceptors at once do not meet', async () => {
    const left = watching(() => ({ mode: 'served', returned: 'left' }))
    const right = watching(() => ({ mode: 'served', returned: 'right' }))
    const one = tool(async () => 'live')
    const ask = async (): Promise<string[]> => [await one(), await new Promise<string>((resolve) => setTimeout(() => resolve(one()), 2))]
    const answers = await Promise.all([runWithInterceptor(left, ask), runWithInterceptor(right, ask), ask()])
    expect(answers).toEqual([
      ['left', 'left'],
      ['right', 'right'],
      ['live', 'live'],
    ])
  })
})

test('captureArguments and captureValue are the snapshot that recording takes', () => {
  const args = [{ a: [1] }, undefined, () => {}]
  const captured = captureArguments(args)
  ;(args[0] as { a: number[] }).a.push(2)
  expect(captured).toMatchObject([{ a: [1] }, undefined, { type: 'function' }])
  const { value, cuts } = captureValue('x'.repeat(5 * 1024 * 1024))
  expect(value).toEqual({ reason: 'bytes', originalSize: 5 * 1024 * 1024 })
  expect(cuts).toEqual([{ what: 'value', reason: 'bytes', count: 1 }])
})

test('ranInstrumented tells what instrument gave', () => {
  const fn = async (): Promise<void> => {}
  expect([instrument(fn), tool(fn), fn, undefined, {}].map(ranInstrumented)).toEqual([true, false, false, false, false])
})
