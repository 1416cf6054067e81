import type { Guard } from './guards.ts'

/** One anchor as a sequence of byte sets; a set is a string of 256 `0`/`1` so that equal sets compare equal. */
export type ByteSet = string
/**
 * Where an anchor may begin: anywhere; not right behind a backslash; behind a byte that is no ASCII letter or digit; behind
 * one that, besides, does not go with a number (`.`, `_`, `+`). Behind an escape (`\n`, `%22`) is as good as the latter two.
 */
export type AnchorContext = 'anything' | 'no-backslash' | 'word-boundary' | 'number-boundary'

export interface Anchor {
  readonly sets: readonly ByteSet[]
  readonly after: AnchorContext
  /** What an accepted anchor stands for: an index chosen by the caller. */
  readonly id: number
  /** Where it says no, the anchor counts as not there. */
  readonly guard?: Guard
  /** Nothing that a rule looks for: `lookForAnchor` tells of it, by this bit, and that is all. */
  readonly mark?: number
}

/** Bits of marks: an image or the like may stand there; the parts of a message may. */
export const MARK = { unscanned: 1, parts: 2 } as const

export function byteSetOf(holds: (byte: number) => boolean): ByteSet {
  let set = ''
  for (let byte = 0; byte < 256; byte++) set += holds(byte) ? '1' : '0'
  return set
}

const NONE = '0'.repeat(256)
/** The same, fast for the one or two bytes that a place mostly has. */
function byteSetOfBytes(bytes: ReadonlySet<number>): ByteSet {
  if (bytes.size > 2) return byteSetOf((byte) => bytes.has(byte))
  let set = NONE
  for (const byte of bytes) set = `${set.slice(0, byte)}1${set.slice(byte + 1)}`
  return set
}

const code = (text: string, index: number): number => {
  const unit = text.charCodeAt(index)
  if (!(unit <= 0xff)) throw new TypeError(`anchor ${JSON.stringify(text)}: expected a byte at ${index}`)
  return unit
}

const swapCase = (byte: number): number => {
  if (byte >= 0x41 && byte <= 0x5a) return byte + 32
  if (byte >= 0x61 && byte <= 0x7a) return byte - 32
  return byte
}

/** Sets by class source: the same few classes make up most anchors. */
const classes = new Map<string, ByteSet>()
/** Sets of one byte, and behind them those of both its cases: all anchors together have tens of thousands of such places. */
const literals: ByteSet[] = []
const FOLDED = 256

/** Parses anchor syntax (see RuleData.anchors). Throws TypeError that names the anchor and the place. */
export function parseAnchor(source: string, fold: boolean): ByteSet[] {
  const sets: ByteSet[] = []
  let index = 0
  const literal = (): number => {
    if (source[index] === '\\') index++
    return code(source, index++)
  }
  while (index < source.length) {
    if (source[index] !== '[') {
      const byte = literal()
      sets.push((literals[fold ? byte + FOLDED : byte] ??= byteSetOfBytes(new Set(fold ? [byte, swapCase(byte)] : [byte]))))
      continue
    }
    const bytes = new Set<number>()
    let negated = false
    const from = index
    const known = classes.get(`${fold ? 'f' : ''}${source.slice(index, source.indexOf(']', index) + 1)}`)
    if (known !== undefined) {
      sets.push(known)
      index = source.indexOf(']', index) + 1
      continue
    }
    index++
    if (source[index] === '^') {
      negated = true
      index++
    }
    while (index < source.length && source[index] !== ']') {
      const low = literal()
      let high = low
      if (source[index] === '-' && source[index + 1] !== ']') {
        index++
        high = literal()
      }
      if (high < low) throw new TypeError(`anchor ${JSON.stringify(source)}: a range is the wrong way round before ${index}`)
      for (let byte = low; byte <= high; byte++) bytes.add(byte)
    }
    if (source[index] !== ']') throw new TypeError(`anchor ${JSON.stringify(source)}: a class is not closed`)
    index++
    if (fold) for (const byte of [...bytes]) bytes.add(swapCase(byte))
    const set = negated ? byteSetOf((byte) => !bytes.has(byte)) : byteSetOfBytes(bytes)
    const written = source.slice(from, index)
    // A class with an escape may hold a bracket, which the look-up above would take for its end.
    if (written.startsWith('[') && !written.includes('\\')) classes.set(`${fold ? 'f' : ''}${written}`, set)
    sets.push(set)
  }
  if (sets.length === 0) throw new TypeError('an anchor is empty')
  return sets
}
