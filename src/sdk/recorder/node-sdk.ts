import type { OptionValues } from '../../schemas/index.ts'
import { otelGlobals } from '../run/otel-globals.ts'

export interface NodeSdkHandle {
  flush(): Promise<void>
  stop(): Promise<void>
}

/**
 * Gives a program without an OpenTelemetry SDK the whole standard one, sending to the same endpoint. Loaded only here: it
 * takes half a second to import.
 */
export async function startNodeSdk(options: OptionValues): Promise<NodeSdkHandle> {
  const [{ NodeSDK }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
  ])
  // Its retries must not outlast the program's end by more than what is allowed there.
  const timeoutMillis = Math.min(options.flushTimeoutMillis, Math.max(options.exitTimeoutMillis, 1000))
  const sdk = new NodeSDK({
    ...(options.serviceName !== undefined && { serviceName: options.serviceName }),
    traceExporter: new OTLPTraceExporter({ url: `${options.endpoint}/v1/traces`, headers: { ...options.otlpHeaders }, timeoutMillis }),
  })
  sdk.start()
  let stopped: Promise<void> | undefined
  return {
    flush: forceFlush,
    stop: () => (stopped ??= sdk.shutdown().catch(() => {})),
  }
}

/** The provider that is registered now, if it has something to flush. */
async function forceFlush(): Promise<void> {
  const provider = otelGlobals()?.trace
  const registered: unknown =
    provider !== undefined && 'getDelegate' in provider && typeof provider.getDelegate === 'function' ? provider.getDelegate() : provider
  if (typeof registered !== 'object' || registered === null) return
  const flush: unknown = Reflect.get(registered, 'forceFlush')
  if (typeof flush === 'function') await Promise.resolve(Reflect.apply(flush, registered, [])).catch(() => {})
}
