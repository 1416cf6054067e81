import { type Anchor, type AnchorContext, type ByteSet, byteSetOf } from './anchors.ts'

/**
 * A deterministic automaton over bytes that says, after each byte, which anchors end there. States are numbered so that
 * `next[state + classOfUnit[unit]]` is the next state and `state >= acceptFrom` tells an accepting one.
 */
export interface Automaton {
  /** By UTF-16 unit; those beyond ASCII all go as the byte 0xff does, so that bytes of UTF-8 may be looked up as well. */
  readonly classOfUnit: Uint8Array
  readonly next: Int32Array
  /** The state at the beginning of a text, which is a boundary. */
  readonly start: number
  readonly acceptFrom: number
  /** Accepted anchors of state `acceptFrom + i * stride`. */
  readonly accepts: readonly (readonly AcceptedAnchor[])[]
  readonly stride: number
  /** After this many units the state no longer depends on the one before them. */
  readonly memoryUnits: number
}
export interface AcceptedAnchor {
  readonly id: number
  readonly length: number
}

/** Beyond this the policy is refused: the table would no longer fit a processor's cache. */
const MAX_STATES = 20_000

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
  /** The next place, or -1 where this byte completes the anchor. */
  readonly then: number
}

/** Subset construction over all anchors at once; each may begin at every byte. */
export function buildAutomaton(anchors: readonly Anchor[]): Automaton {
  const places: Place[] = []
  const starts: Record<AnchorContext, number[]> = { anything: [], 'no-backslash': [], 'word-boundary': [], 'number-boundary': [] }
  for (const [anchorIndex, anchor] of anchors.entries()) {
    starts[anchor.after].push(places.length)
    for (const [offset, set] of anchor.sets.entries()) {
      places.push({ set, anchor: anchorIndex, then: offset + 1 < anchor.sets.length ? places.length + 1 : -1 })
    }
  }

  const { classOf, representatives } = byteClasses([NOT_ALNUM, NOT_OF_NUMBER, BACKSLASH, ESCAPED, PERCENT, HEX, ...places.map((place) => place.set)])
  const stride = representatives.length
  const classesOfSet = new Map<ByteSet, readonly number[]>()
  const classesOf = (set: ByteSet): readonly number[] => {
    let classes = classesOfSet.get(set)
    if (classes === undefined) {
      classes = [...representatives.keys()].filter((byteClass) => set[representatives[byteClass] ?? 0] === '1')
      classesOfSet.set(set, classes)
    }
    return classes
  }

  const states: Subset[] = []
  const indexOfKey = new Map<string, number>()
  const enter = (subset: Subset): number => {
    subset.items.sort((a, b) => a - b)
    subset.accepted.sort((a, b) => a - b)
    const key = `${subset.items.join()}|${subset.accepted.join()}`
    const known = indexOfKey.get(key)
    if (known !== undefined) return known
    if (states.length >= MAX_STATES) throw new RangeError(`the anchors need more than ${MAX_STATES} states`)
    indexOfKey.set(key, states.length)
    states.push(subset)
    return states.length - 1
  }
  const advance = (subsets: readonly (Subset | undefined)[], placeIndex: number): void => {
    const place = places[placeIndex]
    if (place === undefined) return
    for (const byteClass of classesOf(place.set)) {
      if (place.then < 0) subsets[byteClass]?.accepted.push(place.anchor)
      else subsets[byteClass]?.items.push(FIRST_PLACE + place.then)
    }
  }
  const mark = (subsets: readonly (Subset | undefined)[], set: ByteSet, flag: number): void => {
    for (const byteClass of classesOf(set)) {
      const items = subsets[byteClass]?.items
      if (items !== undefined && !items.includes(flag)) items.push(flag)
    }
  }

  // Most transitions of most states are those of the state that knows nothing but its context, so they are made once.
  const bases = new Map<string, Base>()
  const baseOf = (items: readonly number[]): Base => {
    const contexts: AnchorContext[] = ['anything']
    if (!items.includes(AFTER_BACKSLASH)) contexts.push('no-backslash')
    if (items.includes(AT_WORD_BOUNDARY)) contexts.push('word-boundary')
    if (items.includes(AT_NUMBER_BOUNDARY)) contexts.push('number-boundary')
    const key = contexts.join()
    const known = bases.get(key)
    if (known !== undefined) return known
    const subsets: Subset[] = representatives.map(() => ({ items: [], accepted: [] }))
    mark(subsets, NOT_ALNUM, AT_WORD_BOUNDARY)
    mark(subsets, NOT_OF_NUMBER, AT_NUMBER_BOUNDARY)
    mark(subsets, BACKSLASH, AFTER_BACKSLASH)
    mark(subsets, PERCENT, AFTER_PERCENT)
    for (const context of contexts) for (const start of starts[context]) advance(subsets, start)
    const base = { subsets, targets: subsets.map((subset) => enter(copyOf(subset))) }
    bases.set(key, base)
    return base
  }
  const start = enter({ items: [AT_WORD_BOUNDARY, AT_NUMBER_BOUNDARY], accepted: [] })

  const transitions: number[][] = []
  for (let state = 0; state < states.length; state++) {
    const items = states[state]?.items ?? []
    const base = baseOf(items)
    const row = base.targets.slice()
    const own: (Subset | undefined)[] = []
    for (const item of items) {
      const set = itemSet(item, places)
      if (set !== undefined) for (const byteClass of classesOf(set)) own[byteClass] ??= copyOf(base.subsets[byteClass])
    }
    for (const item of items) {
      if (item >= FIRST_PLACE) advance(own, item - FIRST_PLACE)
      else if (item === AFTER_PERCENT) mark(own, HEX, AFTER_PERCENT_HEX)
      else if (item === AFTER_BACKSLASH || item === AFTER_PERCENT_HEX) {
        mark(own, item === AFTER_BACKSLASH ? ESCAPED : HEX, AT_WORD_BOUNDARY)
        mark(own, item === AFTER_BACKSLASH ? ESCAPED : HEX, AT_NUMBER_BOUNDARY)
      }
    }
    for (const [byteClass, subset] of own.entries()) if (subset !== undefined) row[byteClass] = enter(subset)
    transitions.push(row)
  }
  return layOut(states, transitions, start, classOf, stride, anchors)
}

interface Subset {
  readonly items: number[]
  readonly accepted: number[]
}
interface Base {
  readonly subsets: readonly Subset[]
  readonly targets: readonly number[]
}
const copyOf = (subset: Subset | undefined): Subset => ({ items: subset?.items.slice() ?? [], accepted: subset?.accepted.slice() ?? [] })

/** The bytes for which an item changes what comes next. */
function itemSet(item: number, places: readonly Place[]): ByteSet | undefined {
  if (item >= FIRST_PLACE) return places[item - FIRST_PLACE]?.set
  if (item === AFTER_BACKSLASH) return ESCAPED
  return item === AFTER_PERCENT || item === AFTER_PERCENT_HEX ? HEX : undefined
}

/** Bytes that no set tells apart share a class; the table then has one column for each class, not 256. */
function byteClasses(sets: readonly ByteSet[]): { classOf: Uint8Array; representatives: number[] } {
  const distinct = [...new Set(sets)]
  const classOf = new Uint8Array(256)
  const representatives: number[] = []
  const classOfSignature = new Map<string, number>()
  for (let byte = 0; byte < 256; byte++) {
    const signature = distinct.map((set) => set[byte]).join('')
    let known = classOfSignature.get(signature)
    if (known === undefined) {
      known = representatives.length
      classOfSignature.set(signature, known)
      representatives.push(byte)
    }
    classOf[byte] = known
  }
  return { classOf, representatives }
}

/** Renumbers the states, accepting ones last, and multiplies them out by the stride. */
function layOut(
  states: readonly { accepted: readonly number[] }[],
  transitions: readonly (readonly number[])[],
  start: number,
  classOf: Uint8Array,
  stride: number,
  anchors: readonly Anchor[],
): Automaton {
  const plain = [...states.keys()].filter((state) => states[state]?.accepted.length === 0)
  const accepting = [...states.keys()].filter((state) => states[state]?.accepted.length !== 0)
  const order = [...plain, ...accepting]
  const numberOf = new Map(order.map((state, position) => [state, position * stride]))
  const cells = order.length * stride
  const next = new Int32Array(cells)
  for (const [position, state] of order.entries()) {
    for (const [byteClass, target] of (transitions[state] ?? []).entries()) next[position * stride + byteClass] = numberOf.get(target) ?? 0
  }
  const classOfUnit = new Uint8Array(0x10000).fill(classOf[0xff] ?? 0)
  classOfUnit.set(classOf.subarray(0, 0x80))
  return {
    classOfUnit,
    next,
    start: numberOf.get(start) ?? 0,
    acceptFrom: plain.length * stride,
    accepts: accepting.map((state) =>
      (states[state]?.accepted ?? []).map((index) => ({ id: anchors[index]?.id ?? -1, length: anchors[index]?.sets.length ?? 0 })),
    ),
    stride,
    // An anchor, the escape (`%22`) before it, and one more.
    memoryUnits: Math.max(...anchors.map((anchor) => anchor.sets.length)) + 4,
  }
}
