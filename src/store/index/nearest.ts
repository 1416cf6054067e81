/** Edits (insert, delete, replace) from one short text to another; more than `most` counts as `most + 1`. */
export function editDistance(left: string, right: string, most: number): number {
  if (Math.abs(left.length - right.length) > most) return most + 1
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let row = 1; row <= left.length; row++) {
    const current = [row]
    let best = row
    for (let column = 1; column <= right.length; column++) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1)
      const value = Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1)
      current.push(value)
      best = Math.min(best, value)
    }
    if (best > most) return most + 1
    previous = current
  }
  return Math.min(previous[right.length] ?? most + 1, most + 1)
}

export function commonPrefix(left: string, right: string): number {
  const end = Math.min(left.length, right.length)
  let at = 0
  while (at < end && left[at] === right[at]) at++
  return at
}

/** Up to this many edits an id is taken for a typing error of another. */
const TYPING_ERRORS_MAX = 4

/** Likely meant ones first: few edits, then a long common beginning, then id order. A part of an id is compared with as long a beginning. */
export function rankNearest(wanted: string, ids: readonly string[], limit: number): string[] {
  return ids
    .map((id) => ({
      id,
      edits: editDistance(wanted, id.slice(0, Math.max(wanted.length, 1)), TYPING_ERRORS_MAX),
      prefix: commonPrefix(wanted, id),
    }))
    .sort((left, right) => left.edits - right.edits || right.prefix - left.prefix || (left.id < right.id ? -1 : 1))
    .slice(0, limit)
    .map(({ id }) => id)
}
