import { ErrorValue, errorToValue, Opaque, RepriseError, Truncated, VALUE_MAX_DEPTH, valueToError } from '../schemas/index.ts'
import { types } from 'node:util'
import type { Redacted } from './redactor.ts'

export interface StringTools {
  redactText(text: string, field: string): Redacted<string>
  redactJson(jsonText: string): Redacted<string>
  /** Whether numbers under this field name are replaced whatever they are. */
  hidesNumbers(field: string): boolean
}

/** A number with fewer digits is no payment card. */
const SMALLEST_CARD = 1e12

/** A JavaScript value with its strings (keys, error messages, URLs, names of what is opaque) and card numbers redacted. */
export function redactTree(value: unknown, field: string, tools: StringTools): Redacted<unknown> {
  const walk = new ValueWalk(tools)
  let redacted: unknown
  try {
    redacted = walk.visit(value, field, 0)
  } catch (error) {
    if (RepriseError.isInstance(error) && error.code === 'redaction_failed') throw error
    // A getter or a proxy of the program's own; its message may quote what must not be kept.
    throw new RepriseError('redaction_failed', 'redaction: the value cannot be read')
  }
  return { value: redacted, counts: Object.is(redacted, value) ? undefined : walk.counts }
}

class ValueWalk {
  readonly counts: Record<string, number> = {}
  readonly #tools: StringTools

  constructor(tools: StringTools) {
    this.#tools = tools
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
    for (const [rule, count] of Object.entries(counts ?? {})) this.counts[rule] = (this.counts[rule] ?? 0) + count
    return value
  }

  #number(value: number | bigint, field: string): unknown {
    const mayBeCard = value >= SMALLEST_CARD && (typeof value === 'bigint' || Number.isSafeInteger(value))
    if (!mayBeCard && !this.#tools.hidesNumbers(field)) return value
    // NaN and the like, which JSON does not know, are nobody's secret.
    if (typeof value === 'number' && !Number.isFinite(value)) return value
    const { value: text, counts } = this.#tools.redactJson(`{${JSON.stringify(field)}:${value}}`)
    if (counts === undefined) return value
    this.#keep({ value: text, counts })
    return Object.values(JSON.parse(text) as Record<string, unknown>)[0]
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
    if (value instanceof Truncated || ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return value
    if (types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value)) return value
    return this.#fields(value, depth)
  }

  #list(value: readonly unknown[], field: string, depth: number): readonly unknown[] {
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index++) {
      const before = value[index]
      const after = this.visit(before, field, depth + 1)
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
    let changed = false
    const copy: Record<string, unknown> = {}
    for (const [key, held] of Object.entries(value)) {
      const newKey = this.#keep(this.#tools.redactText(key, ''))
      const newHeld = this.#held(held, key, newKey, depth)
      changed ||= !Object.is(newKey, key) || !Object.is(newHeld, held)
      // Not by assignment, which `__proto__` would turn into something else.
      Object.defineProperty(copy, newKey, { value: newHeld, writable: true, enumerable: true, configurable: true })
    }
    return changed ? copy : value
  }
}
