import { SpanReader } from './decode-span.ts'
import { type Budget, readKeyValue } from './decode-values.ts'
import { bodyLimit, type DecodeLimits } from './limits.ts'
import { ProtoReader, WireFault } from './proto-reader.ts'
import type { DecodedTraces, RejectedSpan, WireAttribute, WireResourceSpans, WireScope, WireScopeSpans, WireSpan } from './wire.ts'

/** A range of the body: offsets of its first byte and of the one after its last. */
type Range = readonly [start: number, end: number]

/**
 * Decodes an ExportTraceServiceRequest. The frame (request, ResourceSpans, ScopeSpans) must be whole; what is wrong
 * inside one span rejects that span; what is wrong in a resource or scope rejects the spans that stand under it.
 * @throws WireFault when the frame is broken, RepriseError `limit_exceeded` when it holds more than a body may
 */
export function decodeProtobufTraces(body: Uint8Array, limits: DecodeLimits): DecodedTraces {
  return new TraceDecoder(body, limits).decode()
}

class TraceDecoder {
  readonly #reader: ProtoReader
  readonly #limits: DecodeLimits
  readonly #budget: Budget
  readonly #spans: SpanReader
  readonly #rejected: RejectedSpan[] = []
  readonly #end: number
  #groups = 0
  #index = 0
  #accepted = 0

  constructor(body: Uint8Array, limits: DecodeLimits) {
    this.#reader = new ProtoReader(body)
    this.#limits = limits
    this.#budget = { values: limits.maxValues }
    this.#spans = new SpanReader(this.#reader, limits, this.#budget)
    this.#end = body.length
  }

  decode(): DecodedTraces {
    const reader = this.#reader
    const resourceSpans: WireResourceSpans[] = []
    while (reader.pos < this.#end) {
      const tag = reader.tag(this.#end)
      if (tag === 0x0a) {
        const group = this.#group(this.#end, 'resourceSpans')
        resourceSpans.push(this.#resourceSpans(group))
        // Reading the group leaves the reader at whatever was read last, which need not be its end.
        reader.pos = group[1]
      } else reader.skip(tag, this.#end)
    }
    return { resourceSpans, accepted: this.#accepted, rejected: this.#rejected }
  }

  /** Reads a length and passes over the field, counting it against the bound on groups. */
  #group(end: number, name: string): Range {
    const reader = this.#reader
    const stop = reader.lengthEnd(end)
    if (++this.#groups > this.#limits.maxSpans) throw bodyLimit(name, this.#limits.maxSpans)
    const range: Range = [reader.pos, stop]
    reader.pos = stop
    return range
  }

  // Fields may come in any order, so the frame is walked first (lengths only), then what stands in it is read.
  #resourceSpans([start, end]: Range): WireResourceSpans {
    const reader = this.#reader
    const resources: Range[] = []
    const scopes: Range[] = []
    let schema: Range | undefined
    reader.pos = start
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) resources.push(this.#group(end, 'resource'))
      else if (tag === 0x12) scopes.push(this.#group(end, 'scopeSpans'))
      else if (tag === 0x1a) schema = this.#range(end)
      else reader.skip(tag, end)
    }
    const attributes: WireAttribute[] = []
    let droppedAttributes = 0
    let schemaUrl = ''
    const fault = this.#attempt('resource', () => {
      for (const range of resources) droppedAttributes = this.#resource(range, attributes) ?? droppedAttributes
      schemaUrl = this.#name(schema)
    })
    const scopeSpans = scopes.map((range) => this.#scopeSpans(range, fault))
    // A resource that could not be read has no spans left: what was read of it so far is not shown as if it were whole.
    return { resource: { attributes: fault === undefined ? attributes : [], droppedAttributes }, schemaUrl, scopeSpans }
  }

  #scopeSpans([start, end]: Range, resourceFault: string | undefined): WireScopeSpans {
    const reader = this.#reader
    const scopes: Range[] = []
    const bounds: number[] = []
    let schema: Range | undefined
    reader.pos = start
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === 0x12) {
        const stop = reader.lengthEnd(end)
        bounds.push(reader.pos, stop)
        reader.pos = stop
      } else if (tag === 0x0a) scopes.push(this.#group(end, 'scope'))
      else if (tag === 0x1a) schema = this.#range(end)
      else reader.skip(tag, end)
    }
    if (this.#index + bounds.length / 2 > this.#limits.maxSpans) throw bodyLimit('spans', this.#limits.maxSpans)
    const scope: { -readonly [Key in keyof WireScope]: WireScope[Key] } & { attributes: WireAttribute[] } = {
      name: '',
      version: '',
      attributes: [],
      droppedAttributes: 0,
    }
    let schemaUrl = ''
    const scopeFault = this.#attempt('scope', () => {
      for (const range of scopes) this.#scope(range, scope)
      schemaUrl = this.#name(schema)
    })
    if (scopeFault !== undefined) scope.attributes = []
    const fault = resourceFault ?? scopeFault
    const spans: WireSpan[] = []
    for (let at = 0; at < bounds.length; at += 2) this.#span(bounds[at] ?? 0, bounds[at + 1] ?? 0, fault, spans)
    return { scope, schemaUrl, spans }
  }

  #span(start: number, end: number, fault: string | undefined, into: WireSpan[]): void {
    const index = this.#index++
    let reason = fault
    if (reason === undefined) {
      try {
        into.push(this.#spans.read(start, end))
        this.#accepted++
        return
      } catch (error) {
        if (!(error instanceof WireFault)) throw error
        reason = `${error.message} (byte ${error.offset})`
      }
    }
    if (this.#rejected.length >= this.#limits.maxRejected) throw bodyLimit('bad spans', this.#limits.maxRejected)
    this.#rejected.push({ index, ...this.#spans.identify(start, end), reason })
  }

  #resource([start, end]: Range, attributes: WireAttribute[]): number | undefined {
    const reader = this.#reader
    let dropped: number | undefined
    reader.pos = start
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) readKeyValue(reader, end, attributes, 0, this.#limits, this.#budget)
      else if (tag === 0x10) dropped = reader.uint32(end)
      else reader.skip(tag, end)
    }
    return dropped
  }

  #scope([start, end]: Range, scope: { name: string; version: string; attributes: WireAttribute[]; droppedAttributes: number }): void {
    const reader = this.#reader
    reader.pos = start
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) scope.name = reader.name(end, this.#limits.maxNameBytes)
      else if (tag === 0x12) scope.version = reader.name(end, this.#limits.maxNameBytes)
      else if (tag === 0x1a) readKeyValue(reader, end, scope.attributes, 0, this.#limits, this.#budget)
      else if (tag === 0x20) scope.droppedAttributes = reader.uint32(end)
      else reader.skip(tag, end)
    }
  }

  #range(end: number): Range {
    const stop = this.#reader.lengthEnd(end)
    const range: Range = [this.#reader.pos, stop]
    this.#reader.pos = stop
    return range
  }

  #name(range: Range | undefined): string {
    if (range === undefined) return ''
    const size = range[1] - range[0]
    if (size > this.#limits.maxNameBytes)
      throw new WireFault(`a schema URL of ${size} bytes is over the bound of ${this.#limits.maxNameBytes}`, range[0])
    return this.#reader.text(range[0], range[1])
  }

  /** Runs `read`; gives the reason why the spans under that part have to be rejected, if there is one. */
  #attempt(part: string, read: () => void): string | undefined {
    try {
      read()
      return undefined
    } catch (error) {
      if (!(error instanceof WireFault)) throw error
      return `${part}: ${error.message} (byte ${error.offset})`
    }
  }
}
