import { hash } from 'node:crypto'
import type { Digest } from '../../schemas/index.ts'

const TAG = 'reprise.group/1\n'

/** The digest before the first group. */
export const NO_DIGEST: Buffer = Buffer.alloc(32)

/** Where the core of a record begins in its line: after `{"core":`. */
export const CORE_OFFSET = 8
const REFS_KEY = ',"refs":['

export function digestTextOf(digest: Buffer): Digest {
  return `sha256:${digest.toString('hex')}`
}

/**
 * Collects the digest of a group: sha256 over the tag, the digest of the group before, the count (u32, big endian) and for
 * each record sha256(0x00, core).
 */
export class GroupDigest {
  readonly #input: Buffer
  #at: number

  constructor(previous: Buffer, records: number) {
    this.#input = Buffer.allocUnsafe(TAG.length + 36 + 32 * records)
    this.#at = this.#input.write(TAG, 'latin1')
    this.#input.set(previous, this.#at)
    this.#at = this.#input.writeUInt32BE(records, this.#at + 32)
  }

  addCore(bytes: Buffer, coreStart: number, coreEnd: number): void {
    this.#at += writeCoreHash(bytes, coreStart, coreEnd, this.#input, this.#at)
  }

  /** What `writeCoreHash` has made of any number of cores. */
  addHashes(hashes: Uint8Array): void {
    this.#input.set(hashes, this.#at)
    this.#at += hashes.length
  }

  finish(): Buffer {
    // In memory of its own: it is kept for long, and would keep all that it shares memory with.
    const digest = Buffer.allocUnsafeSlow(32)
    digest.write(hash('sha256', this.#input, 'binary'), 'latin1')
    return digest
  }
}

/**
 * Writes sha256(0x00, core), 32 bytes. The byte before the core is overwritten for the moment of hashing, which saves
 * copying the core behind a zero. Returns the length.
 */
export function writeCoreHash(bytes: Buffer, coreStart: number, coreEnd: number, target: Buffer, at: number): number {
  const before = bytes[coreStart - 1] ?? 0
  bytes[coreStart - 1] = 0
  const written = target.write(hash('sha256', bytes.subarray(coreStart - 1, coreEnd), 'binary'), at, 'latin1')
  bytes[coreStart - 1] = before
  return written
}

/**
 * Where the core ends in a line of the tape, or -1. The last `,"refs":[` is the record's own: a core may hold such a key,
 * but behind the record's there are only strings, in which a quote is escaped.
 */
export function coreEndOf(line: Buffer | string): number {
  return line.lastIndexOf(REFS_KEY)
}

/** Whether the line is `{"core":` + core + `,"refs":[` … `]}`, judged by lengths: comparing the texts would copy both. */
export function holdsCore(line: string, core: string): boolean {
  return coreEndOf(line) === CORE_OFFSET + core.length && line.startsWith('{"core":{') && line.endsWith(']}') && !line.includes('\n')
}
