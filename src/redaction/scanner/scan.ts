import { ACCEPTING, type Automaton, UNKNOWN } from './automaton.ts'
import { AHEAD_UNITS, BEHIND_UNITS, type Kernel, PIECE_UNITS } from './kernel.ts'
import { LANES } from './kernel-code.ts'
import { LONG_MAX_UNITS } from './long-anchors.ts'

/**
 * Places where an anchor ends: pairs of (index just behind it, what `acceptedIn` tells of), ascending. Indices count UTF-16 units of
 * the text, or bytes where bytes were scanned.
 */
export type AnchorHits = readonly number[]
const NO_HITS: AnchorHits = []

/** `scanText`, or what gives the same with less work because it knows the text. */
export type Scan = (automaton: Automaton, text: string) => AnchorHits

/** Shorter pieces are scanned in one lane: the others' run-up would cost more than they save. */
const LANES_MIN_UNITS = 256

/** Names and the like: copying them would take longer than reading them. */
const SHORT_UNITS = 48

/**
 * One pass over a string. It is copied to UTF-16 memory first, which runs at 10 GB/s and makes every string look alike:
 * reading it with charCodeAt takes twice as long, and several times where strings of several kinds have been seen.
 */
export function scanText(automaton: Automaton, text: string): AnchorHits {
  if (text.length <= SHORT_UNITS) return scanShort(automaton, text)
  const hits: number[] = []
  const long: number[] = []
  const kernel = text.length < LANES_MIN_UNITS ? undefined : automaton.kernel()
  const { buffer } = automaton.area
  let state = automaton.start
  for (let from = 0; from < text.length; from += PIECE_UNITS) {
    const behind = from === 0 ? 0 : BEHIND_UNITS
    const seen = text.length <= PIECE_UNITS ? text : text.slice(from - behind, from + PIECE_UNITS + AHEAD_UNITS)
    buffer.write(seen, 0, 'utf16le')
    const end = Math.min(seen.length, behind + PIECE_UNITS)
    const known = automaton.renew(state)
    state =
      kernel === undefined || end - behind < LANES_MIN_UNITS
        ? scanUnits(automaton, behind, end, seen.length, known, from - behind, hits)
        : scanLanes(automaton, kernel, behind, end, seen.length, known, from - behind, hits)
    scanLong(automaton, behind, end, seen.length, from - behind, long, false, kernel)
  }
  return merged(hits, long)
}

/** Notes the long anchors of a piece. */
function scanLong(
  automaton: Automaton,
  from: number,
  to: number,
  limit: number,
  base: number,
  hits: number[],
  isWhole: boolean,
  kernel: Kernel | undefined,
): void {
  const { units } = automaton.area
  automaton.long.find(units, from, to, limit, kernel?.rowOfUnits, (long, start) => {
    const end = start + long.length
    const accept = automaton.acceptOfLong(long, units, end, limit, isWhole)
    if (accept >= 0) hits.push(base + end, accept)
  })
}

/** All hits by where they end. Of those that end together, long anchors come first. */
function merged(hits: number[], long: number[]): AnchorHits {
  if (long.length === 0) return hits.length === 0 ? NO_HITS : hits
  sortByEnd(long)
  if (hits.length === 0) return long
  const all: number[] = []
  let next = 0
  for (let at = 0; at < hits.length; at += 2) {
    for (; next < long.length && (long[next] as number) <= (hits[at] as number); next += 2)
      all.push(long[next] as number, long[next + 1] as number)
    all.push(hits[at] as number, hits[at + 1] as number)
  }
  for (; next < long.length; next += 2) all.push(long[next] as number, long[next + 1] as number)
  return all
}

/** They ascend by where they begin, so that each has few to pass. */
function sortByEnd(hits: number[]): void {
  for (let next = 2; next < hits.length; next += 2) {
    const [end, accept] = [hits[next] as number, hits[next + 1] as number]
    let at = next
    for (; at > 0 && (hits[at - 2] as number) > end; at -= 2) {
      hits[at] = hits[at - 2] as number
      hits[at + 1] = hits[at - 1] as number
    }
    hits[at] = end
    hits[at + 1] = accept
  }
}

/** Anchors that end behind `from` and up to `to`, as `scanText` finds them; at most half a piece. */
export function scanWithin(automaton: Automaton, text: string, from: number, to: number, hits: number[]): void {
  // A long anchor that ends here may have been met before.
  const met = from - LONG_MAX_UNITS
  const begin = Math.max(0, met - Math.max(automaton.memoryUnits, BEHIND_UNITS))
  const seen = text.slice(begin, to + 2 * AHEAD_UNITS)
  automaton.area.buffer.write(seen, 0, 'utf16le')
  const plain: number[] = []
  const long: number[] = []
  const state = scanUnits(
    automaton,
    Math.max(0, from - begin - automaton.memoryUnits),
    from - begin,
    seen.length,
    automaton.renew(automaton.start),
    begin,
    [],
  )
  scanUnits(automaton, from - begin, to - begin, seen.length, state, begin, plain)
  scanLong(automaton, Math.max(0, met - begin), to - begin, seen.length, begin, long, false, undefined)
  const all = merged(plain, long)
  for (let hit = 0; hit < all.length; hit += 2) {
    const end = all[hit] as number
    if (end > from && end <= to) hits.push(end, all[hit + 1] as number)
  }
}

function scanShort(automaton: Automaton, text: string): AnchorHits {
  const { classOfUnit } = automaton
  let state = automaton.renew(automaton.start)
  let { next } = automaton
  let hits: number[] | undefined
  for (let index = 0; index < text.length; index++) {
    state = next[state + (classOfUnit[text.charCodeAt(index)] as number)] as number
    if (state >= ACCEPTING) {
      hits ??= startShort(automaton, text)
      state = arrive(automaton, state, 0, index + 1, text.length, hits, true)
      next = automaton.next
    }
  }
  if (text.length < automaton.long.shortest || !automaton.long.isIn(text)) return hits === undefined || hits.length === 0 ? NO_HITS : hits
  const long = startShort(automaton, text)
  scanLong(automaton, 0, text.length, text.length, 0, long, true, undefined)
  return merged(hits ?? [], long)
}

/** For the guards, which look at units. */
function startShort({ area: { units } }: Automaton, text: string): number[] {
  for (let index = 0; index < text.length; index++) units[index] = text.charCodeAt(index)
  return []
}

/** The plain state at a cell, whatever ends there. */
function pass(automaton: Automaton, cell: number): number {
  const known = cell >= UNKNOWN ? automaton.resolve(cell) : cell
  return known < ACCEPTING ? known : known - ACCEPTING
}

/** What lies at a cell that is no plain state: makes it known and notes a hit. Gives the plain state. */
function arrive(
  automaton: Automaton,
  cell: number,
  base: number,
  end: number,
  limit: number,
  hits: number[],
  isWhole: boolean = false,
): number {
  const known = cell >= UNKNOWN ? automaton.resolve(cell) : cell
  if (known < ACCEPTING) return known
  const state = known - ACCEPTING
  const accept = automaton.acceptOf(state, automaton.area.units, end, limit, isWhole)
  if (accept >= 0 && automaton.marksAt(accept) === 0) hits.push(base + end, accept)
  return state
}

function scanUnits(automaton: Automaton, from: number, to: number, limit: number, start: number, base: number, hits: number[]): number {
  const { classOfUnit } = automaton
  const { units } = automaton.area
  let { next } = automaton
  let state = start
  for (let index = from; index < to; index++) {
    state = next[state + (classOfUnit[units[index] as number] as number)] as number
    if (state >= ACCEPTING) {
      state = arrive(automaton, state, base, index + 1, limit, hits)
      next = automaton.next
    }
  }
  return state
}

/**
 * Several stretches at once. They overlap: each begins in the one before, as far from its end as the automaton remembers, so that all
 * take as many steps, and what is met up to there is what the one before has met.
 */
function scanLanes(
  automaton: Automaton,
  { states, followUnits }: Kernel,
  from: number,
  to: number,
  limit: number,
  start: number,
  base: number,
  hits: number[],
): number {
  const { steps, apart } = lanesOf(to - from, automaton.memoryUnits)
  states.fill(automaton.start)
  states[0] = start
  const hitsOf: (number[] | undefined)[] = []
  const last = (from + steps) * 2
  for (let at = from * 2; at < last; ) {
    at = followUnits(at, last, apart * 2)
    const end = at >> 1
    for (let lane = 0; lane < LANES; lane++) {
      const cell = states[lane] as number
      if (cell < ACCEPTING) continue
      states[lane] =
        lane > 0 && end - from <= steps - apart
          ? pass(automaton, cell)
          : arrive(automaton, cell, base, end + lane * apart, limit, lane === 0 ? hits : (hitsOf[lane] ??= []))
    }
  }
  for (const more of hitsOf) for (let at = 0; at < (more?.length ?? 0); at++) hits.push(more?.[at] as number)
  return states[LANES - 1] as number
}

/** How many steps each lane takes, and how far apart they begin. */
function lanesOf(units: number, memoryUnits: number): { readonly steps: number; readonly apart: number } {
  const least = Math.ceil((units + (LANES - 1) * memoryUnits) / LANES)
  const apart = Math.floor((units - least) / (LANES - 1))
  return { steps: units - (LANES - 1) * apart, apart }
}

/** Bytes of a text looked at in one go. */
const PIECE_BYTES = PIECE_UNITS
/** What `lookForAnchor` gives where there is an anchor. */
export const ANCHOR_FOUND = -1
const FOUND = ANCHOR_FOUND
let marksSeen = 0

/** As `lookForAnchor`, for who asks for nothing but anchors. */
export const hasAnchor = (automaton: Automaton, bytes: Uint8Array): boolean => lookForAnchor(automaton, bytes) === ANCHOR_FOUND

/**
 * Whether any anchor stands in the bytes of a text, in UTF-8 or any other superset of ASCII; if none does, the bits of the marks that
 * do. Stops at the first anchor.
 */
export function lookForAnchor(automaton: Automaton, bytes: Uint8Array): number {
  const kernel = bytes.length < LANES_MIN_UNITS ? undefined : automaton.kernel()
  let state = automaton.start
  marksSeen = 0
  for (let from = 0; from < bytes.length && state !== FOUND; from += PIECE_BYTES) {
    const behind = from === 0 ? 0 : BEHIND_UNITS
    const seen = bytes.length <= PIECE_BYTES ? bytes : bytes.subarray(from - behind, from + PIECE_BYTES + AHEAD_UNITS)
    automaton.area.bytes.set(seen)
    const end = Math.min(seen.length, behind + PIECE_BYTES)
    const known = automaton.renew(state)
    state =
      kernel === undefined || end - behind < LANES_MIN_UNITS
        ? followBytes(automaton, behind, end, seen.length, known)
        : followByteLanes(automaton, kernel, behind, end, seen.length, known)
    if (state !== FOUND && hasLongBytes(automaton, behind, end, seen.length, kernel)) state = FOUND
  }
  return state === FOUND ? ANCHOR_FOUND : marksSeen
}

function hasLongBytes(automaton: Automaton, from: number, to: number, limit: number, kernel: Kernel | undefined): boolean {
  const { bytes } = automaton.area
  let isFound = false
  automaton.long.find(bytes, from, to, limit, kernel?.rowOfBytes, (long, start) => {
    isFound ||= automaton.acceptOfLong(long, bytes, start + long.length, limit, false) >= 0
  })
  return isFound
}

/** The state that a cell leads to, or FOUND where an anchor ends there. */
function settle(automaton: Automaton, cell: number, end: number, limit: number): number {
  const known = cell >= UNKNOWN ? automaton.resolve(cell) : cell
  if (known < ACCEPTING) return known
  const state = known - ACCEPTING
  const { bytes } = automaton.area
  const accept = automaton.acceptOf(state, bytes, end, limit, false)
  if (accept < 0) return state
  const marks = automaton.marksAt(accept)
  if (marks === 0) return FOUND
  marksSeen |= marks
  return state
}

function followBytes(automaton: Automaton, from: number, to: number, limit: number, start: number): number {
  const { classOfUnit } = automaton
  const { bytes } = automaton.area
  let { next } = automaton
  let state = start
  for (let index = from; index < to; index++) {
    state = next[state + (classOfUnit[bytes[index] as number] as number)] as number
    if (state >= ACCEPTING) {
      state = settle(automaton, state, index + 1, limit)
      if (state === FOUND) return FOUND
      next = automaton.next
    }
  }
  return state
}

/**
 * As `scanLanes`. What a lane meets in the one before may be no anchor, as it took its beginning for that of a text; all is then gone
 * through in one lane.
 */
function followByteLanes(automaton: Automaton, kernel: Kernel, from: number, to: number, limit: number, start: number): number {
  const { states } = kernel
  const { steps, apart } = lanesOf(to - from, automaton.memoryUnits)
  states.fill(automaton.start)
  states[0] = start
  for (let at = from; at < from + steps; ) {
    at = kernel.followBytes(at, from + steps, apart)
    for (let lane = 0; lane < LANES; lane++) {
      const cell = states[lane] as number
      if (cell < ACCEPTING) continue
      const state = settle(automaton, cell, at + lane * apart, limit)
      if (state === FOUND) return at - from <= automaton.memoryUnits ? followBytes(automaton, from, to, limit, start) : FOUND
      states[lane] = state
    }
  }
  return states[LANES - 1] as number
}
