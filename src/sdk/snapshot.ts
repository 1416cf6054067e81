import { type Cut, Opaque, OPTIONS, Truncated } from '../schemas/index.ts'
import { copyExotic } from './snapshot-exotic.ts'

/** Bounds on one captured value. */
export interface SnapshotLimits {
  readonly maxDepth: number
  /** Array elements and object fields, over all levels. */
  readonly maxEntries: number
  /** UTF-16 units of all strings and keys, and bytes of all buffers. */
  readonly maxBytes: number
}

export const SNAPSHOT_LIMITS: SnapshotLimits = {
  maxDepth: OPTIONS.captureMaxDepth.default,
  maxEntries: OPTIONS.captureMaxEntries.default,
  maxBytes: OPTIONS.captureMaxBytes.default,
}

/** What a bound cut, by reason; where it stood is added when the step is sent. */
export type SnapshotCut = Omit<Cut, 'what'>

export interface Snapshot {
  readonly value: unknown
  /** About what it keeps in memory. Strings are shared but count, since the record keeps them alive. */
  readonly sizeBytes: number
  /** True when JSON.stringify alone gives its text as schemas' codec would: nothing in it that needs a tag. */
  readonly plain: boolean
  /** True when JSON, with tags, holds it without loss; MessagePack has to otherwise. */
  readonly json: boolean
  readonly cuts: readonly SnapshotCut[] | undefined
}

/**
 * A copy that nothing done to the original later can reach: containers copied, strings shared, buffers copied. Accessors
 * are not run, and whatever has no data of its own is named by an `Opaque`. Never throws.
 */
export function takeSnapshot(value: unknown, limits: SnapshotLimits = SNAPSHOT_LIMITS): Snapshot {
  const copier = new Copier(limits)
  const copy = copier.copyGuarded(value)
  return copier.result(copy)
}

const objectPrototype: unknown = Object.prototype
const arrayPrototype: unknown = Array.prototype
const getPrototypeOf: (value: object) => unknown = Object.getPrototypeOf
const hasOwn = Object.prototype.hasOwnProperty
// Tells an accessor from a data property without allocating a descriptor, and without running the accessor.
const lookupGetter = Reflect.get(Object.prototype, '__lookupGetter__') as (this: object, key: string) => unknown

/** One or more walks under one set of bounds; a stream's chunks share theirs. */
export class Copier {
  sizeBytes = 0
  plain = true
  json = true
  cuts: { reason: string; count: number }[] | undefined
  readonly #limits: SnapshotLimits
  #entries = 0
  /** The containers on the way down to the present one, by depth. */
  readonly #path: unknown[] = []

  constructor(limits: SnapshotLimits) {
    this.#limits = limits
  }

  result(value: unknown): Snapshot {
    return { value, sizeBytes: this.sizeBytes, plain: this.plain, json: this.json, cuts: this.cuts }
  }

  /** Something was met that JSON does not hold. */
  beyondJson(): void {
    this.plain = false
    this.json = false
  }

  copyGuarded(value: unknown): unknown {
    try {
      return this.copy(value, 0)
    } catch {
      // No stack left, or a trap that threw where none is expected: the place says so.
      return this.cut('unreadable')
    }
  }

  copy(value: unknown, depth: number): unknown {
    switch (typeof value) {
      case 'string':
        return this.text(value)
      case 'number':
        // JSON has neither -0 nor the three numbers that are not finite.
        if (!Number.isFinite(value) || (value === 0 && 1 / value < 0)) this.beyondJson()
        return value
      case 'boolean':
        return value
      case 'object':
        return value === null ? null : this.#object(value, depth)
      case 'undefined':
      case 'bigint':
        this.beyondJson()
        return value
      case 'function':
        return this.opaque('function', functionName(value))
      case 'symbol':
        return this.opaque('symbol', value.description)
    }
  }

  text(value: string): string | Truncated {
    return this.admit(value.length + 8) ? value : this.cut('bytes', value.length)
  }

  /** Counts that many bytes, unless they are over the bound. */
  admit(bytes: number): boolean {
    if (this.sizeBytes + bytes > this.#limits.maxBytes) return false
    this.sizeBytes += bytes
    return true
  }

  opaque(type: string, name?: string): Opaque {
    this.plain = false
    return new Opaque(type, name)
  }

  cut(reason: string, originalSize?: number): Truncated {
    this.plain = false
    this.cuts ??= []
    const found = this.cuts.find((cut) => cut.reason === reason)
    if (found === undefined) this.cuts.push({ reason, count: 1 })
    else found.count++
    return new Truncated(reason, originalSize)
  }

  /** Counts one element of a container, unless it is over a bound; then the container ends before it. */
  admitEntry(): boolean {
    if (++this.#entries <= this.#limits.maxEntries && this.admit(16)) return true
    this.cut('entries')
    return false
  }

  /** Steps into a container; a `Truncated` when a bound or a cycle forbids it. What is in it stands at `depth + 1`. */
  enter(container: object, depth: number): Truncated | undefined {
    if (depth >= this.#limits.maxDepth) return this.cut('depth')
    const path = this.#path
    for (let index = 0; index < depth; index++) if (path[index] === container) return this.cut('cycle')
    path[depth] = container
    return undefined
  }

  #object(value: object, depth: number): unknown {
    try {
      const prototype = getPrototypeOf(value)
      if (prototype === objectPrototype || prototype === null) return this.enter(value, depth) ?? this.record(value, depth + 1)
      if (prototype === arrayPrototype || Array.isArray(value)) {
        return Array.isArray(value) ? (this.enter(value, depth) ?? this.list(value, depth + 1)) : this.opaque('Array')
      }
      return copyExotic(this, value, depth)
    } catch {
      // A trap or a getter of the value threw, or there was no stack left.
      return this.cut('unreadable')
    }
  }

  list(value: readonly unknown[], depth: number): unknown[] {
    const { length } = value
    const left = this.#limits.maxEntries - this.#entries
    const count = length > left ? left : length
    this.#entries += count
    this.sizeBytes += 16 + 8 * count
    const copy: unknown[] = []
    for (let index = 0; index < count; index++) {
      const element = value[index]
      copy.push(typeof element === 'string' ? this.text(element) : this.copy(element, depth))
    }
    if (count < length) copy.push(this.cut('entries', length))
    return copy
  }

  /** The own enumerable data properties of `value`, in their order. */
  record(value: object, depth: number): Record<string, unknown> {
    const source = value as Readonly<Record<string, unknown>>
    const copy: Record<string, unknown> = {}
    this.sizeBytes += 16
    for (const key in source) {
      if (!hasOwn.call(source, key)) continue
      if (++this.#entries > this.#limits.maxEntries || !this.admit(key.length + 8)) {
        this.cut('entries')
        break
      }
      let member: unknown
      if (lookupGetter.call(source, key) !== undefined) member = this.opaque('getter')
      else {
        member = source[key]
        member = typeof member === 'string' ? this.text(member) : this.copy(member, depth)
      }
      if (key === '__proto__') Object.defineProperty(copy, key, { value: member, enumerable: true, configurable: true, writable: true })
      else copy[key] = member
      if (key === '$reprise') this.plain = false
    }
    return copy
  }
}

function functionName(value: object): string | undefined {
  const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value
  return typeof name === 'string' && name !== '' ? name : undefined
}
