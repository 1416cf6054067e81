import { closeSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { Digest } from '../../schemas/index.ts'
import { type ByteSource, FileWindow, readAhead, readExactly } from '../frames/file-window.ts'
import { decodeFrame } from '../frames/raw-zstd.ts'
import { type ScannedDamage, scanFrames } from '../frames/scan.ts'
import { parseHeader, SKIPPABLE_PREFIX_BYTES, skippableLength } from '../frames/skippable.ts'
import { checkSealedPack, packSource } from '../seal/sealed-pack.ts'
import { type BlobHeader, parseBlobHeader } from './blob-header.ts'
import type { BlobPlace } from './pack-index.ts'

/** Takes note of places: a map, or a `PlaceTable`. */
export interface PlaceSink {
  has(digest: Digest): boolean
  set(digest: Digest, place: BlobPlace): unknown
}

export interface StoredBlob {
  readonly header: BlobHeader
  /** What the frame holds: the payload, a manifest, or nothing. */
  readonly content: Buffer
}

/** One pack, opened for reading. Places in a sealed one are those that it had before. */
export class PackFile {
  readonly path: string
  readonly #fd: number
  readonly #source: ByteSource & { readonly sealed: boolean }

  /** `ahead`: blobs will be read one after the other. */
  constructor(path: string, ahead = false) {
    this.path = path
    this.#fd = openSync(path, 'r')
    const source = sourceOf(this.#fd)
    // The blocks of a sealed one are read whole anyway.
    this.#source = ahead && !source.sealed ? readAhead(source) : source
  }

  /** Whether it has been sealed: nothing is ever added to it. */
  get sealed(): boolean {
    return this.#source.sealed
  }

  sizeBytes(): number {
    return this.#source.sizeBytes()
  }

  /** What is wrong with the file of a sealed pack. */
  checkSealed(onDamage: (offset: number, message: string) => void): void {
    if (this.sealed) checkSealedPack(this.#fd, onDamage)
  }

  /** Adds the places of the whole blobs from a position on, up to another one or the end; returns the end of the last. */
  scan(from: number, places: PlaceSink, damage?: ScannedDamage[], to: number = Number.POSITIVE_INFINITY): number {
    const window = new FileWindow(this.#source)
    let end = from
    for (const found of scanFrames(window, from, Math.min(to, window.sizeBytes()))) {
      if (found.type === 'tail') break
      end = found.end
      if (found.type === 'damage') damage?.push(found)
      else if (found.type === 'frame') {
        const header = parseBlobHeader(found.header)
        if (header !== undefined && !places.has(header.digest))
          places.set(header.digest, { offset: found.offset, length: found.end - found.offset })
      }
    }
    return end
  }

  /** The header alone; undefined where it is damaged. */
  readHeader(place: BlobPlace): BlobHeader | undefined {
    const bytes = readExactly(this.#source, place.offset, Math.min(place.length, HEADER_READ_BYTES))
    return bytes === undefined ? undefined : headerOf(bytes)?.header
  }

  /** Undefined where the stored bytes are not what was written. */
  read(place: BlobPlace): StoredBlob | undefined {
    const bytes = readExactly(this.#source, place.offset, place.length)
    const found = bytes === undefined ? undefined : headerOf(bytes)
    if (bytes === undefined || found === undefined || place.length !== found.frameAt + found.header.frameBytes) return undefined
    const frame = bytes.subarray(found.frameAt)
    if (crc32(frame) !== found.header.frameCrc) return undefined
    const content = decodeFrame(frame, found.header.sizeBytes)
    return content === undefined ? undefined : { header: found.header, content }
  }

  /** A blob as it stands in the pack, header and frame; undefined where it is not what was written. */
  readBytes(place: BlobPlace): Buffer | undefined {
    return this.read(place) === undefined ? undefined : readExactly(this.#source, place.offset, place.length)
  }

  /** Whether a sector, or what of one lies in the range, holds nothing but zeros. */
  hasUnwritten(from: number, to: number): boolean {
    for (let at = from; at < to; ) {
      const end = Math.min(to, at - (at % SECTOR_BYTES) + SECTOR_BYTES)
      if (readExactly(this.#source, at, end - at)?.every((byte) => byte === 0) === true) return true
      at = end
    }
    return false
  }

  close(): void {
    closeSync(this.#fd)
  }
}

function sourceOf(fd: number): ReturnType<typeof packSource> {
  try {
    return packSource(fd)
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** What a disk writes wholly or not at all; some write more. */
const SECTOR_BYTES = 512
/** Longer than any header of a blob. */
const HEADER_READ_BYTES = 512

function headerOf(bytes: Buffer): { header: BlobHeader; frameAt: number } | undefined {
  const length = skippableLength(bytes, 0)
  if (length === undefined || SKIPPABLE_PREFIX_BYTES + length > bytes.length) return undefined
  const frameAt = SKIPPABLE_PREFIX_BYTES + length
  const common = parseHeader(bytes.subarray(SKIPPABLE_PREFIX_BYTES, frameAt))
  const header = common === 'foreign' || common === 'bad' ? undefined : parseBlobHeader(common)
  return header === undefined ? undefined : { header, frameAt }
}
