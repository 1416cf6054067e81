import { parseJson } from '../../schemas/index.ts'
/** Reads values of any form: nothing here throws, and a field that is not there or of another type is undefined. */

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value)
}

/** Paths are constants of this room, so that this holds no more than there are of them. */
const SEGMENTS = new Map<string, readonly string[]>()

function segmentsOf(path: string): readonly string[] {
  let segments = SEGMENTS.get(path)
  if (segments === undefined) {
    segments = path.split('.')
    SEGMENTS.set(path, segments)
  }
  return segments
}

/** The value at a dotted path of own fields. A getter or trap that throws has no value. */
export function at(value: unknown, path: string): unknown {
  try {
    let current = value
    for (const name of segmentsOf(path)) {
      if (typeof current !== 'object' || current === null || Array.isArray(current) || !Object.hasOwn(current, name)) return undefined
      current = (current as Fields)[name]
    }
    return current
  } catch {
    return undefined
  }
}

/** The first of several paths that leads to something other than undefined and null. */
export function firstAt(value: unknown, paths: readonly string[]): unknown {
  for (const path of paths) {
    const found = at(value, path)
    if (found !== undefined && found !== null) return found
  }
  return undefined
}

export function stringAt(value: unknown, path: string): string | undefined {
  const found = at(value, path)
  return typeof found === 'string' ? found : undefined
}

export function firstStringAt(value: unknown, paths: readonly string[]): string | undefined {
  for (const path of paths) {
    const found = at(value, path)
    if (typeof found === 'string' && found !== '') return found
  }
  return undefined
}

/** A count that fits an int64 attribute. */
export function countAt(value: unknown, path: string): number | undefined {
  const found = at(value, path)
  return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : undefined
}

export function listAt(value: unknown, path: string): readonly unknown[] | undefined {
  const found = at(value, path)
  return Array.isArray(found) ? found : undefined
}

/** What a step of the kind below gives, or undefined where it threw on a value that nobody foresaw. */
export function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** The value of a JSON text, or the text itself where it is none: models write arguments that do not always parse. */
export function parsedOr(text: unknown): unknown {
  if (typeof text !== 'string') return text
  try {
    return parseJson(text)
  } catch {
    return text
  }
}
