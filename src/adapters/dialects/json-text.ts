import { Buffer } from 'node:buffer'

const MAX_DEPTH = 64
const MAX_VALUES = 100_000

/**
 * JSON text of any value for a derived attribute, in bounded work. What JSON cannot hold is shown as people would write
 * it (dates as ISO text, bytes as base64, bigint as digits); what lies beyond the bounds becomes a note.
 */
export function jsonText(value: unknown): string {
  return new JsonText().write(value, 0) ?? 'null'
}

class JsonText {
  #left = MAX_VALUES

  /** Undefined for what an object leaves out: functions, symbols, undefined. */
  write(value: unknown, depth: number): string | undefined {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value)
      case 'number':
        return Number.isFinite(value) ? String(value) : `"${value}"`
      case 'boolean':
        return String(value)
      case 'bigint':
        return `"${value}"`
      case 'object':
        return value === null ? 'null' : this.#object(value, depth)
      case 'undefined':
      case 'function':
      case 'symbol':
        return undefined
    }
  }

  #object(value: object, depth: number): string {
    if (depth >= MAX_DEPTH) return '"[not shown: nested too deep]"'
    if (--this.#left < 0) return '"[not shown: too many values]"'
    if (Array.isArray(value)) return this.#list(value, depth)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'null' : `"${value.toISOString()}"`
    if (value instanceof Uint8Array) return `"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`
    if (value instanceof Set) return this.#list([...value], depth)
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return this.#list(Object.values(value), depth)
    if (value instanceof Map)
      return this.#members(
        [...value].map(([key, member]) => [String(key), member]),
        depth,
      )
    if (value instanceof Error) return this.#members([['name', value.name], ['message', value.message], ...Object.entries(value)], depth)
    return this.#members(Object.entries(value), depth)
  }

  #list(values: readonly unknown[], depth: number): string {
    const elements: string[] = []
    for (const value of values) {
      if (--this.#left < 0) {
        elements.push('"[not shown: too many values]"')
        break
      }
      elements.push(this.write(value, depth + 1) ?? 'null')
    }
    return `[${elements.join(',')}]`
  }

  #members(entries: readonly (readonly [string, unknown])[], depth: number): string {
    const members: string[] = []
    for (const [key, value] of entries) {
      if (--this.#left < 0) {
        members.push('"…":"[not shown: too many values]"')
        break
      }
      const text = this.write(value, depth + 1)
      if (text !== undefined) members.push(`${JSON.stringify(key)}:${text}`)
    }
    return `{${members.join(',')}}`
  }
}
