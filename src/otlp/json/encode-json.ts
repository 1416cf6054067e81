import { Buffer } from 'node:buffer'
import {
  isWireText,
  type WireAttribute,
  type WireEvent,
  type WireLink,
  type WireLog,
  type WireResource,
  type WireResourceLogs,
  type WireResourceSpans,
  type WireScope,
  type WireSpan,
  type WireValue,
} from '../protobuf/wire.ts'
import { textOf } from '../text.ts'

/**
 * The JSON form of an ExportTraceServiceRequest: lowerCamelCase, ids as hex, 64-bit integers as strings, enums as numbers.
 * Fields with their default value are left out.
 * @throws RepriseError `invalid_utf8` when an undecoded text is not UTF-8
 */
export function encodeTracesJson(resourceSpans: readonly WireResourceSpans[]): string {
  return object([
    list(
      'resourceSpans',
      resourceSpans,
      (group) =>
        resourceJson(
          group,
          list('scopeSpans', group.scopeSpans, (part) => scopeJson(part, list('spans', part.spans, spanJson, true)), true),
        ),
      true,
    ),
  ])
}

/** As `encodeTracesJson`, for an ExportLogsServiceRequest. */
export function encodeLogsJson(resourceLogs: readonly WireResourceLogs[]): string {
  return object([
    list(
      'resourceLogs',
      resourceLogs,
      (group) =>
        resourceJson(
          group,
          list('scopeLogs', group.scopeLogs, (part) => scopeJson(part, list('logRecords', part.logRecords, logJson, true)), true),
        ),
      true,
    ),
  ])
}

/** Members that are undefined are left out. */
function object(members: readonly (string | undefined)[]): string {
  return `{${members.filter((member) => member !== undefined).join(',')}}`
}

function list<T>(name: string, elements: readonly T[], json: (element: T) => string, always = false): string | undefined {
  return elements.length > 0 || always ? `"${name}":[${elements.map(json).join(',')}]` : undefined
}

function text(name: string, value: string): string | undefined {
  return value === '' ? undefined : `"${name}":${JSON.stringify(value)}`
}

function number(name: string, value: number): string | undefined {
  return value === 0 ? undefined : `"${name}":${value}`
}

function nanos(name: string, value: bigint): string | undefined {
  return value === 0n ? undefined : `"${name}":"${value}"`
}

function resourceJson({ resource, schemaUrl }: { resource: WireResource; schemaUrl: string }, scopes: string | undefined): string {
  return object([`"resource":${object(attributeMembers(resource))}`, scopes, text('schemaUrl', schemaUrl)])
}

function scopeJson({ scope, schemaUrl }: { scope: WireScope; schemaUrl: string }, records: string | undefined): string {
  const members = [text('name', scope.name), text('version', scope.version), ...attributeMembers(scope)]
  return object([`"scope":${object(members)}`, records, text('schemaUrl', schemaUrl)])
}

function attributeMembers(owner: {
  readonly attributes: readonly WireAttribute[]
  readonly droppedAttributes: number
}): (string | undefined)[] {
  return [list('attributes', owner.attributes, attributeJson), number('droppedAttributesCount', owner.droppedAttributes)]
}

function spanJson(span: WireSpan): string {
  const { code, message } = span.status
  return object([
    text('traceId', span.traceId),
    text('spanId', span.spanId),
    text('traceState', span.traceState),
    text('parentSpanId', span.parentSpanId),
    text('name', span.name),
    number('kind', span.kind),
    nanos('startTimeUnixNano', span.startNanos),
    nanos('endTimeUnixNano', span.endNanos),
    ...attributeMembers(span),
    list('events', span.events, eventJson),
    number('droppedEventsCount', span.droppedEvents),
    list('links', span.links, linkJson),
    number('droppedLinksCount', span.droppedLinks),
    code === 0 && message === '' ? undefined : `"status":${object([text('message', message), number('code', code)])}`,
    number('flags', span.flags),
  ])
}

function logJson(log: WireLog): string {
  return object([
    nanos('timeUnixNano', log.timeNanos),
    nanos('observedTimeUnixNano', log.observedNanos),
    number('severityNumber', log.severityNumber),
    text('severityText', log.severityText),
    log.body === null ? undefined : `"body":${valueJson(log.body)}`,
    ...attributeMembers(log),
    number('flags', log.flags),
    text('traceId', log.traceId),
    text('spanId', log.spanId),
    text('eventName', log.eventName),
  ])
}

function eventJson(event: WireEvent): string {
  return object([nanos('timeUnixNano', event.timeNanos), text('name', event.name), ...attributeMembers(event)])
}

function linkJson(link: WireLink): string {
  return object([
    text('traceId', link.traceId),
    text('spanId', link.spanId),
    text('traceState', link.traceState),
    ...attributeMembers(link),
    number('flags', link.flags),
  ])
}

function attributeJson([key, value]: WireAttribute): string {
  return `{"key":${JSON.stringify(key)},"value":${valueJson(value)}}`
}

function valueJson(value: WireValue): string {
  if (value === null) return '{}'
  if (typeof value === 'string') return `{"stringValue":${JSON.stringify(value)}}`
  if (typeof value === 'boolean') return `{"boolValue":${value}}`
  if (typeof value === 'number') return `{"doubleValue":${doubleJson(value)}}`
  if ('int' in value) return `{"intValue":"${value.int}"}`
  if (isWireText(value)) return `{"stringValue":${JSON.stringify(textOf(value))}}`
  if ('bytes' in value) {
    const { buffer, byteOffset, byteLength } = value.bytes
    return `{"bytesValue":"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"}`
  }
  if ('array' in value) return `{"arrayValue":{"values":[${value.array.map(valueJson).join(',')}]}}`
  return `{"kvlistValue":{"values":[${value.kvlist.map(attributeJson).join(',')}]}}`
}

function doubleJson(value: number): string {
  if (!Number.isFinite(value)) return `"${value}"`
  return Object.is(value, -0) ? '-0' : String(value)
}
