/** RFC 9110 section 8.8.3: entity-tag, weak or not. */
const TAGS = /(W\/)?("[\x21\x23-\x7e\x80-\xff]*")/g

export interface TagComparison {
  /** What an absent header says. */
  readonly whenAbsent: boolean
  /** Whether a weak tag names it too (section 8.8.3.2): for If-None-Match, never for If-Match. */
  readonly weak: boolean
}

/** Whether a list of entity tags, or `*`, names what has this (strong) tag. */
export function isNamedBy(header: string | undefined, tag: string, { whenAbsent, weak }: TagComparison): boolean {
  if (header === undefined) return whenAbsent
  if (header.trim() === '*') return true
  for (const [, isWeak, named] of header.matchAll(TAGS)) if (named === tag && (weak || isWeak === undefined)) return true
  return false
}
