import type { DecodeLimits } from '../limits.ts'
import type { WireAttribute, WireResource, WireScope, WireValue } from '../protobuf/wire.ts'
import {
  FieldFault,
  field,
  type JsonObject,
  kindOf,
  objectOf,
  readBase64,
  readDouble,
  readIntValue,
  readList,
  readString,
  readUint32,
} from './json-fields.ts'

export const NO_RESOURCE: WireResource = { attributes: [], droppedAttributes: 0 }
export const NO_SCOPE: WireScope = { name: '', version: '', attributes: [], droppedAttributes: 0 }

/** Reads the parts of one JSON body that all signals share. Every method throws FieldFault for what has another form. */
export class JsonValueReader {
  readonly #limits: DecodeLimits
  #values: number

  constructor(limits: DecodeLimits) {
    this.#limits = limits
    this.#values = limits.maxValues
  }

  resource(value: unknown): WireResource {
    if (value === undefined) return NO_RESOURCE
    const resource = objectOf(value, 'resource')
    return { attributes: this.attributes(resource), droppedAttributes: this.droppedAttributes(resource) }
  }

  scope(value: unknown): WireScope {
    if (value === undefined) return NO_SCOPE
    const scope = objectOf(value, 'scope')
    return {
      name: this.name(field(scope, 'name'), 'name'),
      version: this.name(field(scope, 'version'), 'version'),
      attributes: this.attributes(scope),
      droppedAttributes: this.droppedAttributes(scope),
    }
  }

  attributes(owner: JsonObject): WireAttribute[] {
    return readList(field(owner, 'attributes'), 'attributes', this.#limits.maxAttributes, (pair) => this.#keyValue(pair, 0))
  }

  droppedAttributes(owner: JsonObject): number {
    return readUint32(field(owner, 'droppedAttributesCount', 'dropped_attributes_count'), 'droppedAttributesCount')
  }

  name(value: unknown, name: string): string {
    return readString(value, name, this.#limits.maxNameBytes)
  }

  anyValue(value: unknown, depth: number): WireValue {
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

  #keyValue(value: unknown, depth: number): WireAttribute {
    const pair = objectOf(value, 'attribute')
    this.#spend()
    return [this.name(field(pair, 'key'), 'key'), this.anyValue(field(pair, 'value'), depth)]
  }

  #element(value: unknown, depth: number): WireValue {
    this.#spend()
    return this.anyValue(value, depth)
  }

  #valuesOf<T>(value: unknown, name: string, depth: number, read: (element: unknown) => T): T[] {
    if (depth >= this.#limits.maxDepth) throw new FieldFault(`${name}: a value nested deeper than ${this.#limits.maxDepth}`)
    const max = name === 'kvlistValue' ? this.#limits.maxAttributes : this.#limits.maxValues
    return readList(field(objectOf(value, name), 'values'), `${name}.values`, max, read)
  }

  #spend(): void {
    if (--this.#values < 0) throw new FieldFault(`attributes: the body holds more than ${this.#limits.maxValues} attribute values`)
  }
}
