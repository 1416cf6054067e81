import { bodyLimit, type DecodeLimits } from '../limits.ts'
import { type Budget, readKeyValue } from './decode-values.ts'
import { ProtoReader, WireFault } from './proto-reader.ts'
import type { WireAttribute, WireResource, WireScope } from './wire.ts'

/** A range of the body: offsets of its first byte and of the one after its last. */
type Range = readonly [start: number, end: number]

/** What the groups of a signal are called where a bound is told. */
export interface FrameNames {
  readonly resources: string
  readonly scopes: string
  readonly records: string
}

/** Reads the records of one signal: spans or log records. */
export interface RecordReader<Kept, Named> {
  /** Reads the record in [start, end). @throws WireFault naming the field that is wrong */
  read(start: number, end: number): Kept
  /** What can still be read of a record that is rejected, so that its sender can find it. */
  identify(start: number, end: number): Named
}

export type OpenReader<Kept, Named> = (reader: ProtoReader, limits: DecodeLimits, budget: Budget) => RecordReader<Kept, Named>

export interface ScopeGroup<Records> {
  readonly scope: WireScope
  readonly schemaUrl: string
  readonly records: Records
}

export interface ResourceGroup<Records> {
  readonly resource: WireResource
  readonly schemaUrl: string
  readonly scopes: readonly ScopeGroup<Records>[]
}

export type Rejected<Named> = Named & { readonly index: number; readonly reason: string }

/** What both readers, of protobuf and of JSON, give for any signal. */
export interface Frame<Kept, Named> {
  readonly groups: readonly ResourceGroup<readonly Kept[]>[]
  readonly accepted: number
  readonly rejected: readonly Rejected<Named>[]
}

/**
 * A frame whose records are read while somebody goes through them: once, in order. So only one of them need be in memory.
 * `rejected` is complete when the last one has been read.
 */
export interface StreamedFrame<Kept, Named> {
  readonly groups: readonly ResourceGroup<Iterable<Kept>>[]
  readonly rejected: readonly Rejected<Named>[]
}

/**
 * Reads an Export…ServiceRequest of protobuf, which has the same frame for every signal: request, resource groups (1), scope
 * groups (2), records (2). The frame must be whole; what is wrong inside one record rejects that record; what is wrong in a
 * resource or scope rejects the records that stand under it.
 * @throws WireFault when the frame is broken, RepriseError `limit_exceeded` when it holds more than a body may
 */
export function readFrame<Kept, Named>(
  body: Uint8Array,
  limits: DecodeLimits,
  names: FrameNames,
  open: OpenReader<Kept, Named>,
): Frame<Kept, Named> {
  const { groups, rejected } = streamFrame(body, limits, names, open)
  let accepted = 0
  const read = groups.map(({ resource, schemaUrl, scopes }) => ({
    resource,
    schemaUrl,
    scopes: scopes.map((group) => {
      const records = [...group.records]
      accepted += records.length
      return { scope: group.scope, schemaUrl: group.schemaUrl, records }
    }),
  }))
  return { groups: read, accepted, rejected }
}

/** As `readFrame`; going through the records throws `limit_exceeded` where too many of them are bad. */
export function streamFrame<Kept, Named>(
  body: Uint8Array,
  limits: DecodeLimits,
  names: FrameNames,
  open: OpenReader<Kept, Named>,
): StreamedFrame<Kept, Named> {
  return new FrameReader(body, limits, names, open).read()
}

class FrameReader<Kept, Named> {
  readonly #reader: ProtoReader
  readonly #limits: DecodeLimits
  readonly #names: FrameNames
  readonly #budget: Budget
  readonly #records: RecordReader<Kept, Named>
  readonly #rejected: Rejected<Named>[] = []
  readonly #end: number
  #groups = 0
  #index = 0

  constructor(body: Uint8Array, limits: DecodeLimits, names: FrameNames, open: OpenReader<Kept, Named>) {
    this.#reader = new ProtoReader(body)
    this.#limits = limits
    this.#names = names
    this.#budget = { values: limits.maxValues }
    this.#records = open(this.#reader, limits, this.#budget)
    this.#end = body.length
  }

  read(): StreamedFrame<Kept, Named> {
    const reader = this.#reader
    const groups: ResourceGroup<Iterable<Kept>>[] = []
    while (reader.pos < this.#end) {
      const tag = reader.tag(this.#end)
      if (tag === 0x0a) {
        const group = this.#group(this.#end, this.#names.resources)
        groups.push(this.#resourceGroup(group))
        // Reading the group leaves the reader at whatever was read last, which need not be its end.
        reader.pos = group[1]
      } else reader.skip(tag, this.#end)
    }
    return { groups, rejected: this.#rejected }
  }

  /** Reads a length and passes over the field, counting it against the bound on groups. */
  #group(end: number, name: string): Range {
    const range = this.#range(end)
    if (++this.#groups > this.#limits.maxSpans) throw bodyLimit(name, this.#limits.maxSpans)
    return range
  }

  // Fields may come in any order, so the frame is walked first (lengths only), then what stands in it is read.
  #resourceGroup([start, end]: Range): ResourceGroup<Iterable<Kept>> {
    const reader = this.#reader
    const resources: Range[] = []
    const scopeGroups: Range[] = []
    let schema: Range | undefined
    reader.pos = start
    while (reader.pos < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) resources.push(this.#group(end, 'resource'))
      else if (tag === 0x12) scopeGroups.push(this.#group(end, this.#names.scopes))
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
    const scopes = scopeGroups.map((range) => this.#scopeGroup(range, fault))
    // A resource that could not be read has no records left: what was read of it so far is not shown as if it were whole.
    return { resource: { attributes: fault === undefined ? attributes : [], droppedAttributes }, schemaUrl, scopes }
  }

  #scopeGroup([start, end]: Range, resourceFault: string | undefined): ScopeGroup<Iterable<Kept>> {
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
    if (this.#index + bounds.length / 2 > this.#limits.maxSpans) throw bodyLimit(this.#names.records, this.#limits.maxSpans)
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
    const first = this.#index
    this.#index += bounds.length / 2
    return { scope, schemaUrl, records: this.#readRecords(bounds, first, fault) }
  }

  *#readRecords(bounds: readonly number[], first: number, fault: string | undefined): Generator<Kept, void, void> {
    for (let at = 0; at < bounds.length; at += 2) {
      const record = this.#record(bounds[at] ?? 0, bounds[at + 1] ?? 0, first + at / 2, fault)
      if (record !== undefined) yield record
    }
  }

  #record(start: number, end: number, index: number, fault: string | undefined): Kept | undefined {
    let reason = fault
    if (reason === undefined) {
      try {
        return this.#records.read(start, end)
      } catch (error) {
        if (!(error instanceof WireFault)) throw error
        reason = `${error.message} (byte ${error.offset})`
      }
    }
    if (this.#rejected.length >= this.#limits.maxRejected) throw bodyLimit(`bad ${this.#names.records}`, this.#limits.maxRejected)
    this.#rejected.push({ index, ...this.#records.identify(start, end), reason })
    return undefined
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

  /** Runs `read`; gives the reason why the records under that part have to be rejected, if there is one. */
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
