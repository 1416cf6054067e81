import { type Anchor, byteSetOf } from './anchors.ts'
import type { Units } from './guards.ts'

/**
 * Some anchors are long runs of letters and digits (base64, base58, numbers of identity cards). An automaton that counted along in each
 * of them would know, of an id, how far it is beside everything else that it must know, and so have some twenty times as many states,
 * most of which no text visits twice. So it counts as far as `LEAD_UNITS`, which few words reach, and what follows is looked at here.
 */
const LONG_MIN_UNITS = 16
export const LEAD_UNITS = 12
/** No longer than this; what is around a piece of text goes further. */
export const LONG_MAX_UNITS = 32

const isAlnum = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a)
const ALNUM = byteSetOf(isAlnum)
export const LEAD: readonly string[] = Array.from({ length: LEAD_UNITS }, () => ALNUM)

/** What begins with a lead, and behind what; bits. */
export const BEHIND = { word: 1, number: 2 } as const

export const isLong = ({ sets, after }: Anchor): boolean =>
  (after === 'word-boundary' || after === 'number-boundary') &&
  sets.length >= LONG_MIN_UNITS &&
  sets.length <= LONG_MAX_UNITS &&
  sets.every(isPartOfAlnum)

const knownParts = new Map<string, boolean>([[ALNUM, true]])
function isPartOfAlnum(set: string): boolean {
  let isPart = knownParts.get(set)
  if (isPart === undefined) {
    isPart = true
    for (let byte = 0; byte < 256; byte++) if (set[byte] === '1' && !isAlnum(byte)) isPart = false
    knownParts.set(set, isPart)
  }
  return isPart
}

interface LongAnchor {
  readonly anchor: number
  readonly behind: number
  readonly length: number
  /** By unit, a table of the bytes that may stand there. */
  readonly tables: readonly Uint8Array[]
}

/** The long ones among anchors. */
export class LongAnchors {
  readonly #anchors: LongAnchor[] = []
  readonly #shortest: number

  constructor(anchors: readonly Anchor[]) {
    const tables = new Map<string, Uint8Array>()
    for (const [index, anchor] of anchors.entries()) {
      if (!isLong(anchor)) continue
      for (const set of anchor.sets) if (!tables.has(set)) tables.set(set, Uint8Array.from(set, Number))
      this.#anchors.push({
        anchor: index,
        behind: anchor.after === 'number-boundary' ? BEHIND.number : BEHIND.word,
        length: anchor.sets.length,
        tables: anchor.sets.map((set) => tables.get(set) ?? new Uint8Array(256)),
      })
    }
    this.#shortest = Math.min(...this.#anchors.map(({ length }) => length))
  }

  /** The anchors (by their index) that begin where a lead does which ends at `end`, and where they end. */
  find(units: Units, end: number, limit: number, behind: number, found: (anchor: number, start: number, end: number) => void): void {
    const start = end - LEAD_UNITS
    if (start < 0) return
    const farthest = Math.min(limit, start + this.#shortest)
    let at = end
    while (at < farthest && isAlnum(units[at] as number)) at++
    if (at < start + this.#shortest) return
    for (const long of this.#anchors) {
      if ((long.behind & behind) === 0 || start + long.length > limit) continue
      let fits = 0
      while (fits < long.length && long.tables[fits]?.[units[start + fits] as number] === 1) fits++
      if (fits === long.length) found(long.anchor, start, start + fits)
    }
  }
}
