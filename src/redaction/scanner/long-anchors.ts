import { type Anchor, byteSetOf } from './anchors.ts'
import type { Units } from './guards.ts'

/**
 * Some anchors are long runs of any letters and digits (base64, base58). An automaton that counted along in each
 * of them would know, of an id, how far it is beside everything else that it must know, and so have some twenty times as many states,
 * most of which no text visits twice. So it counts as far as `LEAD_UNITS`, which few words reach, and what follows is looked at here.
 */
const LONG_MIN_UNITS = 16
export const LEAD_UNITS = 12
/** No longer than this; what is around a piece of text goes further. */
export const LONG_MAX_UNITS = 32

const isAlnum = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
/** By UTF-16 unit. */
const IS_ALNUM = new Uint8Array(0x10000)
for (let byte = 0; byte < 0x80; byte++) IS_ALNUM[byte] = isAlnum(byte) ? 1 : 0
const ALNUM = byteSetOf(isAlnum)
export const LEAD: readonly string[] = Array.from({ length: LEAD_UNITS }, () => ALNUM)

/** What begins with a lead, and behind what; bits. */
export const BEHIND = { word: 1, number: 2 } as const

/** Runs of digits, or of capitals, end soon in what is random. */
const WIDE_BYTES = 50

export const isLong = ({ sets, after }: Anchor): boolean =>
  (after === 'word-boundary' || after === 'number-boundary') &&
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
  /** By unit, a table of the bytes that may stand there; none where all letters and digits may. */
  readonly tables: readonly Uint8Array[]
}

/** The long ones among anchors. */
export class LongAnchors {
  readonly anchors: readonly LongAnchor[]
  readonly shortest: number

  constructor(anchors: readonly Anchor[]) {
    const tables = new Map<string, Uint8Array>()
    const all: LongAnchor[] = []
    for (const [index, anchor] of anchors.entries()) {
      if (!isLong(anchor)) continue
      for (const set of anchor.sets) if (!tables.has(set)) tables.set(set, Uint8Array.from(set, Number))
      const isAny = anchor.sets.every((set) => set === ALNUM)
      all.push({
        anchor: index,
        order: all.length,
        length: anchor.sets.length,
        behind: anchor.after === 'number-boundary' ? BEHIND.number : BEHIND.word,
        tables: isAny ? [] : anchor.sets.map((set) => tables.get(set) ?? new Uint8Array(256)),
      })
    }
    this.anchors = all
    this.shortest = Math.min(LONG_MAX_UNITS, ...all.map(({ length }) => length))
  }
}

/** Where the letters and digits end that go on behind a lead, no farther than the longest anchor goes. */
export function runBehind(units: Units, leadEnd: number, limit: number): number {
  const farthest = Math.min(limit, leadEnd - LEAD_UNITS + LONG_MAX_UNITS)
  let end = leadEnd
  while (end < farthest && IS_ALNUM[units[end] as number] === 1) end++
  return end
}

/** Of a run of letters and digits that is as long as the anchor. */
export function fits({ tables }: LongAnchor, units: Units, start: number): boolean {
  for (let at = 0; at < tables.length; at++) if ((tables[at] as Uint8Array)[units[start + at] as number] !== 1) return false
  return true
}
