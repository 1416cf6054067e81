import type { Automaton } from './automaton.ts'

/** Units of text looked at in one go: the bytes of a piece stay in the processor's second-level cache. */
const PIECE_UNITS = 32 * 1024
let pieceBytes: Buffer | undefined

/**
 * Places where an anchor ends: pairs of (index just behind it, accepting state). Indices count UTF-16 units of the text,
 * or bytes where bytes were scanned.
 */
export type AnchorHits = readonly number[]
const NO_HITS: AnchorHits = []

/** One pass over bytes. With `firstOnly` it stops at the first hit: enough to know that the bytes are clean. */
export function scanBytes(automaton: Automaton, bytes: Uint8Array, firstOnly = false): AnchorHits {
  const hits: number[] = []
  scanPiece(automaton, bytes, bytes.length, automaton.start, hits, firstOnly)
  return hits.length === 0 ? NO_HITS : hits
}

/** One pass over a string. Short and long strings alike go through a byte buffer: twice as fast as charCodeAt. */
export function scanText(automaton: Automaton, text: string): AnchorHits {
  pieceBytes ??= Buffer.allocUnsafeSlow(PIECE_UNITS * 3)
  const hits: number[] = []
  let state = automaton.start
  for (let from = 0; from < text.length; from += PIECE_UNITS) {
    const piece = text.length <= PIECE_UNITS ? text : text.slice(from, from + PIECE_UNITS)
    const length = pieceBytes.write(piece, 0, 'utf8')
    const firstHit = hits.length
    state = scanPiece(automaton, pieceBytes, length, state, hits, false)
    if (hits.length > firstHit) toUnits(piece, length, from, hits, firstHit)
  }
  return hits.length === 0 ? NO_HITS : hits
}

function scanPiece(automaton: Automaton, bytes: Uint8Array, length: number, start: number, hits: number[], firstOnly: boolean): number {
  const { next, classOf, acceptFrom } = automaton
  let state = start
  for (let index = 0; index < length; index++) {
    state = next[state + (classOf[bytes[index] as number] as number)] as number
    if (state >= acceptFrom) {
      hits.push(index + 1, state)
      if (firstOnly) return state
    }
  }
  return state
}

/** Turns byte offsets within a piece, ascending, into indices of UTF-16 units of the whole text. */
function toUnits(piece: string, byteLength: number, base: number, hits: number[], firstHit: number): void {
  if (byteLength === piece.length) {
    if (base > 0) for (let hit = firstHit; hit < hits.length; hit += 2) hits[hit] = (hits[hit] ?? 0) + base
    return
  }
  let unit = 0
  let byte = 0
  for (let hit = firstHit; hit < hits.length; hit += 2) {
    const target = hits[hit] ?? 0
    while (byte < target && unit < piece.length) {
      const code = piece.charCodeAt(unit)
      if (code < 0x80) byte += 1
      else if (code < 0x800) byte += 2
      else if (code >= 0xd800 && code < 0xdc00 && isLowSurrogate(piece.charCodeAt(unit + 1))) {
        byte += 4
        unit++
      } else byte += 3
      unit++
    }
    hits[hit] = base + unit
  }
}

const isLowSurrogate = (code: number): boolean => code >= 0xdc00 && code < 0xe000
