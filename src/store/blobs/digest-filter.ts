/** With four probes and twelve bits a digest, one absent digest in about 150 seems to be there. */
const BITS_PER_DIGEST = 12
const PROBES = 4
/** Digests are uniform: their own bytes are the hashes. The first ones are what look-ups and tables use. */
const FIRST_BYTE = 8

/** A Bloom filter over digests. */
export class DigestFilter {
  readonly bits: Uint8Array

  constructor(bits: Uint8Array) {
    this.bits = bits
  }

  static bytesFor(count: number): number {
    return Math.max(8, Math.ceil((count * BITS_PER_DIGEST) / 8))
  }

  static sizedFor(count: number): DigestFilter {
    return new DigestFilter(new Uint8Array(DigestFilter.bytesFor(count)))
  }

  add(digest: Buffer, at: number): void {
    const bits = this.bits
    const size = (bits.length * 8) >>> 0
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (digest.readInt32LE(at + FIRST_BYTE + probe * 4) >>> 0) % size
      bits[bit >>> 3] = (bits[bit >>> 3] ?? 0) | (1 << (bit & 7))
    }
  }

  // Unsigned whole numbers on both sides of `%`: of others it costs ten times as much, and this runs for each payload and pack.
  mayHave(digest: Buffer, at: number): boolean {
    const bits = this.bits
    const size = (bits.length * 8) >>> 0
    for (let probe = 0; probe < PROBES; probe++) {
      const bit = (digest.readInt32LE(at + FIRST_BYTE + probe * 4) >>> 0) % size
      if (((bits[bit >>> 3] ?? 0) & (1 << (bit & 7))) === 0) return false
    }
    return true
  }
}
