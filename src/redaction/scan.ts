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
    state = scanUnits(automaton, piece.length, state, from, hits)
  }
  return hits.length === 0 ? NO_HITS : hits
}

function scanUnits(automaton: Automaton, length: number, start: number, base: number, hits: number[]): number {
  const { next, classOfUnit, acceptFrom } = automaton
  const units = pieceUnits
  let state = start
  for (let index = 0; index < length; index++) {
    state = next[state + (classOfUnit[units[index] as number] as number)] as number
    if (state >= acceptFrom) hits.push(base + index + 1, state)
  }
  return state
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
