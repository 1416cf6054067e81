import { types } from 'node:util'
import { ErrorValue, errorToValue, Opaque, parseJson, RepriseError, Truncated, VALUE_MAX_DEPTH, valueToError } from '../../schemas/index.ts'
import { isPrivateMember } from '../detectors/jwk.ts'
import type { Redacted } from '../redactor.ts'
import { collectValueParts, collectValueSeries, type Leaf, mayBeChunks } from './series.ts'

export interface StringTools {
  redactText(text: string, field: string): Redacted<string>
  redactJson(jsonText: string): Redacted<string>
  /** The pieces of a text, redacted together; undefined where nothing was hit. `place`: of each in the element that it stands in. */
  redactPieces(
    pieces: readonly string[],
    place?: string,
  ): { readonly pieces: readonly string[]; readonly counts: Readonly<Record<string, number>> } | undefined
  /** The same of the texts of parts that stand side by side in a list, however long; absent where they are not joined. */
  readonly redactParts?: StringTools['redactPieces'] | undefined
  /** Bytes that may be text; absent where they are left alone. */
  readonly redactBytes?: ((bytes: Uint8Array) => Redacted<string | Uint8Array>) | undefined
  /** Knows the private members of JSON Web Keys. */
  readonly readsKeys?: boolean
  /** Whether numbers under this field name are looked at, however small. */
  hidesNumbers(field: string): boolean
}

/** A number with fewer digits is no payment card. */
const SMALLEST_CARD = 1e12

/** Rounds after which a list whose strings still make something together is given up. */
const MAX_ROUNDS = 12

/** A JavaScript value with its strings (keys, error messages, URLs, names of what is opaque) and card numbers redacted. */
export function redactTree(value: unknown, field: string, tools: StringTools): Redacted<unknown> {
  try {
    const walk = new ValueWalk(tools)
    let redacted = value
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const isJoined = mayBeChunks(redacted) && walk.takeSeries(redacted)
      if (round > 0 && !isJoined) {
        const left = Object.keys(walk.unscanned).length === 0 ? undefined : { unscanned: walk.unscanned }
        return { value: redacted, counts: Object.is(redacted, value) ? undefined : walk.counts, ...left }
      }
      walk.unscanned = {}
      redacted = walk.visit(redacted, field, 0)
    }
  } catch (error) {
    if (RepriseError.isInstance(error) && error.code === 'redaction_failed') throw error
    // A getter or a proxy of the program's own; its message may quote what must not be kept.
    throw new RepriseError('redaction_failed', 'redaction: the value cannot be read')
  }
  throw new RepriseError('redaction_failed', 'redaction: the value keeps changing')
}

class ValueWalk {
  readonly counts: Record<string, number> = {}
  /** Of the last visit. */
  unscanned: Record<string, number> = {}
  readonly #tools: StringTools
  /** Strings that go in place of those under a holder and key: parts of a stream's text, redacted together. */
  #joined = new Map<object, Map<string | number, string>>()

  constructor(tools: StringTools) {
    this.#tools = tools
  }

  /** Looks at the texts that the list's elements make together; what is found goes in at the next visit. */
  takeSeries(list: readonly unknown[]): boolean {
    this.#joined = new Map()
    for (const { place, leaves, pieces } of collectValueSeries(list, VALUE_MAX_DEPTH)) {
      this.#join(leaves, pieces, this.#tools.redactPieces(pieces, place))
    }
    return this.#joined.size > 0
  }

  #join(leaves: readonly Leaf[], pieces: readonly string[], redacted: ReturnType<StringTools['redactPieces']>): void {
    if (redacted === undefined) return
    this.#count(redacted.counts)
    for (const [index, piece] of redacted.pieces.entries()) {
      const leaf = leaves[index]
      if (leaf === undefined || piece === pieces[index]) continue
      const known = this.#joined.get(leaf.holder) ?? new Map<string | number, string>()
      this.#joined.set(leaf.holder, known.set(leaf.key, piece))
    }
  }

  visit(value: unknown, field: string, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.#keep(this.#tools.redactText(value, field))
      case 'number':
        return this.#number(value, field)
      case 'bigint':
        return this.#number(value, field)
      case 'object':
        return value === null ? value : this.#object(value, field, depth)
      default:
        return value
    }
  }

  #keep({ value, counts }: Redacted<string>): string {
    if (counts !== undefined) this.#count(counts)
    return value
  }

  #count(counts: Readonly<Record<string, number>>): void {
    for (const [rule, count] of Object.entries(counts)) this.counts[rule] = (this.counts[rule] ?? 0) + count
  }

  #leave(unscanned: Readonly<Record<string, number>> | undefined): void {
    for (const [kind, count] of Object.entries(unscanned ?? {})) this.unscanned[kind] = (this.unscanned[kind] ?? 0) + count
  }

  #number(value: number | bigint, field: string): unknown {
    const mayBeCard = value >= SMALLEST_CARD && (typeof value === 'bigint' || Number.isSafeInteger(value))
    if (!mayBeCard && !this.#tools.hidesNumbers(field)) return value
    // NaN and the like, which JSON does not know, are nobody's secret.
    if (typeof value === 'number' && !Number.isFinite(value)) return value
    const { value: text, counts } = this.#tools.redactJson(`{${JSON.stringify(field)}:${value}}`)
    if (counts === undefined) return value
    this.#keep({ value: text, counts })
    return Object.values(parseJson(text) as Record<string, unknown>)[0]
  }

  #object(value: object, field: string, depth: number): unknown {
    if (depth >= VALUE_MAX_DEPTH) {
      throw new RepriseError('redaction_failed', `redaction: the value has a cycle or is nested deeper than ${VALUE_MAX_DEPTH} levels`)
    }
    if (Array.isArray(value)) return this.#list(value, field, depth)
    if (types.isMap(value)) return this.#map(value, depth)
    if (types.isSet(value)) {
      const before = [...value]
      const after = this.#list(before, field, depth)
      return after === before ? value : new Set(after)
    }
    if (value instanceof Opaque) return this.#opaque(value)
    if (value instanceof ErrorValue) return this.#error(value, depth)
    if (value instanceof Error || types.isNativeError(value)) {
      const before = errorToValue(value) as ErrorValue
      const after = this.#error(before, depth)
      return after === before ? value : valueToError(after)
    }
    if (value instanceof URL) {
      const { value: href, counts } = this.#tools.redactText(value.href, field)
      // No longer a URL: parsing would escape the token.
      return counts === undefined ? value : this.#keep({ value: href, counts })
    }
    if (types.isUint8Array(value) || types.isAnyArrayBuffer(value)) return this.#bytes(value)
    if (value instanceof Truncated) return value
    if (ArrayBuffer.isView(value)) {
      this.#leave({ 'typed-array': 1 })
      return value
    }
    if (types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value)) return value
    return this.#fields(value, depth)
  }

  /** Text as bytes stays what it is: a Buffer a Buffer. */
  #bytes(value: Uint8Array | ArrayBufferLike): unknown {
    const bytes = types.isUint8Array(value) ? value : new Uint8Array(value)
    const redacted = this.#tools.redactBytes?.(bytes)
    this.#leave(redacted === undefined ? { bytes: 1 } : redacted.unscanned)
    if (redacted?.counts === undefined) return value
    this.#count(redacted.counts)
    const clean = Buffer.from(redacted.value)
    if (Buffer.isBuffer(value)) return clean
    return types.isUint8Array(value) ? Uint8Array.from(clean) : Uint8Array.from(clean).buffer
  }

  /** As the JSON that it would be, so that it goes under the same name. */
  #privateMember(value: string): unknown {
    const { value: json, counts } = this.#tools.redactJson(JSON.stringify({ kty: 'oct', k: value }))
    if (counts === undefined) return value
    this.#count(counts)
    return (parseJson(json) as { k: unknown }).k
  }

  #list(value: readonly unknown[], field: string, depth: number): readonly unknown[] {
    if (this.#tools.redactParts !== undefined && value.length > 1)
      for (const { leaves, pieces } of collectValueParts(value)) {
        // As they are by now: the list may have been taken for the chunks of a stream already.
        const now = leaves.map(({ holder, key }, index) => this.#joined.get(holder)?.get(key) ?? pieces[index] ?? '')
        this.#join(leaves, now, this.#tools.redactParts(now))
      }
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index++) {
      const before = value[index]
      const after = this.visit(this.#joined.get(value)?.get(index) ?? before, field, depth + 1)
      if (Object.is(after, before)) continue
      copy ??= [...value]
      copy[index] = after
    }
    return copy ?? value
  }

  #map(value: Map<unknown, unknown>, depth: number): Map<unknown, unknown> {
    let changed = false
    const copy = new Map<unknown, unknown>()
    for (const [key, held] of value) {
      const newKey = this.visit(key, '', depth + 1)
      const newHeld = this.#held(held, key, newKey, depth)
      changed ||= !Object.is(newKey, key) || !Object.is(newHeld, held)
      copy.set(newKey, newHeld)
    }
    return changed ? copy : value
  }

  /** What stands under a key: the key's name says something of it, before and after its own redaction. */
  #held(held: unknown, key: unknown, newKey: unknown, depth: number): unknown {
    const once = this.visit(held, typeof key === 'string' ? key : '', depth + 1)
    return newKey !== key && typeof newKey === 'string' ? this.visit(once, newKey, depth + 1) : once
  }

  #opaque(value: Opaque): Opaque {
    const type = this.#keep(this.#tools.redactText(value.type, ''))
    const name = value.name === undefined ? undefined : this.#keep(this.#tools.redactText(value.name, ''))
    return type === value.type && name === value.name ? value : new Opaque(type, name)
  }

  #error(value: ErrorValue, depth: number): ErrorValue {
    const fields = this.#fields(value.fields, depth)
    return fields === value.fields ? value : new ErrorValue(fields as ErrorValue['fields'])
  }

  #fields(value: object, depth: number): object {
    const keys = Object.keys(value)
    const isKey = this.#tools.readsKeys === true && typeof (value as Record<string, unknown>)['kty'] === 'string'
    let copy: Record<string, unknown> | undefined
    for (let index = 0; index < keys.length; index++) {
      const key = keys[index] as string
      const own = (value as Record<string, unknown>)[key]
      const held = isKey && typeof own === 'string' && isPrivateMember(key, own) ? this.#privateMember(own) : own
      const newKey = this.#keep(this.#tools.redactText(key, ''))
      const newHeld = this.#held(this.#joined.get(value)?.get(key) ?? held, key, newKey, depth)
      if (copy === undefined && newKey === key && Object.is(newHeld, own)) continue
      copy ??= copyOfFields(value, keys.slice(0, index))
      setField(copy, newKey, newHeld)
    }
    return copy ?? value
  }
}

function copyOfFields(value: object, keys: readonly string[]): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of keys) setField(copy, key, (value as Record<string, unknown>)[key])
  return copy
}

/** Not by assignment, which `__proto__` would turn into something else. */
function setField(target: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
