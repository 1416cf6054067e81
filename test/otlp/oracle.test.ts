import { create, fromBinary, type Message, toBinary, toJsonString } from '@bufbuild/protobuf'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  decodeTraces,
  encodeTracesJson,
  isWireBytes,
  isWireText,
  textOf,
  type WireAttribute,
  type WireResourceSpans,
  type WireSpan,
  type WireValue,
} from '../../src/otlp/index.ts'
import { resourceSpans } from './arbitraries.ts'
import { messageSchema } from './descriptors.ts'
import { settled, writeTraces } from './helpers.ts'

const request = messageSchema('ExportTraceServiceRequest')
const RUNS = { numRuns: 200 }

/** Our data in the form in which @bufbuild/protobuf makes a message. */
function oracleForm(groups: readonly WireResourceSpans[]): Message {
  return create(request, {
    resourceSpans: groups.map(({ resource, schemaUrl, scopeSpans }) => ({
      resource: { attributes: resource.attributes.map(keyValue), droppedAttributesCount: resource.droppedAttributes },
      schemaUrl,
      scopeSpans: scopeSpans.map(({ scope, schemaUrl: url, spans }) => ({
        scope: {
          name: scope.name,
          version: scope.version,
          attributes: scope.attributes.map(keyValue),
          droppedAttributesCount: scope.droppedAttributes,
        },
        schemaUrl: url,
        spans: spans.map(spanForm),
      })),
    })),
  })
}

function spanForm(span: WireSpan): object {
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

function keyValue([key, value]: WireAttribute): object {
  return { key, value: { value: anyValue(value) } }
}

function anyValue(value: WireValue): object {
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

it('reads what the oracle wrote', () => {
  fc.assert(
    fc.property(resourceSpans, (groups) => {
      const decoded = decodeTraces(toBinary(request, oracleForm(groups)), 'protobuf')
      expect(decoded.rejected).toEqual([])
      expect(settled(decoded.resourceSpans)).toStrictEqual(groups)
    }),
    RUNS,
  )
})

it('writes what the oracle reads', () => {
  fc.assert(
    fc.property(resourceSpans, (groups) => {
      const read = fromBinary(request, writeTraces(groups))
      expect(toJsonString(request, read)).toBe(toJsonString(request, oracleForm(groups)))
      // Nothing in it that the oracle did not understand: written by the oracle it is what the oracle would have written at first.
      expect(Buffer.from(toBinary(request, read)).toString('hex')).toBe(Buffer.from(toBinary(request, oracleForm(groups))).toString('hex'))
    }),
    RUNS,
  )
})

// The standard JSON form of protobuf has ids as base64 and enums by name: a dump that OTLP/JSON does not allow and we accept.
it('reads the standard protobuf JSON of the oracle, with camelCase and with proto field names', () => {
  fc.assert(
    fc.property(resourceSpans, fc.boolean(), (groups, useProtoFieldName) => {
      const json = toJsonString(request, oracleForm(groups), { useProtoFieldName })
      const decoded = decodeTraces(Buffer.from(json), 'json')
      expect(decoded.rejected).toEqual([])
      // JSON.stringify, which the oracle uses, writes -0 as 0.
      expect(encodeTracesJson(decoded.resourceSpans)).toBe(encodeTracesJson(groups).replaceAll('"doubleValue":-0}', '"doubleValue":0}'))
    }),
    RUNS,
  )
})
