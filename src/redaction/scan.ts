import type { Automaton } from './automaton.ts'

/**
 * Places where an anchor ends: pairs of (index just behind it, accepting state), ascending. Indices count UTF-16 units of
 * the text, or bytes where bytes were scanned.
 */
export type AnchorHits = readonly number[]
const NO_HITS: AnchorHits = []

/** Units of text looked at in one go; in UTF-16 they fit a processor's second-level cache. */
const PIECE_UNITS = 32 * 1024
const pieceBuffer = Buffer.allocUnsafeSlow(PIECE_UNITS * 2)
const pieceUnits = new Uint16Array(pieceBuffer.buffer, pieceBuffer.byteOffset, PIECE_UNITS)
/** Shorter pieces are scanned in one lane: the others' run-up would cost more than they save. */
const LANES_MIN_UNITS = 512

/**
 * One pass over a string. It is copied to UTF-16 memory first, which runs at 10 GB/s and makes every string look alike:
 * reading it with charCodeAt takes twice as long, and several times where strings of several kinds have been seen.
 */
export function scanText(automaton: Automaton, text: string): AnchorHits {
  const hits: number[] = []
  let state = automaton.start
  for (let from = 0; from < text.length; from += PIECE_UNITS) {
    const piece = text.length <= PIECE_UNITS ? text : text.slice(from, from + PIECE_UNITS)
    pieceBuffer.write(piece, 0, 'utf16le')
    state = piece.length < LANES_MIN_UNITS ? scanUnits(automaton, 0, piece.length, state, from, hits) : scanLanes(automaton, piece.length, state, from, hits)
  }
  return hits.length === 0 ? NO_HITS : hits
}

function scanUnits(automaton: Automaton, from: number, to: number, start: number, base: number, hits: number[] | undefined): number {
  const { next, classOfUnit, acceptFrom } = automaton
  const units = pieceUnits
  let state = start
  for (let index = from; index < to; index++) {
    state = next[state + (classOfUnit[units[index] as number] as number)] as number
    if (state >= acceptFrom && hits !== undefined) hits.push(base + index + 1, state)
  }
  return state
}

/**
 * Four quarters at once. Each step of an automaton waits for the one before, so that a processor has nothing to do most of
 * the time; four of them side by side take little longer than one. A lane runs up through the end of the quarter before:
 * after as many units as the longest anchor has, an automaton is in the same state wherever it began.
 */
function scanLanes(automaton: Automaton, length: number, start: number, base: number, hits: number[]): number {
  const { next, classOfUnit, acceptFrom, memoryUnits } = automaton
  const units = pieceUnits
  const quarter = length >> 2
  const second = quarter
  const third = 2 * quarter
  const fourth = 3 * quarter
  const runUp = (to: number): number => scanUnits(automaton, to - memoryUnits, to, automaton.start, 0, undefined)
  let state1 = start
  let state2 = runUp(second)
  let state3 = runUp(third)
  let state4 = runUp(fourth)
  const hits2: number[] = []
  const hits3: number[] = []
  const hits4: number[] = []
  for (let index = 0; index < quarter; index++) {
    state1 = next[state1 + (classOfUnit[units[index] as number] as number)] as number
    state2 = next[state2 + (classOfUnit[units[second + index] as number] as number)] as number
    state3 = next[state3 + (classOfUnit[units[third + index] as number] as number)] as number
    state4 = next[state4 + (classOfUnit[units[fourth + index] as number] as number)] as number
    if (state1 >= acceptFrom) hits.push(base + index + 1, state1)
    if (state2 >= acceptFrom) hits2.push(base + second + index + 1, state2)
    if (state3 >= acceptFrom) hits3.push(base + third + index + 1, state3)
    if (state4 >= acceptFrom) hits4.push(base + fourth + index + 1, state4)
  }
  for (const later of [hits2, hits3, hits4]) for (const entry of later) hits.push(entry)
  return scanUnits(automaton, 4 * quarter, length, state4, base, hits)
}

/** Whether any anchor stands in the bytes of a text, in UTF-8 or any other superset of ASCII. Stops at the first. */
export function hasAnchor(automaton: Automaton, bytes: Uint8Array): boolean {
  const { next, classOfUnit, acceptFrom } = automaton
  // Read once: asking a Buffer for it at each step makes the loop three times slower.
  const { length } = bytes
  let state = automaton.start
  for (let index = 0; index < length; index++) {
    state = next[state + (classOfUnit[bytes[index] as number] as number)] as number
    if (state >= acceptFrom) return true
  }
  return false
}
