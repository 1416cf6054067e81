import { randomFillSync } from 'node:crypto'
import { type Digest, sha256Hex } from '../../schemas/index.ts'

export interface Commitment {
  /** What the hashed core says: sha256(salt bytes, digest string), as `commitmentOf` has it. */
  readonly commitment: string
  /** 32 random bytes as hex, which stand beside the core and go when the payload is erased. */
  readonly salt: string
}

const SALT_BYTES = 32
const DIGEST_LENGTH = 'sha256:'.length + 64
/** Random bytes are fetched for this many salts at once. */
const SALTS = 256

/** Makes commitments with a fresh salt each. The salt never takes the way through hex that two calls would need. */
export class Committer {
  readonly #pool = Buffer.allocUnsafeSlow(SALTS * SALT_BYTES)
  readonly #input = Buffer.allocUnsafeSlow(SALT_BYTES + DIGEST_LENGTH)
  #used = this.#pool.length
  /** All of the pool, made into text at once. */
  #hex = ''

  commit(digest: Digest): Commitment {
    if (this.#used === this.#pool.length) {
      randomFillSync(this.#pool)
      this.#hex = this.#pool.toString('hex')
      this.#used = 0
    }
    const from = this.#used
    const input = this.#input
    for (let at = 0; at < SALT_BYTES; at++) input[at] = this.#pool[from + at] ?? 0
    input.write(digest, SALT_BYTES, 'latin1')
    this.#used = from + SALT_BYTES
    // Salts that were used stay here until the pool is filled again: a payload is erased much later than that.
    return { commitment: sha256Hex(this.#input), salt: this.#hex.slice(from * 2, this.#used * 2) }
  }
}
