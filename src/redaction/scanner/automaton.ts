import { type Anchor, type AnchorContext, type ByteSet, byteSetOf } from './anchors.ts'
import { byteClasses, strideFor } from './byte-classes.ts'
import type { Guard, Units } from './guards.ts'
import { KeptStates } from './kept-states.ts'
import { COMMON_AREA, type Kernel, openKernel, type TextArea } from './kernel.ts'
import { isLong, type LongAnchor, LongAnchors } from './long-anchors.ts'
import { areSame, type Beginning, hashOf, joined, NONE, type SharedStep, type Step, type Subset } from './subsets.ts'

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
/** More than twice as many, and a power of two. */
const HASH_CELLS = 32_768 * 2

const isAlnum = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
const NOT_ALNUM = byteSetOf((byte) => !isAlnum(byte))
const NOT_OF_NUMBER = byteSetOf((byte) => !isAlnum(byte) && byte !== 0x2e && byte !== 0x5f && byte !== 0x2b)
const BACKSLASH = byteSetOf((byte) => byte === 0x5c)
const ESCAPED = byteSetOf((byte) => 'nrtbfv0'.includes(String.fromCharCode(byte)))
const PERCENT = byteSetOf((byte) => byte === 0x25)
const HEX = byteSetOf((byte) => /[0-9A-Fa-f]/.test(String.fromCharCode(byte)))

const CONTEXT_SETS = [NOT_ALNUM, NOT_OF_NUMBER, BACKSLASH, ESCAPED, PERCENT, HEX]

/** ECMA-48, Select Graphic Rendition: how terminals are told a colour, `ESC [ 1 ; 32 m`. */
const ESC = byteSetOf((byte) => byte === 0x1b)
const BRACKET = byteSetOf((byte) => byte === 0x5b)
const COLOUR = byteSetOf((byte) => (byte >= 0x30 && byte <= 0x39) || byte === 0x3b)
const COLOUR_END = byteSetOf((byte) => byte === 0x6d)
const COLOUR_SETS = [ESC, BRACKET, COLOUR, COLOUR_END]

/** Bits of what is known of the bytes before. */
const AT_WORD_BOUNDARY = 1
const AT_NUMBER_BOUNDARY = 2
const AFTER_BACKSLASH = 4
const AFTER_PERCENT = 8
const AFTER_PERCENT_HEX = 16
const AFTER_ESC = 32
const IN_COLOUR = 64
/** Those on which it depends what may begin. */
const BEGINNINGS = AT_WORD_BOUNDARY | AT_NUMBER_BOUNDARY | AFTER_BACKSLASH

/** An anchor that may end at a byte: of its sets, the places tell. */
interface Ending extends AcceptedAnchor {
  readonly guard: Guard | undefined
  readonly mark: number | undefined
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
  /** Those that it does not find. */
  readonly long: LongAnchors
  /** Where what is looked at is to be put. */
  area: TextArea = COMMON_AREA
  #kernel: Kernel | 'none' | undefined
  readonly #stride: number
  readonly #classes: number
  readonly #representatives: readonly number[]
  /** What is to be known of them once the automaton is made. */
  readonly #anchors: readonly Ending[]
  readonly #knowsColours: boolean
  readonly #longAccepts: number[] = []
  /** By place, the row of its set in `#holds`; the anchor, where its byte completes one, else -1: then the next place is the next one. */
  readonly #setOfPlace: Int32Array
  readonly #anchorOfPlace: Int32Array
  /** By set and class, whether the class's bytes are in it. */
  readonly #holds: Uint8Array
  readonly #starts: Record<AnchorContext, number[]> = { anything: [], 'no-backslash': [], 'word-boundary': [], 'number-boundary': [] }
  readonly #states = new KeptStates()
  /** By hash, the number of a state and one more; where that is taken, the next free one. */
  readonly #indexOfHash = new Int32Array(HASH_CELLS)
  /** Outlive the states. */
  readonly #accepts: Accept[] = []
  readonly #acceptOfKey = new Map<string, number>()
  /** Rows behind those of the kept ones, each for one step, once there are as many as are kept; the one that is next. */
  readonly #passing: number
  readonly #passed: Subset[] = []
  #nextPassing = 0
  /** By class and contexts. */
  readonly #beginnings: (Beginning | undefined)[] = []
  /** Places and anchors of the subset that `resolve` is about. */
  readonly #following: Int32Array
  readonly #first: Subset
  /** What any three bytes in a row begin, at most: for the policies that there are, some 2,300. */
  readonly #steps = new Map<string, SharedStep>()

  /** `colours`: what tells a terminal a colour is a boundary, though it ends in a letter. */
  constructor(anchors: readonly Anchor[], { colours = false }: { readonly colours?: boolean } = {}) {
    this.#anchors = anchors.map(({ id, sets, guard, mark }) => ({ id, length: sets.length, guard, mark }))
    this.#knowsColours = colours
    this.long = new LongAnchors(anchors)
    const rows = new Map<ByteSet, number>()
    const setOfPlace: number[] = []
    const anchorOfPlace: number[] = []
    for (const [index, anchor] of anchors.entries()) {
      if (isLong(anchor)) continue
      this.#starts[anchor.after].push(setOfPlace.length)
      for (const set of anchor.sets) {
        let row = rows.get(set)
        if (row === undefined) rows.set(set, (row = rows.size))
        setOfPlace.push(row)
        anchorOfPlace.push(-1)
      }
      anchorOfPlace[anchorOfPlace.length - 1] = index
    }
    this.#setOfPlace = Int32Array.from(setOfPlace)
    this.#anchorOfPlace = Int32Array.from(anchorOfPlace)
    this.#following = new Int32Array(setOfPlace.length)
    const { classOf, representatives } = byteClasses([...CONTEXT_SETS, ...(colours ? COLOUR_SETS : []), ...rows.keys()])
    this.classOfUnit.fill(classOf[0xff] ?? 0).set(classOf.subarray(0, 0x80))
    this.#representatives = representatives
    this.#classes = representatives.length
    // One more, in which stands what ends at the state.
    this.#stride = strideFor(representatives.length + 1)
    this.#holds = new Uint8Array(rows.size * this.#classes)
    for (const [set, row] of rows)
      for (const [byteClass, byte] of representatives.entries()) if (set[byte] === '1') this.#holds[row * this.#classes + byteClass] = 1
    this.next = new Int32Array(FIRST_CAPACITY * this.#stride)
    // An anchor, the escape (`%22`) before it, and one more. A colour is longer, but those anchors that need a boundary are shorter.
    this.memoryUnits = Math.max(...anchors.map((anchor) => anchor.sets.length)) + 4
    // A lane's state must outlast the run-ups of the others.
    this.#passing = 4 * this.memoryUnits + 64
    const nothing = { index: 0, contexts: 0, places: NONE, accepted: NONE, next: [] }
    this.#first = { contexts: AT_WORD_BOUNDARY | AT_NUMBER_BOUNDARY, beginning: nothing, second: nothing, places: NONE, accepted: NONE }
    this.#enter(this.#first)
  }

  /** Made when it is first asked for, as `area` and `next` are then; undefined where there can be none. */
  kernel(): Kernel | undefined {
    if (this.#kernel === undefined) {
      const kernel = openKernel(this.classOfUnit, (MAX_STATES + this.#passing) * this.#stride, ACCEPTING)
      this.#kernel = kernel ?? 'none'
      if (kernel !== undefined) {
        this.area = kernel.area
        kernel.table.set(this.next.subarray(0, this.#rows() * this.#stride))
        this.next = kernel.table
      }
    }
    return this.#kernel === 'none' ? undefined : this.#kernel
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
   * What ends where the automaton is in this state, at `units[end - 1]`: what `acceptedIn` tells of, valid as long as the automaton, as
   * states are not; -1 where the guards of all these anchors say no. `isWhole`: the units up to `limit` are all of the text.
   */
  acceptOf(state: number, units: Units, end: number, limit: number, isWhole: boolean): number {
    return this.#guarded(this.next[state + this.#classes] as number, units, end, limit, isWhole)
  }

  /** The same of a long anchor. */
  acceptOfLong({ order, anchor }: LongAnchor, units: Units, end: number, limit: number, isWhole: boolean): number {
    return this.#guarded((this.#longAccepts[order] ??= this.#acceptFor(Int32Array.of(anchor))), units, end, limit, isWhole)
  }

  #guarded(index: number, units: Units, end: number, limit: number, isWhole: boolean): number {
    const { guards, anchors } = this.#accepts[index] as Accept
    if (guards === undefined) return index
    for (let at = 0; at < guards.length; at++) {
      const start = end - (anchors[at] as AcceptedAnchor).length
      if (start < 0 || guards[at]?.(units, start, end, limit, isWhole) !== false) return index
    }
    return -1
  }

  /** To be called before each piece of text: lets go of a table that is full. Returns what `state` has become. */
  renew(state: number): number {
    if (this.#states.length < MAX_STATES) return state
    const subset = this.#subsetOf(state / this.#stride)
    this.#states.clear()
    this.#passed.length = 0
    this.#indexOfHash.fill(0)
    // That of the kernel stays where it is.
    if (this.#kernel === undefined || this.#kernel === 'none') this.next = new Int32Array(FIRST_CAPACITY * this.#stride)
    this.#enter(this.#first)
    return this.#enter(subset)
  }

  /** The state that follows, perhaps with ACCEPTING, for what a cell said with UNKNOWN. */
  resolve(unknown: number): number {
    const cell = unknown - UNKNOWN
    const byteClass = cell % this.#stride
    const state = this.#enter(this.#follow(this.#subsetOf((cell - byteClass) / this.#stride), byteClass))
    const known = this.next[state + this.#classes] === -1 ? state : state + ACCEPTING
    if (state < MAX_STATES * this.#stride && cell < MAX_STATES * this.#stride) this.next[cell] = known
    return known
  }

  /** Its places are valid until the next call. */
  #follow({ contexts, beginning, second, places }: Subset, byteClass: number): Subset {
    const begun = this.#begin(contexts & BEGINNINGS, byteClass)
    let following = begun.contexts
    if (contexts > BEGINNINGS || (contexts & AFTER_BACKSLASH) !== 0) {
      const byte = this.#representatives[byteClass] ?? 0
      if ((contexts & AFTER_PERCENT) !== 0 && HEX[byte] === '1') following |= AFTER_PERCENT_HEX
      if (((contexts & AFTER_BACKSLASH) !== 0 && ESCAPED[byte] === '1') || ((contexts & AFTER_PERCENT_HEX) !== 0 && HEX[byte] === '1'))
        following |= AT_WORD_BOUNDARY | AT_NUMBER_BOUNDARY
      if ((contexts & AFTER_ESC) !== 0 && BRACKET[byte] === '1') following |= IN_COLOUR
      if ((contexts & IN_COLOUR) !== 0) {
        if (COLOUR[byte] === '1') following |= IN_COLOUR
        else if (COLOUR_END[byte] === '1') following |= AT_WORD_BOUNDARY | AT_NUMBER_BOUNDARY
      }
    }
    const begunBefore = this.#shared(beginning, byteClass)
    const further = this.#shared(second, byteClass)
    const merged = this.#following
    const holds = this.#holds
    const classes = this.#classes
    let accepted: number[] | undefined
    let count = 0
    let taken = 0
    for (let index = 0; index < places.length; index++) {
      const place = places[index] as number
      if (holds[(this.#setOfPlace[place] as number) * classes + byteClass] === 0) continue
      const anchor = this.#anchorOfPlace[place] as number
      if (anchor >= 0) (accepted ??= []).push(anchor)
      else {
        while (taken < further.places.length && (further.places[taken] as number) <= place)
          merged[count++] = further.places[taken++] as number
        merged[count++] = place + 1
      }
    }
    while (taken < further.places.length) merged[count++] = further.places[taken++] as number
    return {
      contexts: following,
      beginning: begun,
      second: begunBefore,
      places: merged.subarray(0, count),
      accepted: joined(accepted, further.accepted, begunBefore.accepted, begun.accepted),
    }
  }

  /** What the next byte makes of a step. */
  #shared(step: SharedStep, byteClass: number): SharedStep {
    const known = step.next[byteClass]
    if (known !== undefined) return known
    const { places, accepted } = this.#advance(step.places, byteClass)
    const key = `${places.join()}|${accepted.join()}`
    let shared = this.#steps.get(key)
    if (shared === undefined) this.#steps.set(key, (shared = { index: this.#steps.size, places, accepted, next: [] }))
    step.next[byteClass] = shared
    return shared
  }

  #advance(places: ArrayLike<number>, byteClass: number): Step {
    const next: number[] = []
    const accepted: number[] = []
    for (let index = 0; index < places.length; index++) {
      const place = places[index] as number
      if (this.#holds[(this.#setOfPlace[place] as number) * this.#classes + byteClass] === 0) continue
      const anchor = this.#anchorOfPlace[place] as number
      if (anchor >= 0) accepted.push(anchor)
      else next.push(place + 1)
    }
    return { places: Int32Array.from(next), accepted: Int32Array.from(accepted) }
  }

  #begin(before: number, byteClass: number): Beginning {
    const key = byteClass * 8 + before
    const known = this.#beginnings[key]
    if (known !== undefined) return known
    const from: AnchorContext[] = ['anything']
    if ((before & AFTER_BACKSLASH) === 0) from.push('no-backslash')
    if ((before & AT_WORD_BOUNDARY) !== 0) from.push('word-boundary')
    if ((before & AT_NUMBER_BOUNDARY) !== 0) from.push('number-boundary')
    const byte = this.#representatives[byteClass] ?? 0
    const contexts =
      (NOT_ALNUM[byte] === '1' ? AT_WORD_BOUNDARY : 0) |
      (NOT_OF_NUMBER[byte] === '1' ? AT_NUMBER_BOUNDARY : 0) |
      (BACKSLASH[byte] === '1' ? AFTER_BACKSLASH : 0) |
      (PERCENT[byte] === '1' ? AFTER_PERCENT : 0) |
      (this.#knowsColours && ESC[byte] === '1' ? AFTER_ESC : 0)
    const starts = from.flatMap((context) => this.#starts[context]).sort((a, b) => a - b)
    const { places, accepted } = this.#advance(starts, byteClass)
    // Equal ones are one, so that states that differ in nothing else are one.
    const same = this.#beginnings.find(
      (other) => other?.contexts === contexts && areSame(other.places, places) && areSame(other.accepted, accepted),
    )
    return (this.#beginnings[key] = same ?? { index: key + 1, contexts, places, accepted, next: [] })
  }

  /** The state of a subset: the one that is there, a new one, or, where there is no room, one for a single step. */
  #enter(subset: Subset): number {
    let cell = hashOf(subset) & (HASH_CELLS - 1)
    for (;;) {
      const index = (this.#indexOfHash[cell] as number) - 1
      if (index < 0) break
      if (this.#states.is(index, subset)) return index * this.#stride
      cell = (cell + 1) & (HASH_CELLS - 1)
    }
    if (this.#states.length >= MAX_STATES) return this.#pass({ ...subset, places: subset.places.slice() })
    const index = this.#states.add(subset)
    this.#indexOfHash[cell] = index + 1
    // The last one makes room for those that are not kept, so that the table is as long as it gets from then on.
    if (index + 1 === MAX_STATES) for (let row = 0; row < this.#passing; row++) this.#place(MAX_STATES + row, this.#first)
    return this.#place(index, subset)
  }

  /** Of the table. */
  #rows(): number {
    return this.#states.length < MAX_STATES ? this.#states.length : MAX_STATES + this.#passing
  }

  /** A state for one step. */
  #pass(subset: Subset): number {
    this.#nextPassing = (this.#nextPassing + 1) % this.#passing
    this.#passed[this.#nextPassing] = subset
    return this.#place(MAX_STATES + this.#nextPassing, subset)
  }

  #subsetOf(index: number): Subset {
    if (index < this.#states.length) return this.#states.at(index)
    return this.#passed[index - MAX_STATES] ?? this.#first
  }

  /** Makes the row of a state in the table, from which nothing is known yet. */
  #place(index: number, { accepted }: Subset): number {
    const state = index * this.#stride
    if (state + this.#stride > this.next.length) {
      const larger = new Int32Array(this.next.length * 2)
      larger.set(this.next)
      this.next = larger
    }
    for (let byteClass = 0; byteClass < this.#classes; byteClass++) this.next[state + byteClass] = UNKNOWN + state + byteClass
    this.next[state + this.#classes] = accepted.length === 0 ? -1 : this.#acceptFor(accepted)
    return state
  }

  #acceptFor(accepted: Int32Array): number {
    const key = accepted.join()
    const known = this.#acceptOfKey.get(key)
    if (known !== undefined) return known
    if (this.#accepts.length >= MAX_ACCEPTS) throw new RangeError(`the anchors end together in more than ${MAX_ACCEPTS} ways`)
    const anchors = Array.from(accepted, (index) => this.#anchors[index] as Ending)
    const guards = anchors.flatMap(({ guard }) => guard ?? [])
    this.#acceptOfKey.set(key, this.#accepts.length)
    this.#accepts.push({
      anchors: anchors.map(({ id, length }) => ({ id, length })),
      guards: guards.length === anchors.length ? guards : undefined,
      marks: anchors.every(({ mark }) => mark !== undefined) ? anchors.reduce((bits, { mark = 0 }) => bits | mark, 0) : 0,
    })
    return this.#accepts.length - 1
  }
}
