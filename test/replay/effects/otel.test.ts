import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, expect, it } from 'vitest'
import { loadRecording, replay } from '../../../src/replay/index.ts'
import { agent, instrument, model, retriever } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { recordPrograms } from '../record-programs.ts'

afterEach(() => {
  trace.disable()
  context.disable()
})

it('what an OpenTelemetry SDK and mappers of ours read is not what the program read', async () => {
  let spans = 0
  const readMuch = (): void => {
    spans++
    void [Date.now(), performance.now(), Math.random(), crypto.randomUUID()]
    clearTimeout(setTimeout(() => {}, 10))
  }
  const processor = { onStart: readMuch, onEnd: readMuch, forceFlush: async () => {}, shutdown: async () => {} }
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }))

  const chat = model(async (prompt: string) => `${prompt} ${Math.random()}`, {
    name: 'chat',
    model: () => {
      void Math.random()
      return 'm'
    },
  })
  const search = retriever(async () => ['a'], {
    name: 'search',
    documents: (hits) => {
      void Date.now()
      return hits
    },
  })
  const helper = agent(async () => [Math.random(), Date.now(), await search()], { name: 'helper' })
  const program = instrument(async () => [await chat(String(Math.random())), await helper(), Math.random(), performance.now()], {
    name: 'program',
  })
  const folders = await recordPrograms(program)
  expect(spans).toBe(8)
  trace.disable()
  context.disable()
  // Nobody makes spans in the replay.
  const verdict = await replay(await loadRecording(folders.get('program') ?? ''), program)
  expectExact(verdict)
  expect(spans).toBe(8)
  expect(verdict.effects).toMatchObject({ served: 5, unused: 0, beyond: [], unserved: [] })
})
