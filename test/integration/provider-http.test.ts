import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import nock from 'nock'
import OpenAI from 'openai'
import type { ChatCompletionCreateParamsNonStreaming, ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { flush, instrument, model, startRecorder } from 'reprise'
import { type Collector, startCollector } from 'reprise/collector'
import { exportRecording, loadRecording, replay } from 'reprise/replay'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openStore } from '../../src/store/index.ts'

const folder = mkdtempSync(join(tmpdir(), 'reprise-http-'))
const store = join(folder, 'store')
let collector: Collector

beforeAll(async () => {
  nock.disableNetConnect()
  nock.enableNetConnect(/^(127\.0\.0\.1|localhost)/)
  collector = await startCollector({ store, port: 0 })
  startRecorder({ endpoint: collector.url })
})
afterAll(async () => {
  await collector.close()
  nock.cleanAll()
  nock.enableNetConnect()
  rmSync(folder, { recursive: true, force: true })
})

const client = new OpenAI({ apiKey: 'sk-proj-not-a-key', baseURL: 'https://api.openai.com/v1', maxRetries: 2 })
const chat = model((request: ChatCompletionCreateParamsNonStreaming) => client.chat.completions.create(request), {
  name: 'chat',
  provider: 'openai',
  model: (request) => request.model,
})
const chatStream = model((request: ChatCompletionCreateParamsStreaming) => client.chat.completions.create(request), {
  name: 'chat_stream',
  provider: 'openai',
  model: (request) => request.model,
})

const program = instrument(async function program(city: string) {
  const messages = [{ role: 'user' as const, content: `Weather in ${city}?` }]
  const first = await chat({ model: 'gpt-4o', messages })
  let text = ''
  for await (const chunk of await chatStream({ model: 'gpt-4o', messages, stream: true })) text += chunk.choices[0]?.delta.content ?? ''
  const failure = await chat({ model: 'gpt-none', messages }).catch((error: unknown) => error)
  return {
    answer: first.choices[0]?.message.content,
    text,
    failure: failure instanceof Error ? `${failure.name} ${failure.message}` : 'none',
  }
})

const completion = (content: string) => ({
  id: 'chatcmpl-9',
  object: 'chat.completion',
  created: 1_790_000_000,
  model: 'gpt-4o-2024-08-06',
  choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, finish_reason: 'stop', logprobs: null }],
  usage: { prompt_tokens: 11, completion_tokens: 5, total_tokens: 16 },
})
const event = (data: unknown): string => `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`
const chunk = (content: string) => ({
  id: 'chatcmpl-9',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'gpt-4o',
  choices: [{ index: 0, delta: { content }, finish_reason: null }],
})

test('a run over provider HTTP, with a retry, a stream and an error, replays without any HTTP', async () => {
  const provider = nock('https://api.openai.com')
    .post('/v1/chat/completions', ({ stream, model: name }) => stream !== true && name === 'gpt-4o')
    .reply(429, { error: { message: 'slow down', type: 'rate_limit' } }, { 'retry-after-ms': '5' })
    .post('/v1/chat/completions', ({ stream, model: name }) => stream !== true && name === 'gpt-4o')
    .reply(200, completion('Sunny.'))
    .post('/v1/chat/completions', ({ stream }) => stream === true)
    .reply(200, [chunk('Still '), chunk('sunny'), '[DONE]'].map(event).join(''), { 'content-type': 'text/event-stream' })
    .post('/v1/chat/completions', ({ model: name }) => name === 'gpt-none')
    .reply(404, { error: { message: 'no such model', type: 'invalid_request_error', code: 'model_not_found' } })
  const original = await program('Oslo')
  expect(original).toEqual({ answer: 'Sunny.', text: 'Still sunny', failure: expect.stringContaining('no such model') })
  expect(provider.isDone()).toBe(true)
  expect(await flush()).toMatchObject({ sent: 4, failed: 0, dropped: 0 })

  const reader = await openStore(store, { mode: 'read' })
  const [run] = reader.index.listRuns({ limit: 1 }).runs
  expect(run).toMatchObject({ name: 'program', status: 'ok', steps: 4, errors: 1, inputTokens: 11, outputTokens: 5 })
  expect(run?.models).toContain('gpt-4o')
  await exportRecording(reader, run?.id ?? '', join(folder, 'recording'))
  await reader.close()

  // Nothing is left to answer: a single request would fail.
  expect(nock.pendingMocks()).toEqual([])
  const verdict = await replay(await loadRecording(join(folder, 'recording')), program)
  expect(verdict.divergences).toEqual([])
  expect(verdict).toMatchObject({
    label: 'exact',
    counts: { served: 3, live: 0, unmatched: 0, unused: 0, socketsDenied: 0 },
    output: { equal: true },
  })
})
