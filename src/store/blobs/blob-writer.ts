import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { chmod, open, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Digest } from '../../schemas/index.ts'
import type { PackedBlobs } from '../commit/packed-batch.ts'
import { AppendFile, type FileIo, SYSTEM_IO } from '../files/append-file.ts'
import { closeAll } from '../files/close-all.ts'
import { createFile, FILE_MODE, makeFolder, removeFile, syncFile, syncFolder } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { roomFor } from '../frames/file-window.ts'
import type { TailCuts } from '../tape/cut-tail.ts'
import type { PackMark } from '../tape/group-header.ts'
import { looseFile } from './blob-store.ts'
import type { PackSet } from './pack-set.ts'
import { recoverPacks } from './recover-packs.ts'

const CHUNK_BYTES = 4 * 1024 * 1024
const DIGEST_BYTES = 32

/** Blobs that the store does not have, which stand one after the other in a list. */
interface Fresh {
  readonly blobs: PackedBlobs
  readonly start: number
  end: number
}

export interface BlobWriterOptions {
  readonly layout: Layout
  readonly packs: PackSet
  readonly rollBytes: number
  /** From the last group of the tape. */
  readonly mark: PackMark
  /** Of the tape, too: nothing is written before all are done. */
  readonly cuts: TailCuts
  readonly io?: FileIo
}

/** Adds payloads, each once. One call at a time. */
export class BlobWriter {
  readonly #options: BlobWriterOptions
  #live: AppendFile | undefined
  /** Where the packs stand with all that was written, and with what of it counts. */
  #mark: PackMark
  #kept: PackMark
  #pack: number
  #buffer: Buffer = Buffer.allocUnsafeSlow(1024 * 1024)
  #retiring: Promise<void> | undefined

  constructor(options: BlobWriterOptions) {
    this.#options = options
    const { layout, packs, mark, cuts, io } = options
    const { live, last } = recoverPacks(layout, packs, mark, cuts)
    this.#mark = mark
    this.#pack = Math.max(mark.pack, packs.packs().at(-1) ?? 0)
    // Closed after the last group, and whole: a record may refer to it without a new blob, and then vouches for it.
    if (last > mark.pack) this.#mark = { pack: last, bytes: packs.file(last).sizeBytes() }
    this.#kept = this.#mark
    if (live === undefined) return
    this.#live = new AppendFile(packs.packFile(live), openSync(packs.packFile(live), 'r+'), mark.bytes, io ?? SYSTEM_IO)
    if (live !== this.#pack || mark.bytes >= options.rollBytes) this.#closeLive(live)
  }

  /** Where the packs stand with all that was written, durable or not. */
  get mark(): PackMark {
    return this.#mark
  }

  /** Writes those that the store does not have. They are durable, and found, when `sync` has resolved. */
  async write(lists: readonly PackedBlobs[]): Promise<void> {
    const { packs, cuts } = this.#options
    cuts.finish()
    let chunk: Fresh[] = []
    let chunkBytes = 0
    try {
      for (const blobs of lists) {
        const digests = Buffer.from(blobs.digests.buffer, blobs.digests.byteOffset, blobs.digests.length)
        let start = 0
        for (let index = 0; index < blobs.ends.length; index++) {
          const end = blobs.ends[index] ?? 0
          if (!packs.has(digests, index * DIGEST_BYTES)) {
            if (blobs.loose.length > 0) await this.#writeLooseOf(blobs, index)
            const file = this.#liveFile()
            packs.addLive(digests, index * DIGEST_BYTES, file.writtenBytes + chunkBytes, end - start)
            const last = chunk.at(-1)
            if (last?.blobs === blobs && last.end === start) last.end = end
            else chunk.push({ blobs, start, end })
            chunkBytes += end - start
            if (chunkBytes >= CHUNK_BYTES) {
              await this.#writeChunk(chunk, chunkBytes)
              await this.sync()
              chunk = []
              chunkBytes = 0
            }
          }
          start = end
        }
      }
      if (chunk.length > 0) await this.#writeChunk(chunk, chunkBytes)
    } catch (error) {
      packs.dropAdded()
      throw error
    }
  }

  async #writeLooseOf({ loose, digests }: PackedBlobs, index: number): Promise<void> {
    const found = loose.find((blob) => blob.index === index)
    if (found === undefined) return
    const hex = Buffer.from(digests.buffer, digests.byteOffset + index * DIGEST_BYTES, DIGEST_BYTES).toString('hex')
    await this.#writeLoose(`sha256:${hex}`, found.data)
  }

  async #writeLoose(digest: Digest, data: Uint8Array): Promise<void> {
    const { layout } = this.#options
    const path = looseFile(layout, digest)
    makeFolder(dirname(path))
    makeFolder(layout.temporary)
    const temporary = join(layout.temporary, `${digest.slice(7)}.${randomBytes(6).toString('hex')}`)
    try {
      const handle = await open(temporary, 'wx', FILE_MODE)
      try {
        await handle.writeFile(data)
        await syncFile(handle)
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

  async #writeChunk(chunk: readonly Fresh[], bytes: number): Promise<void> {
    const file = this.#liveFile()
    try {
      await file.write(this.#join(chunk, bytes))
    } catch (error) {
      this.#closeLive(this.#pack)
      throw error
    }
    this.#mark = { pack: this.#pack, bytes: file.writtenBytes }
  }

  /** Makes durable what was written. Where it fails, none of it is there. */
  async sync(): Promise<void> {
    const file = this.#live
    if (file === undefined || file.writtenBytes === file.bytes) return
    try {
      await file.sync()
    } catch (error) {
      this.#closeLive(this.#pack)
      throw error
    }
    file.keep()
    this.#kept = this.#mark
    this.#options.packs.keepLive()
    if (file.bytes >= this.#options.rollBytes) await this.#retireLive(file)
  }

  /** The frames one after the other; those of one run are not copied at all. */
  #join(chunk: readonly Fresh[], bytes: number): Uint8Array {
    const [first] = chunk
    if (first !== undefined && chunk.length === 1) return first.blobs.frames.subarray(first.start, first.end)
    this.#buffer = roomFor(bytes, this.#buffer)
    let at = 0
    for (const { blobs, start, end } of chunk) {
      this.#buffer.set(blobs.frames.subarray(start, end), at)
      at += end - start
    }
    return this.#buffer.subarray(0, bytes)
  }

  #liveFile(): AppendFile {
    if (this.#live?.usable === true) return this.#live
    const { packs, io } = this.#options
    // Taken whatever comes: a file that could not be made may be there all the same.
    const pack = ++this.#pack
    const path = packs.packFile(pack)
    this.#live = new AppendFile(path, createFile(path), 0, io ?? SYSTEM_IO)
    packs.openLive(pack)
    return this.#live
  }

  #closeLive(pack: number): void {
    const { packs } = this.#options
    const file = this.#live
    if (file === undefined) return
    packs.dropAdded()
    this.#mark = this.#kept
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

  /** Closes a full pack. Nobody waits for its side file but the next pack that is full. */
  async #retireLive(file: AppendFile): Promise<void> {
    await this.#retiring
    this.#live = undefined
    file.close()
    this.#retiring = this.#options.packs.retireLive(file.bytes)
  }

  /** The next blob begins a pack: the present one and those before it may be written anew. */
  async roll(): Promise<void> {
    this.#options.cuts.finish()
    await this.#retiring
    this.#closeLive(this.#pack)
  }

  async close(): Promise<void> {
    await closeAll([async () => await this.#retiring, () => this.#live?.close()])
  }
}
