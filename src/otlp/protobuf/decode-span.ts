import type { DecodeLimits } from '../limits.ts'
import { RepeatedId, readId, ZERO_SPAN_ID, ZERO_TRACE_ID } from './decode-ids.ts'
import { type Budget, readKeyValue, readLongText } from './decode-values.ts'
import { type ProtoReader, WireFault } from './proto-reader.ts'
import { type PlacedAttributes, RepeatedAttributes } from './repeated-attributes.ts'
import type { WireAttribute, WireEvent, WireLink, WireSpan } from './wire.ts'

const NO_ATTRIBUTES: readonly WireAttribute[] = Object.freeze([])
const NO_EVENTS: readonly WireEvent[] = Object.freeze([])
const NO_LINKS: readonly WireLink[] = Object.freeze([])
const STATUS_UNSET = Object.freeze({ code: 0, message: '' })

// Shared by all readers, as the same spans come with every request.
const repeated = new RepeatedAttributes()

const SPAN_FIELDS: Readonly<Record<number, string>> = {
  1: 'traceId',
  2: 'spanId',
  3: 'traceState',
  4: 'parentSpanId',
  5: 'name',
  6: 'kind',
  7: 'startTimeUnixNano',
  8: 'endTimeUnixNano',
  9: 'attributes',
  10: 'droppedAttributesCount',
  11: 'events',
  12: 'droppedEventsCount',
  13: 'links',
  14: 'droppedLinksCount',
  15: 'status',
  16: 'flags',
}

/** Reads the spans of one body. */
export class SpanReader {
  readonly #reader: ProtoReader
  readonly #limits: DecodeLimits
  readonly #budget: Budget
  readonly #traceId: RepeatedId
  readonly #parentId: RepeatedId

  constructor(reader: ProtoReader, limits: DecodeLimits, budget: Budget) {
    this.#reader = reader
    this.#limits = limits
    this.#budget = budget
    this.#traceId = new RepeatedId(reader, 16)
    this.#parentId = new RepeatedId(reader, 8)
  }

  /**
   * Reads the span in [start, end).
   * @throws WireFault naming the field that is wrong
   */
  read(start: number, end: number): WireSpan {
    const reader = this.#reader
    const limits = this.#limits
    reader.pos = start
    let tag = 0
    let traceId = ''
    let spanId = ''
    let parentSpanId = ''
    let traceState = ''
    let flags = 0
    let name = ''
    let kind = 0
    let startNanos = 0n
    let endNanos = 0n
    let attributes: WireAttribute[] | undefined
    let places: PlacedAttributes | undefined
    let droppedAttributes = 0
    let events: WireEvent[] | undefined
    let droppedEvents = 0
    let links: WireLink[] | undefined
    let droppedLinks = 0
    let status: { code: number; message: string } | undefined
    try {
      while (reader.pos < end) {
        tag = reader.tag(end)
        switch (tag) {
          case 0x0a:
            traceId = this.#traceId.read(end)
            break
          case 0x12:
            spanId = readId(reader, end, 8)
            break
          case 0x1a:
            traceState = reader.name(end, limits.maxNameBytes)
            break
          case 0x22:
            parentSpanId = this.#parentId.read(end)
            break
          case 0x2a:
            name = reader.name(end, limits.maxNameBytes)
            break
          case 0x30:
            kind = reader.uint32(end) | 0
            break
          case 0x39:
            startNanos = reader.fixed64(end)
            break
          case 0x41:
            endNanos = reader.fixed64(end)
            break
          case 0x4a:
            if (attributes === undefined) {
              attributes = []
              places = repeated.of(name, limits)
            }
            if (places === undefined) readKeyValue(reader, end, attributes, 0, limits, this.#budget)
            else places.read(reader, end, attributes, limits, this.#budget)
            break
          case 0x50:
            droppedAttributes = reader.uint32(end)
            break
          case 0x5a:
            if ((events ??= []).length >= limits.maxEvents) throw new WireFault(`more than ${limits.maxEvents} events`, reader.pos)
            events.push(this.#event(end))
            break
          case 0x60:
            droppedEvents = reader.uint32(end)
            break
          case 0x6a:
            if ((links ??= []).length >= limits.maxLinks) throw new WireFault(`more than ${limits.maxLinks} links`, reader.pos)
            links.push(this.#link(end))
            break
          case 0x70:
            droppedLinks = reader.uint32(end)
            break
          case 0x7a:
            status = this.#status(end, (status ??= { code: 0, message: '' }))
            break
          case 0x85:
            flags = reader.fixed32(end)
            break
          default:
            reader.skip(tag, end)
        }
      }
      tag = 0x0a
      if (traceId === '' || traceId === ZERO_TRACE_ID) throw new WireFault('16 bytes, not all zero, expected', start)
      tag = 0x12
      if (spanId === '' || spanId === ZERO_SPAN_ID) throw new WireFault('8 bytes, not all zero, expected', start)
    } catch (error) {
      if (!(error instanceof WireFault)) throw error
      error.message = `${SPAN_FIELDS[tag >>> 3] ?? 'unknown field'}: ${error.message}`
      throw error
    }
    return {
      traceId,
      spanId,
      parentSpanId: parentSpanId === ZERO_SPAN_ID ? '' : parentSpanId,
      traceState,
      flags,
      name,
      kind,
      startNanos,
      endNanos,
      attributes: attributes ?? NO_ATTRIBUTES,
      droppedAttributes,
      events: events ?? NO_EVENTS,
      droppedEvents,
      links: links ?? NO_LINKS,
      droppedLinks,
      status: status ?? STATUS_UNSET,
    }
  }

  /** What can still be read of a span that is rejected, so that its sender can find it. */
  identify(start: number, end: number): { spanName?: string; spanId?: string } {
    const reader = this.#reader
    const found: { spanName?: string; spanId?: string } = {}
    reader.pos = start
    try {
      while (reader.pos < end) {
        const tag = reader.tag(end)
        const stop = (tag & 7) === 2 ? reader.lengthEnd(end) : -1
        if (tag === 0x12 && stop - reader.pos === 8) found.spanId = reader.hex(reader.pos, stop)
        if (tag === 0x2a && stop - reader.pos <= this.#limits.inlineBytes) found.spanName = reader.text(reader.pos, stop)
        if (stop >= 0) reader.pos = stop
        else reader.skip(tag, end)
      }
    } catch (error) {
      if (!(error instanceof WireFault)) throw error
    }
    return found
  }

  #event(end: number): WireEvent {
    const reader = this.#reader
    const stop = reader.lengthEnd(end)
    let name = ''
    let timeNanos = 0n
    let droppedAttributes = 0
    let attributes: WireAttribute[] | undefined
    while (reader.pos < stop) {
      const tag = reader.tag(stop)
      if (tag === 0x09) timeNanos = reader.fixed64(stop)
      else if (tag === 0x12) name = reader.name(stop, this.#limits.maxNameBytes)
      else if (tag === 0x1a) readKeyValue(reader, stop, (attributes ??= []), 0, this.#limits, this.#budget)
      else if (tag === 0x20) droppedAttributes = reader.uint32(stop)
      else reader.skip(tag, stop)
    }
    return { name, timeNanos, attributes: attributes ?? NO_ATTRIBUTES, droppedAttributes }
  }

  #link(end: number): WireLink {
    const reader = this.#reader
    const stop = reader.lengthEnd(end)
    let traceId = ''
    let spanId = ''
    let traceState = ''
    let droppedAttributes = 0
    let flags = 0
    let attributes: WireAttribute[] | undefined
    while (reader.pos < stop) {
      const tag = reader.tag(stop)
      if (tag === 0x0a) traceId = readId(reader, stop, 16)
      else if (tag === 0x12) spanId = readId(reader, stop, 8)
      else if (tag === 0x1a) traceState = reader.name(stop, this.#limits.maxNameBytes)
      else if (tag === 0x22) readKeyValue(reader, stop, (attributes ??= []), 0, this.#limits, this.#budget)
      else if (tag === 0x28) droppedAttributes = reader.uint32(stop)
      else if (tag === 0x35) flags = reader.fixed32(stop)
      else reader.skip(tag, stop)
    }
    return {
      traceId: traceId || ZERO_TRACE_ID,
      spanId: spanId || ZERO_SPAN_ID,
      traceState,
      attributes: attributes ?? NO_ATTRIBUTES,
      droppedAttributes,
      flags,
    }
  }

  #status(end: number, status: { code: number; message: string }): { code: number; message: string } {
    const reader = this.#reader
    const stop = reader.lengthEnd(end)
    while (reader.pos < stop) {
      const tag = reader.tag(stop)
      if (tag === 0x12) status.message = readLongText(reader, stop, this.#limits)
      else if (tag === 0x18) status.code = reader.uint32(stop) | 0
      else reader.skip(tag, stop)
    }
    return status
  }
}
