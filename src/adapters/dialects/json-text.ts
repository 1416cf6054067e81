import { Buffer } from 'node:buffer'

const MAX_DEPTH = 64
const MAX_VALUES = 100_000
const TOO_MANY = '[not shown: too many values]'

/**
 * JSON text of any value for a derived attribute, in bounded work. What JSON cannot hold is shown as people would write
 * it (dates as ISO text, bytes as base64, bigint as digits); what lies beyond the bounds becomes a note.
 */
export function jsonText(value: unknown): string {
  return new JsonText().textOf(value)
}

class JsonText {
  /** Joined once at the end: joining at each level would copy a text as often as it is deep. */
  readonly #pieces: string[] = []
  readonly #above = new Set<object>()
  #left = MAX_VALUES

  textOf(value: unknown): string {
    this.#write(value)
    return this.#pieces.join('')
  }

  /** Writes a value; null for what JSON leaves out. */
  #write(value: unknown): void {
    if (typeof value === 'object' && value !== null) this.#object(value)
    else this.#pieces.push(scalarText(value))
  }

  #object(value: object): void {
    const note = this.#above.has(value)
      ? '[not shown: circular]'
      : this.#above.size >= MAX_DEPTH
        ? '[not shown: nested too deep]'
        : undefined
    if (note !== undefined) {
      this.#pieces.push(`"${note}"`)
      return
    }
    this.#above.add(value)
    if (Array.isArray(value)) this.#list(value)
    else if (value instanceof Date) this.#pieces.push(Number.isNaN(value.getTime()) ? 'null' : `"${value.toISOString()}"`)
    else if (value instanceof Uint8Array)
      this.#pieces.push(`"${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')}"`)
    else if (value instanceof Set) this.#list(value)
    else if (ArrayBuffer.isView(value) && !(value instanceof DataView)) this.#list(Object.values(value))
    else if (value instanceof Map) this.#members(value)
    else if (value instanceof Error) this.#members([['name', value.name], ['message', value.message], ...Object.entries(value)])
    else this.#members(Object.entries(value))
    this.#above.delete(value)
  }

  #list(values: Iterable<unknown>): void {
    let separator = '['
    for (const value of values) {
      this.#pieces.push(separator)
      separator = ','
      if (--this.#left < 0) {
        this.#pieces.push(`"${TOO_MANY}"`)
        break
      }
      this.#write(value)
    }
    this.#pieces.push(separator === '[' ? '[]' : ']')
  }

  #members(entries: Iterable<readonly [unknown, unknown]>): void {
    let separator = '{'
    for (const [key, value] of entries) {
      if (isLeftOut(value)) continue
      if (--this.#left < 0) {
        this.#pieces.push(separator, `"…":"${TOO_MANY}"`)
        separator = ','
        break
      }
      this.#pieces.push(separator, JSON.stringify(String(key)), ':')
      separator = ','
      this.#write(value)
    }
    this.#pieces.push(separator === '{' ? '{}' : '}')
  }
}

/** As JSON.stringify has it for the members of an object. */
function isLeftOut(value: unknown): boolean {
  return value === undefined || typeof value === 'function' || typeof value === 'symbol'
}

/** JSON of everything but objects. */
function scalarText(value: unknown): string {
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
    case 'undefined':
    case 'function':
    case 'symbol':
      return 'null'
  }
}
