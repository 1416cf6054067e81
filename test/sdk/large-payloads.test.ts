import { afterEach, beforeEach, expect, test } from 'vitest'
import { currentRun, flush, instrument, type RecorderHandle, retriever, startRecorder, tool } from '../../src/sdk/index.ts'
import { type FakeCollector, startFakeCollector, stepOf, stepsOf } from './fake-collector.ts'

// Payloads that are written, put into the body and sent in pieces arrive as what they were.

let collector: FakeCollector
let recorder: RecorderHandle

beforeEach(async () => {
  collector = await startFakeCollector()
  recorder = startRecorder({ endpoint: collector.url, flushIntervalMillis: 3_600_000, captureMaxBytes: 64 * 1024 * 1024 })
})
afterEach(async () => {
  await recorder.stop()
  await collector.close()
})

const back = tool(async (value: unknown) => value, { name: 'back' })
// Escapes, several bytes to a character, and pairs that no piece may cut.
const text = 'a"\\\n\u0001é\u{1f600}'.repeat(150_000)

test.each([
  { name: 'text with escapes', value: text },
  { name: 'objects', value: Array.from({ length: 20_000 }, (_, id) => ({ id, score: id / 7, text: `row ${id}\n`.repeat(9) })) },
  {
    name: 'a Map with long text and long bytes',
    value: new Map<unknown, unknown>([
      ['text', text],
      ['bytes', new Uint8Array(3_000_000).fill(7)],
      [1n, new Date(0)],
    ]),
  },
  {
    name: 'typed arrays',
    value: { weights: new Float32Array(700_000).map((_, index) => index / 3), more: [new Uint8Array(300_000).fill(1), 'end'] },
  },
])('$name', async ({ value }) => {
  await back(value)
  await back('small')
  expect(await flush()).toEqual({ sent: 2, failed: 0, dropped: 0 })
  const [large, small] = collector.spans.map(stepOf)
  expect(large?.input).toEqual([value])
  expect(large?.output).toEqual(value)
  expect(small).toMatchObject({ input: ['small'], output: 'small' })
})

test('artifacts of text and of bytes, with their own media types', async () => {
  const bytes = new Uint8Array(2_000_000).map((_, index) => index)
  await instrument(
    async () => {
      const run = currentRun()
      await run.artifact('notes', `${text}\ud800`, { mediaType: 'text/plain' })
      await run.artifact('weights', bytes, { mediaType: 'application/octet-stream' })
    },
    { name: 'run' },
  )()
  await flush()
  const outputs = stepsOf(collector).map(({ output }) => output)
  expect(outputs).toContainEqual(`${text}\ufffd`)
  expect(outputs.some((output) => output instanceof Uint8Array && Buffer.from(output).equals(bytes))).toBe(true)
})

test('large documents of a retriever, beside a large output and a large error', async () => {
  const documents = Array.from({ length: 300 }, (_, id) => ({ id: String(id), content: `${text.slice(0, 3000)}${id}` }))
  const find = retriever(async (_query: string) => ({ hits: documents }), {
    name: 'find',
    documents: ({ hits }: { hits: typeof documents }) => hits,
  })
  await find(text)
  await expect(
    tool(async () => {
      throw Object.assign(new Error(text), { detail: documents })
    })(),
  ).rejects.toThrow()
  expect(await flush()).toEqual({ sent: 2, failed: 0, dropped: 0 })
  const [found, failed] = collector.spans.map(stepOf)
  expect(found).toMatchObject({ input: [text], output: { hits: documents } })
  expect(JSON.parse(String(found?.attributes['gen_ai.retrieval.documents']))).toEqual(documents)
  expect(failed?.error).toMatchObject({ message: text, detail: documents })
})

test('a body that is sent again after a failure is the same', async () => {
  let tries = 0
  const bodies: Buffer[] = []
  collector.answer = (_request, response, body) => {
    bodies.push(body)
    if (tries++ === 0) response.writeHead(503, { 'retry-after': '0' }).end()
    else response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
  }
  await back(text)
  expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
  expect(bodies).toHaveLength(2)
  expect(bodies[0]?.equals(bodies[1] ?? Buffer.alloc(0))).toBe(true)
})
