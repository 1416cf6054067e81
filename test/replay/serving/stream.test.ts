import { describe, expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import type { ResultShape } from '../../../src/schemas/index.ts'
import { instrument, model, tool } from '../../../src/sdk/index.ts'
import { expectExact, live } from '../expect-exact.ts'
import { collect, oneStream } from '../one-stream.ts'
import { RecordingBuilder } from '../recording-builder.ts'

const generate = model((_request: unknown): AsyncIterable<string> => live(), { name: 'generate' })
const opened = model(async (_request: unknown): Promise<AsyncIterable<string>> => live(), { name: 'opened' })
const readable = model((_request: unknown): ReadableStream<unknown> => live(), { name: 'readable' })
const openedReadable = model(async (_request: unknown): Promise<ReadableStream<unknown>> => live(), { name: 'opened_readable' })
const look = tool(async (_request: unknown): Promise<unknown> => live(), { name: 'look' })

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

  it('give what a generator gives, member for member', async () => {
    const recording = await oneStream('{"value":"a","done":false}{"done":true}', {
      name: 'generate',
      args: [1],
      output: ['a'],
      shape: 'async-iterable',
      streamEnd: 'done',
      deliveries: [0, 2],
    })
    const reads = instrument(async function reads() {
      const iterator = generate(1)[Symbol.asyncIterator]()
      return `${JSON.stringify(await iterator.next())}${JSON.stringify(await iterator.next())}`
    })
    expectExact(await replay(recording, reads))
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
})
