/** Bits that a filter has for each digest, and how many of them are looked at. */
export interface FilterMake {
  readonly bitsPerDigest: number
  /** Six at most: a digest has no more bytes. */
  readonly probes: number
}

/** One absent digest in about 150 seems to be there. Every pack is asked for each new payload, and each error costs a look into a file. */
export const EARLIER_MAKE: FilterMake = { bitsPerDigest: 12, probes: 4 }
/** One in about 1000. */
export const PRESENT_MAKE: FilterMake = { bitsPerDigest: 16, probes: 6 }
/** Digests are uniform: their own bytes are the hashes. The first ones are what look-ups and tables use. */
const FIRST_BYTE = 8

/** A Bloom filter over digests. */
export class DigestFilter {
  readonly bits: Uint8Array
  readonly #probes: number

  constructor(bits: Uint8Array, { probes }: FilterMake) {
    this.bits = bits
    this.#probes = probes
  }

  static bytesFor(count: number, { bitsPerDigest }: FilterMake): number {
    return Math.max(8, Math.ceil((count * bitsPerDigest) / 8))
  }

  static sizedFor(count: number, make: FilterMake): DigestFilter {
    return new DigestFilter(new Uint8Array(DigestFilter.bytesFor(count, make)), make)
  }

  add(digest: Buffer, at: number): void {
    const bits = this.bits
    const size = (bits.length * 8) >>> 0
    const probes = this.#probes
    for (let probe = 0; probe < probes; probe++) {
      const bit = (digest.readInt32LE(at + FIRST_BYTE + probe * 4) >>> 0) % size
      bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7))
    }
  }

  // Unsigned whole numbers on both sides of `%`: of others it costs ten times as much, and this runs for each payload and pack.
  mayHave(digest: Buffer, at: number): boolean {
    const bits = this.bits
    const size = (bits.length * 8) >>> 0
    const probes = this.#probes
    for (let probe = 0; probe < probes; probe++) {
      const bit = (digest.readInt32LE(at + FIRST_BYTE + probe * 4) >>> 0) % size
      if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }
}
