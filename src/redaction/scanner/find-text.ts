import { chooseSpans, type Span } from '../spans.ts'
import { resolveEscapes } from '../structure/text-escapes.ts'
import { type Stretch, TextView } from '../text-view.ts'
import { isInsideToken, isToken } from '../tokens.ts'
import { type CompiledPolicy, ESCAPE_ANCHOR_ID } from './compile.ts'
import { type AnchorHits, scanText } from './scan.ts'

/** The shortest text that can hold a match (`a@b.co`). */
export const SHORTEST_MATCH = 6

/**
 * All that the rules find in a plain text that has been scanned for anchors, chosen. `field` is the name of the field that
 * holds the text, or ''.
 */
export function findAtHits(policy: CompiledPolicy, text: string, field: string, hits: AnchorHits): Span[] {
  if (hits.length === 0) return []
  const spans: Span[] = []
  const hasEscapes = detectAtHits(policy, new TextView(text, field), hits, spans)
  if (hasEscapes) {
    const resolved = resolveEscapes(text, policy.generation.decodes)
    if (resolved !== undefined) {
      const inner: Span[] = []
      detectAtHits(policy, new TextView(resolved.text, field), scanText(policy.automaton, resolved.text), inner)
      for (const span of inner) spans.push({ ...span, start: resolved.originalIndex(span.start), end: resolved.originalIndex(span.end) })
    }
  }
  return chooseSpans(spans)
}

/** Runs the rules whose anchors were hit. Returns whether the text has escapes that may hide more. */
function detectAtHits(policy: CompiledPolicy, view: TextView, hits: AnchorHits, spans: Span[]): boolean {
  let hasEscapes = false
  // What begins inside an earlier match cannot win against it: that match begins further left.
  let cover: Stretch = { start: 0, end: 0 }
  for (let hit = 0; hit < hits.length; hit += 2) {
    const anchorEnd = hits[hit] as number
    for (const anchor of policy.automaton.acceptedIn(hits[hit + 1] as number)) {
      if (anchor.id === ESCAPE_ANCHOR_ID) hasEscapes = true
      const rule = policy.rules[anchor.id]
      const anchorStart = anchorEnd - anchor.length
      // One that begins before the text belongs to what it is a part of.
      if (rule === undefined || anchorStart < 0) continue
      if (anchorStart < cover.end && rule.beginOf(view.text, anchorStart, anchorEnd) > cover.start) continue
      const found = rule.detect(view, anchorEnd, anchor.length)
      if (found === undefined || isInsideToken(view.text, found.start)) continue
      const value = view.text.slice(found.start, found.end)
      if (isToken(value)) continue
      spans.push({ ...found, rule: found.rule ?? rule.name, rank: rule.rank, value, quote: '' })
      if (found.end > cover.end) cover = found
    }
  }
  return hasEscapes
}
