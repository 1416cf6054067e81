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
  // Looked for once each: to look from every offset anew would read a string without escapes as often as it has hits.
  let escape = nextEscape(raw, 0)
  for (const offset of offsets) {
    while (valueAt < offset) {
      const plain = escape - rawAt
      if (plain >= offset - valueAt) {
        rawAt += offset - valueAt
        valueAt = offset
        break
      }
      valueAt += plain + 1
      rawAt = escape + (raw[escape + 1] === 'u' ? 6 : 2)
      escape = nextEscape(raw, rawAt)
    }
    found.push(rawAt)
  }
  return found
}

function nextEscape(raw: string, from: number): number {
  const at = raw.indexOf('\\', from)
  return at < 0 ? Infinity : at
}
