import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { chmod, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import type { Digest } from '../../schemas/index.ts'
import { AppendFile, type FileIo, SYSTEM_IO } from '../files/append-file.ts'
import { createFile, FILE_MODE, makeFolder, removeFile, syncFolder } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { rawFrameLength, writeRawFrame } from '../frames/raw-zstd.ts'
import { PACKED_MAX_BYTES } from '../limits.ts'
import { manifestSizeBytes } from '../manifests/parts.ts'
import type { PackMark } from '../tape/group-header.ts'
import type { CutTail, PreparedBlob } from '../types.ts'
import { blobHeaderBytes, headerMediaType, type StoredAs, writeBlobHeader } from './blob-header.ts'
import { looseFile } from './blob-store.ts'
import type { BlobPlace } from './pack-index.ts'
import type { PackSet } from './pack-set.ts'
import { recoverPacks } from './recover-packs.ts'

const CHUNK_BYTES = 16 * 1024 * 1024
const NOTHING = new Uint8Array(0)

interface Entry {
  readonly digest: Digest
  readonly mediaType: string
  readonly storedAs: StoredAs
  readonly sizeBytes: number
  readonly data: Uint8Array
  readonly headerBytes: number
  readonly frameBytes: number
}

export interface BlobWriterOptions {
  readonly layout: Layout
  readonly packs: PackSet
  readonly rollBytes: number
  /** From the last group of the tape. */
  readonly mark: PackMark
  readonly io?: FileIo
}

/** Adds payloads, each once. One call at a time. */
export class BlobWriter {
  readonly cut: readonly CutTail[]
  readonly #options: BlobWriterOptions
  #live: AppendFile | undefined
  #mark: PackMark
  #pack: number
  #buffer: Buffer = Buffer.allocUnsafeSlow(1024 * 1024)

  constructor(options: BlobWriterOptions) {
    this.#options = options
    const { layout, packs, mark, io } = options
    const { cut, live } = recoverPacks(layout, packs, mark)
    this.cut = cut
    this.#mark = mark
    this.#pack = Math.max(mark.pack, packs.packs().at(-1) ?? 0)
    if (live === undefined) return
    this.#live = new AppendFile(packs.packFile(live), openSync(packs.packFile(live), 'r+'), mark.bytes, io ?? SYSTEM_IO)
    if (live !== this.#pack || mark.bytes >= options.rollBytes) this.#closeLive(live)
  }

  /** Where the packs stand: all before is durable. */
  get mark(): PackMark {
    return this.#mark
  }

  /** All of them are durable when it resolves; those that the store already has cost nothing. */
  async append(blobs: Iterable<PreparedBlob>): Promise<void> {
    const { packs } = this.#options
    const fresh = new Map<Digest, PreparedBlob>()
    for (const blob of blobs) if (!fresh.has(blob.digest) && packs.locate(blob.digest) === undefined) fresh.set(blob.digest, blob)
    let chunk: Entry[] = []
    let chunkBytes = 0
    for (const blob of fresh.values()) {
      const entry = await this.#entryOf(blob)
      chunk.push(entry)
      chunkBytes += entry.headerBytes + entry.frameBytes
      if (chunkBytes < CHUNK_BYTES) continue
      await this.#appendChunk(chunk, chunkBytes)
      chunk = []
      chunkBytes = 0
    }
    if (chunk.length > 0) await this.#appendChunk(chunk, chunkBytes)
  }

  async #entryOf(blob: PreparedBlob): Promise<Entry> {
    const { digest, data } = blob
    const mediaType = headerMediaType(blob.mediaType)
    const manifest = blob.encoding === 'manifest'
    const loose = !manifest && data.length > PACKED_MAX_BYTES
    if (loose) await this.#writeLoose(digest, data)
    const stored = loose ? NOTHING : data
    return {
      digest,
      mediaType,
      storedAs: loose ? 'loose' : manifest ? 'manifest' : 'whole',
      sizeBytes: manifest ? manifestSizeBytes(data) : data.length,
      data: stored,
      headerBytes: blobHeaderBytes(mediaType),
      frameBytes: rawFrameLength(stored.length),
    }
  }

  async #writeLoose(digest: Digest, data: Uint8Array): Promise<void> {
    const { layout } = this.#options
    const path = looseFile(layout, digest)
    makeFolder(dirname(path))
    const temporary = join(layout.temporary, `${digest.slice(7)}.${randomBytes(6).toString('hex')}`)
    try {
      const handle = await open(temporary, 'wx', FILE_MODE)
      try {
        await handle.writeFile(data)
        await handle.sync()
      } finally {
        await handle.close()
      }
      await chmod(temporary, FILE_MODE)
      await rename(temporary, path)
    } catch (error) {
      removeFile(temporary)
      throw error
    }
    syncFolder(dirname(path))
  }

  async #appendChunk(entries: readonly Entry[], bytes: number): Promise<void> {
    if (this.#buffer.length < bytes) this.#buffer = Buffer.allocUnsafeSlow(bytes)
    const file = this.#liveFile()
    const buffer = this.#buffer.subarray(0, bytes)
    const places: [Digest, BlobPlace][] = []
    let at = 0
    for (const { digest, mediaType, storedAs, sizeBytes, data, headerBytes, frameBytes } of entries) {
      const frameAt = at + headerBytes
      const end = writeRawFrame(buffer, frameAt, data)
      writeBlobHeader(buffer, at, { digest, mediaType, storedAs, sizeBytes, frameBytes, frameCrc: crc32(buffer.subarray(frameAt, end)) })
      places.push([digest, { offset: file.bytes + at, length: end - at }])
      at = end
    }
    try {
      await file.append(buffer)
    } catch (error) {
      this.#closeLive(this.#pack)
      throw error
    }
    this.#options.packs.addLive(places)
    this.#mark = { pack: this.#pack, bytes: file.bytes }
    if (file.bytes >= this.#options.rollBytes) this.#closeLive(this.#pack)
  }

  #liveFile(): AppendFile {
    if (this.#live?.usable === true) return this.#live
    const { layout, packs, io } = this.#options
    const pack = this.#pack + 1
    const path = packs.packFile(pack)
    const file = new AppendFile(path, createFile(path), 0, io ?? SYSTEM_IO)
    this.#pack = pack
    try {
      syncFolder(layout.packs)
    } catch (error) {
      file.close()
      removeFile(path)
      throw error
    }
    packs.openLive(pack)
    this.#live = file
    return file
  }

  #closeLive(pack: number): void {
    const { packs } = this.#options
    const file = this.#live
    if (file === undefined) return
    this.#live = undefined
    file.close()
    if (file.bytes === 0) {
      packs.dropLive()
      removeFile(file.path)
      return
    }
    packs.closeLive(file.bytes)
    packs.writeIndex(pack)
  }

  close(): void {
    this.#live?.close()
  }
}
