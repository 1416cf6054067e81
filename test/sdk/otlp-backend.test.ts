import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { agent, currentRun, flush, instrument, model, type RecorderHandle, retriever, startRecorder, tool } from '../../src/sdk/index.ts'
import { attributesOf, type FakeCollector, startFakeCollector } from './fake-collector.ts'
import { runProgram } from './program.ts'

let backend: FakeCollector
let recorder: RecorderHandle
beforeEach(async () => {
  backend = await startFakeCollector({ reprise: false })
  recorder = startRecorder({ endpoint: backend.url, flushIntervalMillis: 3_600_000, serviceName: 'shop' })
})
afterEach(async () => {
  await recorder.stop()
  await backend.close()
})

const spanOf = (name: string) => {
  const span = backend.spans.find((candidate) => candidate.name === name)
  if (span === undefined) throw new Error(`no span ${name} among ${backend.spans.map((candidate) => candidate.name).join(', ')}`)
  return { span, attributes: attributesOf(span) }
}

const SECRET = `sk-proj-${'aB3'.repeat(16)}`

describe('an endpoint that is no Reprise collector', () => {
  test('is sent standard OTLP with GenAI attributes that people can read', async () => {
    const chat = model(
      async (_request: object) => ({
        id: 'r-1',
        model: 'gpt-x-2026',
        choices: [{ index: 0, message: { role: 'assistant', content: 'Hello' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 3, completion_tokens: 1 },
      }),
      { name: 'chat', provider: 'openai', model: 'gpt-x' },
    )
    const search = retriever(async (_query: string) => [{ id: 'd1', text: 'doc', score: 0.5 }], { name: 'kb' })
    const refund = tool(async (_order: { id: number }) => ({ ok: true }), { name: 'refund', effect: 'write' })
    await instrument(
      async function support(_question: string) {
        await search('where is it')
        await chat({ messages: [{ role: 'user', content: 'Hi' }] })
        await refund({ id: 7 })
        return 'done'
      },
      { name: 'support' },
    )('Hi')
    expect(await flush()).toEqual({ sent: 4, failed: 0, dropped: 0 })
    const { span, attributes } = spanOf('chat gpt-x')
    expect(span.kind).toBe(3)
    expect(attributes).toMatchObject({
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'gpt-x',
      'gen_ai.response.model': 'gpt-x-2026',
      'gen_ai.response.id': 'r-1',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 3,
      'gen_ai.usage.output_tokens': 1,
      [ATTR.kind]: 'model',
    })
    expect(JSON.parse(String(attributes['gen_ai.input.messages']))).toEqual([{ role: 'user', parts: [{ type: 'text', content: 'Hi' }] }])
    expect(JSON.parse(String(attributes['gen_ai.output.messages']))).toMatchObject([
      { role: 'assistant', parts: [{ type: 'text', content: 'Hello' }] },
    ])
    expect(attributes).not.toHaveProperty(ATTR.input)
    expect(spanOf('execute_tool refund').attributes['gen_ai.tool.call.arguments']).toContain('7')
    expect(spanOf('retrieval kb').attributes['gen_ai.retrieval.query.text']).toBe('where is it')
    const run = spanOf('support')
    expect(run.span.parentSpanId).toBe('')
    expect(span.parentSpanId).toBe(run.span.spanId)
    // A run has no attributes of the conventions for what went in and came out.
    expect(run.attributes).toMatchObject({ [ATTR.input]: '["Hi"]', [ATTR.output]: '"done"' })
    const [resourceSpans] = backend.batches[0]?.resourceSpans ?? []
    expect(attributesOf(resourceSpans!.resource)['service.name']).toBe('shop')
    expect(backend.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(['GET /api/v1/version', 'POST /v1/traces'])
    expect(backend.requests[1]?.headers['content-type']).toBe('application/json')
  })

  test('gets no secret, wherever it stood', async () => {
    const leak = tool(
      async (_input: unknown) => {
        currentRun().metric('n', 1)
        throw new Error(`refused for ${SECRET}`)
      },
      { name: `tool ${SECRET}` },
    )
    const chat = model(
      async (request: { messages: { content: string }[] }) => ({
        choices: [{ message: { role: 'assistant', content: `echo ${request.messages[0]?.content}` } }],
      }),
      {
        name: 'chat',
        model: `model-${SECRET}`,
      },
    )
    await instrument(
      async function run(_input: unknown) {
        await chat({ messages: [{ content: `my key is ${SECRET}` }] })
        await leak({ [SECRET]: [new Map([['k', SECRET]])], url: new URL(`http://host/?key=${SECRET}`) }).catch(() => {})
        await agent(async () => SECRET, { name: 'agent' })()
        await currentRun().step({ note: SECRET }, () => {})
        return new Error(SECRET)
      },
      { name: 'run' },
    )({ authorization: `Bearer ${SECRET}` })
    expect((await flush()).failed).toBe(0)
    expect(backend.spans).toHaveLength(5)
    const everything = JSON.stringify(backend.batches, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : value,
    )
    expect(everything).not.toContain(SECRET)
    const text = backend.spans
      .map((span) => JSON.stringify([span.name, attributesOf(span), span.events.map((event) => attributesOf(event)), span.status.message]))
      .join('\n')
    expect(text).not.toContain(SECRET)
    expect(text).toMatch(/<[a-z-]+:[0-9a-f]{12}>/)
    const failed = backend.spans.find(({ status }) => status.code === 2)
    expect(failed?.events[0]).toMatchObject({ name: 'exception' })
    expect(failed?.status.message).toMatch(/^refused for </)
  })

  test('gets no announcement of a step that is still open', async () => {
    const gate = Promise.withResolvers<void>()
    const running = instrument(async () => await gate.promise, { name: 'slow' })()
    expect(await flush()).toEqual({ sent: 0, failed: 0, dropped: 0 })
    expect(backend.spans).toEqual([])
    gate.resolve()
    await running
    await flush()
    expect(backend.spans.map(({ name }) => name)).toEqual(['slow'])
  })

  test('a refusal is counted, and said once', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    backend.answer = (_request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end('{}')
    }
    tool(() => 1, { name: 'one' })()
    expect(await flush()).toMatchObject({ sent: 0, dropped: 1 })
    expect(stderr.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('reprise:'))).toHaveLength(1)
    stderr.mockRestore()
  })
})

test("spans that the user's SDK sends to the same endpoint are not sent twice", async () => {
  const program = `
    const { NodeSDK } = await import('@opentelemetry/sdk-node')
    const sdk = new NodeSDK({ serviceName: 'theirs' })
    sdk.start()
    const { instrument, model, flush } = await import('reprise')
    const chat = model(async () => 'hi', { name: 'chat', model: 'm' })
    await instrument(async function main() { return await chat() })()
    await flush()
    await sdk.shutdown()`
  const env = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none' }
  expect(await runProgram(program, { ...env, OTEL_EXPORTER_OTLP_ENDPOINT: backend.url })).toMatchObject({ code: 0, stderr: '' })
  expect(backend.spans.map(({ name }) => name).sort()).toEqual(['chat m', 'main'])
})
