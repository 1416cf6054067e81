import { context, trace } from '@opentelemetry/api'
import { OTLPLogExporter as GrpcLogs } from '@opentelemetry/exporter-logs-otlp-grpc'
import { OTLPLogExporter as JsonLogs } from '@opentelemetry/exporter-logs-otlp-http'
import { OTLPLogExporter as ProtoLogs } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPTraceExporter as GrpcTraces } from '@opentelemetry/exporter-trace-otlp-grpc'
import { BatchLogRecordProcessor, LoggerProvider, type LogRecordExporter } from '@opentelemetry/sdk-logs'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { logRecordSchema } from '../../src/schemas/public.ts'
import { Bench, readArtifact, readTape } from './support.ts'

const bench = new Bench()
afterEach(async () => {
  delete process.env['OTEL_EXPORTER_OTLP_COMPRESSION']
  await bench.tearDown()
})

const DETAILS = 'gen_ai.client.inference.operation.details'

const EXPORTERS: readonly (readonly [string, 'none' | 'gzip', (collector: Collector) => LogRecordExporter])[] = [
  ['JSON', 'none', ({ url }) => new JsonLogs({ url: `${url}/v1/logs` })],
  ['JSON', 'gzip', ({ url }) => new JsonLogs({ url: `${url}/v1/logs` })],
  ['protobuf', 'none', ({ url }) => new ProtoLogs({ url: `${url}/v1/logs` })],
  ['protobuf', 'gzip', ({ url }) => new ProtoLogs({ url: `${url}/v1/logs` })],
  ['gRPC', 'none', ({ grpcPort }) => new GrpcLogs({ url: `http://127.0.0.1:${grpcPort}` })],
  ['gRPC', 'gzip', ({ grpcPort }) => new GrpcLogs({ url: `http://127.0.0.1:${grpcPort}` })],
]

describe.each(EXPORTERS)('a plain OpenTelemetry program that exports logs as %s, %s', (_name, compression, exporterOf) => {
  it('has its records and the content of its events on the tape, redacted', async () => {
    process.env['OTEL_EXPORTER_OTLP_COMPRESSION'] = compression
    const collector = await bench.collector({ grpcPort: 0 })
    const provider = new LoggerProvider({ processors: [new BatchLogRecordProcessor({ exporter: exporterOf(collector) })] })
    const logger = provider.getLogger('plain', '1.2.3')
    const spanContext = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 }
    const parent = trace.setSpanContext(context.active(), spanContext)
    logger.emit({
      severityNumber: 17,
      severityText: 'ERROR',
      body: 'no answer for jane@example.org',
      context: parent,
      attributes: { attempt: 2 },
    })
    logger.emit({
      eventName: DETAILS,
      context: parent,
      attributes: {
        'gen_ai.operation.name': 'chat',
        'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'mail jane@example.org' }] }],
      },
    })
    await provider.forceFlush()
    expect(collector.stats()).toMatchObject({ received: 2, accepted: 2, rejected: 0, refused: 0 })
    const { store } = collector
    await collector.close()
    await provider.shutdown()

    const { lines } = await readTape(store)
    const [plain, event] = lines.map((line) => logRecordSchema.parse(JSON.parse(line)))
    expect(plain?.core).toMatchObject({
      runId: spanContext.traceId,
      spanId: spanContext.spanId,
      severityNumber: 17,
      severityText: 'ERROR',
      attributes: { attempt: 2 },
      scope: { name: 'plain', version: '1.2.3' },
    })
    expect(await readArtifact(store, plain!.refs[0]!.digest)).toMatch(/^no answer for <email:[0-9a-f]{12}>$/)
    expect(event?.core).toMatchObject({ eventName: DETAILS, attributes: { 'gen_ai.operation.name': 'chat' } })
    const content = event!.refs.find(({ role }) => role === '/attributes/gen_ai.input.messages')!
    expect(await readArtifact(store, content.digest)).toMatch(/"content","mail <email:[0-9a-f]{12}>"/)
  })
})

it.each(['none', 'gzip'] as const)(
  'a plain OpenTelemetry program that exports spans over gRPC (%s) has them on the tape',
  async (compression) => {
    process.env['OTEL_EXPORTER_OTLP_COMPRESSION'] = compression
    const collector = await bench.collector({ grpcPort: 0 })
    const exporter = new GrpcTraces({ url: `http://127.0.0.1:${collector.grpcPort}` })
    const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] })
    const tracer = provider.getTracer('plain')
    for (let count = 0; count < 200; count++) tracer.startSpan('work', { attributes: { count, text: 'x'.repeat(1_000) } }).end()
    await provider.forceFlush()
    expect(collector.stats()).toMatchObject({ received: 200, accepted: 200 })
    await collector.close()
    await provider.shutdown()
    expect((await readTape(collector.store)).spans).toHaveLength(200)
  },
)
