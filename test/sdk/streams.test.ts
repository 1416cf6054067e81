import { describe, expect, test } from 'vitest'
import { ATTR, valueToError } from '../../src/schemas/index.ts'
import { agent, currentRun, instrument, model, tool } from '../../src/sdk/index.ts'
import { stepOf } from './fake-collector.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()

type Chunk = { readonly delta: string }

async function* chunks(texts: readonly string[]): AsyncGenerator<Chunk, void, undefined> {
  for (const delta of texts) yield { delta }
}

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const chunk of stream) all.push(chunk)
  return all
}

/** Runs `body` in a run, so that its steps have deliveries. */
function inRun<T>(body: () => Promise<T>): Promise<T> {
  return instrument(body, { name: 'root' })()
}

describe('async generators and iterables', () => {
  test('a generator stays the same object and is recorded chunk by chunk', async () => {
    const source = chunks(['a', 'b', 'c'])
    await inRun(async () => {
      const result = model(() => source, { name: 'gen' })()
      expect(result).toBe(source)
      expect(Object.keys(result)).toEqual([])
      expect(await collect(result)).toEqual([{ delta: 'a' }, { delta: 'b' }, { delta: 'c' }])
    })
    const step = await recording.step('gen')
    expect(step.output).toEqual([{ delta: 'a' }, { delta: 'b' }, { delta: 'c' }])
    expect(step.attributes).toMatchObject({ [ATTR.shape]: 'async-iterable', [ATTR.streamEnd]: 'done', [ATTR.deliveries]: [0, 4] })
  })

  test('a promise of a generator: the promise is the first delivery', async () => {
    await inRun(async () => {
      const wrapped = model(async () => chunks(['x']), { name: 'promised' })
      expect(await collect(await wrapped())).toEqual([{ delta: 'x' }])
    })
    const step = await recording.step('promised')
    expect(step.attributes).toMatchObject({ [ATTR.shape]: 'promise-async-iterable', [ATTR.streamEnd]: 'done', [ATTR.deliveries]: [0, 3] })
  })

  test('a break is recorded as cancelled, and the generator is closed', async () => {
    let closed = false
    async function* source(): AsyncGenerator<number> {
      try {
        for (let index = 0; ; index++) yield index
      } finally {
        closed = true
      }
    }
    await inRun(async () => {
      for await (const number of model(source, { name: 'broken' })()) if (number === 1) break
    })
    expect(closed).toBe(true)
    const step = await recording.step('broken')
    expect(step.output).toEqual([0, 1])
    expect(step.attributes).toMatchObject({ [ATTR.streamEnd]: 'cancelled', [ATTR.deliveries]: [0, 2] })
    expect(step.span.status.code).toBe(0)
  })

  test('an error in the middle is the same object; what came before is kept', async () => {
    const error = new Error('cut off')
    async function* source(): AsyncGenerator<string> {
      yield 'first'
      throw error
    }
    await inRun(async () => {
      await expect(collect(model(source, { name: 'cut' })())).rejects.toBe(error)
    })
    const step = await recording.step('cut')
    expect(step.output).toEqual(['first'])
    expect(valueToError(step.error)).toMatchObject({ message: 'cut off' })
    expect(step.attributes).toMatchObject({ [ATTR.streamEnd]: 'error', [ATTR.deliveries]: [0, 2], 'error.type': 'Error' })
  })

  test('what is sent into a generator, and what it returns, passes through', async () => {
    async function* echo(): AsyncGenerator<string, string, string> {
      let said = yield 'ready'
      while (said !== 'end') said = yield `echo ${said}`
      return 'bye'
    }
    const stream = tool(echo, { name: 'echo' })()
    expect(await stream.next()).toEqual({ done: false, value: 'ready' })
    expect(await stream.next('hi')).toEqual({ done: false, value: 'echo hi' })
    expect(await stream.next('end')).toEqual({ done: true, value: 'bye' })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    const step = await recording.step('echo')
    expect(step.output).toEqual(['ready', 'echo hi'])
    expect(step.attributes[ATTR.streamEnd]).toBe('done')
  })

  test('a generator that catches what is thrown into it goes on', async () => {
    async function* stubborn(): AsyncGenerator<string> {
      try {
        yield 'one'
      } catch {
        yield 'caught'
      }
      yield 'two'
    }
    const stream = tool(stubborn, { name: 'stubborn' })()
    await stream.next()
    expect(await stream.throw(new Error('in'))).toEqual({ done: false, value: 'caught' })
    expect(await collect(stream)).toEqual(['two'])
    expect((await recording.step('stubborn')).output).toEqual(['one', 'caught', 'two'])
  })

  test('an iterable that opens a new iterator each time: the first iteration is the recorded one', async () => {
    const list = { [Symbol.asyncIterator]: () => chunks(['1', '2']) }
    const result = tool(() => list, { name: 'list' })()
    expect(result).toBe(list)
    expect(await collect(result)).toHaveLength(2)
    expect(await collect(result)).toHaveLength(2)
    expect((await recording.step('list')).output).toEqual([{ delta: '1' }, { delta: '2' }])
  })

  test('a frozen iterable is watched through a stand-in', async () => {
    const frozen = Object.freeze({ label: 'frozen', [Symbol.asyncIterator]: () => chunks(['f']) })
    const result = tool(() => frozen, { name: 'frozen' })()
    expect(result.label).toBe('frozen')
    expect(Object.keys(result)).toEqual(['label'])
    expect(await collect(result)).toEqual([{ delta: 'f' }])
    const step = await recording.step('frozen')
    expect(step.output).toEqual([{ delta: 'f' }])
  })

  test('a frozen generator too, and its own iterator is the stand-in', async () => {
    const source = Object.freeze(chunks(['g', 'h']))
    expect(await collect(tool(() => source, { name: 'frozen-gen' })())).toHaveLength(2)
    expect((await recording.step('frozen-gen')).output).toEqual([{ delta: 'g' }, { delta: 'h' }])
  })

  test('an iterator that answers without promises is still one', async () => {
    let left = 2
    const plain = {
      next: () => ({ done: left === 0, value: left-- }),
      [Symbol.asyncIterator]() {
        return this
      },
    }
    const result = tool(() => plain, { name: 'plain' })()
    expect(result.next()).toEqual({ done: false, value: 2 })
    expect(result.next()).toEqual({ done: false, value: 1 })
    expect(result.next().done).toBe(true)
    expect((await recording.step('plain')).output).toEqual([2, 1])
  })

  test('chunks are kept as they were when they came', async () => {
    const shared = { text: '' }
    async function* growing(): AsyncGenerator<{ text: string }> {
      for (const letter of 'abc') {
        shared.text += letter
        yield shared
      }
    }
    await collect(tool(growing, { name: 'growing' })())
    expect((await recording.step('growing')).output).toEqual([{ text: 'a' }, { text: 'ab' }, { text: 'abc' }])
  })

  test('what a generator calls stands under its step, what the consumer calls does not', async () => {
    const search = tool((query: string) => [query], { name: 'inner' })
    const log = tool(() => true, { name: 'outer' })
    const writer = agent(async function* writer() {
      yield search('first')
      await Promise.resolve()
      yield search('second')
    })
    await inRun(async () => {
      for await (const _ of writer()) log()
    })
    const steps = await recording.steps()
    const idOf = (name: string): string | undefined => steps.find((step) => step.name === name)?.span.spanId
    expect(steps.filter(({ name }) => name === 'inner').map(({ span }) => span.parentSpanId)).toEqual([idOf('writer'), idOf('writer')])
    expect(steps.filter(({ name }) => name === 'outer').map(({ span }) => span.parentSpanId)).toEqual([idOf('root'), idOf('root')])
  })

  test('a stream that outlives its run ends as open, with the chunks that came', async () => {
    let stream: AsyncGenerator<Chunk> | undefined
    await inRun(async () => {
      stream = model(() => chunks(['a', 'b']), { name: 'left' })()
      await stream.next()
    })
    const step = await recording.step('left')
    expect(step.output).toEqual([{ delta: 'a' }])
    expect(step.attributes).toMatchObject({ [ATTR.streamEnd]: 'open', [ATTR.deliveries]: [0, 1] })
    expect(await stream?.next()).toEqual({ done: false, value: { delta: 'b' } })
  })

  test('a run that gives a stream lasts until the stream ends', async () => {
    const answer = instrument(async function answer() {
      return model(() => chunks(['a', 'b']), { name: 'inner-stream' })()
    })
    const stream = await answer()
    expect(await recording.steps()).toEqual([])
    expect(await collect(stream)).toHaveLength(2)
    const steps = await recording.steps()
    expect(steps.map(({ name, attributes }) => [name, attributes[ATTR.streamEnd]])).toEqual([
      ['answer', 'done'],
      ['inner-stream', 'done'],
    ])
  })

  test('interleaved streams: each delivery has its own number', async () => {
    await inRun(async () => {
      const left = model(() => chunks(['1', '2']), { name: 'left-stream' })()
      const right = model(() => chunks(['3']), { name: 'right-stream' })()
      await left.next()
      await right.next()
      await left.next()
      await left.next()
      await right.next()
    })
    const steps = await recording.steps()
    const deliveries = Object.fromEntries(steps.map(({ name, attributes }) => [name, attributes[ATTR.deliveries]]))
    expect(deliveries['left-stream']).toEqual([0, 1, 2, 2])
    expect(deliveries['right-stream']).toEqual([1, 1, 4, 1])
  })
})

describe('web streams', () => {
  function numbers(count: number, log: string[] = []): ReadableStream<number> {
    let next = 0
    return new ReadableStream<number>(
      {
        pull(controller) {
          log.push(`pull ${next}`)
          if (next === count) controller.close()
          else controller.enqueue(next++)
        },
        cancel(reason) {
          log.push(`cancel ${String(reason)}`)
        },
      },
      { highWaterMark: 0 },
    )
  }

  test('a stream gives the same chunks and reads ahead of nobody', async () => {
    const log: string[] = []
    const stream = tool(() => numbers(2, log), { name: 'web' })()
    expect(stream).toBeInstanceOf(ReadableStream)
    const reader = stream.getReader()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(log).toEqual([])
    expect(await reader.read()).toEqual({ done: false, value: 0 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(log).toEqual(['pull 0'])
    expect(await reader.read()).toEqual({ done: false, value: 1 })
    expect(await reader.read()).toEqual({ done: true, value: undefined })
    const step = await recording.step('web')
    expect(step.output).toEqual([0, 1])
    expect(step.attributes).toMatchObject({ [ATTR.shape]: 'readable-stream', [ATTR.streamEnd]: 'done' })
  })

  test('cancelling it cancels the source with the same reason', async () => {
    const log: string[] = []
    const stream = await tool(async () => numbers(5, log), { name: 'web-cancelled' })()
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel('enough')
    expect(log).toEqual(['pull 0', 'cancel enough'])
    const step = await recording.step('web-cancelled')
    expect(step.output).toEqual([0])
    expect(step.attributes).toMatchObject({ [ATTR.shape]: 'promise-readable-stream', [ATTR.streamEnd]: 'cancelled' })
  })

  test('an error of the source is the same object', async () => {
    const error = new Error('reset')
    const source = new ReadableStream({
      pull(controller) {
        controller.error(error)
      },
    })
    await expect(
      tool(() => source, { name: 'web-error' })()
        .getReader()
        .read(),
    ).rejects.toBe(error)
    expect((await recording.step('web-error')).attributes).toMatchObject({ [ATTR.streamEnd]: 'error', 'error.type': 'Error' })
  })

  test('a byte stream still fills the buffer that its reader brings', async () => {
    const source = new ReadableStream({
      type: 'bytes',
      start(controller) {
        controller.enqueue(new Uint8Array([1, 2, 3, 4, 5]))
        controller.close()
      },
    })
    const stream = tool(() => source, { name: 'bytes' })()
    const reader = stream.getReader({ mode: 'byob' })
    expect(await reader.read(new Uint8Array(3))).toEqual({ done: false, value: new Uint8Array([1, 2, 3]) })
    expect(await reader.read(new Uint8Array(3))).toEqual({ done: false, value: new Uint8Array([4, 5]) })
    expect((await reader.read(new Uint8Array(3))).done).toBe(true)
    expect((await recording.step('bytes')).output).toEqual([new Uint8Array([1, 2, 3]), new Uint8Array([4, 5])])
  })

  test('a byte stream can be read without a buffer, and as text', async () => {
    const source = (): ReadableStream<Uint8Array<ArrayBuffer>> => new Blob(['hello ', 'world']).stream()
    const stream = tool(source, { name: 'blob' })()
    expect(await new Response(stream).text()).toBe('hello world')
    expect((await recording.step('blob')).attributes[ATTR.streamEnd]).toBe('done')
  })

  test('a stream that is locked already passes through unseen, and the record names it', async () => {
    const source = numbers(1)
    const reader = source.getReader()
    expect(tool(() => source, { name: 'locked' })()).toBe(source)
    expect((await reader.read()).value).toBe(0)
    expect((await recording.step('locked')).output).toEqual({ type: 'ReadableStream' })
  })
})

test('a long stream keeps to the bounds of one payload, and says what was cut', async () => {
  const big = 'x'.repeat(1024 * 1024)
  await collect(tool(() => chunks(Array.from({ length: 8 }, () => big)), { name: 'long' })())
  const step = await recording.step('long')
  expect(
    step.span.attributes.reduce(
      (sum, [, value]) => sum + (typeof value === 'object' && value !== null && 'utf8' in value ? value.utf8.length : 0),
      0,
    ),
  ).toBeLessThan(4.2 * 1024 * 1024)
  expect(step.output).toHaveLength(8)
  expect((step.output as unknown[])[7]).toEqual({ delta: { reason: 'bytes', originalSize: 1024 * 1024 } })
  expect(JSON.parse(String(step.attributes[ATTR.cuts]))).toEqual([{ what: 'output', reason: 'bytes', count: 5 }])
})

test('a step within a stream of a training run, metrics and all, is sent as it is', async () => {
  const train = instrument(
    async function train() {
      for (const index of [0, 1]) await currentRun().step({ index }, async (step) => step.metric('loss', 1 / (index + 1)))
    },
    { kind: 'training', seed: 7 },
  )
  await train()
  const steps = await recording.steps()
  expect(steps.map(({ kind }) => kind)).toEqual(['training.run', 'training.step', 'training.step'])
  expect(steps[1]?.span.events).toMatchObject([
    {
      name: 'reprise.metric',
      attributes: [
        [ATTR.metricName, 'loss'],
        [ATTR.metricValue, 1],
      ],
    },
  ])
  expect(stepOf(steps[0]!.span).attributes[ATTR.seed]).toBe('7')
})
