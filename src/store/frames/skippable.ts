import { crc32 } from 'node:zlib'
import { crcOfFew } from './few-bytes-crc.ts'

// RFC 8878, 3.1.2: a magic of 0x184D2A5? and a length; decoders pass over the content.
const MAGIC = 0x184d2a50
const MAGIC_MASK = 0xfffffff0
export const SKIPPABLE_PREFIX_BYTES = 8

/** Every header of ours begins so: tag, version, kind, flags, length and crc of the frame that follows. */
export const TAG = 'RPRS'
const VERSION = 1
/** Up to and with the crc of the frame. */
export const COMMON_BYTES = 20
/** crc of the header's content before it, at its very end. */
export const HEADER_CRC_BYTES = 4
/** A header of ours is below; what claims more is not one. The longest lists the groups or blocks of a sealed file. */
export const HEADER_MAX_BYTES: number = 256 * 1024

/** Headers that list nothing are below. */
const FEW_BYTES = 256

export const KIND_GROUP = 1
export const KIND_BLOB = 2
/** In front of a sealed block: the lines of several groups, part of a pack, and the list of a pack's blocks. */
export const KIND_SEALED_GROUPS = 3
export const KIND_SEALED_PACK = 4
export const KIND_SEALED_TABLE = 5

/** What every header of ours tells of the frame behind it. */
export interface CommonHeader {
  readonly kind: number
  readonly flags: number
  readonly frameBytes: number
  readonly frameCrc: number
  /** The whole content, for the fields of the kind. */
  readonly content: Buffer
}

/** Content length of a skippable frame; undefined where the magic is another one. */
export function skippableLength(bytes: Buffer, at: number): number | undefined {
  if (at + SKIPPABLE_PREFIX_BYTES > bytes.length) return undefined
  if ((bytes.readUInt32LE(at) & MAGIC_MASK) >>> 0 !== MAGIC) return undefined
  return bytes.readUInt32LE(at + 4)
}

/** Starts a header at `at`; the caller writes the fields of its kind from the returned position and calls `finishHeader`. */
export function startHeader(
  target: Buffer,
  at: number,
  contentBytes: number,
  kind: number,
  flags: number,
  frameBytes: number,
  frameCrc: number,
): number {
  target.writeUInt32LE(MAGIC, at)
  target.writeUInt32LE(contentBytes, at + 4)
  target.write(TAG, at + 8, 'latin1')
  target[at + 12] = VERSION
  target[at + 13] = kind
  target.writeUInt16LE(flags, at + 14)
  fillHeader(target, at, frameBytes, frameCrc)
  return at + SKIPPABLE_PREFIX_BYTES + COMMON_BYTES
}

/** Writes what a header that was started tells of the frame behind it. */
export function fillHeader(target: Buffer, at: number, frameBytes: number, frameCrc: number): void {
  writeLong(target, frameBytes, at + 16)
  target.writeUInt32LE(frameCrc, at + 24)
}

/** Seals the header that began at `at`. Returns the position after it. */
export function finishHeader(target: Buffer, at: number, contentBytes: number): number {
  const start = at + SKIPPABLE_PREFIX_BYTES
  const end = start + contentBytes - HEADER_CRC_BYTES
  const crc = contentBytes <= FEW_BYTES ? crcOfFew(target, start, end) : crc32(target.subarray(start, end))
  return target.writeUInt32LE(crc, end)
}

/** `foreign`: somebody else's skippable frame; `bad`: one of ours that is damaged or of a later version. */
export function parseHeader(content: Buffer): CommonHeader | 'foreign' | 'bad' {
  if (content.length < TAG.length || content.toString('latin1', 0, TAG.length) !== TAG) return 'foreign'
  if (content.length < COMMON_BYTES + HEADER_CRC_BYTES || content[4] !== VERSION) return 'bad'
  const crcAt = content.length - HEADER_CRC_BYTES
  if (crc32(content.subarray(0, crcAt)) !== content.readUInt32LE(crcAt)) return 'bad'
  return {
    kind: content[5] ?? 0,
    flags: content.readUInt16LE(6),
    frameBytes: readLong(content, 8),
    frameCrc: content.readUInt32LE(16),
    content,
  }
}

/** An unsigned 64-bit number below 2^53, little endian. */
export function writeLong(target: Buffer, value: number, at: number): void {
  target.writeUInt32LE(value >>> 0, at)
  target.writeUInt32LE(Math.floor(value / 0x1_0000_0000), at + 4)
}

export function readLong(source: Buffer, at: number): number {
  return source.readUInt32LE(at) + source.readUInt32LE(at + 4) * 0x1_0000_0000
}
