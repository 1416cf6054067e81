import { chooseSpans, type Span } from '../spans.ts'
import { escapeEnd, escapeStart, hasEscapeNear, type ResolvedText, resolveEscapes } from '../structure/text-escapes.ts'
import { type Stretch, TextView } from '../text-view.ts'
import { isInsideToken, isToken } from '../tokens.ts'
import { type CompiledPolicy, ESCAPE_ANCHOR_ID } from './compile.ts'
import { type AnchorHits, scanText } from './scan.ts'

/** The shortest text that can hold a match (`a@b.co`). */
export const SHORTEST_MATCH = 6

/**
 * All that the rules find in a plain text that has been scanned for anchors, chosen. `field` is the name of the field that
 * holds the text, or ''; `known` are stretches that have been read as what they are, whose escapes stay.
 */
export function findAtHits(policy: CompiledPolicy, text: string, field: string, hits: AnchorHits, known: readonly Stretch[] = []): Span[] {
  if (hits.length === 0) return []
  const spans: Span[] = []
  const { readsEscapes = false, decodes } = policy.generation
  const hasEscapes = detectAtHits(policy, new TextView(text, field), hits, spans)
  if (!readsEscapes) {
    const resolved = hasEscapes ? resolveEscapes(text, decodes ? 'hiding' : 'hiding-in-json') : undefined
    return chooseSpans(resolved === undefined ? spans : [...spans, ...findResolved(policy, resolved, field).spans])
  }
  const resolved = hasEscapes || hasEscapeNear(text, hits, known) ? resolveEscapes(text, 'json', known) : undefined
  const read = resolved === undefined ? undefined : findResolved(policy, resolved, field)
  const said = read?.spans.filter((span) => isInOneString(text, span))
  const found = said === undefined ? spans : [...said, ...writtenBeside(text, spans, chooseSpans(said))]
  const decoded = hasEscapes || read?.hasEscapes === true ? resolveEscapes(resolved?.text ?? text, 'percent') : undefined
  if (decoded === undefined) return chooseSpans(found)
  const originalIndex = (index: number): number => {
    const at = decoded.originalIndex(index)
    return resolved === undefined ? at : resolved.originalIndex(at)
  }
  return chooseSpans([...found, ...findResolved(policy, { ...decoded, originalIndex }, field).spans])
}

function findResolved(
  policy: CompiledPolicy,
  { text, originalIndex, hitsNear }: ResolvedText,
  field: string,
): { spans: Span[]; hasEscapes: boolean } {
  const inner: Span[] = []
  const hits = scanText(policy.automaton, text)
  const near = policy.generation.readsEscapes === true ? hitsNear(hits) : hits
  const hasEscapes = detectAtHits(policy, new TextView(text, field), near, inner)
  const spans = inner.map((span) => ({ ...span, start: originalIndex(span.start), end: originalIndex(span.end) }))
  return { spans, hasEscapes }
}

/** A JSON string that holds line ends as escapes holds no others: what has both goes on beyond the string. */
function isInOneString(text: string, { start, end, value }: Span): boolean {
  if (!value.includes('\n')) return true
  let depth: number | undefined
  for (const [lineEnd] of text.slice(start, end).matchAll(LINE_ENDS)) {
    if (depth !== undefined && depth !== lineEnd.length) return false
    depth = lineEnd.length
  }
  return true
}
const LINE_ENDS = /\n|\\{1,16}n/g

/**
 * Of what was found in a text as it is written, what adds to that which was found in what it says: none that is the same stretch or goes on
 * into an escape (`key=…\nPATH` is no one value), none that runs over escaped characters, and nothing of an escape.
 */
function writtenBeside(text: string, written: readonly Span[], said: readonly Span[]): Span[] {
  const added: Span[] = []
  let next = 0
  for (const span of chooseSpans(written)) {
    const { start } = span
    const end = escapeStart(text, span.end)
    while (next < said.length && (said[next] as Span).end <= start) next++
    const value = text.slice(start, end)
    let isSaid = end <= start || escapeEnd(text, start) > start || isToken(value) || MISREAD.test(value)
    for (let at = next; !isSaid && at < said.length && (said[at] as Span).start < end; at++) {
      const other = said[at] as Span
      const beginsThere = start >= other.start || escapeEnd(text, other.start - 1) === other.start
      const endsThere = end <= other.end || end < span.end || text[other.end] === '\\'
      isSaid = beginsThere && endsThere
    }
    if (!isSaid) added.push(end === span.end ? span : { ...span, end, value })
  }
  return added
}

/** Over escapes that nobody would write but as such: what they say has been looked at. */
const MISREAD = /^[^\\]*\\{1,16}(?:\/|u[0-9A-Fa-f]{4})(?:[^\\]|\\{1,16}(?:\/|u[0-9A-Fa-f]{4}))*$/

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
