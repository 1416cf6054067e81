import { AsyncLocalStorage } from 'node:async_hooks'
import { expect, test } from 'vitest'
import { currentRun, instrument, model, tool } from '../../src/sdk/index.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()
const store = new AsyncLocalStorage<string>()
const inner = tool(async (at: string) => at, { name: 'inner' })

async function* source(): AsyncGenerator<string | undefined> {
  for (let index = 0; index < 6; index++) {
    await inner(`before ${index}`)
    yield store.getStore()
  }
}

/** Pulls under one value of the program's own storage after the other, and says what the generator and the consumer saw. */
async function pullUnder(stream: AsyncGenerator<string | undefined>, values: readonly (string | undefined)[]): Promise<unknown[]> {
  const seen: unknown[] = []
  for (const value of values) {
    const pull = async (): Promise<void> => {
      const { value: inside } = await stream.next()
      seen.push([inside, store.getStore()])
    }
    await (value === undefined ? pull() : store.run(value, pull))
    seen.push(store.getStore())
  }
  return seen
}

test('a stream runs in the context of who pulls, whatever it keeps, and calls in it stand under the stream', async () => {
  const values = ['a', 'a', 'b', undefined, undefined, 'a']
  const bare = await pullUnder(source(), values)
  const watched = await instrument(async () => {
    const before = currentRun().id
    const seen = await pullUnder(model(source, { name: 'stream' })(), values)
    expect(currentRun().id).toBe(before)
    await inner('after')
    return seen
  })()
  expect(watched).toEqual(bare)
  expect(watched).toContainEqual(['b', 'b'])
  const stream = await recording.step('stream')
  const run = (await recording.steps()).filter(({ span }) => span.traceId === stream.span.traceId)
  const calls = run.filter(({ name }) => name === 'inner')
  expect(calls.map(({ span }) => span.parentSpanId === stream.span.spanId)).toEqual([true, true, true, true, true, true, false])
})
