import { type Anchor, type AnchorContext, type ByteSet, byteSetOf } from './anchors.ts'
import type { Guard, Units } from './guards.ts'

export interface AcceptedAnchor {
  readonly id: number
  readonly length: number
}

/** Flags of a cell of `next`: the state that follows accepts; the state that follows is not known yet (the cell's own index is in the rest). */
export const ACCEPTING = 0x20000000
export const UNKNOWN = 0x40000000

/** States kept at most, see `renew`. Ordinary traffic makes one or two thousand. */
const MAX_STATES = 16_000
/** Sets of anchors that end at the same byte; far more than the anchors of a policy can make. */
const MAX_ACCEPTS = 50_000
const FIRST_CAPACITY = 512

const isAlnum = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
const NOT_ALNUM = byteSetOf((byte) => !isAlnum(byte))
const NOT_OF_NUMBER = byteSetOf((byte) => !isAlnum(byte) && byte !== 0x2e && byte !== 0x5f && byte !== 0x2b)
const BACKSLASH = byteSetOf((byte) => byte === 0x5c)
const ESCAPED = byteSetOf((byte) => 'nrtbfv0'.includes(String.fromCharCode(byte)))
const PERCENT = byteSetOf((byte) => byte === 0x25)
const HEX = byteSetOf((byte) => /[0-9A-Fa-f]/.test(String.fromCharCode(byte)))

/** Items of a subset: what is known of the bytes before, below FIRST_PLACE; then one item for each place inside an anchor. */
const AT_WORD_BOUNDARY = 0
const AT_NUMBER_BOUNDARY = 1
const AFTER_BACKSLASH = 2
const AFTER_PERCENT = 3
const AFTER_PERCENT_HEX = 4
const FIRST_PLACE = 5

interface Place {
  readonly set: ByteSet
  readonly anchor: number
  /** Whether this byte completes the anchor; otherwise the next place is the next one in the list. */
  readonly isLast: boolean
}

/** What is known after some bytes: sorted items, and the anchors (indices, sorted) that the last byte completed. */
interface Subset {
  readonly items: readonly number[]
  readonly accepted: readonly number[]
}

/** What ends where a state accepts. */
interface Accept {
  readonly anchors: readonly AcceptedAnchor[]
  /** Of each anchor; undefined where one has none. */
  readonly guards: readonly Guard[] | undefined
  /** Where nothing but marks ends there, their bits; else 0. */
  readonly marks: number
}

/**
 * A deterministic automaton over bytes that says, after each byte, which anchors end there: the subset construction over
 * all anchors at once, each of which may begin at every byte its context allows. Of its few thousand states a text visits
 * a few hundred, so they are made when they are first needed.
 *
 * Hostile text makes ever new ones. When there are too many, those that come up after are made for one step and forgotten, so that
 * the rest of a piece of text goes slower, but no slower than making states does; with the next piece the table begins anew.
 *
 * To step: `next[state + classOfUnit[unit]]`; below ACCEPTING it is the new state, otherwise `resolve` tells.
 */
export class Automaton {
  /** By UTF-16 unit; those beyond ASCII all go as the byte 0xff does, so that bytes of UTF-8 may be looked up as well. */
  readonly classOfUnit: Uint8Array = new Uint8Array(0x10000)
  /** The state at the beginning of a text, which is a boundary; always the first. */
  readonly start: number = 0
  /** After this many units the state no longer depends on the one before them. */
  readonly memoryUnits: number
  /** Replaced when it grows: read it anew after `resolve`. */
  next: Int32Array
  readonly #stride: number
  readonly #representatives: readonly number[]
  readonly #anchors: readonly Anchor[]
  readonly #places: Place[] = []
  readonly #starts: Record<AnchorContext, number[]> = { anything: [], 'no-backslash': [], 'word-boundary': [], 'number-boundary': [] }
  readonly #states: Subset[] = []
  readonly #stateOfKey = new Map<string, number>()
  /** By state: an index of `#accepts`, which outlives the states. */
  readonly #acceptOfState: number[] = []
  readonly #accepts: Accept[] = []
  readonly #acceptOfKey = new Map<string, number>()
  /** Rows behind the kept ones, each for one step; the one that is next. */
  readonly #passing: number
  #nextPassing = 0
  /** What every state adds for a class of bytes, by context and class. */
  readonly #bases = new Map<number, Subset>()

  constructor(anchors: readonly Anchor[]) {
    this.#anchors = anchors
    for (const [index, anchor] of anchors.entries()) {
      this.#starts[anchor.after].push(this.#places.length)
      for (const [offset, set] of anchor.sets.entries())
        this.#places.push({ set, anchor: index, isLast: offset + 1 === anchor.sets.length })
    }
    const sets = [NOT_ALNUM, NOT_OF_NUMBER, BACKSLASH, ESCAPED, PERCENT, HEX, ...this.#places.map((place) => place.set)]
    const { classOf, representatives } = byteClasses(sets)
    this.classOfUnit.fill(classOf[0xff] ?? 0).set(classOf.subarray(0, 0x80))
    this.#representatives = representatives
    this.#stride = representatives.length
    this.next = new Int32Array(FIRST_CAPACITY * this.#stride)
    // An anchor, the escape (`%22`) before it, and one more.
    this.memoryUnits = Math.max(...anchors.map((anchor) => anchor.sets.length)) + 4
    // A lane's state must outlast the run-ups of the others.
    this.#passing = 4 * this.memoryUnits + 64
    this.#enter(START)
  }

  /** Anchors that end at a hit: `accept` is what `acceptOf` said of the state. */
  acceptedIn(accept: number): readonly AcceptedAnchor[] {
    return this.#accepts[accept]?.anchors ?? []
  }

  /** Of a hit where nothing but marks ends, their bits; else 0. */
  marksAt(accept: number): number {
    return this.#accepts[accept]?.marks ?? 0
  }

  /**
   * What ends where the automaton is in this state, at `units[end - 1]`; -1 where the guards of all these anchors say no. Valid as
   * long as the automaton, as states are not. `isWhole`: the units up to `limit` are all of the text.
   */
  acceptOf(state: number, units: Units, end: number, limit: number, isWhole: boolean): number {
    const index = this.#acceptOfState[state / this.#stride] ?? -1
    const accept = this.#accepts[index]
    if (accept?.guards === undefined) return index
    for (let at = 0; at < accept.guards.length; at++) {
      const start = end - (accept.anchors[at] as AcceptedAnchor).length
      if (start < 0 || accept.guards[at]?.(units, start, end, limit, isWhole) !== false) return index
    }
    return -1
  }

  /** To be called before each piece of text: lets go of a table that is full. Returns what `state` has become. */
  renew(state: number): number {
    if (this.#states.length < MAX_STATES) return state
    const subset = this.#states[state / this.#stride] ?? START
    this.#states.length = 0
    this.#acceptOfState.length = 0
    this.#stateOfKey.clear()
    this.next = new Int32Array(FIRST_CAPACITY * this.#stride)
    this.#enter(START)
    return this.#enter(subset)
  }

  /** The state that follows, perhaps with ACCEPTING, for what a cell said with UNKNOWN. */
  resolve(unknown: number): number {
    const cell = unknown - UNKNOWN
    const byteClass = cell % this.#stride
    const from = this.#states[(cell - byteClass) / this.#stride]
    const subset = this.#follow(from?.items ?? [], byteClass)
    const isKept = this.#states.length < MAX_STATES || this.#stateOfKey.has(keyOf(subset))
    const state = isKept ? this.#enter(subset) : this.#pass(subset)
    const known = subset.accepted.length > 0 ? state + ACCEPTING : state
    if (isKept && cell < MAX_STATES * this.#stride) this.next[cell] = known
    return known
  }

  #follow(from: readonly number[], byteClass: number): Subset {
    const byte = this.#representatives[byteClass] ?? 0
    const base = this.#base(from, byteClass)
    const items = new Set(base.items)
    const accepted = new Set(base.accepted)
    for (const item of from) {
      if (item >= FIRST_PLACE) this.#advance(item - FIRST_PLACE, byte, items, accepted)
      else if (item === AFTER_PERCENT && HEX[byte] === '1') items.add(AFTER_PERCENT_HEX)
      else if ((item === AFTER_BACKSLASH && ESCAPED[byte] === '1') || (item === AFTER_PERCENT_HEX && HEX[byte] === '1')) {
        items.add(AT_WORD_BOUNDARY).add(AT_NUMBER_BOUNDARY)
      }
    }
    const ascending = (set: Set<number>): number[] => [...set].sort((a, b) => a - b)
    return { items: ascending(items), accepted: ascending(accepted) }
  }

  #advance(placeIndex: number, byte: number, items: Set<number>, accepted: Set<number>): void {
    const place = this.#places[placeIndex]
    if (place?.set[byte] !== '1') return
    if (place.isLast) accepted.add(place.anchor)
    else items.add(FIRST_PLACE + placeIndex + 1)
  }

  /** Contexts and beginnings of anchors, which depend on the byte and on the context before it alone. */
  #base(from: readonly number[], byteClass: number): Subset {
    const contexts: AnchorContext[] = ['anything']
    if (!from.includes(AFTER_BACKSLASH)) contexts.push('no-backslash')
    if (from.includes(AT_WORD_BOUNDARY)) contexts.push('word-boundary')
    if (from.includes(AT_NUMBER_BOUNDARY)) contexts.push('number-boundary')
    const key =
      byteClass * 8 +
      (contexts.includes('no-backslash') ? 4 : 0) +
      (contexts.includes('word-boundary') ? 2 : 0) +
      (contexts.includes('number-boundary') ? 1 : 0)
    const known = this.#bases.get(key)
    if (known !== undefined) return known
    const byte = this.#representatives[byteClass] ?? 0
    const items = new Set<number>()
    const accepted = new Set<number>()
    if (NOT_ALNUM[byte] === '1') items.add(AT_WORD_BOUNDARY)
    if (NOT_OF_NUMBER[byte] === '1') items.add(AT_NUMBER_BOUNDARY)
    if (BACKSLASH[byte] === '1') items.add(AFTER_BACKSLASH)
    if (PERCENT[byte] === '1') items.add(AFTER_PERCENT)
    for (const context of contexts) for (const start of this.#starts[context]) this.#advance(start, byte, items, accepted)
    const base = { items: [...items], accepted: [...accepted] }
    this.#bases.set(key, base)
    return base
  }

  #enter(subset: Subset): number {
    const key = keyOf(subset)
    const known = this.#stateOfKey.get(key)
    if (known !== undefined) return known
    const index = this.#states.length
    const state = this.#place(index, subset)
    this.#stateOfKey.set(key, state)
    // The last one makes room for those that are not kept, so that the list is as long as the table from then on.
    if (index + 1 === MAX_STATES) for (let row = 0; row < this.#passing; row++) this.#place(MAX_STATES + row, START)
    return state
  }

  /** A state for one step. */
  #pass(subset: Subset): number {
    this.#nextPassing = (this.#nextPassing + 1) % this.#passing
    return this.#place(MAX_STATES + this.#nextPassing, subset)
  }

  /** Puts a state into a row of the table, from which nothing is known yet. */
  #place(index: number, subset: Subset): number {
    const state = index * this.#stride
    if (state + this.#stride > this.next.length) {
      const larger = new Int32Array(this.next.length * 2)
      larger.set(this.next)
      this.next = larger
    }
    for (let byteClass = 0; byteClass < this.#stride; byteClass++) this.next[state + byteClass] = UNKNOWN + state + byteClass
    this.#states[index] = subset
    this.#acceptOfState[index] = subset.accepted.length === 0 ? -1 : this.#acceptFor(subset.accepted)
    return state
  }

  #acceptFor(accepted: readonly number[]): number {
    const key = accepted.join()
    const known = this.#acceptOfKey.get(key)
    if (known !== undefined) return known
    if (this.#accepts.length >= MAX_ACCEPTS) throw new RangeError(`the anchors end together in more than ${MAX_ACCEPTS} ways`)
    const anchors = accepted.map((index) => this.#anchors[index] as Anchor)
    const guards = anchors.flatMap(({ guard }) => guard ?? [])
    this.#acceptOfKey.set(key, this.#accepts.length)
    this.#accepts.push({
      anchors: anchors.map(({ id, sets }) => ({ id, length: sets.length })),
      guards: guards.length === anchors.length ? guards : undefined,
      marks: anchors.every(({ mark }) => mark !== undefined) ? anchors.reduce((bits, { mark = 0 }) => bits | mark, 0) : 0,
    })
    return this.#accepts.length - 1
  }
}

const START: Subset = { items: [AT_WORD_BOUNDARY, AT_NUMBER_BOUNDARY], accepted: [] }
const keyOf = ({ items, accepted }: Subset): string => `${items.join()}|${accepted.join()}`

/** Bytes that no set tells apart share a class; the table then has one column for each class, not 256. */
function byteClasses(sets: readonly ByteSet[]): { classOf: Uint8Array; representatives: number[] } {
  const classOf = new Uint8Array(256)
  let count = 1
  for (const set of new Set(sets)) {
    const refined = new Map<number, number>()
    for (let byte = 0; byte < 256; byte++) {
      const key = (classOf[byte] ?? 0) * 2 + (set[byte] === '1' ? 1 : 0)
      if (!refined.has(key)) refined.set(key, refined.size)
      classOf[byte] = refined.get(key) ?? 0
    }
    count = refined.size
  }
  return { classOf, representatives: Array.from({ length: count }, (_, byteClass) => classOf.indexOf(byteClass)) }
}
