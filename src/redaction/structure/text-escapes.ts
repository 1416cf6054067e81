import type { AnchorHits } from '../scanner/scan.ts'
import type { Stretch } from '../text-view.ts'

/**
 * JSON escapes that stand in plain text (JSON in prose, in a log line, in an event stream) and may hide an anchor: an
 * ASCII character as `\u00XX`, a slash as `\/`, at any depth of escaping; and percent escapes of URLs and forms (`%3A`). The rest of
 * the escapes hide nothing.
 */
const ESCAPES: Readonly<Record<'hiding' | 'hiding-in-json' | 'json' | 'percent', RegExp>> = {
  hiding: /\\{1,8}(?:u00([0-7][0-9A-Fa-f])|(\/))|%([2-7][0-9A-Fa-f])/g,
  'hiding-in-json': /\\{1,8}(?:u00([0-7][0-9A-Fa-f])|(\/))/g,
  /** All of JSON's that text has, since version 4: to a rule, a line end or a quote that is escaped is none. */
  json: /\\{1,16}(?:u([0-9A-Fa-f]{4})|([/"nrt]))/g,
  percent: /%([2-7][0-9A-Fa-f])/g,
}

export interface ResolvedText {
  readonly text: string
  /** The index in the original text of an index in the resolved one. */
  originalIndex(index: number): number
  /** The anchors of the resolved text near to which an escape was: the others are those of the original. */
  hitsNear(hits: AnchorHits): AnchorHits
}

/** An escape within so many characters before an anchor, or behind it, may be in what the anchor's rule looks at. */
const BEFORE_ANCHOR = 192
const BEHIND_ANCHOR = 640

/** Whether an escape stands near to any of the anchors, in known stretches aside. */
export function hasEscapeNear(text: string, hits: AnchorHits, known: readonly Stretch[]): boolean {
  let next = 0
  let escape = -1
  for (let hit = 0; hit < hits.length; hit += 2) {
    const at = hits[hit] as number
    while (next < known.length && (known[next] as Stretch).end < at) next++
    const stretch = known[next]
    if (stretch !== undefined && stretch.start < at) continue
    const from = Math.max(at - BEFORE_ANCHOR, next === 0 ? 0 : (known[next - 1] as Stretch).end)
    if (escape < from) {
      escape = text.indexOf('\\', from)
      if (escape < 0) return false
    }
    if (escape < Math.min(at + BEHIND_ANCHOR, stretch?.start ?? text.length)) return true
  }
  return false
}

const ESCAPE_MAX = 21

/** The escape that an index lies inside of, or undefined. */
function escapeAround(text: string, index: number): Stretch | undefined {
  const from = Math.max(0, index - ESCAPE_MAX)
  const near = text.slice(from, index + ESCAPE_MAX)
  if (!near.includes('\\')) return undefined
  for (const match of near.matchAll(ESCAPES.json)) {
    const start = from + match.index
    const end = start + match[0].length
    if (start < index && index < end) return { start, end }
  }
  return undefined
}
/** The index, or that behind the escape which it lies inside of. */
export const escapeEnd = (text: string, index: number): number => escapeAround(text, index)?.end ?? index
/** The index, or that before the escape which it lies inside of. */
export const escapeStart = (text: string, index: number): number => escapeAround(text, index)?.start ?? index

/** The text with such escapes resolved, but for those in stretches that are known, which ascend; undefined where there is none. */
export function resolveEscapes(text: string, escapes: keyof typeof ESCAPES, known: readonly Stretch[] = []): ResolvedText | undefined {
  // Resolved and original index just behind each resolved escape; both ascend.
  const resolvedEnds: number[] = []
  const originalEnds: number[] = []
  let plain = ''
  let from = 0
  let next = 0
  for (const match of text.matchAll(ESCAPES[escapes])) {
    while (next < known.length && (known[next] as Stretch).end <= match.index) next++
    if ((known[next]?.start ?? text.length) <= match.index) continue
    plain += text.slice(from, match.index) + (escapes === 'hiding' ? charOf(match[1] ?? match[3]) : charOf(match[1], match[2]))
    from = match.index + match[0].length
    resolvedEnds.push(plain.length)
    originalEnds.push(from)
  }
  if (resolvedEnds.length === 0) return undefined
  plain += text.slice(from)
  return {
    text: plain,
    originalIndex(index) {
      const nearest = lastAtMost(resolvedEnds, index)
      return nearest < 0 ? index : (originalEnds[nearest] ?? 0) + index - (resolvedEnds[nearest] ?? 0)
    },
    hitsNear(hits) {
      const near: number[] = []
      let escape = 0
      for (let hit = 0; hit < hits.length; hit += 2) {
        const at = hits[hit] as number
        while (escape < resolvedEnds.length && (resolvedEnds[escape] as number) < at - BEFORE_ANCHOR) escape++
        if (escape === resolvedEnds.length) break
        if ((resolvedEnds[escape] as number) <= at + BEHIND_ANCHOR) near.push(at, hits[hit + 1] as number)
      }
      return near
    },
  }
}

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
const charOf = (hex: string | undefined, letter = '/'): string =>
  hex === undefined ? (CONTROLS[letter] ?? letter) : String.fromCharCode(Number.parseInt(hex, 16))

function lastAtMost(ascending: readonly number[], limit: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ascending[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low - 1
}
