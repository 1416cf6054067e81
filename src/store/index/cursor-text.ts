import { RepriseError } from '../../schemas/index.ts'

function badCursor(): RepriseError {
  return new RepriseError('invalid_argument', 'cursor: expected the `next` of an earlier page of the same list', {
    details: { key: 'cursor' },
  })
}

const CURSOR_MAX = 200

/** A place in a list as text that says nothing to its holder: signed 64-bit numbers, and what list they belong to. */
export function cursorText(list: string, numbers: readonly (bigint | number)[]): string {
  return Buffer.from([list, ...numbers.map(String)].join(' ')).toString('base64url')
}

/** Throws `invalid_argument` for what `cursorText` did not make for this list. */
export function readCursor(list: string, count: number, cursor: string): bigint[] {
  if (cursor.length > CURSOR_MAX || !/^[A-Za-z0-9_-]+$/.test(cursor)) throw badCursor()
  const [name, ...parts] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  if (name !== list || parts.length !== count || !parts.every((part) => /^-?[0-9]{1,19}$/.test(part))) throw badCursor()
  return parts.map((part) => {
    const number = BigInt(part)
    if (BigInt.asIntN(64, number) !== number) throw badCursor()
    return number
  })
}
