import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import OpenAI from 'openai'
import type { ChatCompletionCreateParamsNonStreaming, ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ATTR, valueToError } from '../../src/schemas/index.ts'
import { model } from '../../src/sdk/index.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()
let server: Server
let client: OpenAI

const COMPLETION = {
  id: 'chatcmpl-7',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'gpt-test-2026',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello!', refusal: null }, logprobs: null, finish_reason: 'stop' }],
  usage: { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 },
}

beforeAll(async () => {
  server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    request.on('end', () => {
      const body = JSON.parse(text) as { stream?: boolean; messages: { content: string }[] }
      if (body.messages[0]?.content === 'fail') {
        response
          .writeHead(400, { 'content-type': 'application/json' })
          .end('{"error":{"message":"bad request","type":"invalid_request_error","code":"bad"}}')
      } else if (body.stream === true) {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        for (const content of ['Hel', 'lo', '!']) {
          response.write(
            `data: ${JSON.stringify({ id: 'chatcmpl-8', object: 'chat.completion.chunk', model: 'gpt-test-2026', choices: [{ index: 0, delta: { content } }] })}\n\n`,
          )
        }
        response.end('data: [DONE]\n\n')
      } else response.writeHead(200, { 'content-type': 'application/json', 'x-request-id': 'req-1' }).end(JSON.stringify(COMPLETION))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  client = new OpenAI({ apiKey: 'sk-none', baseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, maxRetries: 0 })
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const request = (content: string): ChatCompletionCreateParamsNonStreaming => ({ model: 'gpt-test', messages: [{ role: 'user', content }] })
const streaming = (content: string): ChatCompletionCreateParamsStreaming => ({ ...request(content), stream: true })

// The functions are not async: what they give is the client's own APIPromise.
const create = (params: ChatCompletionCreateParamsNonStreaming) => client.chat.completions.create(params)
const createStream = (params: ChatCompletionCreateParamsStreaming) => client.chat.completions.create(params)
const chat = model(create, { name: 'chat', provider: 'openai', model: (params) => params.model })
const chatStream = model(createStream, { name: 'chat-stream', provider: 'openai', model: (params) => params.model })

test('the promise is still the APIPromise of the client, and is recorded when awaited', async () => {
  const promise = chat(request('hi'))
  expect(promise.constructor.name).toBe('APIPromise')
  const completion = await promise
  expect(completion).toMatchObject(COMPLETION)
  expect(completion._request_id).toBe('req-1')
  const step = await recording.step('chat')
  expect(step.input).toEqual([request('hi')])
  expect(step.output).toMatchObject(COMPLETION)
  expect(step.span.name).toBe('chat gpt-test')
  expect(step.attributes).toMatchObject({
    [ATTR.shape]: 'promise',
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'openai',
    'gen_ai.request.model': 'gpt-test',
  })
})

test('withResponse works and records the data', async () => {
  const { data, response, request_id } = await chat(request('hi')).withResponse()
  expect(data).toMatchObject(COMPLETION)
  expect(response).toBeInstanceOf(Response)
  expect(request_id).toBe('req-1')
  expect((await recording.step('chat')).output).toMatchObject(COMPLETION)
})

test('asResponse works; a raw response has no data to record', async () => {
  const response = await chat(request('hi')).asResponse()
  expect(await response.json()).toMatchObject(COMPLETION)
  expect((await recording.step('chat')).output).toEqual({ type: 'Response' })
})

test('a stream is the Stream of the client, with its controller, and is recorded chunk by chunk', async () => {
  const stream = await chatStream(streaming('hi'))
  expect(stream.constructor.name).toBe('Stream')
  expect(stream.controller).toBeInstanceOf(AbortController)
  let text = ''
  for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ''
  expect(text).toBe('Hello!')
  const step = await recording.step('chat-stream')
  expect(step.attributes).toMatchObject({
    [ATTR.shape]: 'promise-async-iterable',
    [ATTR.streamEnd]: 'done',
  })
  expect(step.output).toHaveLength(3)
})

test('a stream that is left early is cancelled', async () => {
  for await (const _ of await chatStream(streaming('hi'))) break
  const step = await recording.step('chat-stream')
  expect(step.output).toHaveLength(1)
  expect(step.attributes[ATTR.streamEnd]).toBe('cancelled')
})

test('a stream handed on as a web stream is recorded too', async () => {
  const stream = await chatStream(streaming('hi'))
  const text = await new Response(stream.toReadableStream()).text()
  expect(text.trim().split('\n')).toHaveLength(3)
  expect((await recording.step('chat-stream')).output).toHaveLength(3)
})

test('an error of the client is the same error, with its fields', async () => {
  const error: unknown = await chat(request('fail')).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(OpenAI.BadRequestError)
  const step = await recording.step('chat')
  expect(step.attributes['error.type']).toBe('BadRequestError')
  expect(valueToError(step.error)).toMatchObject({ status: 400, code: 'bad', type: 'invalid_request_error' })
})

test('a client error that only catch sees is recorded', async () => {
  const seen = await chat(request('fail')).catch((reason: unknown) => (reason instanceof OpenAI.APIError ? reason.status : 0))
  expect(seen).toBe(400)
  expect((await recording.step('chat')).span.status.code).toBe(2)
})
