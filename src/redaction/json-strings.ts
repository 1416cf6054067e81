/** The value of a JSON string's inside (without quotes), or undefined where it is not valid. */
export function unescapeJson(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw
  try {
    const value: unknown = JSON.parse(`"${raw}"`)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

/** The inside of the JSON string that holds the text. */
export const escapeJson = (text: string): string => JSON.stringify(text).slice(1, -1)

/**
 * Offsets in a JSON string's inside for ascending offsets in its value. An offset behind an escape counts as behind it, so
 * that no cut goes through one.
 */
export function rawOffsets(raw: string, offsets: readonly number[]): number[] {
  const found: number[] = []
  let rawAt = 0
  let valueAt = 0
  for (const offset of offsets) {
    while (valueAt < offset) {
      const escape = raw.indexOf('\\', rawAt)
      const plain = escape < 0 ? Infinity : escape - rawAt
      if (plain >= offset - valueAt) {
        rawAt += offset - valueAt
        valueAt = offset
        break
      }
      valueAt += plain + 1
      rawAt = escape + (raw[escape + 1] === 'u' ? 6 : 2)
    }
    found.push(rawAt)
  }
  return found
}
