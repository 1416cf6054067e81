import { types } from 'node:util'
import { hasEnumerable, lookupGetter } from '../calls/own-keys.ts'
import type { SnapshotLimits } from './snapshot.ts'

/** Begins an object: keys and values by turns follow, up to `CLOSE`. */
export const OPEN_OBJECT: object = Object.freeze({ open: 'object' })
/** Begins an array: its elements follow, up to `CLOSE`. */
export const OPEN_ARRAY: object = Object.freeze({ open: 'array' })
export const CLOSE: object = Object.freeze({ close: true })

/** A value of plain JSON as one list: no object, with its hidden class and its keys, for each object of the value. */
export type Tokens = readonly unknown[]

/** Some values in a row, as tokens. */
export interface TokenRun {
  readonly tokens: Tokens
  /** As a copier of trees counts them: their text is no longer. */
  readonly sizeBytes: number
}

/** Larger values are copied as trees, which can be written in pieces. */
const MAX_BYTES = 64 * 1024
const MAX_DEPTH = 24
const MAX_NUMBERS = 32
const INITIAL_TOKENS = 256
/** About what a run of values counts: as much as is written without a look at the clock. */
const RUN_BYTES = 16 * 1024

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

  /** @param maxBytes of all values that are taken together */
  constructor(limits: SnapshotLimits, maxBytes: number = MAX_BYTES) {
    this.#maxBytes = Math.min(maxBytes, limits.maxBytes)
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
    this.#forget(0)
    return tokens
  }

  /**
   * Takes one more element of a list that grows; it counts as an element does.
   * @returns false when it is not for this: then nothing has changed
   */
  append(value: unknown): boolean {
    const { sizeBytes, entries } = this
    const count = this.#count
    this.sizeBytes += 16
    this.entries++
    try {
      if (this.entries <= this.#maxEntries && this.sizeBytes <= this.#maxBytes) {
        if (!hasEnumerable(Object.prototype) && this.#value(value, 0)) return true
      }
    } catch {
      // No stack left.
    }
    this.sizeBytes = sizeBytes
    this.entries = entries
    this.#forget(count)
    return false
  }

  /** The tokens of what was appended since the last time; they are not held any more. */
  takeAppended(): Tokens {
    const tokens = this.#tokens.slice(0, this.#count)
    this.#forget(0)
    return tokens
  }

  #forget(from: number): void {
    for (let index = from; index < this.#count; index++) this.#tokens[index] = undefined
    this.#count = from
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
      if (++this.entries > this.#maxEntries || this.sizeBytes > this.#maxBytes) return false
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

/** A list that grows, such as the chunks of a stream, for as long as its elements are what a `FlatCopier` takes. */
export class FlatList {
  readonly #copier: FlatCopier
  #runs: TokenRun[] = []
  /** What the runs count that are closed. */
  #closedBytes = 0

  constructor(limits: SnapshotLimits) {
    this.#copier = new FlatCopier(limits, limits.maxBytes)
  }

  get sizeBytes(): number {
    return this.#copier.sizeBytes
  }

  get entries(): number {
    return this.#copier.entries
  }

  /** @returns false when the element is not for this: then nothing has changed */
  add(value: unknown): boolean {
    if (!this.#copier.append(value)) return false
    if (this.#copier.sizeBytes - this.#closedBytes >= RUN_BYTES) this.#closeRun()
    return true
  }

  /** What was added, in its order. After this nothing more may be. */
  finish(): readonly TokenRun[] {
    if (this.#copier.sizeBytes > this.#closedBytes) this.#closeRun()
    return this.#runs
  }

  #closeRun(): void {
    const { sizeBytes } = this.#copier
    this.#runs.push({ tokens: this.#copier.takeAppended(), sizeBytes: sizeBytes - this.#closedBytes })
    this.#closedBytes = sizeBytes
  }
}

/** The value that the tokens stand for. */
export function treeOf(tokens: Tokens): unknown {
  return new TreeReader(tokens).value()
}

/** The values that runs of tokens stand for. */
export function elementsOf(runs: readonly TokenRun[]): unknown[] {
  return runs.flatMap(({ tokens }) => new TreeReader(tokens).rest())
}

class TreeReader {
  readonly #tokens: Tokens
  #at = 0

  constructor(tokens: Tokens) {
    this.#tokens = tokens
  }

  rest(): unknown[] {
    const values: unknown[] = []
    while (this.#at < this.#tokens.length) values.push(this.value())
    return values
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
