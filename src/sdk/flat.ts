import { types } from 'node:util'
import { hasEnumerable, lookupGetter } from './own-keys.ts'
import type { SnapshotLimits } from './snapshot.ts'

/** Begins an object: keys and values by turns follow, up to `CLOSE`. */
export const OPEN_OBJECT: object = Object.freeze({ open: 'object' })
/** Begins an array: its elements follow, up to `CLOSE`. */
export const OPEN_ARRAY: object = Object.freeze({ open: 'array' })
export const CLOSE: object = Object.freeze({ close: true })

/** A value of plain JSON as one list: no object, with its hidden class and its keys, for each object of the value. */
export type Tokens = readonly unknown[]

/** Larger values are copied as trees, which can be written in pieces. */
const MAX_BYTES = 64 * 1024
const MAX_DEPTH = 24
const MAX_NUMBERS = 32
const INITIAL_TOKENS = 256

const objectPrototype: unknown = Object.prototype
const arrayPrototype: unknown = Array.prototype
const getPrototypeOf: (value: object) => unknown = Object.getPrototypeOf

/**
 * Copies what most calls take and give, plain JSON of moderate size, faster than a tree of it can be made. Whatever else it
 * meets (an accessor, a proxy, an instance, a cycle, `undefined`, a bound) it leaves to the copier of trees.
 */
export class FlatCopier {
  sizeBytes = 0
  entries = 0
  readonly #maxBytes: number
  readonly #maxEntries: number
  readonly #maxDepth: number
  readonly #tokens: unknown[] = new Array<unknown>(INITIAL_TOKENS).fill(undefined)
  #count = 0

  constructor(limits: SnapshotLimits) {
    this.#maxBytes = Math.min(MAX_BYTES, limits.maxBytes)
    this.#maxEntries = limits.maxEntries
    this.#maxDepth = Math.min(MAX_DEPTH, limits.maxDepth)
  }

  /** @returns `undefined` when the value is not for this; `sizeBytes` and `entries` are what a copier of trees counts */
  take(value: object): Tokens | undefined {
    this.sizeBytes = 0
    this.entries = 0
    this.#count = 0
    const done = !hasEnumerable(Object.prototype) && this.#container(value, 0)
    const tokens = done ? this.#tokens.slice(0, this.#count) : undefined
    // Nothing of the value is held.
    for (let index = 0; index < this.#count; index++) this.#tokens[index] = undefined
    return tokens
  }

  #push(token: unknown): void {
    this.#tokens[this.#count++] = token
  }

  #container(value: object, depth: number): boolean {
    if (depth >= this.#maxDepth || types.isProxy(value)) return false
    const prototype = getPrototypeOf(value)
    if (prototype === objectPrototype) return this.#record(value, depth + 1)
    return prototype === arrayPrototype && Array.isArray(value) && this.#list(value, depth + 1)
  }

  #list(value: readonly unknown[], depth: number): boolean {
    const { length } = value
    // Of many numbers the engine itself makes text faster.
    if (length > MAX_NUMBERS && typeof value[0] === 'number') return false
    this.entries += length
    this.sizeBytes += 16 + 8 * length
    if (this.entries > this.#maxEntries || this.sizeBytes > this.#maxBytes) return false
    this.#push(OPEN_ARRAY)
    for (let index = 0; index < length; index++) if (!this.#value(value[index], depth)) return false
    this.#push(CLOSE)
    return true
  }

  #record(value: object, depth: number): boolean {
    this.sizeBytes += 16
    this.#push(OPEN_OBJECT)
    for (const key in value) {
      if (lookupGetter.call(value, key) !== undefined || key === '$reprise' || key === '__proto__') return false
      this.sizeBytes += key.length + 8
      if (++this.entries > this.#maxEntries) return false
      this.#push(key)
      if (!this.#value((value as Record<string, unknown>)[key], depth)) return false
    }
    this.#push(CLOSE)
    return true
  }

  // Compared one by one: a switch over `typeof` has the engine make a string of the type first.
  #value(value: unknown, depth: number): boolean {
    if (typeof value === 'string') {
      this.sizeBytes += value.length + 8
      if (this.sizeBytes > this.#maxBytes) return false
    } else if (typeof value === 'object' && value !== null) return this.#container(value, depth)
    else if (typeof value === 'number') {
      // JSON has neither -0 nor the three numbers that are not finite.
      if (value - value !== 0 || (value === 0 && 1 / value < 0)) return false
    } else if (typeof value !== 'boolean' && value !== null) return false
    this.#push(value)
    return true
  }
}

/** The value that the tokens stand for. */
export function treeOf(tokens: Tokens): unknown {
  return new TreeReader(tokens).value()
}

class TreeReader {
  readonly #tokens: Tokens
  #at = 0

  constructor(tokens: Tokens) {
    this.#tokens = tokens
  }

  value(): unknown {
    const token = this.#tokens[this.#at++]
    if (token === OPEN_OBJECT) return this.#record()
    if (token === OPEN_ARRAY) return this.#list()
    return token
  }

  #record(): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    while (this.#tokens[this.#at] !== CLOSE) record[this.#tokens[this.#at++] as string] = this.value()
    this.#at++
    return record
  }

  #list(): unknown[] {
    const list: unknown[] = []
    while (this.#tokens[this.#at] !== CLOSE) list.push(this.value())
    this.#at++
    return list
  }
}
