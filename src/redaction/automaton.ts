import { type Anchor, type AnchorContext, type ByteSet, byteSetOf } from './anchors.ts'

export interface AcceptedAnchor {
  readonly id: number
  readonly length: number
}

/** Flags of a cell of `next`: the state that follows accepts; the state that follows is not known yet (the cell's own index is in the rest). */
export const ACCEPTING = 0x20000000
export const UNKNOWN = 0x40000000

/** Beyond this the policy is refused: the table would no longer fit a processor's cache. */
const MAX_STATES = 20_000
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

/**
 * A deterministic automaton over bytes that says, after each byte, which anchors end there: the subset construction over
 * all anchors at once, each of which may begin at every byte its context allows. Of its few thousand states a text visits
 * a few hundred, so they are made when they are first needed.
 *
 * To step: `next[state + classOfUnit[unit]]`; below ACCEPTING it is the new state, otherwise `resolve` tells.
 */
export class Automaton {
  /** By UTF-16 unit; those beyond ASCII all go as the byte 0xff does, so that bytes of UTF-8 may be looked up as well. */
  readonly classOfUnit: Uint8Array = new Uint8Array(0x10000)
  /** The state at the beginning of a text, which is a boundary. */
  readonly start: number
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
  readonly #accepts: (readonly AcceptedAnchor[])[] = []
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
    this.start = this.#enter([AT_WORD_BOUNDARY, AT_NUMBER_BOUNDARY], [])
  }

  /** Anchors that end where the automaton is in this state. */
  acceptedIn(state: number): readonly AcceptedAnchor[] {
    return this.#accepts[state / this.#stride] ?? []
  }

  /** The state that follows, perhaps with ACCEPTING, for what a cell said with UNKNOWN. */
  resolve(unknown: number): number {
    const cell = unknown - UNKNOWN
    const byteClass = cell % this.#stride
    const from = this.#states[(cell - byteClass) / this.#stride]
    const known = this.#follow(from?.items ?? [], byteClass)
    this.next[cell] = known
    return known
  }

  #follow(from: readonly number[], byteClass: number): number {
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
    const state = this.#enter(ascending(items), ascending(accepted))
    return accepted.size > 0 ? state + ACCEPTING : state
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

  #enter(items: readonly number[], accepted: readonly number[]): number {
    const key = `${items.join()}|${accepted.join()}`
    const known = this.#stateOfKey.get(key)
    if (known !== undefined) return known
    const index = this.#states.length
    if (index >= MAX_STATES) throw new RangeError(`the anchors need more than ${MAX_STATES} states`)
    const state = index * this.#stride
    if (state + this.#stride > this.next.length) {
      const larger = new Int32Array(this.next.length * 2)
      larger.set(this.next)
      this.next = larger
    }
    for (let byteClass = 0; byteClass < this.#stride; byteClass++) this.next[state + byteClass] = UNKNOWN + state + byteClass
    this.#states.push({ items, accepted })
    this.#accepts.push(accepted.map((anchor) => ({ id: this.#anchors[anchor]?.id ?? -1, length: this.#anchors[anchor]?.sets.length ?? 0 })))
    this.#stateOfKey.set(key, state)
    return state
  }
}

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
