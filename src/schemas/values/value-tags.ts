import { types } from 'node:util'
import { comparableJson, isPlainObject, sortBy } from '../canonical-json.ts'
import { RepriseError } from '../errors.ts'
import { errorToValue, isError } from './error-value.ts'
import { bytesOf } from './value-bytes.ts'
import { ErrorValue, Opaque, Truncated } from './value-types.ts'

/** Values nested deeper than this are refused; a snapshot taken by the SDK stays far below. */
export const VALUE_MAX_DEPTH = 128

/** The key that marks an object as standing for something else. */
export const TAG = '$reprise'

/**
 * - `json`: the tree that JSON text is made of. Strings may hold lone surrogates, which JSON escapes.
 * - `msgpack`: every string is well-formed, memory is a Uint8Array.
 * - `canonical`: for equality. Memory is base64, the entries of Maps and Sets are sorted, errors have no stack and no name that their class gives.
 */
export type TagForm = 'json' | 'msgpack' | 'canonical'

/** Fields of an error that make no difference to equality. */
const NOT_COMPARED: ReadonlySet<string> = new Set(['stack', 'inheritedName'])

type Tree = Record<string, unknown>

/** `__proto__` becomes an own property like any other. */
export function setOwn(target: Tree, key: string, value: unknown): void {
  if (key === '__proto__') Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
  else target[key] = value
}

/**
 * Turns a value into a tree of plain objects, arrays, strings, finite numbers, booleans and null (and, in the form
 * `msgpack`, Uint8Array), in which everything else is an object tagged by `$reprise`. Parts that need no tag are shared
 * with the value, never copied, never changed.
 */
export class Tagger {
  /** Whether something was met that JSON does not hold. */
  needsMsgpack = false
  readonly #form: TagForm
  readonly #orderOf: ((text: string) => string) | undefined

  /** `orderOf`: in the form `canonical`, what text is sorted by, where that is not the text itself. */
  constructor(form: TagForm, orderOf?: (text: string) => string) {
    this.#form = form
    this.#orderOf = orderOf
  }

  /** Throws `limit_exceeded` for a value nested deeper than `VALUE_MAX_DEPTH`, which a cycle is. */
  tag(value: unknown, depth = 0): unknown {
    switch (typeof value) {
      case 'string':
        return this.#text(value)
      case 'boolean':
        return value
      case 'number':
        if (Number.isFinite(value) && !Object.is(value, -0)) return value
        return this.#beyondJson({ [TAG]: 'number', value: Object.is(value, -0) ? '-0' : String(value) })
      case 'undefined':
        return this.#beyondJson({ [TAG]: 'undefined' })
      case 'bigint':
        return this.#beyondJson({ [TAG]: 'bigint', value: value.toString() })
      case 'symbol':
        return this.#opaque(new Opaque('symbol', value.description))
      case 'function':
        return this.#opaque(new Opaque('function', value.name === '' ? undefined : value.name))
      case 'object':
        break
    }
    if (value === null) return null
    if (depth >= VALUE_MAX_DEPTH) {
      throw new RepriseError('limit_exceeded', `the value has a cycle or is nested deeper than ${VALUE_MAX_DEPTH} levels`)
    }
    if (Array.isArray(value)) return this.#array(value, depth)
    return isPlainObject(value) ? this.#plain(value as Tree, depth) : this.#instance(value, depth)
  }

  #beyondJson(tree: Tree): Tree {
    this.needsMsgpack = true
    return tree
  }

  /** The entries of a Map or a Set, whose order makes no difference to equality. */
  #inOrder(trees: readonly unknown[]): readonly unknown[] {
    if (this.#form !== 'canonical') return trees
    const orderOf = this.#orderOf
    return sortBy(trees, (tree) => (orderOf === undefined ? comparableJson(tree) : orderOf(comparableJson(tree, orderOf))))
  }

  #text(text: string): unknown {
    // UTF-8 has no lone surrogates: they travel as JSON text, which escapes them.
    return this.#form !== 'msgpack' || text.isWellFormed() ? text : { [TAG]: 'string', json: JSON.stringify(text) }
  }

  #array(value: readonly unknown[], depth: number): unknown[] | readonly unknown[] {
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index += 1) {
      const held = value[index]
      const tagged = this.tag(held, depth + 1)
      if (copy !== undefined) copy.push(tagged)
      // A hole reads as undefined, so it is tagged and does not stay a hole.
      else if (tagged !== held) copy = [...value.slice(0, index), tagged]
    }
    return copy ?? value
  }

  #plain(value: Tree, depth: number): Tree {
    const keys = Object.keys(value)
    if (this.#form === 'msgpack' && !keys.every((key) => key.isWellFormed())) {
      return { [TAG]: 'object', entries: keys.map((key) => [this.#text(key), this.tag(value[key], depth + 1)]) }
    }
    const tree = this.#fields(value, keys, depth)
    return Object.hasOwn(value, TAG) ? { [TAG]: 'object', value: tree } : tree
  }

  #fields(value: Tree, keys: readonly string[], depth: number): Tree {
    let copy: Tree | undefined
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index] as string
      const held = value[key]
      const tagged = this.tag(held, depth + 1)
      if (copy === undefined && tagged !== held) {
        copy = {}
        for (let earlier = 0; earlier < index; earlier += 1) setOwn(copy, keys[earlier] as string, value[keys[earlier] as string])
      }
      if (copy !== undefined) setOwn(copy, key, tagged)
    }
    return copy ?? value
  }

  #opaque({ type, name }: Opaque): Tree {
    return { [TAG]: 'opaque', type: this.#text(type), ...(name !== undefined && { name: this.#text(name) }) }
  }

  #error({ fields }: ErrorValue, depth: number): Tree {
    const tree: Tree = { [TAG]: 'error' }
    for (const [key, held] of Object.entries(fields)) {
      if (!(this.#form === 'canonical' && NOT_COMPARED.has(key))) tree[key] = this.tag(held, depth + 1)
    }
    return tree
  }

  #memory(type: string, bytes: Uint8Array): unknown {
    this.needsMsgpack = true
    if (this.#form === 'msgpack') return type === 'Uint8Array' ? bytes : { [TAG]: 'bytes', type, data: bytes }
    return { [TAG]: 'bytes', type, data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64') }
  }

  #instance(value: object, depth: number): unknown {
    if (value instanceof Truncated) {
      return {
        [TAG]: 'truncated',
        reason: this.#text(value.reason),
        ...(value.originalSize !== undefined && { originalSize: value.originalSize }),
      }
    }
    if (value instanceof Opaque) return this.#opaque(value)
    if (value instanceof ErrorValue) return this.#error(value, depth)
    if (isError(value)) return this.#error(errorToValue(value) as ErrorValue, depth)
    const memory = bytesOf(value)
    if (memory !== undefined) return this.#memory(memory.type, memory.bytes)
    if (types.isDate(value)) return this.#beyondJson({ [TAG]: 'date', value: Number.isNaN(value.getTime()) ? null : value.toISOString() })
    if (types.isMap(value)) {
      const entries = Array.from(value, ([key, held]) => [this.tag(key, depth + 1), this.tag(held, depth + 1)])
      return this.#beyondJson({ [TAG]: 'map', entries: this.#inOrder(entries) })
    }
    if (types.isSet(value)) {
      const values = Array.from(value, (held) => this.tag(held, depth + 1))
      return this.#beyondJson({ [TAG]: 'set', values: this.#inOrder(values) })
    }
    if (types.isRegExp(value)) return { [TAG]: 'regexp', source: this.#text(value.source), flags: value.flags }
    if (value instanceof URL) return { [TAG]: 'url', href: value.href }
    if (types.isBoxedPrimitive(value)) return this.tag(value.valueOf(), depth + 1)
    // Of any other class the own fields are the data; with none of those it has no data that could be kept.
    const keys = Object.keys(value)
    return keys.length > 0 ? this.#plain({ ...value } as Tree, depth) : this.#opaque(new Opaque(value.constructor?.name || 'object'))
  }
}
