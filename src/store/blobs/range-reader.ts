import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import { type Digest, RepriseError } from '../../schemas/index.ts'
import { systemCodeOf } from '../files/durable.ts'
import { readExactly } from '../frames/file-window.ts'
import { MANIFEST_DEPTH_MAX } from '../manifests/assemble.ts'
import { decodeParts, type Part } from '../manifests/parts.ts'
import type { StoredBlob } from './pack-file.ts'

/** Bytes of a payload that are checked, and handed out, together. */
export const RANGE_BLOCK_BYTES: number = 256 * 1024
const BLOCKS_A_TURN = 4
/** Payloads whose checksums are remembered: 4 bytes for each block of them. */
const REMEMBERED_MAX = 64

export interface RangeSource {
  /** What is stored under a digest, its crc checked. Throws `artifact_missing`, `integrity`. */
  readonly stored: (digest: Digest) => StoredBlob
  readonly looseFile: (digest: Digest) => string
  readonly damaged: (digest: Digest) => RepriseError
}

/**
 * Parts of large payloads, without the whole of them in memory. A part says nothing about the digest of the whole; so a payload
 * is read through once, block by block, against its digest, and the crc of each block is kept: every block that is handed out
 * afterwards is held against that. What the disk has changed since is found all the same.
 */
export class RangeReader {
  readonly #source: RangeSource
  readonly #known = new Map<Digest, Promise<readonly number[]>>()

  constructor(source: RangeSource) {
    this.#source = source
  }

  /** The bytes from `start` up to `end` of a payload of that size, a block at a time. */
  async *read(digest: Digest, sizeBytes: number, start: number, end: number): AsyncGenerator<Buffer, void, void> {
    const crcs = await this.#crcsOf(digest, sizeBytes)
    let index = Math.floor(start / RANGE_BLOCK_BYTES)
    const to = Math.min(sizeBytes, Math.ceil(end / RANGE_BLOCK_BYTES) * RANGE_BLOCK_BYTES)
    for (const block of blocksOf(this.#pieces(digest, index * RANGE_BLOCK_BYTES, to, 0))) {
      if (crc32(block) !== crcs[index]) {
        this.#known.delete(digest)
        throw this.#source.damaged(digest)
      }
      const from = index * RANGE_BLOCK_BYTES
      yield block.subarray(Math.max(0, start - from), Math.min(block.length, end - from))
      index++
      await nextTurn()
    }
    if (index * RANGE_BLOCK_BYTES < to) throw this.#source.damaged(digest)
  }

  #crcsOf(digest: Digest, sizeBytes: number): Promise<readonly number[]> {
    let crcs = this.#known.get(digest)
    this.#known.delete(digest)
    crcs ??= this.#verify(digest, sizeBytes)
    // Most recently used last.
    this.#known.set(digest, crcs)
    crcs.catch(() => this.#known.delete(digest))
    const [oldest] = this.#known.keys()
    if (this.#known.size > REMEMBERED_MAX && oldest !== undefined) this.#known.delete(oldest)
    return crcs
  }

  async #verify(digest: Digest, sizeBytes: number): Promise<readonly number[]> {
    const hash = createHash('sha256')
    const crcs: number[] = []
    for (const block of blocksOf(this.#pieces(digest, 0, sizeBytes, 0))) {
      hash.update(block)
      crcs.push(crc32(block))
      if (crcs.length % BLOCKS_A_TURN === 0) await nextTurn()
    }
    if (hash.digest('hex') !== digest.slice(7)) throw this.#source.damaged(digest)
    return crcs
  }

  /** The bytes of [from, to) as they are stored: whole frames of at most 1 MiB, stretches of a file. */
  *#pieces(digest: Digest, from: number, to: number, depth: number): Generator<Buffer, void, void> {
    const { header, content } = this.#source.stored(digest)
    if (to > header.sizeBytes) throw this.#source.damaged(digest)
    if (header.storedAs === 'whole') yield content.subarray(from, to)
    else if (header.storedAs === 'loose') yield* this.#ofFile(digest, from, to)
    else if (depth > 0) throw this.#source.damaged(digest)
    else yield* this.#ofParts(digest, decodeParts(content), from, to, depth)
  }

  *#ofParts(digest: Digest, parts: readonly Part[], from: number, to: number, depth: number): Generator<Buffer, void, void> {
    if (depth > MANIFEST_DEPTH_MAX) throw this.#source.damaged(digest)
    let at = 0
    for (const part of parts) {
      const size = part.type === 'bytes' ? part.bytes.length : part.sizeBytes
      const [first, last] = [Math.max(0, from - at), Math.min(size, to - at)]
      if (first < last) {
        if (part.type === 'bytes') yield Buffer.from(part.bytes.buffer, part.bytes.byteOffset + first, last - first)
        else if (part.type === 'blob') yield* this.#pieces(part.digest, first, last, depth + 1)
        else yield* this.#ofParts(digest, decodeParts(this.#source.stored(part.digest).content), first, last, depth + 1)
      }
      at += size
      if (at >= to) return
    }
    throw this.#source.damaged(digest)
  }

  *#ofFile(digest: Digest, from: number, to: number): Generator<Buffer, void, void> {
    let fd: number
    try {
      fd = openSync(this.#source.looseFile(digest), 'r')
    } catch (cause) {
      if (systemCodeOf(cause) !== 'ENOENT') throw cause
      throw new RepriseError('artifact_missing', `the file of artifact ${digest} is not in the store`, { cause, details: { digest } })
    }
    try {
      for (let at = from; at < to; at += RANGE_BLOCK_BYTES) {
        const bytes = readExactly(fd, at, Math.min(RANGE_BLOCK_BYTES, to - at))
        if (bytes === undefined) throw this.#source.damaged(digest)
        yield bytes
      }
    } finally {
      closeSync(fd)
    }
  }
}

/** The same bytes in blocks; only the last is shorter. */
function* blocksOf(pieces: Iterable<Buffer>): Generator<Buffer, void, void> {
  let waiting: Buffer[] = []
  let length = 0
  for (const piece of pieces) {
    let rest = piece
    while (length + rest.length >= RANGE_BLOCK_BYTES) {
      const taken = RANGE_BLOCK_BYTES - length
      waiting.push(rest.subarray(0, taken))
      const [only] = waiting
      yield waiting.length === 1 && only !== undefined ? only : Buffer.concat(waiting, RANGE_BLOCK_BYTES)
      rest = rest.subarray(taken)
      waiting = []
      length = 0
    }
    if (rest.length > 0) waiting.push(rest)
    length += rest.length
  }
  if (length > 0) yield Buffer.concat(waiting, length)
}
