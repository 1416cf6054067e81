import type { Digest } from '../../schemas/index.ts'
import {
  COMMON_BYTES,
  type CommonHeader,
  finishHeader,
  HEADER_CRC_BYTES,
  KIND_BLOB,
  readLong,
  SKIPPABLE_PREFIX_BYTES,
  startHeader,
  writeLong,
} from '../frames/skippable.ts'
import { MEDIA_TYPE_MAX_BYTES } from '../limits.ts'

/** How the frame behind a header holds the payload. `loose`: it holds nothing, the payload is a file of its own. */
export const STORED_AS = ['whole', 'manifest', 'loose'] as const
export type StoredAs = (typeof STORED_AS)[number]

export interface BlobHeader {
  readonly digest: Digest
  /** Of the payload itself. */
  readonly sizeBytes: number
  readonly mediaType: string
  readonly storedAs: StoredAs
  readonly frameBytes: number
  readonly frameCrc: number
}

// After the common fields: u16 length of the media type, u16 zero, u64 size, digest, media type.
const MEDIA_LENGTH = COMMON_BYTES
const SIZE = MEDIA_LENGTH + 4
const DIGEST = SIZE + 8
const MEDIA = DIGEST + 32
const FALLBACK_MEDIA_TYPE = 'application/octet-stream'

/** A media type is told by the sender; one that is too long for a header stands in the record alone. */
export function headerMediaType(mediaType: string): string {
  return Buffer.byteLength(mediaType) > MEDIA_TYPE_MAX_BYTES ? FALLBACK_MEDIA_TYPE : mediaType
}

function contentBytes(mediaBytes: number): number {
  return MEDIA + mediaBytes + HEADER_CRC_BYTES
}

/** The skippable frame of a blob, its own prefix included. */
export function blobHeaderBytes(mediaType: string): number {
  return SKIPPABLE_PREFIX_BYTES + contentBytes(Buffer.byteLength(mediaType))
}

export function writeBlobHeader(target: Buffer, at: number, header: BlobHeader): void {
  const mediaBytes = Buffer.byteLength(header.mediaType)
  const length = contentBytes(mediaBytes)
  startHeader(target, at, length, KIND_BLOB, STORED_AS.indexOf(header.storedAs), header.frameBytes, header.frameCrc)
  const content = at + SKIPPABLE_PREFIX_BYTES
  target.writeUInt16LE(mediaBytes, content + MEDIA_LENGTH)
  target.writeUInt16LE(0, content + MEDIA_LENGTH + 2)
  writeLong(target, header.sizeBytes, content + SIZE)
  target.write(header.digest.slice(7), content + DIGEST, 'hex')
  target.write(header.mediaType, content + MEDIA)
  finishHeader(target, at, length)
}

/** Undefined where it is a header of another kind. */
export function parseBlobHeader({ kind, flags, content, frameBytes, frameCrc }: CommonHeader): BlobHeader | undefined {
  if (kind !== KIND_BLOB || content.length < contentBytes(0)) return undefined
  const mediaBytes = content.readUInt16LE(MEDIA_LENGTH)
  const storedAs = STORED_AS[flags]
  if (content.length !== contentBytes(mediaBytes) || storedAs === undefined) return undefined
  return {
    digest: `sha256:${content.toString('hex', DIGEST, DIGEST + 32)}`,
    sizeBytes: readLong(content, SIZE),
    mediaType: content.toString('utf8', MEDIA, MEDIA + mediaBytes),
    storedAs,
    frameBytes,
    frameCrc,
  }
}
