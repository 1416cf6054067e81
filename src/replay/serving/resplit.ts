import { isUtf8 } from 'node:buffer'
import { types } from 'node:util'

const MAX_PIECES = 10_000

/**
 * The chunks of a stream of text, cut elsewhere: other places, and more or fewer of them. Chunks that are strings are cut between
 * characters, chunks of bytes anywhere, within a character too, as a network cuts them. The text stays the same. Undefined for anything
 * else: values, bytes that are no text, nothing at all.
 *
 * @param random numbers in [0, 1), which alone decide about the cuts
 */
export function resplit(chunks: readonly unknown[], random: () => number): unknown[] | undefined {
  if (chunks.length === 0) return undefined
  if (chunks.every((chunk) => typeof chunk === 'string')) {
    const text = chunks.join('')
    const cuts = cutsIn(text.length, chunks.length, random).filter((at) => !isInPair(text, at))
    return text === '' ? undefined : pieces(text.length, cuts, (from, to) => text.slice(from, to))
  }
  if (!chunks.every((chunk) => types.isUint8Array(chunk))) return undefined
  const bytes = Buffer.concat(chunks)
  if (bytes.length === 0 || !isUtf8(bytes)) return undefined
  return pieces(bytes.length, cutsIn(bytes.length, chunks.length, random), (from, to) => Uint8Array.from(bytes.subarray(from, to)))
}

/** Places inside of a text of that length, ascending, each once. */
function cutsIn(length: number, chunkCount: number, random: () => number): number[] {
  const wanted = Math.min(length - 1, MAX_PIECES, Math.floor(random() * 2 * chunkCount) + 1)
  const cuts = new Set<number>()
  for (let drawn = 0; drawn < 4 * wanted && cuts.size < wanted; drawn++) cuts.add(1 + Math.floor(random() * (length - 1)))
  return [...cuts].sort((left, right) => left - right)
}

function pieces<T>(length: number, cuts: readonly number[], slice: (from: number, to: number) => T): T[] {
  return [0, ...cuts].map((from, index) => slice(from, cuts[index] ?? length))
}

function isInPair(text: string, at: number): boolean {
  const before = text.charCodeAt(at - 1)
  const after = text.charCodeAt(at)
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff
}
