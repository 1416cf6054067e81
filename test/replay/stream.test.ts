import { describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../src/replay/index.ts'
import { RepriseError, type ResultShape, type Verdict } from '../../src/schemas/index.ts'
import { instrument, model, tool } from '../../src/sdk/index.ts'
import { RecordingBuilder, type StepInput } from './recording-builder.ts'

const live = (): never => {
  throw new Error('a live effect')
}
const generate = model((_request: unknown): AsyncIterable<string> => live(), { name: 'generate' })
const opened = model(async (_request: unknown): Promise<AsyncIterable<string>> => live(), { name: 'opened' })
const readable = model((_request: unknown): ReadableStream<unknown> => live(), { name: 'readable' })
const openedReadable = model(async (_request: unknown): Promise<ReadableStream<unknown>> => live(), { name: 'opened_readable' })
const look = tool(async (_request: unknown): Promise<unknown> => live(), { name: 'look' })

function expectExact(verdict: Verdict): void {
  expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  expect(verdict.divergences).toEqual([])
}

async function oneStream(output: unknown, step: Omit<StepInput, 'kind'>) {
  const builder = new RecordingBuilder()
  const root = builder.step(undefined, { kind: 'run', name: 'reads', output, end: 90 })
  builder.step(root, { kind: 'model', end: 50, ...step })
  return await builder.load()
}

async function collect(stream: AsyncIterable<unknown>): Promise<unknown[]> {
  const chunks: unknown[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

describe('streams', () => {
  it('come chunk for chunk in every shape', async () => {
    const chunks = ['a', { delta: 'b' }, 'c']
    const shapes: [ResultShape, string, () => Promise<AsyncIterable<unknown>>][] = [
      ['async-iterable', 'generate', async () => generate(1)],
      ['promise-async-iterable', 'opened', () => opened(1)],
      ['readable-stream', 'readable', async () => readable(1)],
      ['promise-readable-stream', 'opened_readable', () => openedReadable(1)],
    ]
    for (const [shape, name, open] of shapes) {
      const deliveries = shape.startsWith('promise') ? [0, 5] : [0, 4]
      const recording = await oneStream(chunks, { name, args: [1], output: chunks, shape, streamEnd: 'done', deliveries })
      expectExact(
        await replay(
          recording,
          instrument(async function reads() {
            return await collect(await open())
          }),
        ),
      )
    }
  })

  it('have the shape they were recorded in', async () => {
    const recording = await oneStream('ok', {
      name: 'readable',
      args: [1],
      output: ['a'],
      shape: 'readable-stream',
      streamEnd: 'done',
      deliveries: [0, 2],
    })
    expectExact(
      await replay(
        recording,
        instrument(async function reads() {
          const stream = readable(1)
          expect(stream).toBeInstanceOf(ReadableStream)
          const reader = stream.getReader()
          expect(await reader.read()).toEqual({ done: false, value: 'a' })
          expect(await reader.read()).toEqual({ done: true, value: undefined })
          return 'ok'
        }),
      ),
    )
    const generator = await oneStream('ok', {
      name: 'generate',
      args: [1],
      output: ['a'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [0, 2],
    })
    expectExact(
      await replay(
        generator,
        instrument(async function reads() {
          const iterator = generate(1)[Symbol.asyncIterator]()
          expect(await Promise.all([iterator.next(), iterator.next(), iterator.next()])).toEqual([
            { done: false, value: 'a' },
            { done: true, value: undefined },
            { done: true, value: undefined },
          ])
          return 'ok'
        }),
      ),
    )
  })

  it('of bytes fill the buffer that a reader brings', async () => {
    const chunks = [Uint8Array.of(1, 2, 3), Uint8Array.of(4)]
    const recording = await oneStream([1, 2, 3, 4], {
      name: 'readable',
      args: [1],
      output: chunks,
      shape: 'readable-stream',
      streamEnd: 'done',
      deliveries: [0, 3],
    })
    expectExact(
      await replay(
        recording,
        instrument(async function reads() {
          const reader = readable(1).getReader({ mode: 'byob' })
          const bytes: number[] = []
          for (;;) {
            const { done, value } = await reader.read(new Uint8Array(2))
            if (done) return bytes
            bytes.push(...(value as Uint8Array))
          }
        }),
      ),
    )
  })

  it('throw a recorded error at the place where it was thrown', async () => {
    const recording = await oneStream(['a', 'b', 'TypeError: cut off'], {
      name: 'generate',
      args: [1],
      output: ['a', 'b'],
      error: new TypeError('cut off'),
      shape: 'async-iterable',
      streamEnd: 'error',
      deliveries: [0, 3],
    })
    expectExact(
      await replay(
        recording,
        instrument(async function reads() {
          const got: unknown[] = []
          try {
            for await (const chunk of generate(1)) got.push(chunk)
          } catch (error) {
            got.push(String(error))
          }
          return got
        }),
      ),
    )
  })

  it('reject where the promise of the stream was rejected', async () => {
    const recording = await oneStream('RangeError: no', {
      name: 'opened',
      args: [1],
      error: new RangeError('no'),
      shape: 'promise',
      deliveries: [0, 1],
    })
    expectExact(
      await replay(
        recording,
        instrument(async function reads() {
          return await opened(1).then(() => 'opened', String)
        }),
      ),
    )
  })

  it('left early are exact when they were left at the same place', async () => {
    const step = {
      name: 'generate',
      args: [1],
      output: ['a', 'b'],
      shape: 'async-iterable',
      streamEnd: 'cancelled',
      deliveries: [0, 2],
    } as const
    const reads = (limit: number) =>
      instrument(async function reads() {
        let taken = 0
        for await (const _chunk of generate(1)) if (++taken >= limit) break
        return 'ok'
      })
    expectExact(await replay(await oneStream('ok', step), reads(2)))
    const earlier = await replay(await oneStream('ok', step), reads(1))
    expect(earlier.label).toBe('diverged')
    expect(earlier.divergences).toMatchObject([{ reason: 'unused', message: expect.stringContaining('after 1 of 2') as string }])
    const later = await replay(await oneStream('ok', step), reads(3))
    expect(later.label).toBe('diverged')
    expect(later.divergences[0]).toMatchObject({ reason: 'exhausted' })
  })

  it('left early, though they were read to the end when recorded, are a departure', async () => {
    const step = {
      name: 'generate',
      args: [1],
      output: ['a', 'b', 'c'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [0, 4],
    } as const
    const verdict = await replay(
      await oneStream('ok', step),
      instrument(async function reads() {
        for await (const _chunk of generate(1)) break
        return 'ok'
      }),
    )
    expect(verdict.label).toBe('diverged')
    const ignored = await replay(
      await oneStream('ok', step),
      instrument(async function reads() {
        generate(1)
        return 'ok'
      }),
    )
    expect(ignored.divergences).toMatchObject([{ reason: 'unused', message: expect.stringContaining('after 0 of 3') as string }])
  })

  it('that were cancelled give the same when they are cancelled again', async () => {
    const step = {
      name: 'readable',
      args: [1],
      output: ['a'],
      shape: 'readable-stream',
      streamEnd: 'cancelled',
      deliveries: [0, 1],
    } as const
    expectExact(
      await replay(
        await oneStream('ok', step),
        instrument(async function reads() {
          const reader = readable(1).getReader()
          await reader.read()
          await reader.cancel('enough')
          return 'ok'
        }),
      ),
    )
  })

  it('never flow faster than they are pulled', async () => {
    const chunks = Array.from({ length: 50 }, (_, index) => index)
    const step = {
      name: 'readable',
      args: [1],
      output: chunks,
      shape: 'readable-stream',
      streamEnd: 'cancelled',
      deliveries: [0, 2],
    } as const
    const recording = await oneStream(2, { ...step, output: chunks.slice(0, 2) })
    expectExact(
      await replay(
        recording,
        instrument(async function reads() {
          const reader = readable(1).getReader()
          await reader.read()
          await reader.read()
          for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
          await reader.cancel()
          return 2
        }),
      ),
    )
  })

  it('share one recorded order with promises and with each other', async () => {
    const log = ['x0', 'y0', 'tool', 'x1', 'y1', 'x end', 'y end']
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, { kind: 'run', name: 'merges', output: log, start: 0, end: 90 })
    builder.step(root, {
      kind: 'model',
      name: 'generate',
      args: ['x'],
      output: ['x0', 'x1'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [0, 1, 3, 1, 5, 1],
      start: 1,
      end: 60,
    })
    builder.step(root, {
      kind: 'model',
      name: 'generate',
      args: ['y'],
      output: ['y0', 'y1'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [1, 1, 4, 1, 6, 1],
      start: 1,
      end: 70,
    })
    builder.step(root, { kind: 'tool', name: 'look', args: [1], output: 'tool', deliveries: [2, 1], start: 1, end: 30 })
    const merges = instrument(async function merges() {
      const got: unknown[] = []
      const drain = async (name: string): Promise<void> => {
        for await (const chunk of generate(name)) got.push(chunk)
        got.push(`${name} end`)
      }
      await Promise.all([drain('x'), drain('y'), look(1).then((value) => got.push(value))])
      return got
    })
    const recording = await builder.load()
    for (let round = 0; round < 10; round++) expectExact(await replay(recording, merges))
  })

  it('that outlived their run stay open', async () => {
    const step = { name: 'generate', args: [1], output: ['a'], shape: 'async-iterable', streamEnd: 'open', deliveries: [0, 1] } as const
    expectExact(
      await replay(
        await oneStream('a', step),
        instrument(async function reads() {
          const iterator = generate(1)[Symbol.asyncIterator]()
          const first = await iterator.next()
          void iterator.next()
          return first.value
        }),
      ),
    )
  })

  it('that the program returns are read as their caller read them', async () => {
    const builder = new RecordingBuilder()
    const root = builder.step(undefined, {
      kind: 'run',
      name: 'streams',
      output: ['A', 'B'],
      shape: 'async-iterable',
      streamEnd: 'done',
      end: 90,
    })
    builder.step(root, {
      kind: 'model',
      name: 'generate',
      args: [1],
      output: ['a', 'b'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [0, 3],
    })
    const streams = instrument(async function* streams() {
      for await (const chunk of generate(1)) yield chunk.toUpperCase()
    })
    expectExact(await replay(await builder.load(), streams))
    const half = new RecordingBuilder()
    const halfRoot = half.step(undefined, {
      kind: 'run',
      name: 'streams',
      output: ['A'],
      shape: 'async-iterable',
      streamEnd: 'cancelled',
      end: 90,
    })
    half.step(halfRoot, {
      kind: 'model',
      name: 'generate',
      args: [1],
      output: ['a'],
      shape: 'async-iterable',
      streamEnd: 'cancelled',
      deliveries: [0, 1],
    })
    expectExact(await replay(await half.load(), streams))
  })

  it('of a call with an abort signal end as recorded, whether the live signal is aborted or not', async () => {
    const controller = new AbortController()
    const step = {
      name: 'generate',
      args: [{ prompt: 'x', signal: controller.signal }],
      output: ['a'],
      error: new DOMException('This operation was aborted', 'AbortError'),
      shape: 'async-iterable',
      streamEnd: 'error',
      deliveries: [0, 2],
    } as const
    for (const aborts of [true, false]) {
      const recording = await oneStream(['a', 'AbortError', true], step)
      expectExact(
        await replay(
          recording,
          instrument(async function reads() {
            const live = new AbortController()
            const got: unknown[] = []
            try {
              for await (const chunk of generate({ prompt: 'x', signal: live.signal })) {
                got.push(chunk)
                if (aborts) live.abort()
              }
            } catch (error) {
              got.push((error as Error).name, error instanceof DOMException)
            }
            return got
          }),
        ),
      )
    }
  })

  it('fail with replay_diverged, not with a chunk of another call', async () => {
    const recording = await oneStream('ok', {
      name: 'generate',
      args: [1],
      output: ['a'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [0, 2],
    })
    const verdict = await replay(
      recording,
      instrument(async function reads() {
        const got = await collect(generate(2)).catch((error: unknown) => (RepriseError.isInstance(error) ? error.code : 'other'))
        expect(got).toBe('replay_diverged')
        return 'ok'
      }),
    )
    expect(verdict.counts).toMatchObject({ unmatched: 1, unused: 1 })
  })
})
