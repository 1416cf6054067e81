import { crc32, zstdDecompressSync } from 'node:zlib'
import { crcOfFew } from './few-bytes-crc.ts'

// RFC 8878: 3.1.1 frame format, 3.1.1.2 blocks.
const MAGIC = 0xfd2fb528
const BLOCK_MAX_BYTES = 128 * 1024
const BLOCK_RAW = 0
const BLOCK_RESERVED = 3
const SINGLE_SEGMENT = 0x20
const CHECKSUM = 0x04

/** Widths of Frame_Content_Size by its flag; with Single_Segment the flag 0 means one byte. */
function sizeWidth(contentBytes: number): 1 | 2 | 4 {
  return contentBytes < 256 ? 1 : contentBytes < 65_536 + 256 ? 2 : 4
}

/** Length of the frame of raw blocks around so much content (below 4 GiB). */
export function rawFrameLength(contentBytes: number): number {
  const blocks = Math.max(1, Math.ceil(contentBytes / BLOCK_MAX_BYTES))
  return 5 + sizeWidth(contentBytes) + 3 * blocks + contentBytes
}

/**
 * Writes a zstd frame of raw (uncompressed) blocks that tells its content size; any decoder reads it. Returns the position
 * after it.
 */
export function writeRawFrame(target: Buffer, position: number, content: Uint8Array): number {
  const width = sizeWidth(content.length)
  let at = target.writeUInt32LE(MAGIC, position)
  if (width === 1) {
    at = target.writeUInt8(SINGLE_SEGMENT, at)
    at = target.writeUInt8(content.length, at)
  } else if (width === 2) {
    at = target.writeUInt8(SINGLE_SEGMENT | (1 << 6), at)
    at = target.writeUInt16LE(content.length - 256, at)
  } else {
    at = target.writeUInt8(SINGLE_SEGMENT | (2 << 6), at)
    at = target.writeUInt32LE(content.length, at)
  }
  let from = 0
  do {
    const size = Math.min(BLOCK_MAX_BYTES, content.length - from)
    const last = from + size === content.length ? 1 : 0
    at = target.writeUIntLE((size << 3) | (BLOCK_RAW << 1) | last, at, 3)
    target.set(size === content.length ? content : content.subarray(from, from + size), at)
    at += size
    from += size
  } while (from < content.length)
  return at
}

/**
 * crc32 of the frame that `writeRawFrame` has written there. Where the content stands in it in one piece, of that itself: a view
 * of the frame costs as much as the sum of a small content.
 */
export function rawFrameCrc(target: Buffer, position: number, content: Uint8Array): number {
  const end = position + rawFrameLength(content.length)
  if (content.length > BLOCK_MAX_BYTES) return crc32(target.subarray(position, end))
  return crc32(content, crcOfFew(target, position, end - content.length))
}

/** Declared content size and where the blocks start; undefined where the bytes are no frame header. */
function parseFrameHeader(frame: Buffer): { contentBytes: number | undefined; blocksAt: number; checksum: boolean } | undefined {
  if (frame.length < 6 || frame.readUInt32LE(0) !== MAGIC) return undefined
  const descriptor = frame[4] ?? 0
  const single = (descriptor & SINGLE_SEGMENT) !== 0
  const dictionaryWidth = [0, 1, 2, 4][descriptor & 3] ?? 0
  const flag = descriptor >> 6
  const width = flag === 0 ? (single ? 1 : 0) : 1 << flag
  const sizeAt = 5 + (single ? 0 : 1) + dictionaryWidth
  if (frame.length < sizeAt + width) return undefined
  let contentBytes: number | undefined
  if (width === 1) contentBytes = frame.readUInt8(sizeAt)
  else if (width === 2) contentBytes = frame.readUInt16LE(sizeAt) + 256
  else if (width === 4) contentBytes = frame.readUInt32LE(sizeAt)
  else if (width === 8) contentBytes = Number(frame.readBigUInt64LE(sizeAt))
  return { contentBytes, blocksAt: sizeAt + width, checksum: (descriptor & CHECKSUM) !== 0 }
}

/**
 * The content of exactly one zstd frame, raw or compressed. A frame of one raw block is returned as a view of it, and with
 * `inPlace` one of several, too: its blocks are moved together within the frame. Undefined where the frame is malformed or holds
 * more than `maxBytes`.
 */
export function decodeFrame(frame: Buffer, maxBytes: number, inPlace: boolean = false): Buffer | undefined {
  const header = parseFrameHeader(frame)
  if (header === undefined || (header.contentBytes !== undefined && header.contentBytes > maxBytes)) return undefined
  const pieces: Buffer[] = []
  let at = header.blocksAt
  let total = 0
  for (;;) {
    if (at + 3 > frame.length) return undefined
    const block = frame.readUIntLE(at, 3)
    const type = (block >> 1) & 3
    const size = block >> 3
    if (type === BLOCK_RESERVED) return undefined
    if (type !== BLOCK_RAW) return decompress(frame, maxBytes, header.contentBytes)
    at += 3
    total += size
    if (at + size > frame.length || total > maxBytes) return undefined
    pieces.push(frame.subarray(at, at + size))
    at += size
    if ((block & 1) === 1) break
  }
  if (at + (header.checksum ? 4 : 0) !== frame.length) return undefined
  if (header.contentBytes !== undefined && header.contentBytes !== total) return undefined
  const [first] = pieces
  if (pieces.length === 1 && first !== undefined) return first
  return inPlace ? movedTogether(frame, header.blocksAt, pieces, total) : Buffer.concat(pieces, total)
}

function movedTogether(frame: Buffer, from: number, pieces: readonly Buffer[], total: number): Buffer {
  let at = from
  for (const piece of pieces) {
    // Never beyond where the piece stands: each was preceded by a header of its own.
    frame.set(piece, at)
    at += piece.length
  }
  return frame.subarray(from, from + total)
}

const CHUNK_MIN_BYTES = 64

function decompress(frame: Buffer, maxBytes: number, contentBytes: number | undefined): Buffer | undefined {
  // In one piece where the frame tells its size, and not in many that are then put together.
  const chunk = contentBytes === undefined ? {} : { chunkSize: Math.max(CHUNK_MIN_BYTES, contentBytes + 1) }
  try {
    return zstdDecompressSync(frame, { maxOutputLength: Math.max(1, maxBytes), ...chunk })
  } catch {
    return undefined
  }
}
