import { type Anchor, byteSetOf } from './anchors.ts'
import type { Units } from './guards.ts'

/**
 * Some anchors are long runs of any letters and digits (base64, base58). An automaton that counted along in each
 * of them would know, of an id, how far it is beside everything else that it must know, and so have some twenty times as many states,
 * most of which no text visits twice. To count even some of the way makes every word pass through as many states as it has letters. So
 * they are looked for apart: where so many letters and digits stand in a row, which is rare and told by a few of them.
 */
const LONG_MIN_UNITS = 16
/** No longer than this; what is around a piece of text goes further. */
export const LONG_MAX_UNITS = 32
/** The piece of text in which the so-manyth unit of a long anchor lies is the one that it is met in. */
const MET_UNITS = 12

const isAlnum = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
/** By UTF-16 unit. */
const IS_ALNUM = new Uint8Array(0x10000)
for (let byte = 0; byte < 0x80; byte++) IS_ALNUM[byte] = isAlnum(byte) ? 1 : 0
const ALNUM = byteSetOf(isAlnum)
/** What stands before an anchor; bits. */
const BEHIND = { word: 1, number: 2 } as const
const DOT = 0x2e
const UNDERSCORE = 0x5f
const PLUS = 0x2b
const BACKSLASH = 0x5c
const PERCENT = 0x25
const isEscaped = (unit: number): boolean => unit < 0x80 && 'nrtbfv0'.includes(String.fromCharCode(unit))
const isHex = (unit: number): boolean => (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x46) || (unit >= 0x61 && unit <= 0x66)

/** Runs of digits, or of capitals, end soon in what is random. */
const WIDE_BYTES = 50

export const isLong = ({ sets, after }: Anchor): boolean =>
  (after === 'word-boundary' || after === 'number-boundary') &&
  sets.length >= LONG_MIN_UNITS &&
  sets.length <= LONG_MAX_UNITS &&
  sets.every((set) => sizeInAlnum(set) > 0) &&
  sets.filter((set) => sizeInAlnum(set) >= WIDE_BYTES).length >= LONG_MIN_UNITS

const sizes = new Map<string, number>()
/** How many bytes a set has; 0 where any is no letter or digit. */
function sizeInAlnum(set: string): number {
  let size = sizes.get(set)
  if (size === undefined) {
    size = 0
    for (let byte = 0; byte < 256; byte++) if (set[byte] === '1') size += isAlnum(byte) ? 1 : Number.NEGATIVE_INFINITY
    sizes.set(set, (size = Math.max(0, size)))
  }
  return size
}

export interface LongAnchor {
  /** Its index, and its number among the long ones. */
  readonly anchor: number
  readonly order: number
  readonly length: number
  readonly behind: number
  /** By unit, a table of the bytes that may stand there; none where all letters and digits may. Of equal anchors, the same one. */
  readonly tables: readonly Uint8Array[]
}

/** The long ones among anchors. */
export class LongAnchors {
  readonly anchors: readonly LongAnchor[]
  readonly shortest: number

  constructor(anchors: readonly Anchor[]) {
    const tables = new Map<string, Uint8Array>()
    const tablesOf = new Map<string, readonly Uint8Array[]>()
    const all: LongAnchor[] = []
    for (const [index, anchor] of anchors.entries()) {
      if (!isLong(anchor)) continue
      for (const set of anchor.sets) if (!tables.has(set)) tables.set(set, Uint8Array.from(set, Number))
      const key = anchor.sets.join()
      if (!tablesOf.has(key))
        tablesOf.set(key, anchor.sets.every((set) => set === ALNUM) ? [] : anchor.sets.map((set) => tables.get(set) ?? new Uint8Array(256)))
      all.push({
        anchor: index,
        order: all.length,
        length: anchor.sets.length,
        behind: anchor.after === 'number-boundary' ? BEHIND.number : BEHIND.word,
        tables: tablesOf.get(key) ?? [],
      })
    }
    this.anchors = all
    this.shortest = all.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...all.map(({ length }) => length))
  }

  /**
   * Tells of each long anchor that is met between `from` and `to`, and where it begins: those ascend. What is known of the text ends at
   * `limit`, and begins at 0, which is the beginning of the text where `from` is 0.
   *
   * @param skip finds sixteen letters and digits in a row, see kernel.ts
   */
  find(
    units: Units,
    from: number,
    to: number,
    limit: number,
    skip: ((at: number, end: number) => number) | undefined,
    tell: (long: LongAnchor, start: number) => void,
  ): void {
    const lowest = Math.max(0, from - MET_UNITS + 1)
    if (limit - lowest < this.shortest) return
    const end = Math.min(limit, to + LONG_MAX_UNITS)
    for (let at = lowest; at < end; ) {
      const inside = skip === undefined ? this.#rowFrom(units, at, end) : skip(at, end)
      if (inside >= end) return
      let first = inside
      // As far as it could begin at all.
      while (first > lowest - 3 && first > 0 && IS_ALNUM[units[first - 1] as number] === 1) first--
      let last = inside
      while (last < limit && IS_ALNUM[units[last] as number] === 1) last++
      if (last - first >= this.shortest) this.#tellOf(units, first, last, lowest, to - MET_UNITS, tell)
      at = last + 1
    }
  }

  /** Whether a text has letters and digits in a row that are as long as the shortest anchor. */
  isIn(text: string): boolean {
    for (let at = 0; at + this.shortest <= text.length; ) {
      let back = at + this.shortest - 1
      while (back >= at && IS_ALNUM[text.charCodeAt(back)] === 1) back--
      if (back < at) return true
      at = back + 1
    }
    return false
  }

  /** A place inside of the next letters and digits that stand in a row as long as the shortest anchor; `end` where there are none. */
  #rowFrom(units: Units, from: number, end: number): number {
    for (let at = from; at + this.shortest <= end; ) {
      let back = at + this.shortest - 1
      while (back >= at && IS_ALNUM[units[back] as number] === 1) back--
      if (back < at) return at
      at = back + 1
    }
    return end
  }

  /** The anchors that begin in a row, each at its beginning or right behind the escape that it begins with. */
  #tellOf(
    units: Units,
    first: number,
    last: number,
    lowest: number,
    highest: number,
    tell: (long: LongAnchor, start: number) => void,
  ): void {
    const before = first === 0 ? undefined : (units[first - 1] as number)
    let escape = 0
    if (before === BACKSLASH && isEscaped(units[first] as number)) escape = 1
    if (before === PERCENT && isHex(units[first] as number) && isHex(units[first + 1] as number)) escape = 2
    const isOfNumber = before === DOT || before === UNDERSCORE || before === PLUS
    this.#tellAt(units, first, last, isOfNumber ? BEHIND.word : BEHIND.word | BEHIND.number, lowest, highest, tell)
    if (escape > 0) this.#tellAt(units, first + escape, last, BEHIND.word | BEHIND.number, lowest, highest, tell)
  }

  #tellAt(
    units: Units,
    start: number,
    last: number,
    behind: number,
    lowest: number,
    highest: number,
    tell: (long: LongAnchor, start: number) => void,
  ): void {
    // What goes on from before the piece begins nowhere in it.
    if (start < lowest || start > highest) return
    let known: readonly Uint8Array[] | undefined
    let isFitting = false
    for (const long of this.anchors) {
      if ((long.behind & behind) === 0 || long.length > last - start) continue
      if (long.tables !== known) {
        known = long.tables
        isFitting = fits(long, units, start)
      }
      if (isFitting) tell(long, start)
    }
  }
}

/** Of a run of letters and digits that is as long as the anchor. */
function fits({ tables }: LongAnchor, units: Units, start: number): boolean {
  for (let at = 0; at < tables.length; at++) if ((tables[at] as Uint8Array)[units[start + at] as number] !== 1) return false
  return true
}
