import { bodyLimit, type DecodeLimits } from '../limits.ts'
import type { Frame, Rejected, ResourceGroup, ScopeGroup } from '../protobuf/decode-frame.ts'
import { FieldFault, field, isObject, type JsonObject, kindOf, readList } from './json-fields.ts'
import { JsonValueReader, NO_RESOURCE, NO_SCOPE } from './json-values.ts'

/** Both spellings of a field: lowerCamelCase, as OTLP/JSON has it, and that of the .proto file. */
export type FieldNames = readonly [name: string, protoName: string]

/** The groups of every signal of OTLP, as both spellings have them. */
const SIGNALS: readonly FieldNames[] = [
  ['resourceSpans', 'resource_spans'],
  ['resourceLogs', 'resource_logs'],
  ['resourceMetrics', 'resource_metrics'],
  ['resourceProfiles', 'resource_profiles'],
]

export interface JsonFrameNames {
  readonly resources: FieldNames
  readonly scopes: FieldNames
  readonly records: FieldNames
  /** What the records are called where a bound is told. */
  readonly plural: string
}

/** Reads the records of one signal. */
export interface JsonRecordReader<Kept, Named> {
  /** @throws FieldFault naming the field that is wrong */
  read(value: unknown): Kept
  identify(value: unknown): Named
}

/**
 * Reads a parsed Export…ServiceRequest. The frame (the arrays of groups and records) must have its form; what is wrong in one
 * record, resource or scope rejects the records concerned.
 * @throws FieldFault when the frame has another form
 */
export function readJsonFrame<Kept, Named>(
  root: unknown,
  limits: DecodeLimits,
  names: JsonFrameNames,
  open: (values: JsonValueReader, limits: DecodeLimits) => JsonRecordReader<Kept, Named>,
): Frame<Kept, Named> {
  if (!isObject(root)) throw new FieldFault(`body: an object expected, got ${kindOf(root)}`)
  const values = new JsonValueReader(limits)
  return new JsonFrameReader(limits, names, values, open(values, limits)).read(root)
}

class JsonFrameReader<Kept, Named> {
  readonly #limits: DecodeLimits
  readonly #names: JsonFrameNames
  readonly #values: JsonValueReader
  readonly #records: JsonRecordReader<Kept, Named>
  readonly #rejected: Rejected<Named>[] = []
  #groups = 0
  #index = 0
  #accepted = 0

  constructor(limits: DecodeLimits, names: JsonFrameNames, values: JsonValueReader, records: JsonRecordReader<Kept, Named>) {
    this.#limits = limits
    this.#names = names
    this.#values = values
    this.#records = records
  }

  read(root: JsonObject): Frame<Kept, Named> {
    const [name, protoName] = this.#names.resources
    // Unknown fields are passed over, but records of another signal would be acknowledged and lost.
    for (const other of SIGNALS) if (other[0] !== name && holdsAny(root, other)) throw new FieldFault(`${name}: expected, got ${other[0]}`)
    const groups = readList(field(root, name, protoName), name, Infinity, (group) => this.#resourceGroup(group))
    return { groups, accepted: this.#accepted, rejected: this.#rejected }
  }

  #resourceGroup(value: unknown): ResourceGroup<readonly Kept[]> {
    const group = this.#group(value)
    const [part, fault] = this.#attempt('resource', () => ({
      resource: this.#values.resource(field(group, 'resource')),
      schemaUrl: this.#schemaUrl(group),
    }))
    const [name, protoName] = this.#names.scopes
    const scopes = readList(field(group, name, protoName), name, Infinity, (element) => this.#scopeGroup(element, fault))
    return { resource: part?.resource ?? NO_RESOURCE, schemaUrl: part?.schemaUrl ?? '', scopes }
  }

  #scopeGroup(value: unknown, resourceFault: string | undefined): ScopeGroup<readonly Kept[]> {
    const group = this.#group(value)
    const [part, scopeFault] = this.#attempt('scope', () => ({
      scope: this.#values.scope(field(group, 'scope')),
      schemaUrl: this.#schemaUrl(group),
    }))
    const [name, protoName] = this.#names.records
    const elements = field(group, name, protoName)
    const { maxSpans } = this.#limits
    if (Array.isArray(elements) && this.#index + elements.length > maxSpans) throw bodyLimit(this.#names.plural, maxSpans)
    const records: Kept[] = []
    readList(elements, name, Infinity, (element) => this.#record(element, resourceFault ?? scopeFault, records))
    return { scope: part?.scope ?? NO_SCOPE, schemaUrl: part?.schemaUrl ?? '', records }
  }

  #record(value: unknown, fault: string | undefined, into: Kept[]): void {
    const index = this.#index++
    let reason = fault
    if (reason === undefined) {
      try {
        into.push(this.#records.read(value))
        this.#accepted++
        return
      } catch (error) {
        if (!(error instanceof FieldFault)) throw error
        reason = error.message
      }
    }
    if (this.#rejected.length >= this.#limits.maxRejected) throw bodyLimit(`bad ${this.#names.plural}`, this.#limits.maxRejected)
    this.#rejected.push({ index, ...this.#records.identify(value), reason })
  }

  #group(value: unknown): JsonObject {
    if (++this.#groups > this.#limits.maxSpans) throw bodyLimit('groups', this.#limits.maxSpans)
    if (!isObject(value)) throw new FieldFault(`an object expected, got ${kindOf(value)}`)
    return value
  }

  #schemaUrl(group: JsonObject): string {
    return this.#values.name(field(group, 'schemaUrl', 'schema_url'), 'schemaUrl')
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

function holdsAny(root: JsonObject, names: FieldNames): boolean {
  const list = field(root, ...names)
  return Array.isArray(list) && list.length > 0
}

/** What `read` gives, or undefined where the value has another form. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (error instanceof FieldFault) return undefined
    throw error
  }
}
