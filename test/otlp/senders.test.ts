import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { DiagLogLevel, diag, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { decodeTraces, encodeExportResponse, type OtlpEncoding, type WireResourceSpans } from '../../src/otlp/index.ts'
import { settled } from './helpers.ts'

// The real exporters of OpenTelemetry, each to a real server of our own: both wire formats must tell the same.

const bodies = new Map<OtlpEncoding, Buffer[]>()
const warnings: string[] = []
const partial = { rejectedSpans: 1, errorMessage: 'span 0 "x": Grüße' }

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  return request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
}

const server = createServer((request, response) => {
  void readBody(request).then((body) => {
    const encoding: OtlpEncoding = request.headers['content-type']?.includes('json') ? 'json' : 'protobuf'
    bodies.set(encoding, [...(bodies.get(encoding) ?? []), body])
    response.writeHead(200, { 'content-type': request.headers['content-type'] })
    response.end(encodeExportResponse(encoding, partial))
  })
})

const longText = `[{"role":"user","content":"${'Größe 🙂 \\n'.repeat(100)}"}]`

beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`
  const note = (...words: unknown[]): void => void warnings.push(words.map(String).join(' '))
  diag.setLogger({ verbose: () => {}, debug: () => {}, info: () => {}, warn: note, error: note }, DiagLogLevel.WARN)
  const provider = new TracerProvider({
    spanProcessors: [new JsonExporter({ url }), new ProtobufExporter({ url })].map((exporter) => new BatchSpanProcessor({ exporter })),
  })
  const tracer = provider.getTracer('sender-test', '1.2.3', { schemaUrl: 'https://opentelemetry.io/schemas/1.44.0' })
  const root = tracer.startSpan('answer', { kind: SpanKind.SERVER, attributes: { 'http.route': '/ask/{id}' } })
  const child = tracer.startSpan(
    'chat gpt-4o',
    {
      kind: SpanKind.CLIENT,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.usage.input_tokens': 1234,
        'gen_ai.request.temperature': 0.25,
        'gen_ai.response.finish_reasons': ['stop', 'length'],
        'gen_ai.input.messages': longText,
        big: 2 ** 52,
        negative: -7,
        unsafe: 2 ** 53 + 2,
        beyond: 1e300,
        justBeyond: 2 ** 63,
        flag: false,
        empty: '',
        mixed: [1, 2, 3],
        __proto__x: 'plain',
      },
      links: [{ context: root.spanContext(), attributes: { why: 'retry' } }],
    },
    trace.setSpan(ROOT_CONTEXT, root),
  )
  child.addEvent('gen_ai.choice', { index: 0, text: 'héllo' }, new Date(1_763_720_000_123))
  child.recordException(new TypeError('no such field'))
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'no such field' })
  child.end()
  root.end()
  await provider.forceFlush()
  await provider.shutdown()
})

afterAll(() => {
  diag.disable()
  server.close()
})

function received(encoding: OtlpEncoding): WireResourceSpans[] {
  const [body, ...more] = bodies.get(encoding) ?? []
  expect(more).toEqual([])
  if (body === undefined) throw new Error(`nothing came as ${encoding}`)
  const decoded = decodeTraces(body, encoding)
  expect(decoded.rejected).toEqual([])
  expect(decoded.accepted).toBe(2)
  return settled(decoded.resourceSpans)
}

describe('the exporters of OpenTelemetry', () => {
  it('tell the same in JSON and in protobuf', () => {
    expect(received('json')).toStrictEqual(received('protobuf'))
  })

  it.each(['json', 'protobuf'] as const)('tell in %s what the program did', (encoding) => {
    const [group] = received(encoding)
    const [scope] = group?.scopeSpans ?? []
    expect(Object.fromEntries(group?.resource.attributes ?? [])).toMatchObject({ 'telemetry.sdk.language': 'nodejs' })
    expect(scope?.scope).toMatchObject({ name: 'sender-test', version: '1.2.3' })
    const child = scope?.spans.find(({ name }) => name === 'chat gpt-4o')
    const root = scope?.spans.find(({ name }) => name === 'answer')
    expect(root).toMatchObject({ kind: 2, parentSpanId: '', attributes: [['http.route', '/ask/{id}']], status: { code: 0, message: '' } })
    expect(child).toMatchObject({
      traceId: root?.traceId,
      parentSpanId: root?.spanId,
      kind: 3,
      status: { code: 2, message: 'no such field' },
      links: [{ traceId: root?.traceId, spanId: root?.spanId, attributes: [['why', 'retry']] }],
    })
    expect(child?.attributes).toStrictEqual([
      ['gen_ai.operation.name', 'chat'],
      ['gen_ai.usage.input_tokens', { int: 1234n }],
      ['gen_ai.request.temperature', 0.25],
      ['gen_ai.response.finish_reasons', { array: ['stop', 'length'] }],
      ['gen_ai.input.messages', longText],
      ['big', { int: 2n ** 52n }],
      ['negative', { int: -7n }],
      ['unsafe', { int: 2n ** 53n + 2n }],
      // JavaScript has one kind of number: what is beyond 64 bits is no int64, although the JSON exporter calls it one.
      ['beyond', 1e300],
      ['justBeyond', 2 ** 63],
      ['flag', false],
      ['empty', ''],
      ['mixed', { array: [{ int: 1n }, { int: 2n }, { int: 3n }] }],
      ['__proto__x', 'plain'],
    ])
    expect(child?.events[0]).toStrictEqual({
      name: 'gen_ai.choice',
      timeNanos: 1_763_720_000_123_000_000n,
      attributes: [
        ['index', { int: 0n }],
        ['text', 'héllo'],
      ],
      droppedAttributes: 0,
    })
    expect(Object.fromEntries(child?.events[1]?.attributes ?? [])).toMatchObject({
      'exception.type': 'TypeError',
      'exception.message': 'no such field',
    })
    expect((child?.endNanos ?? 0n) >= (child?.startNanos ?? 1n)).toBe(true)
  })

  it('understand our partial success', () => {
    expect(warnings.filter((line) => line.includes('Grüße'))).toHaveLength(2)
  })
})
