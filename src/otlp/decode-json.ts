import { ZERO_SPAN_ID, ZERO_TRACE_ID } from './decode-span.ts'
import {
  FieldFault,
  field,
  isObject,
  type JsonObject,
  kindOf,
  readBase64,
  readDouble,
  readEnum,
  readId,
  readIntValue,
  readList,
  readString,
  readUint32,
  readUint64,
} from './json-fields.ts'
import { bodyLimit, type DecodeLimits } from './limits.ts'
import type {
  DecodedTraces,
  RejectedSpan,
  WireAttribute,
  WireEvent,
  WireLink,
  WireResource,
  WireResourceSpans,
  WireScope,
  WireScopeSpans,
  WireSpan,
  WireValue,
} from './wire.ts'

const KIND_NAMES = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`)
const STATUS_NAMES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`)
const NO_RESOURCE: WireResource = { attributes: [], droppedAttributes: 0 }
const NO_SCOPE: WireScope = { name: '', version: '', attributes: [], droppedAttributes: 0 }

/**
 * Reads a parsed ExportTraceServiceRequest. The frame (the arrays of groups and spans) must have its form; what is wrong
 * in one span, resource or scope rejects the spans concerned.
 * @throws FieldFault when the frame has another form
 */
export function readJsonTraces(root: unknown, limits: DecodeLimits): DecodedTraces {
  if (!isObject(root)) throw new FieldFault(`body: an object expected, got ${kindOf(root)}`)
  return new JsonTraceReader(limits).read(root)
}

class JsonTraceReader {
  readonly #limits: DecodeLimits
  readonly #rejected: RejectedSpan[] = []
  #values: number
  #groups = 0
  #index = 0
  #accepted = 0

  constructor(limits: DecodeLimits) {
    this.#limits = limits
    this.#values = limits.maxValues
  }

  read(root: JsonObject): DecodedTraces {
    const groups = field(root, 'resourceSpans', 'resource_spans')
    const resourceSpans = readList(groups, 'resourceSpans', Infinity, (group) => this.#resourceSpans(group))
    return { resourceSpans, accepted: this.#accepted, rejected: this.#rejected }
  }

  #resourceSpans(value: unknown): WireResourceSpans {
    this.#countGroup()
    if (!isObject(value)) throw new FieldFault(`an object expected, got ${kindOf(value)}`)
    const [part, fault] = this.#attempt('resource', () => ({
      resource: this.#resource(field(value, 'resource')),
      schemaUrl: this.#name(field(value, 'schemaUrl', 'schema_url'), 'schemaUrl'),
    }))
    const groups = field(value, 'scopeSpans', 'scope_spans')
    const scopeSpans = readList(groups, 'scopeSpans', Infinity, (group) => this.#scopeSpans(group, fault))
    return { resource: part?.resource ?? NO_RESOURCE, schemaUrl: part?.schemaUrl ?? '', scopeSpans }
  }

  #scopeSpans(value: unknown, resourceFault: string | undefined): WireScopeSpans {
    this.#countGroup()
    if (!isObject(value)) throw new FieldFault(`an object expected, got ${kindOf(value)}`)
    const [part, scopeFault] = this.#attempt('scope', () => ({
      scope: this.#scope(field(value, 'scope')),
      schemaUrl: this.#name(field(value, 'schemaUrl', 'schema_url'), 'schemaUrl'),
    }))
    const elements = field(value, 'spans')
    if (Array.isArray(elements) && this.#index + elements.length > this.#limits.maxSpans) throw bodyLimit('spans', this.#limits.maxSpans)
    const spans: WireSpan[] = []
    readList(elements, 'spans', Infinity, (element) => this.#addSpan(element, resourceFault ?? scopeFault, spans))
    return { scope: part?.scope ?? NO_SCOPE, schemaUrl: part?.schemaUrl ?? '', spans }
  }

  #addSpan(value: unknown, fault: string | undefined, into: WireSpan[]): void {
    const index = this.#index++
    let reason = fault
    if (reason === undefined) {
      try {
        into.push(this.#span(value))
        this.#accepted++
        return
      } catch (error) {
        if (!(error instanceof FieldFault)) throw error
        reason = error.message
      }
    }
    if (this.#rejected.length >= this.#limits.maxRejected) throw bodyLimit('bad spans', this.#limits.maxRejected)
    this.#rejected.push({ index, ...identify(value, this.#limits), reason })
  }

  #span(value: unknown): WireSpan {
    if (!isObject(value)) throw new FieldFault(`span: an object expected, got ${kindOf(value)}`)
    const limits = this.#limits
    const traceId = readId(field(value, 'traceId', 'trace_id'), 'traceId', 16)
    if (traceId === '' || traceId === ZERO_TRACE_ID) throw new FieldFault('traceId: 32 hex digits, not all zero, expected')
    const spanId = readId(field(value, 'spanId', 'span_id'), 'spanId', 8)
    if (spanId === '' || spanId === ZERO_SPAN_ID) throw new FieldFault('spanId: 16 hex digits, not all zero, expected')
    const parentSpanId = readId(field(value, 'parentSpanId', 'parent_span_id'), 'parentSpanId', 8)
    return {
      traceId,
      spanId,
      parentSpanId: parentSpanId === ZERO_SPAN_ID ? '' : parentSpanId,
      traceState: this.#name(field(value, 'traceState', 'trace_state'), 'traceState'),
      flags: readUint32(field(value, 'flags'), 'flags'),
      name: this.#name(field(value, 'name'), 'name'),
      kind: readEnum(field(value, 'kind'), 'kind', KIND_NAMES),
      startNanos: readUint64(field(value, 'startTimeUnixNano', 'start_time_unix_nano'), 'startTimeUnixNano'),
      endNanos: readUint64(field(value, 'endTimeUnixNano', 'end_time_unix_nano'), 'endTimeUnixNano'),
      attributes: this.#attributes(value),
      droppedAttributes: this.#droppedAttributes(value),
      events: readList(field(value, 'events'), 'events', limits.maxEvents, (event) => this.#event(event)),
      droppedEvents: readUint32(field(value, 'droppedEventsCount', 'dropped_events_count'), 'droppedEventsCount'),
      links: readList(field(value, 'links'), 'links', limits.maxLinks, (link) => this.#link(link)),
      droppedLinks: readUint32(field(value, 'droppedLinksCount', 'dropped_links_count'), 'droppedLinksCount'),
      status: this.#status(field(value, 'status')),
    }
  }

  #event(value: unknown): WireEvent {
    const event = objectOf(value, 'event')
    return {
      name: this.#name(field(event, 'name'), 'name'),
      timeNanos: readUint64(field(event, 'timeUnixNano', 'time_unix_nano'), 'timeUnixNano'),
      attributes: this.#attributes(event),
      droppedAttributes: this.#droppedAttributes(event),
    }
  }

  #link(value: unknown): WireLink {
    const link = objectOf(value, 'link')
    return {
      traceId: readId(field(link, 'traceId', 'trace_id'), 'traceId', 16) || ZERO_TRACE_ID,
      spanId: readId(field(link, 'spanId', 'span_id'), 'spanId', 8) || ZERO_SPAN_ID,
      traceState: this.#name(field(link, 'traceState', 'trace_state'), 'traceState'),
      attributes: this.#attributes(link),
      droppedAttributes: this.#droppedAttributes(link),
      flags: readUint32(field(link, 'flags'), 'flags'),
    }
  }

  #status(value: unknown): { code: number; message: string } {
    if (value === undefined) return { code: 0, message: '' }
    const status = objectOf(value, 'status')
    return {
      code: readEnum(field(status, 'code'), 'status.code', STATUS_NAMES),
      message: readString(field(status, 'message'), 'status.message', this.#limits.maxValueBytes),
    }
  }

  #resource(value: unknown): WireResource {
    if (value === undefined) return NO_RESOURCE
    const resource = objectOf(value, 'resource')
    return { attributes: this.#attributes(resource), droppedAttributes: this.#droppedAttributes(resource) }
  }

  #scope(value: unknown): WireScope {
    if (value === undefined) return NO_SCOPE
    const scope = objectOf(value, 'scope')
    return {
      name: this.#name(field(scope, 'name'), 'name'),
      version: this.#name(field(scope, 'version'), 'version'),
      attributes: this.#attributes(scope),
      droppedAttributes: this.#droppedAttributes(scope),
    }
  }

  #attributes(owner: JsonObject): WireAttribute[] {
    return readList(field(owner, 'attributes'), 'attributes', this.#limits.maxAttributes, (pair) => this.#keyValue(pair, 0))
  }

  #droppedAttributes(owner: JsonObject): number {
    return readUint32(field(owner, 'droppedAttributesCount', 'dropped_attributes_count'), 'droppedAttributesCount')
  }

  #keyValue(value: unknown, depth: number): WireAttribute {
    const pair = objectOf(value, 'attribute')
    this.#spend()
    return [this.#name(field(pair, 'key'), 'key'), this.#anyValue(field(pair, 'value'), depth)]
  }

  #anyValue(value: unknown, depth: number): WireValue {
    if (value === undefined || value === null) return null
    const any = objectOf(value, 'value')
    const limits = this.#limits
    const text = field(any, 'stringValue', 'string_value')
    if (text !== undefined) return readString(text, 'stringValue', limits.maxValueBytes)
    const int = field(any, 'intValue', 'int_value')
    if (int !== undefined) return readIntValue(int, 'intValue')
    const bool = field(any, 'boolValue', 'bool_value')
    if (typeof bool === 'boolean') return bool
    if (bool !== undefined) throw new FieldFault(`boolValue: true or false expected, got ${kindOf(bool)}`)
    const double = field(any, 'doubleValue', 'double_value')
    if (double !== undefined) return readDouble(double, 'doubleValue')
    const array = field(any, 'arrayValue', 'array_value')
    if (array !== undefined) return { array: this.#valuesOf(array, 'arrayValue', depth, (element) => this.#element(element, depth + 1)) }
    const kvlist = field(any, 'kvlistValue', 'kvlist_value')
    if (kvlist !== undefined) return { kvlist: this.#valuesOf(kvlist, 'kvlistValue', depth, (pair) => this.#keyValue(pair, depth + 1)) }
    const bytes = field(any, 'bytesValue', 'bytes_value')
    return bytes === undefined ? null : { bytes: readBase64(bytes, 'bytesValue', limits.maxValueBytes) }
  }

  #element(value: unknown, depth: number): WireValue {
    this.#spend()
    return this.#anyValue(value, depth)
  }

  #valuesOf<T>(value: unknown, name: string, depth: number, read: (element: unknown) => T): T[] {
    if (depth >= this.#limits.maxDepth) throw new FieldFault(`${name}: a value nested deeper than ${this.#limits.maxDepth}`)
    const max = name === 'kvlistValue' ? this.#limits.maxAttributes : this.#limits.maxValues
    return readList(field(objectOf(value, name), 'values'), `${name}.values`, max, read)
  }

  #name(value: unknown, name: string): string {
    return readString(value, name, this.#limits.maxNameBytes)
  }

  #countGroup(): void {
    if (++this.#groups > this.#limits.maxSpans) throw bodyLimit('groups', this.#limits.maxSpans)
  }

  #spend(): void {
    if (--this.#values < 0) throw new FieldFault(`attributes: the body holds more than ${this.#limits.maxValues} attribute values`)
  }

  #attempt<T>(part: string, read: () => T): [T, undefined] | [undefined, string] {
    try {
      return [read(), undefined]
    } catch (error) {
      if (!(error instanceof FieldFault)) throw error
      return [undefined, `${part}.${error.message}`]
    }
  }
}

function objectOf(value: unknown, name: string): JsonObject {
  if (!isObject(value)) throw new FieldFault(`${name}: an object expected, got ${kindOf(value)}`)
  return value
}

function identify(value: unknown, limits: DecodeLimits): { spanName?: string; spanId?: string } {
  if (!isObject(value)) return {}
  const spanName = attempt(() => readString(field(value, 'name'), 'name', limits.inlineBytes))
  const spanId = attempt(() => readId(field(value, 'spanId', 'span_id'), 'spanId', 8))
  return { ...(spanName ? { spanName } : {}), ...(spanId ? { spanId } : {}) }
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof FieldFault) return undefined
    throw error
  }
}
