import { canonicalJson, sha256Hex } from '../../schemas/index.ts'

/**
 * A stream of numbers in [0, 1) with 53 random bits each, the same for the same seed and name on every machine and in
 * every version of this package.
 *
 * The generator is sfc32 (Chris Doty-Humphrey, PractRand): its words a, b, c and counter are the first four 32-bit
 * big-endian words of sha256(canonical JSON of [seed, name]); the first 12 outputs are thrown away. A number is made of
 * two outputs x, y: ((x >>> 5) * 2^26 + (y >>> 6)) / 2^53.
 */
export function createRandom(seed: string, name: string): () => number {
  const digest = sha256Hex(canonicalJson([seed.toWellFormed(), name.toWellFormed()]))
  const word = (index: number): number => Number.parseInt(digest.slice(index * 8, index * 8 + 8), 16) | 0
  let a = word(0)
  let b = word(1)
  let c = word(2)
  let counter = word(3)
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let index = 0; index < 12; index++) next()
  return () => {
    const high = next() >>> 5
    const low = next() >>> 6
    return (high * 0x4000000 + low) / 0x20000000000000
  }
}
