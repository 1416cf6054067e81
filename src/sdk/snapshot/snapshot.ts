import { types } from 'node:util'
import { type Cut, OPTIONS, Opaque, Truncated } from '../../schemas/index.ts'
import { hasEnumerable, lookupGetter } from '../calls/own-keys.ts'
import { elementsOf, FlatCopier, FlatList, type TokenRun, type Tokens, treeOf } from './flat.ts'
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
  /** Array elements and object fields, over all levels. */
  readonly entries: number
  /** True when JSON.stringify alone gives its text as schemas' codec would: nothing in it that needs a tag. */
  readonly plain: boolean
  /** True when JSON, with tags, holds it without loss; MessagePack has to otherwise. */
  readonly json: boolean
  readonly cuts: readonly SnapshotCut[] | undefined
  /** The value as one list, where it was taken so. */
  readonly tokens: Tokens | undefined
  /** The elements of the value, a list, where they were taken so. */
  readonly runs: readonly TokenRun[] | undefined
}

/** Plain JSON, kept as tokens until somebody asks for the value. */
class FlatSnapshot implements Snapshot {
  readonly tokens: Tokens | undefined
  readonly runs: readonly TokenRun[] | undefined
  readonly sizeBytes: number
  readonly entries: number
  #value: unknown

  constructor(tokens: Tokens | undefined, runs: readonly TokenRun[] | undefined, sizeBytes: number, entries: number) {
    this.tokens = tokens
    this.runs = runs
    this.sizeBytes = sizeBytes
    this.entries = entries
  }

  get value(): unknown {
    return (this.#value ??= this.tokens === undefined ? elementsOf(this.runs ?? []) : treeOf(this.tokens))
  }

  get plain(): boolean {
    return true
  }

  get json(): boolean {
    return true
  }

  get cuts(): undefined {
    return undefined
  }
}

/**
 * A copy that nothing done to the original later can reach: containers copied, strings shared, buffers copied. Accessors
 * are not run, and whatever has no data of its own is named by an `Opaque`. Never throws.
 */
export function takeSnapshot(value: unknown, limits: SnapshotLimits = SNAPSHOT_LIMITS): Snapshot {
  // Kept for the next; a value whose own code takes a snapshot meanwhile finds it gone.
  const copier = spare?.limits === limits ? spare.copier : new Copier(limits)
  spare = undefined
  const snapshot = copier.take(value)
  spare = { limits, copier }
  return snapshot
}

let spare: { readonly limits: SnapshotLimits; readonly copier: Copier } | undefined

const objectPrototype: unknown = Object.prototype
const arrayPrototype: unknown = Array.prototype
const getPrototypeOf: (value: object) => unknown = Object.getPrototypeOf
/** Stands for what an accessor would give. */
const GETTER = Symbol('getter')

/** A list that grows, under one set of bounds: the chunks of a stream. Never throws. */
export class ListCopier {
  readonly #limits: SnapshotLimits
  /** As long as its elements are what it takes. */
  #flat: FlatList | undefined
  #tree: { readonly copier: Copier; readonly values: unknown[] } | undefined = undefined
  #full = false

  constructor(limits: SnapshotLimits) {
    this.#limits = limits
    this.#flat = new FlatList(limits)
  }

  add(value: unknown): void {
    if (this.#flat?.add(value) === true) return
    const { copier, values } = (this.#tree ??= this.#openTree())
    if (this.#full) copier.cut('bytes')
    else if (copier.admitEntry()) values.push(copier.copyGuarded(value))
    else this.#full = true
  }

  /** After this nothing more may be added. */
  result(): Snapshot {
    if (this.#flat !== undefined) return new FlatSnapshot(undefined, this.#flat.finish(), this.#flat.sizeBytes, this.#flat.entries)
    const { copier, values } = (this.#tree ??= this.#openTree())
    return copier.result(values)
  }

  #openTree(): { readonly copier: Copier; readonly values: unknown[] } {
    const copier = new Copier(this.#limits)
    const flat = this.#flat
    this.#flat = undefined
    if (flat === undefined) return { copier, values: [] }
    copier.goOnAfter(flat)
    return { copier, values: elementsOf(flat.finish()) }
  }
}

/** One or more walks under one set of bounds. */
export class Copier {
  sizeBytes = 0
  plain = true
  json = true
  cuts: { reason: string; count: number }[] | undefined
  readonly #limits: SnapshotLimits
  readonly #maxDepth: number
  readonly #maxEntries: number
  readonly #maxBytes: number
  #entries = 0
  #deepest = 0
  /** Whether somebody put enumerable keys on `Object.prototype`. */
  #inherits = false
  /** The containers on the way down to the present one, by depth. */
  readonly #path: unknown[] = []
  #flat: FlatCopier | undefined

  constructor(limits: SnapshotLimits) {
    this.#maxDepth = limits.maxDepth
    this.#maxEntries = limits.maxEntries
    this.#maxBytes = limits.maxBytes
    this.#limits = limits
  }

  /** Counts on from what somebody else has taken. */
  goOnAfter(taken: { readonly sizeBytes: number; readonly entries: number }): void {
    this.sizeBytes = taken.sizeBytes
    this.#entries = taken.entries
  }

  /** The snapshot of one value, after which this is as new. */
  take(value: unknown): Snapshot {
    const flat = this.#takeFlat(value)
    if (flat !== undefined) return flat
    const snapshot = this.result(this.copyGuarded(value))
    this.sizeBytes = 0
    this.plain = true
    this.json = true
    this.cuts = undefined
    this.#entries = 0
    // Nothing of the value is held.
    for (let depth = 0; depth <= this.#deepest; depth++) this.#path[depth] = undefined
    this.#deepest = 0
    return snapshot
  }

  #takeFlat(value: unknown): Snapshot | undefined {
    if (typeof value !== 'object' || value === null) return undefined
    try {
      const flat = (this.#flat ??= new FlatCopier(this.#limits))
      const tokens = flat.take(value)
      return tokens === undefined ? undefined : new FlatSnapshot(tokens, undefined, flat.sizeBytes, flat.entries)
    } catch {
      // No stack left: the tree says where.
      return undefined
    }
  }

  result(value: unknown): Snapshot {
    const { sizeBytes, plain, json, cuts } = this
    return { value, sizeBytes, entries: this.#entries, plain, json, cuts, tokens: undefined, runs: undefined }
  }

  /** Something was met that JSON does not hold. */
  beyondJson(): void {
    this.plain = false
    this.json = false
  }

  copyGuarded(value: unknown): unknown {
    try {
      this.#inherits = hasEnumerable(Object.prototype)
      return this.copy(value, 0)
    } catch {
      // No stack left, or a trap that threw where none is expected: the place says so.
      return this.cut('unreadable')
    }
  }

  // Compared one by one: a switch over `typeof` has the engine make a string of the type first.
  copy(value: unknown, depth: number): unknown {
    if (typeof value === 'string') {
      this.sizeBytes += value.length + 8
      return this.sizeBytes <= this.#maxBytes ? value : this.#cutText(value)
    }
    if (typeof value === 'object') return value === null ? null : this.#object(value, depth)
    if (typeof value === 'number') {
      // JSON has neither -0 nor the three numbers that are not finite.
      if (value - value !== 0 || (value === 0 && 1 / value < 0)) this.beyondJson()
      return value
    }
    if (typeof value === 'boolean') return value
    if (typeof value === 'function') return this.opaque('function', functionName(value))
    if (typeof value === 'symbol') return this.opaque('symbol', value.description)
    this.beyondJson()
    return value
  }

  #cutText(text: string): Truncated {
    this.sizeBytes -= text.length
    return this.cut('bytes', text.length)
  }

  /** Counts that many bytes, unless they are over the bound. */
  admit(bytes: number): boolean {
    if (this.sizeBytes + bytes > this.#maxBytes) return false
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
    if (++this.#entries <= this.#maxEntries && this.admit(16)) return true
    this.cut('entries')
    return false
  }

  /** Steps into a container; a `Truncated` when a bound or a cycle forbids it. What is in it stands at `depth + 1`. */
  enter(container: object, depth: number): Truncated | undefined {
    if (depth >= this.#maxDepth) return this.cut('depth')
    const path = this.#path
    for (let index = 0; index < depth; index++) if (path[index] === container) return this.cut('cycle')
    path[depth] = container
    if (depth > this.#deepest) this.#deepest = depth
    return undefined
  }

  #object(value: object, depth: number): unknown {
    try {
      const prototype = getPrototypeOf(value)
      if (prototype === objectPrototype || prototype === null)
        return this.enter(value, depth) ?? this.record(value, depth + 1, this.#inherits)
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
    const left = this.#maxEntries - this.#entries
    const count = length > left ? left : length
    this.#entries += count
    this.sizeBytes += 16 + 8 * count
    const copy = new Array<unknown>(count)
    for (let index = 0; index < count; index++) copy[index] = this.copy(value[index], depth)
    if (count < length) copy.push(this.cut('entries', length))
    return copy
  }

  /**
   * The own enumerable data properties of `value`, in their order.
   * @param inherits whether it may have enumerable keys that are not its own
   */
  record(value: object, depth: number, inherits = true): Record<string, unknown> {
    const copy: Record<string, unknown> = {}
    // The counts are kept here while they can be: this loop is most of what a call pays for.
    const maxBytes = this.#maxBytes
    let bytes = this.sizeBytes + 16
    const simple = !types.isProxy(value)
    // Walked with `in`, which makes no list of the keys.
    for (const key in value) {
      let held: unknown
      // Asked for its getter, a property says whether it can be read without running any; its descriptor would be garbage.
      if (simple && lookupGetter.call(value, key) === undefined && (held = (value as Record<string, unknown>)[key]) !== undefined) {
        if (inherits && !Object.hasOwn(value, key)) continue
      } else {
        // An accessor, an inherited key, one that only a proxy named, or a value that is undefined.
        const descriptor = Object.getOwnPropertyDescriptor(value, key)
        if (descriptor === undefined) continue
        held = 'value' in descriptor ? descriptor.value : GETTER
      }
      bytes += key.length + 8
      if (++this.#entries > this.#maxEntries || bytes > maxBytes) {
        this.cut('entries')
        break
      }
      if (typeof held === 'string' && bytes + held.length + 8 <= maxBytes) bytes += held.length + 8
      else if (typeof held !== 'boolean') {
        this.sizeBytes = bytes
        held = held === GETTER ? this.opaque('getter') : this.copy(held, depth)
        bytes = this.sizeBytes
      }
      if (key === '__proto__') Object.defineProperty(copy, key, { value: held, enumerable: true, configurable: true, writable: true })
      else copy[key] = held
      if (key === '$reprise') this.plain = false
    }
    this.sizeBytes = bytes
    return copy
  }
}

function functionName(value: object): string | undefined {
  const name: unknown = Object.getOwnPropertyDescriptor(value, 'name')?.value
  return typeof name === 'string' && name !== '' ? name : undefined
}
