import type { DecodeLimits } from '../limits.ts'
import { ZERO_SPAN_ID, ZERO_TRACE_ID } from '../protobuf/decode-ids.ts'
import type { WireEvent, WireLink, WireSpan } from '../protobuf/wire.ts'
import type { NamedSpan } from '../signals.ts'
import {
  FieldFault,
  field,
  isObject,
  kindOf,
  objectOf,
  readEnum,
  readId,
  readList,
  readString,
  readUint32,
  readUint64,
} from './json-fields.ts'
import { attempt } from './json-frame.ts'
import type { JsonValueReader } from './json-values.ts'

const KIND_NAMES = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'].map((name) => `SPAN_KIND_${name}`)
const STATUS_NAMES = ['UNSET', 'OK', 'ERROR'].map((name) => `STATUS_CODE_${name}`)

/** Reads the spans of one JSON body. */
export class JsonSpanReader {
  readonly #values: JsonValueReader
  readonly #limits: DecodeLimits

  constructor(values: JsonValueReader, limits: DecodeLimits) {
    this.#values = values
    this.#limits = limits
  }

  read(value: unknown): WireSpan {
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
      traceState: this.#values.name(field(value, 'traceState', 'trace_state'), 'traceState'),
      flags: readUint32(field(value, 'flags'), 'flags'),
      name: this.#values.name(field(value, 'name'), 'name'),
      kind: readEnum(field(value, 'kind'), 'kind', KIND_NAMES),
      startNanos: readUint64(field(value, 'startTimeUnixNano', 'start_time_unix_nano'), 'startTimeUnixNano'),
      endNanos: readUint64(field(value, 'endTimeUnixNano', 'end_time_unix_nano'), 'endTimeUnixNano'),
      attributes: this.#values.attributes(value),
      droppedAttributes: this.#values.droppedAttributes(value),
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
      name: this.#values.name(field(event, 'name'), 'name'),
      timeNanos: readUint64(field(event, 'timeUnixNano', 'time_unix_nano'), 'timeUnixNano'),
      attributes: this.#values.attributes(event),
      droppedAttributes: this.#values.droppedAttributes(event),
    }
  }

  #link(value: unknown): WireLink {
    const link = objectOf(value, 'link')
    return {
      traceId: readId(field(link, 'traceId', 'trace_id'), 'traceId', 16) || ZERO_TRACE_ID,
      spanId: readId(field(link, 'spanId', 'span_id'), 'spanId', 8) || ZERO_SPAN_ID,
      traceState: this.#values.name(field(link, 'traceState', 'trace_state'), 'traceState'),
      attributes: this.#values.attributes(link),
      droppedAttributes: this.#values.droppedAttributes(link),
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

  identify(value: unknown): NamedSpan {
    if (!isObject(value)) return {}
    const spanName = attempt(() => readString(field(value, 'name'), 'name', this.#limits.inlineBytes))
    const spanId = attempt(() => readId(field(value, 'spanId', 'span_id'), 'spanId', 8))
    return { ...(spanName ? { spanName } : {}), ...(spanId ? { spanId } : {}) }
  }
}
