import { RepriseError } from '../schemas/index.ts'
import type { Evidence } from './explain/trace.ts'
import type { Stretch } from './text-view.ts'
import { shapeToken } from './tokens.ts'

/** One stretch of a text that a rule wants replaced. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly rule: string
  /** Precedence among matches of the same stretch; lower goes first. */
  readonly rank: number
  /** What stood there, with escapes resolved: equal values get equal tokens. */
  readonly value: string
  /** Written on both sides of the token where a JSON number becomes a string; otherwise empty. */
  readonly quote: string
  /** A further part of a match that began in an earlier string: dropped, without a token of its own. */
  readonly isRest?: true
  /** Only of a traced policy. */
  readonly evidence?: Evidence
}

/** Rounds after which a text that still changes is given up; real texts need one or two. */
const MAX_ROUNDS = 12

/** Leftmost first, then the longest, then the rule that comes first in the policy; none overlaps another. */
export function chooseSpans<T extends Span>(spans: readonly T[]): T[] {
  if (spans.length < 2) return [...spans]
  const sorted = [...spans].sort((a, b) => a.start - b.start || b.end - a.end || a.rank - b.rank)
  const chosen: T[] = []
  let covered = -1
  for (const span of sorted) {
    if (span.start < covered) continue
    chosen.push(span)
    covered = span.end
  }
  return chosen
}

/** The spans that overlap none of those taken. Both ascend, and the taken ones do not overlap one another. */
export function spansBeside(spans: readonly Span[], taken: readonly Stretch[]): Span[] {
  let next = 0
  return spans.filter((span) => {
    while (next < taken.length && (taken[next] as Stretch).end <= span.start) next++
    return next === taken.length || (taken[next] as Stretch).start >= span.end
  })
}

/** Length of what `renderSpans` puts for it with `shapeToken`. */
export const shownLength = (span: Span): number => (span.isRest === true ? 0 : shapeToken(span.rule).length + 2 * span.quote.length)

export function renderSpans(text: string, spans: readonly Span[], tokenOf: (rule: string, value: string) => string): string {
  let rendered = ''
  let from = 0
  for (const span of spans) {
    rendered += text.slice(from, span.start)
    if (span.isRest !== true) rendered += span.quote + tokenOf(span.rule, span.value) + span.quote
    from = span.end
  }
  return rendered + text.slice(from)
}

/**
 * Finds until nothing more is found: a token beside a stretch can make that stretch a match which it was not before. So
 * redacting what this gives changes nothing. Independent of any key, since tokens of one rule all have the same shape.
 * `find` is told which spans of the first text have given way to tokens in the one that it gets.
 * `readsEscapes`: see Generation. Throws `RepriseError('redaction_failed')` for a text that does not settle.
 */
export function settleSpans(
  text: string,
  find: (text: string, replaced: readonly Span[]) => readonly Span[],
  readsEscapes: boolean,
): readonly Span[] {
  let spans = chooseSpans(find(text, []))
  for (let round = 0; round < MAX_ROUNDS; round++) {
    if (spans.length === 0) return spans
    const more = find(renderSpans(text, spans, shapeToken), spans)
    if (more.length === 0) return spans
    spans = joinRounds(text, spans, chooseSpans(more), readsEscapes)
  }
  throw new RepriseError('redaction_failed', 'redaction: the text keeps changing')
}

/** Brings spans of the rendered text back to the original and joins them with the spans that they touch. */
function joinRounds(text: string, earlier: readonly Span[], later: readonly Span[], readsEscapes: boolean): Span[] {
  const joined: Span[] = []
  let next = 0
  // How much further along the rendered text is than the original, up to `next`.
  let shift = 0
  for (const span of later) {
    for (; next < earlier.length; next++) {
      const token = earlier[next] as Span
      if (token.start + shift + shownLength(token) > span.start) break
      joined.push(token)
      shift += shownLength(token) - (token.end - token.start)
    }
    let start = span.start - shift
    let end = -1
    const swallowed: Span[] = []
    for (; next < earlier.length; next++) {
      const token = earlier[next] as Span
      const shownStart = token.start + shift
      if (shownStart >= span.end) break
      if (swallowed.length === 0) start = Math.min(start, token.start)
      swallowed.push(token)
      shift += shownLength(token) - (token.end - token.start)
      end = Math.max(end, token.end)
    }
    end = Math.max(end, span.end - shift)
    const said = readsEscapes ? valueWith(span.value, swallowed) : swallowed.length === 0 ? span.value : undefined
    joined.push({ ...span, start, end, value: said ?? text.slice(start, end) })
  }
  return [...joined, ...earlier.slice(next)]
}

/** A value with those in place of whose tokens stand in it; undefined where one reaches beyond it. */
function valueWith(value: string, swallowed: readonly Span[]): string | undefined {
  let whole = ''
  let from = 0
  for (const { rule, value: own, isRest } of swallowed) {
    const shown = shapeToken(rule)
    const at = isRest === true ? -1 : value.indexOf(shown, from)
    if (at < 0) return undefined
    whole += value.slice(from, at) + own
    from = at + shown.length
  }
  return whole + value.slice(from)
}
