import type { Automaton } from './scanner/automaton.ts'
import { type AnchorHits, scanText, scanWithin } from './scanner/scan.ts'

/** A stretch of a text, and how long what stands there now is. */
export interface Edit {
  readonly start: number
  readonly end: number
  readonly shown: number
}

/** What the guards of anchors before a stretch see of it. */
const LEFT_UNITS = 128
/** What the guards of anchors behind a stretch see of it, beyond what the automaton remembers. */
const RIGHT_UNITS = 32
/** Larger windows are no better than the whole. */
const WINDOW_MAX = 16 * 1024

/**
 * The anchors of a text in which stretches were replaced, given those of the text before: only what lies about a stretch is scanned
 * again, since an anchor is told by the few units before it and by what its guard sees around it. Edits ascend and do not overlap.
 */
export function rescanText(automaton: Automaton, after: string, before: AnchorHits, edits: readonly Edit[]): AnchorHits {
  const right = automaton.memoryUnits + RIGHT_UNITS
  const hits: number[] = []
  let next = 0
  let shift = 0
  let scanned = 0
  const keepUpTo = (end: number): void => {
    for (; next < before.length && (before[next] as number) <= end; next += 2)
      hits.push((before[next] as number) + shift, before[next + 1] as number)
  }
  for (let index = 0; index < edits.length; ) {
    const first = edits[index] as Edit
    let last = first
    let shiftBehind = shift + first.shown - (first.end - first.start)
    // Windows that meet are one.
    for (index++; index < edits.length && (edits[index] as Edit).start - LEFT_UNITS <= last.end + right; index++) {
      last = edits[index] as Edit
      shiftBehind += last.shown - (last.end - last.start)
    }
    keepUpTo(first.start - LEFT_UNITS)
    const from = Math.max(0, first.start - LEFT_UNITS + shift)
    const to = Math.min(after.length, last.end + right + shiftBehind)
    scanned += to - from
    if (to - from > WINDOW_MAX || scanned * 2 > after.length) return scanText(automaton, after)
    scanWithin(automaton, after, from, to, hits)
    while (next < before.length && (before[next] as number) <= last.end + right) next += 2
    shift = shiftBehind
  }
  keepUpTo(Number.POSITIVE_INFINITY)
  return hits
}
