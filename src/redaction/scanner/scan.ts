import { ACCEPTING, type Automaton, MAY_BE_LONG, UNKNOWN } from './automaton.ts'
import type { Units } from './guards.ts'
import { LONG_MAX_UNITS } from './long-anchors.ts'

/**
 * Places where an anchor ends: pairs of (index just behind it, what `acceptedIn` tells of), ascending. Indices count UTF-16 units of
 * the text, or bytes where bytes were scanned.
 */
export type AnchorHits = readonly number[]
const NO_HITS: AnchorHits = []

/** `scanText`, or what gives the same with less work because it knows the text. */
export type Scan = (automaton: Automaton, text: string) => AnchorHits

/** Units of text looked at in one go; in UTF-16 they fit a processor's second-level cache. */
const PIECE_UNITS = 32 * 1024
/** What the guards of a piece's first and last anchors see of the pieces around it. */
const BEHIND_UNITS = 32
const AHEAD_UNITS = 64
const SEEN_UNITS = BEHIND_UNITS + PIECE_UNITS + AHEAD_UNITS
const pieceBuffer = Buffer.allocUnsafeSlow(SEEN_UNITS * 2)
const pieceUnits = new Uint16Array(pieceBuffer.buffer, pieceBuffer.byteOffset, SEEN_UNITS)
/** Shorter pieces are scanned in one lane: the others' run-up would cost more than they save. */
const LANES_MIN_UNITS = 512

/** Names and the like: copying them would take longer than reading them. */
const SHORT_UNITS = 48

/**
 * One pass over a string. It is copied to UTF-16 memory first, which runs at 10 GB/s and makes every string look alike:
 * reading it with charCodeAt takes twice as long, and several times where strings of several kinds have been seen.
 */
export function scanText(automaton: Automaton, text: string): AnchorHits {
  if (text.length <= SHORT_UNITS) return scanShort(automaton, text)
  const hits: number[] = []
  hasLong = false
  let state = automaton.start
  for (let from = 0; from < text.length; from += PIECE_UNITS) {
    const behind = from === 0 ? 0 : BEHIND_UNITS
    const seen = text.length <= PIECE_UNITS ? text : text.slice(from - behind, from + PIECE_UNITS + AHEAD_UNITS)
    pieceBuffer.write(seen, 0, 'utf16le')
    const end = Math.min(seen.length, behind + PIECE_UNITS)
    state = scanPiece(automaton, behind, end, seen.length, automaton.renew(state), from - behind, hits)
  }
  if (hits.length === 0) return NO_HITS
  return hasLong ? inOrder(hits) : hits
}

/** Set where a long anchor was met: it is noted before those that end within it. */
let hasLong = false

/** The same hits by where they end; of those that end together, long anchors come first. */
function inOrder(hits: number[], from = 0): number[] {
  for (let next = from + 2; next < hits.length; next += 2) {
    const [end, accept] = [hits[next] as number, hits[next + 1] as number]
    let at = next
    for (; at > from && (hits[at - 2] as number) > end; at -= 2) {
      hits[at] = hits[at - 2] as number
      hits[at + 1] = hits[at - 1] as number
    }
    hits[at] = end
    hits[at + 1] = accept
  }
  return hits
}

/** Anchors that end behind `from` and up to `to`, as `scanText` finds them; at most half a piece. */
export function scanWithin(automaton: Automaton, text: string, from: number, to: number, hits: number[]): void {
  // A long anchor that ends here may have been met before.
  const met = from - LONG_MAX_UNITS
  const begin = Math.max(0, met - Math.max(automaton.memoryUnits, BEHIND_UNITS))
  const seen = text.slice(begin, to + 2 * AHEAD_UNITS)
  pieceBuffer.write(seen, 0, 'utf16le')
  const first = hits.length
  hasLong = false
  const early: number[] = []
  let state = scanUnits(automaton, 0, Math.max(0, met - begin), seen.length, automaton.renew(automaton.start), 0, [])
  state = scanUnits(automaton, Math.max(0, met - begin), from - begin, seen.length, state, begin, early)
  scanUnits(automaton, from - begin, to - begin, seen.length, state, begin, early)
  for (let hit = 0; hit < early.length; hit += 2) {
    const end = early[hit] as number
    if (end > from && end <= to) hits.push(end, early[hit + 1] as number)
  }
  if (hasLong) inOrder(hits, first)
}

function scanShort(automaton: Automaton, text: string): AnchorHits {
  const { classOfUnit } = automaton
  let state = automaton.renew(automaton.start)
  let { next } = automaton
  let hits: number[] | undefined
  hasLong = false
  for (let index = 0; index < text.length; index++) {
    state = next[state + (classOfUnit[text.charCodeAt(index)] as number)] as number
    if (state >= ACCEPTING) {
      hits ??= startShort(text)
      state = arrive(automaton, state, 0, index + 1, text.length, hits, true)
      next = automaton.next
    }
  }
  if (hits === undefined || hits.length === 0) return NO_HITS
  return hasLong ? inOrder(hits) : hits
}

/** For the guards, which look at units. */
function startShort(text: string): number[] {
  for (let index = 0; index < text.length; index++) pieceUnits[index] = text.charCodeAt(index)
  return []
}

function scanPiece(automaton: Automaton, from: number, to: number, limit: number, state: number, base: number, hits: number[]): number {
  return to - from < LANES_MIN_UNITS
    ? scanUnits(automaton, from, to, limit, state, base, hits)
    : scanLanes(automaton, from, to, limit, state, base, hits)
}

/** How many steps each of four lanes takes, and where the later ones begin. */
function lanesOf(units: number, memoryUnits: number): { steps: number; second: number; third: number; fourth: number } {
  const steps = Math.ceil((units + 3 * memoryUnits) / 4)
  const fourth = units - steps
  return { steps, second: Math.floor(fourth / 3), third: Math.floor((fourth * 2) / 3), fourth }
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
  const accept = automaton.acceptOf(state, pieceUnits, end, limit, isWhole)
  if (accept === -1) return state
  if (accept >= 0) {
    if (automaton.marksAt(accept) === 0) hits.push(base + end, accept)
    if (!automaton.hasLead(accept)) return state
  }
  noteLong(automaton, state, base, end, limit, hits, isWhole)
  return state
}

function noteLong(automaton: Automaton, state: number, base: number, end: number, limit: number, hits: number[], isWhole: boolean): void {
  const long = automaton.longAt(state, pieceUnits, end, limit, isWhole)
  for (let at = 0; at < long.length; at += 2) {
    hits.push(base + (long[at] as number), long[at + 1] as number)
    hasLong = true
  }
}

function scanUnits(automaton: Automaton, from: number, to: number, limit: number, start: number, base: number, hits: number[]): number {
  const { classOfUnit } = automaton
  const units = pieceUnits
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
 * Four stretches at once. Each step of an automaton waits for the one before, so that a processor has nothing to do most of
 * the time; four of them side by side take little longer than one. The stretches overlap: each begins in the one before, as far from
 * its end as the automaton remembers, so that all take as many steps, and what is met up to there is what the one before has met.
 */
function scanLanes(automaton: Automaton, from: number, to: number, limit: number, start: number, base: number, hits: number[]): number {
  const { classOfUnit } = automaton
  const units = pieceUnits
  const { steps, second, third, fourth } = lanesOf(to - from, automaton.memoryUnits)
  // Where the stretch before a lane's ends, by the lane's own count.
  const begin2 = from + steps - second
  const begin3 = from + steps + second - third
  const begin4 = from + steps + third - fourth
  let state1 = start
  let state2 = automaton.start
  let state3 = automaton.start
  let state4 = automaton.start
  const hits2: number[] = []
  const hits3: number[] = []
  const hits4: number[] = []
  let { next } = automaton
  for (let index = from; index < from + steps; index++) {
    state1 = next[state1 + (classOfUnit[units[index] as number] as number)] as number
    state2 = next[state2 + (classOfUnit[units[second + index] as number] as number)] as number
    state3 = next[state3 + (classOfUnit[units[third + index] as number] as number)] as number
    state4 = next[state4 + (classOfUnit[units[fourth + index] as number] as number)] as number
    // The flags stand above all states.
    if ((state1 | state2 | state3 | state4) >= ACCEPTING) {
      const end = index + 1
      if (state1 >= ACCEPTING) state1 = arrive(automaton, state1, base, end, limit, hits)
      if (state2 >= ACCEPTING)
        state2 = index < begin2 ? pass(automaton, state2) : arrive(automaton, state2, base, end + second, limit, hits2)
      if (state3 >= ACCEPTING)
        state3 = index < begin3 ? pass(automaton, state3) : arrive(automaton, state3, base, end + third, limit, hits3)
      if (state4 >= ACCEPTING)
        state4 = index < begin4 ? pass(automaton, state4) : arrive(automaton, state4, base, end + fourth, limit, hits4)
      next = automaton.next
    }
  }
  for (let at = 0; at < hits2.length; at++) hits.push(hits2[at] as number)
  for (let at = 0; at < hits3.length; at++) hits.push(hits3[at] as number)
  for (let at = 0; at < hits4.length; at++) hits.push(hits4[at] as number)
  return state4
}

/** Bytes of a text looked at in one go. */
const PIECE_BYTES = 32 * 1024
const pieceBytes = new Uint8Array(pieceBuffer.buffer, pieceBuffer.byteOffset, SEEN_UNITS)
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
  let state = automaton.start
  marksSeen = 0
  for (let from = 0; from < bytes.length && state !== FOUND; from += PIECE_BYTES) {
    const behind = from === 0 ? 0 : BEHIND_UNITS
    const seen = bytes.length <= PIECE_BYTES ? bytes : bytes.subarray(from - behind, from + PIECE_BYTES + AHEAD_UNITS)
    pieceBytes.set(seen)
    const end = Math.min(seen.length, behind + PIECE_BYTES)
    state =
      end - behind < LANES_MIN_UNITS
        ? followBytes(automaton, behind, end, seen.length, automaton.renew(state))
        : followByteLanes(automaton, behind, end, seen.length, automaton.renew(state))
  }
  return state === FOUND ? ANCHOR_FOUND : marksSeen
}

/** The state that a cell leads to, or FOUND where an anchor ends there. */
function settle(automaton: Automaton, cell: number, end: number, limit: number): number {
  const known = cell >= UNKNOWN ? automaton.resolve(cell) : cell
  if (known < ACCEPTING) return known
  const state = known - ACCEPTING
  const bytes: Units = pieceBytes
  const accept = automaton.acceptOf(state, bytes, end, limit, false)
  if (accept < 0) return accept === MAY_BE_LONG && automaton.longAt(state, bytes, end, limit, false).length > 0 ? FOUND : state
  const marks = automaton.marksAt(accept)
  if (marks === 0) return FOUND
  marksSeen |= marks
  return state
}

function followBytes(automaton: Automaton, from: number, to: number, limit: number, start: number): number {
  const { classOfUnit } = automaton
  const bytes = pieceBytes
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
 * As `scanLanes`, of four stretches that overlap: each begins in the one before, as far from its end as the automaton remembers, so
 * that all take as many steps, and a state at the end of one is what the next is in there. What a lane meets before that may be no
 * anchor, as it took its beginning for that of a text; all is then gone through in one lane.
 */
function followByteLanes(automaton: Automaton, from: number, to: number, limit: number, start: number): number {
  const { classOfUnit, memoryUnits } = automaton
  const bytes = pieceBytes
  const steps = Math.ceil((to - from + 3 * memoryUnits) / 4)
  const fourth = to - from - steps
  const second = Math.floor(fourth / 3)
  const third = Math.floor((fourth * 2) / 3)
  let state1 = start
  let state2 = automaton.start
  let state3 = automaton.start
  let state4 = automaton.start
  let { next } = automaton
  for (let index = from; index < from + steps; index++) {
    state1 = next[state1 + (classOfUnit[bytes[index] as number] as number)] as number
    state2 = next[state2 + (classOfUnit[bytes[second + index] as number] as number)] as number
    state3 = next[state3 + (classOfUnit[bytes[third + index] as number] as number)] as number
    state4 = next[state4 + (classOfUnit[bytes[fourth + index] as number] as number)] as number
    // The flags stand above all states.
    if ((state1 | state2 | state3 | state4) >= ACCEPTING) {
      if (state1 >= ACCEPTING) state1 = settle(automaton, state1, index + 1, limit)
      if (state2 >= ACCEPTING) state2 = settle(automaton, state2, second + index + 1, limit)
      if (state3 >= ACCEPTING) state3 = settle(automaton, state3, third + index + 1, limit)
      if (state4 >= ACCEPTING) state4 = settle(automaton, state4, fourth + index + 1, limit)
      if ((state1 | state2 | state3 | state4) < 0)
        return index - from < memoryUnits ? followBytes(automaton, from, to, limit, start) : FOUND
      next = automaton.next
    }
  }
  return state4
}
