import { canonicalJson, RepriseError, sha256Hex } from '../../schemas/index.ts'
import type { ListLogsQuery, ListRunsQuery, ListStepsQuery } from '../types.ts'

function badCursor(): RepriseError {
  return new RepriseError('invalid_argument', 'cursor: expected the `next` of an earlier page of the same list, with the same conditions', {
    details: { key: 'cursor' },
  })
}

const CURSOR_MAX = 200

/** Not conditions that a cursor is bound to: times cut the list without changing its order, and may be given as so long ago. */
const WINDOW: readonly string[] = ['limit', 'cursor', 'fromNanos', 'toNanos']

/** The name of a list: what it holds, and the conditions it was asked for with, in whatever order they were given. */
export function listName(kind: string, query: ListRunsQuery | ListStepsQuery | ListLogsQuery): string {
  const conditions = Object.entries(query)
    .filter(([key, value]) => value !== undefined && !WINDOW.includes(key))
    .map(([key, value]) => [key, Array.isArray(value) ? value.map(String).sort() : value])
  return `${kind} ${JSON.stringify(conditions.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)))}`
}

/** Of a cursor that was cut short, or that belongs to another list, the check differs. It is no secret: a cursor opens nothing. */
function checkOf(list: string, place: string): string {
  return sha256Hex(canonicalJson([list, place])).slice(0, 8)
}

/** A place in a list as text that says nothing to its holder: signed 64-bit numbers, and what list they belong to. */
export function cursorText(list: string, numbers: readonly (bigint | number)[]): string {
  const place = numbers.map(String).join(' ')
  return Buffer.from(`${place} ${checkOf(list, place)}`).toString('base64url')
}

/** Throws `invalid_argument` for what `cursorText` did not make for this list. */
export function readCursor(list: string, count: number, cursor: string): bigint[] {
  if (cursor.length > CURSOR_MAX || !/^[A-Za-z0-9_-]+$/.test(cursor)) throw badCursor()
  const parts = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  const check = parts.pop()
  if (check !== checkOf(list, parts.join(' ')) || parts.length !== count) throw badCursor()
  return parts.map((part) => {
    const number = /^-?[0-9]{1,19}$/.test(part) ? BigInt(part) : undefined
    if (number === undefined || BigInt.asIntN(64, number) !== number) throw badCursor()
    return number
  })
}
