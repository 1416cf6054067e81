import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest, RepriseError } from '../../schemas/index.ts'
import { systemCodeOf } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { PACKED_MAX_BYTES } from '../limits.ts'
import { assembleManifest } from '../manifests/assemble.ts'
import { decodeParts, LIST_MEDIA_TYPE } from '../manifests/parts.ts'
import type { BlobInfo, BlobReader } from '../types.ts'
import type { BlobHeader } from './blob-header.ts'
import type { StoredBlob } from './pack-file.ts'
import type { BlobLocation, PackSet } from './pack-set.ts'
import { RangeReader } from './range-reader.ts'

export function looseFile(layout: Layout, digest: Digest): string {
  return join(layout.blobs, digest.slice(7, 9), digest.slice(7))
}

/** Payloads by digest. Every read is verified: wrong bytes are never handed out. */
export class BlobStore implements BlobReader {
  readonly #layout: Layout
  readonly #packs: PackSet
  readonly #refreshes: boolean
  readonly #ranges: RangeReader

  /** `refreshes`: another process may be adding blobs. */
  constructor(layout: Layout, packs: PackSet, refreshes: boolean) {
    this.#layout = layout
    this.#packs = packs
    this.#refreshes = refreshes
    this.#ranges = new RangeReader({
      stored: (digest) => this.#stored(digest),
      looseFile: (digest) => looseFile(layout, digest),
      damaged,
    })
  }

  #locate(digest: Digest): BlobLocation | undefined {
    if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'digest: expected sha256: and 64 lowercase hex digits')
    const found = this.#packs.locate(digest)
    if (found !== undefined || !this.#refreshes) return found
    this.#packs.refresh()
    return this.#packs.locate(digest)
  }

  has(digest: Digest): boolean {
    return this.#locate(digest) !== undefined
  }

  info(digest: Digest): BlobInfo | undefined {
    const header = this.header(digest)
    return header === undefined ? undefined : { sizeBytes: header.sizeBytes, mediaType: header.mediaType }
  }

  /** Throws `integrity` where the header is damaged. */
  header(digest: Digest): BlobHeader | undefined {
    const location = this.#locate(digest)
    if (location === undefined) return undefined
    const header = this.#packs.file(location.pack).readHeader(location.place)
    if (header === undefined || header.digest !== digest) throw damaged(digest)
    return header
  }

  read(digest: Digest): Buffer {
    const { header, content } = this.#stored(digest)
    const bytes = this.#payload(header, content)
    if (bytes.length !== header.sizeBytes || hash('sha256', bytes, 'hex') !== digest.slice(7)) throw damaged(digest)
    return bytes
  }

  async *readRange(digest: Digest, start: number, end: number): AsyncGenerator<Uint8Array, void, void> {
    const sizeBytes = this.header(digest)?.sizeBytes
    if (sizeBytes === undefined) throw missing(digest)
    if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || end > sizeBytes || start > end)
      throw new RepriseError('invalid_argument', `range: expected numbers of bytes within ${sizeBytes}, the first before the last`)
    if (sizeBytes <= PACKED_MAX_BYTES) yield this.read(digest).subarray(start, end)
    else yield* this.#ranges.read(digest, sizeBytes, start, end)
  }

  /** What is stored under a digest, with its crc checked. Throws `artifact_missing`, `integrity`. */
  #stored(digest: Digest): StoredBlob {
    const location = this.#locate(digest)
    if (location === undefined) throw missing(digest)
    const stored = this.#packs.file(location.pack).read(location.place)
    if (stored?.header.digest === digest) return stored
    // Another process may have written the pack anew.
    if (this.#refreshes) this.#packs.reload(location.pack)
    const moved = this.#refreshes ? this.#packs.locate(digest) : undefined
    const again = moved === undefined ? undefined : this.#packs.file(moved.pack).read(moved.place)
    if (again?.header.digest !== digest) throw damaged(digest)
    return again
  }

  /** The blobs that a manifest or a list is put together from; none for any other. */
  partsOf(digest: Digest): Digest[] {
    if (this.#locate(digest) === undefined) return []
    const { header, content } = this.#stored(digest)
    if (header.storedAs !== 'manifest' && header.mediaType !== LIST_MEDIA_TYPE) return []
    return decodeParts(content).flatMap((part) => (part.type === 'bytes' ? [] : [part.digest]))
  }

  #payload(header: BlobHeader, content: Buffer): Buffer {
    switch (header.storedAs) {
      case 'whole':
        return content
      case 'loose':
        return this.#readLoose(header.digest)
      case 'manifest':
        return assembleManifest(header.digest, content, header.sizeBytes, (digest) => this.#part(digest))
    }
  }

  /** A part of a manifest: verified with the whole, so only its crc is checked here. */
  #part(digest: Digest): Buffer {
    const { header, content } = this.#stored(digest)
    if (header.storedAs === 'manifest') throw damaged(digest)
    return this.#payload(header, content)
  }

  #readLoose(digest: Digest): Buffer {
    try {
      return readFileSync(looseFile(this.#layout, digest))
    } catch (cause) {
      if (systemCodeOf(cause) !== 'ENOENT') throw cause
      throw new RepriseError('artifact_missing', `the file of artifact ${digest} is not in the store`, { cause, details: { digest } })
    }
  }
}

function missing(digest: Digest): RepriseError {
  return new RepriseError('artifact_missing', `artifact ${digest} is not in the store`, { details: { digest } })
}

function damaged(digest: Digest): RepriseError {
  return new RepriseError('integrity', `artifact ${digest} is damaged: its stored bytes do not have that digest`, { details: { digest } })
}
