/** Where in a match of a rule's pattern the group `secret` stands; undefined where it took no part. */
type SecretRange = (match: RegExpExecArray) => readonly [start: number, end: number] | undefined

const SECRET = '(?<secret>'
const SAME_QUOTE = '\\k<quote>'

/**
 * Indices of groups (the flag `d`) cost a second run of the pattern. Nearly all patterns end with the group, but for what is looked at
 * and not taken, or for the quote that was before it: so where it ends is known, and it is as long as its text.
 */
export function secretRangeOf(pattern: string): { readonly flag: '' | 'd'; readonly rangeOf: SecretRange } {
  const behind = pattern.slice(groupEnd(pattern, pattern.indexOf(SECRET)))
  const isLookedAt = /^\(\?[=!]/.test(behind) && groupEnd(behind, 0) === behind.length
  if (pattern.split(SECRET).length !== 2 || !(behind === '' || behind === SAME_QUOTE || isLookedAt))
    return { flag: 'd', rangeOf: (match) => match.indices?.groups?.['secret'] }
  return {
    flag: '',
    rangeOf: ({ index, 0: all, groups }) => {
      const secret = groups?.['secret']
      if (secret === undefined) return undefined
      const end = index + all.length - (behind === SAME_QUOTE ? (groups?.['quote'] ?? '').length : 0)
      return [end - secret.length, end]
    },
  }
}

/** The index behind the group that begins at `start`. */
function groupEnd(pattern: string, start: number): number {
  let depth = 0
  let isInClass = false
  for (let at = start; at < pattern.length; at++) {
    const char = pattern[at]
    if (char === '\\') at++
    else if (isInClass) isInClass = char !== ']'
    else if (char === '[') isInClass = true
    else if (char === '(') depth++
    else if (char === ')' && --depth === 0) return at + 1
  }
  return pattern.length
}
