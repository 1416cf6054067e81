import {
  isWireBytes,
  isWireText,
  LogWriter,
  TraceWriter,
  textOf,
  type WireAttribute,
  type WireLog,
  type WireResourceLogs,
  type WireResourceSpans,
  type WireSpan,
  type WireValue,
} from '../../src/otlp/index.ts'

/** The same data with every undecoded text decoded and every range copied, so that two decodings can be compared. */
export function settled(resourceSpans: readonly WireResourceSpans[]): WireResourceSpans[] {
  return resourceSpans.map(({ resource, schemaUrl, scopeSpans }) => ({
    resource: { ...resource, attributes: settledAttributes(resource.attributes) },
    schemaUrl,
    scopeSpans: scopeSpans.map(({ scope, schemaUrl: url, spans }) => ({
      scope: { ...scope, attributes: settledAttributes(scope.attributes) },
      schemaUrl: url,
      spans: spans.map(settledSpan),
    })),
  }))
}

export function settledSpan(span: WireSpan): WireSpan {
  return {
    ...span,
    attributes: settledAttributes(span.attributes),
    events: span.events.map((event) => ({ ...event, attributes: settledAttributes(event.attributes) })),
    links: span.links.map((link) => ({ ...link, attributes: settledAttributes(link.attributes) })),
  }
}

function settledAttributes(attributes: readonly WireAttribute[]): WireAttribute[] {
  return attributes.map(([key, value]) => [key, settledValue(value)] as const)
}

export function settledValue(value: WireValue): WireValue {
  if (value === null || typeof value !== 'object') return value
  if (isWireText(value)) return textOf(value)
  if (isWireBytes(value)) return { bytes: Uint8Array.from(value.bytes) }
  if ('array' in value) return { array: value.array.map(settledValue) }
  if ('kvlist' in value) return { kvlist: settledAttributes(value.kvlist) }
  return value
}

export function writeTraces(resourceSpans: readonly WireResourceSpans[]): Uint8Array {
  const writer = new TraceWriter()
  for (const { resource, schemaUrl, scopeSpans } of resourceSpans) {
    writer.startResource(resource, schemaUrl)
    for (const { scope, schemaUrl: url, spans } of scopeSpans) {
      writer.startScope(scope, url)
      for (const span of spans) writer.addSpan(span)
    }
  }
  return writer.finish()
}

export function writeLogs(resourceLogs: readonly WireResourceLogs[]): Uint8Array {
  const writer = new LogWriter()
  for (const { resource, schemaUrl, scopeLogs } of resourceLogs) {
    writer.startResource(resource, schemaUrl)
    for (const { scope, schemaUrl: url, logRecords } of scopeLogs) {
      writer.startScope(scope, url)
      for (const log of logRecords) writer.addLog(log)
    }
  }
  return writer.finish()
}

/** A span with nothing in it but what it must have. */
export function bareSpan(fields: Partial<WireSpan> = {}): WireSpan {
  return {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    parentSpanId: '',
    traceState: '',
    flags: 0,
    name: 'work',
    kind: 1,
    startNanos: 1_763_720_000_000_000_000n,
    endNanos: 1_763_720_001_000_000_000n,
    attributes: [],
    droppedAttributes: 0,
    events: [],
    droppedEvents: 0,
    links: [],
    droppedLinks: 0,
    status: { code: 0, message: '' },
    ...fields,
  }
}

export function groupOf(spans: readonly WireSpan[]): WireResourceSpans[] {
  const none = { attributes: [], droppedAttributes: 0 }
  return [{ resource: none, schemaUrl: '', scopeSpans: [{ scope: { name: 'test', version: '', ...none }, schemaUrl: '', spans }] }]
}

/** A log record with nothing in it but a time and a body. */
export function bareLog(fields: Partial<WireLog> = {}): WireLog {
  return {
    timeNanos: 1_763_720_000_000_000_000n,
    observedNanos: 0n,
    severityNumber: 0,
    severityText: '',
    body: 'it happened',
    attributes: [],
    droppedAttributes: 0,
    flags: 0,
    traceId: '',
    spanId: '',
    invalidIds: [],
    eventName: '',
    ...fields,
  }
}

export function logGroupOf(logRecords: readonly WireLog[]): WireResourceLogs[] {
  const none = { attributes: [], droppedAttributes: 0 }
  return [{ resource: none, schemaUrl: '', scopeLogs: [{ scope: { name: 'test', version: '', ...none }, schemaUrl: '', logRecords }] }]
}

export function settledLogs(resourceLogs: readonly WireResourceLogs[]): WireResourceLogs[] {
  return resourceLogs.map(({ resource, schemaUrl, scopeLogs }) => ({
    resource: { ...resource, attributes: settledAttributes(resource.attributes) },
    schemaUrl,
    scopeLogs: scopeLogs.map(({ scope, schemaUrl: url, logRecords }) => ({
      scope: { ...scope, attributes: settledAttributes(scope.attributes) },
      schemaUrl: url,
      logRecords: logRecords.map((log) => ({ ...log, body: settledValue(log.body), attributes: settledAttributes(log.attributes) })),
    })),
  }))
}
