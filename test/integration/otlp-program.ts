// A plain OpenTelemetry program, of the kind that knows nothing of Reprise.
import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'

const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: new OTLPTraceExporter() })] })
const span = provider.getTracer('plain').startSpan('chat gpt-4o', { kind: SpanKind.CLIENT })
span.setAttributes({
  'gen_ai.operation.name': 'chat',
  'gen_ai.request.model': 'gpt-4o',
  'gen_ai.usage.input_tokens': 12,
  'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'mail me at ana@example.com' }] }]),
})
span.setStatus({ code: SpanStatusCode.OK })
span.end()
await provider.shutdown()
