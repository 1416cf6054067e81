/**
 * JSON escapes that stand in plain text (JSON in prose, in a log line, in an event stream) and may hide an anchor: an
 * ASCII character as `\u00XX`, a slash as `\/`, at any depth of escaping; and percent escapes of URLs and forms (`%3A`). The rest of
 * the escapes hide nothing.
 */
const HIDING = /\\{1,8}(?:u00([0-7][0-9A-Fa-f])|(\/))|%([2-7][0-9A-Fa-f])/g
const HIDING_IN_JSON = /\\{1,8}(?:u00([0-7][0-9A-Fa-f])|(\/))/g

export interface ResolvedText {
  readonly text: string
  /** The index in the original text of an index in the resolved one. */
  originalIndex(index: number): number
}

/** The text with these escapes resolved, or undefined where there is none. */
export function resolveEscapes(text: string, withPercent: boolean): ResolvedText | undefined {
  // Resolved and original index just behind each resolved escape; both ascend.
  const resolvedEnds: number[] = []
  const originalEnds: number[] = []
  let resolved = ''
  let from = 0
  for (const match of text.matchAll(withPercent ? HIDING : HIDING_IN_JSON)) {
    resolved += text.slice(from, match.index) + charOf(match[1] ?? match[3])
    from = match.index + match[0].length
    resolvedEnds.push(resolved.length)
    originalEnds.push(from)
  }
  if (resolvedEnds.length === 0) return undefined
  resolved += text.slice(from)
  return {
    text: resolved,
    originalIndex(index) {
      const nearest = lastAtMost(resolvedEnds, index)
      return nearest < 0 ? index : (originalEnds[nearest] ?? 0) + index - (resolvedEnds[nearest] ?? 0)
    },
  }
}

const charOf = (hex: string | undefined): string => (hex === undefined ? '/' : String.fromCharCode(Number.parseInt(hex, 16)))

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
