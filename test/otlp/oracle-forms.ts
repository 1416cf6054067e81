import { create, type Message } from '@bufbuild/protobuf'
import {
  isWireBytes,
  isWireText,
  textOf,
  type WireAttribute,
  type WireLog,
  type WireResource,
  type WireResourceLogs,
  type WireResourceSpans,
  type WireScope,
  type WireSpan,
  type WireValue,
} from '../../src/otlp/index.ts'
import { messageSchema } from './descriptors.ts'

/** Our data in the form in which @bufbuild/protobuf makes a message. */
export function tracesMessage(groups: readonly WireResourceSpans[]): Message {
  return create(messageSchema('ExportTraceServiceRequest'), {
    resourceSpans: groups.map(({ resource, schemaUrl, scopeSpans }) => ({
      resource: resourceForm(resource),
      schemaUrl,
      scopeSpans: scopeSpans.map(({ scope, schemaUrl: url, spans }) => ({
        scope: scopeForm(scope),
        schemaUrl: url,
        spans: spans.map(spanForm),
      })),
    })),
  })
}

export function logsMessage(groups: readonly WireResourceLogs[]): Message {
  return create(messageSchema('ExportLogsServiceRequest'), {
    resourceLogs: groups.map(({ resource, schemaUrl, scopeLogs }) => ({
      resource: resourceForm(resource),
      schemaUrl,
      scopeLogs: scopeLogs.map(({ scope, schemaUrl: url, logRecords }) => ({
        scope: scopeForm(scope),
        schemaUrl: url,
        logRecords: logRecords.map(logForm),
      })),
    })),
  })
}

export function resourceForm(resource: WireResource): Record<string, unknown> {
  return { attributes: resource.attributes.map(keyValue), droppedAttributesCount: resource.droppedAttributes }
}

export function scopeForm({ name, version, attributes, droppedAttributes }: WireScope): Record<string, unknown> {
  return { name, version, attributes: attributes.map(keyValue), droppedAttributesCount: droppedAttributes }
}

export function logForm(log: WireLog): Record<string, unknown> {
  return {
    timeUnixNano: log.timeNanos,
    observedTimeUnixNano: log.observedNanos,
    severityNumber: log.severityNumber,
    severityText: log.severityText,
    ...(log.body === null ? {} : { body: { value: anyValue(log.body) } }),
    attributes: log.attributes.map(keyValue),
    droppedAttributesCount: log.droppedAttributes,
    flags: log.flags,
    traceId: id(log.traceId),
    spanId: id(log.spanId),
    eventName: log.eventName,
  }
}

export function spanForm(span: WireSpan): Record<string, unknown> {
  return {
    traceId: id(span.traceId),
    spanId: id(span.spanId),
    traceState: span.traceState,
    parentSpanId: id(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    startTimeUnixNano: span.startNanos,
    endTimeUnixNano: span.endNanos,
    attributes: span.attributes.map(keyValue),
    droppedAttributesCount: span.droppedAttributes,
    events: span.events.map((event) => ({
      timeUnixNano: event.timeNanos,
      name: event.name,
      attributes: event.attributes.map(keyValue),
      droppedAttributesCount: event.droppedAttributes,
    })),
    droppedEventsCount: span.droppedEvents,
    links: span.links.map((link) => ({
      traceId: id(link.traceId),
      spanId: id(link.spanId),
      traceState: link.traceState,
      attributes: link.attributes.map(keyValue),
      droppedAttributesCount: link.droppedAttributes,
      flags: link.flags,
    })),
    droppedLinksCount: span.droppedLinks,
    ...(span.status.code === 0 && span.status.message === '' ? {} : { status: span.status }),
    flags: span.flags,
  }
}

function id(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

function keyValue([key, value]: WireAttribute): Record<string, unknown> {
  return { key, value: { value: anyValue(value) } }
}

function anyValue(value: WireValue): Record<string, unknown> {
  if (value === null) return { case: undefined }
  if (typeof value === 'string') return { case: 'stringValue', value }
  if (typeof value === 'boolean') return { case: 'boolValue', value }
  if (typeof value === 'number') return { case: 'doubleValue', value }
  if (isWireText(value)) return { case: 'stringValue', value: textOf(value) }
  if (isWireBytes(value)) return { case: 'bytesValue', value: value.bytes }
  if ('int' in value) return { case: 'intValue', value: value.int }
  if ('array' in value) return { case: 'arrayValue', value: { values: value.array.map((element) => ({ value: anyValue(element) })) } }
  return { case: 'kvlistValue', value: { values: value.kvlist.map(keyValue) } }
}
