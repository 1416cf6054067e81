import { type Context, context, type Tracer, trace } from '@opentelemetry/api'
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, it } from 'vitest'
import { Bench, getJson, readArtifact, readTape } from './support.ts'

const bench = new Bench()
afterEach(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_COMPRESSION']
  await bench.tearDown()
})

function work(tracer: Tracer, parent: Context, name: string, attributes: Record<string, string | number | string[]>): Context {
  const span = tracer.startSpan(name, { attributes, links: [] }, parent)
  span.addEvent('checkpoint', { count: 3, ratio: 0.5 })
  if (name === 'fails') span.recordException(new TypeError('no such tool'))
  const inside = trace.setSpan(parent, span)
  span.end()
  return inside
}

describe.each([
  ['JSON', JsonExporter, 'none'],
  ['JSON, gzip', JsonExporter, 'gzip'],
  ['protobuf', ProtoExporter, 'none'],
  ['protobuf, gzip', ProtoExporter, 'gzip'],
] as const)('a plain OpenTelemetry program that exports %s', (_name, Exporter, compression) => {
  it('has its spans on the tape, redacted, and in the run list', async () => {
    process.env['OTEL_EXPORTER_OTLP_COMPRESSION'] = compression
    const collector = await bench.collector()
    const provider = new TracerProvider({
      spanProcessors: [new BatchSpanProcessor({ exporter: new Exporter({ url: `${collector.url}/v1/traces` }) })],
    })
    const tracer = provider.getTracer('plain', '1.2.3')
    const root = work(tracer, context.active(), 'POST /ask', { 'http.request.method': 'POST', 'enduser.id': 'jane.doe@example.org' })
    work(tracer, root, 'chat gpt-4o', {
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.usage.input_tokens': 12,
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.input.messages': JSON.stringify([
        { role: 'user', parts: [{ type: 'text', content: 'my key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD' }] },
      ]),
    })
    work(tracer, root, 'fails', { 'openinference.span.kind': 'TOOL' })
    await provider.forceFlush()
    expect(collector.stats()).toMatchObject({ received: 3, accepted: 3, rejected: 0, refused: 0 })

    await expect
      .poll(async () => (await getJson(collector, '/api/v1/runs')).body['runs'])
      .toMatchObject([{ name: 'POST /ask', steps: 3, fidelity: 'observed' }])
    const { store } = collector
    await collector.close()
    await provider.shutdown()

    const { spans } = await readTape(store)
    const named = (name: string): (typeof spans)[number] => spans.find((record) => record.core.name === name)!
    expect(spans.map((record) => record.core.kind).sort()).toEqual(['model', 'run', 'tool'])
    expect(named('POST /ask').core.attributes['enduser.id']).toMatch(/^<email:[0-9a-f]{12}>$/)
    const chat = named('chat gpt-4o')
    expect(chat.core).toMatchObject({
      parentSpanId: named('POST /ask').core.spanId,
      operation: 'chat',
      attributes: { 'gen_ai.request.model': 'gpt-4o', 'gen_ai.usage.input_tokens': 12, 'gen_ai.response.finish_reasons': ['stop'] },
      events: [{ name: 'checkpoint', attributes: { count: 3, ratio: 0.5 } }],
      scope: { name: 'plain', version: '1.2.3' },
    })
    expect(chat.core.resource.attributes['service.name']).toMatch(/^unknown_service/)
    const messages = await readArtifact(store, chat.refs.find((ref) => ref.role === '/attributes/gen_ai.input.messages')!.digest)
    expect(messages).toMatch(/^\[\{"role":"user".*my key is <[a-z-]+:[0-9a-f]{12}>"\}\]\}\]$/)
    expect(named('fails').core.payloads.map((payload) => payload.role)).toContain('/events/1/attributes/exception.stacktrace')
  })
})
