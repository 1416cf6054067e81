import { type ByteSet, byteSetOf } from './anchors.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Of RFC 8259, section 7: those that anchors have. Of a slash and of `\u0000` there are anchors already (compile.ts). */
const LETTERS: ReadonlyMap<number, number> = new Map([
  [0x0a, 0x6e],
  [0x0d, 0x72],
  [0x09, 0x74],
])
const isEscaped = (byte: number): boolean => byte === QUOTE || LETTERS.has(byte)
const holds = (set: ByteSet, byte: number): boolean => set[byte] === '1'

const BACKSLASHES = byteSetOf((byte) => byte === BACKSLASH)
const QUOTES = byteSetOf((byte) => byte === QUOTE)
/** JSON within JSON strings is followed this far down. */
const DEPTHS = [1, 2, 3]

/**
 * An anchor as it stands inside of a JSON string, once or more often escaped: with `\n` for a line end and `\"` for a quote. Where one is
 * met, what the string says has to be looked at. Where the anchor knows backslashes itself, it is met as it is. Cut to `most` bytes:
 * what an anchor begins with is reason enough.
 */
export function escapedSpellings(sets: readonly ByteSet[], most: number): ByteSet[][] {
  if (!sets.some(needsSpelling)) return []
  return DEPTHS.flatMap((depth) => {
    let spellings: { readonly written: ByteSet[]; readonly isEscaped: boolean }[] = [{ written: [], isEscaped: false }]
    for (const set of sets) {
      const plain = needsSpelling(set) ? without(set) : set
      const escapes = needsSpelling(set) ? escapesOf(set, depth) : []
      spellings = spellings.flatMap(({ written, isEscaped: before }) => [
        ...(plain === undefined ? [] : [{ written: [...written, plain], isEscaped: before }]),
        ...escapes.map((escape) => ({ written: [...written, ...escape], isEscaped: true })),
      ])
    }
    return spellings.filter((spelling) => spelling.isEscaped).map(({ written }) => written.slice(0, most))
  })
}

const needsSpelling = (set: ByteSet): boolean => !holds(set, BACKSLASH) && [QUOTE, ...LETTERS.keys()].some((byte) => holds(set, byte))

/** What of a set is written as it is. */
function without(set: ByteSet): ByteSet | undefined {
  const plain = byteSetOf((byte) => holds(set, byte) && !isEscaped(byte))
  return plain.includes('1') ? plain : undefined
}

/** Each level doubles the backslashes and escapes the quote once more. */
function escapesOf(set: ByteSet, depth: number): ByteSet[][] {
  const letters = byteSetOf((byte) => [...LETTERS].some(([control, letter]) => letter === byte && holds(set, control)))
  return [
    ...(letters.includes('1') ? [[...backslashes(2 ** (depth - 1)), letters]] : []),
    ...(holds(set, QUOTE) ? [[...backslashes(2 ** depth - 1), QUOTES]] : []),
  ]
}

const backslashes = (count: number): ByteSet[] => Array.from({ length: count }, () => BACKSLASHES)
