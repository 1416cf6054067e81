import { describe, expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import { RepriseError } from '../../../src/schemas/index.ts'
import { instrument, model } from '../../../src/sdk/index.ts'
import { expectExact, live } from '../expect-exact.ts'
import { collect, oneStream } from '../one-stream.ts'

const generate = model((_request: unknown): AsyncIterable<string> => live(), { name: 'generate' })
const opened = model(async (_request: unknown): Promise<AsyncIterable<string>> => live(), { name: 'opened' })
const readable = model((_request: unknown): ReadableStream<unknown> => live(), { name: 'readable' })

describe('streams', () => {
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
