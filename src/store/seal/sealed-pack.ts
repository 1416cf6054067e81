import { crc32 } from 'node:zlib'
import { type ByteSource, FileWindow, fileSource, readExactly } from '../frames/file-window.ts'
import { decodeFrame } from '../frames/raw-zstd.ts'
import { scanFrames } from '../frames/scan.ts'
import {
  COMMON_BYTES,
  type CommonHeader,
  finishHeader,
  HEADER_CRC_BYTES,
  HEADER_MAX_BYTES,
  KIND_SEALED_PACK,
  KIND_SEALED_TABLE,
  parseHeader,
  readLong,
  SKIPPABLE_PREFIX_BYTES,
  startHeader,
  writeLong,
} from '../frames/skippable.ts'

// A sealed pack is its bytes in compressed blocks, so that every place in it stays what it was and its side file with it.
// A block is a skippable frame (after the common fields u64 position in the pack, u32 length) and a zstd frame. At the end
// stands a table of the blocks: u64 length of the pack, u32 blocks, for each u64 place in the file, u32 frame bytes, u32 crc of
// the frame, u64 position, u32 length; u32 length of the table's own frame. Without it the blocks are found by their headers.

/** Bytes of the pack in one block: less than this and then one blob. */
export const SEALED_BLOCK_BYTES: number = 256 * 1024
/** A pack is closed soon after 64 MiB; a block has one blob of at most 1 MiB too much. */
const BLOCK_MAX_BYTES = 4 * 1024 * 1024
const BLOCKS_KEPT = 4
const BLOCK_CONTENT_BYTES = COMMON_BYTES + 12 + HEADER_CRC_BYTES
const BLOCK_HEADER_BYTES = SKIPPABLE_PREFIX_BYTES + BLOCK_CONTENT_BYTES
const TABLE_HEAD_BYTES = COMMON_BYTES + 12
const TABLE_ENTRY_BYTES = 28
const TABLE_TAIL_BYTES = 4 + HEADER_CRC_BYTES
/** With more blocks there is no table. */
const TABLE_MAX_BLOCKS = Math.floor((HEADER_MAX_BYTES - TABLE_HEAD_BYTES - TABLE_TAIL_BYTES) / TABLE_ENTRY_BYTES)

export interface SealedBlock {
  /** Of the zstd frame, in the file. */
  readonly frameOffset: number
  readonly frameBytes: number
  readonly frameCrc: number
  /** What it holds, in the pack. */
  readonly position: number
  readonly length: number
}

export function sealedPackHeader(position: number, length: number, frame: Uint8Array): Buffer {
  const target = Buffer.alloc(BLOCK_HEADER_BYTES)
  startHeader(target, 0, BLOCK_CONTENT_BYTES, KIND_SEALED_PACK, 0, frame.length, crc32(frame))
  writeLong(target, position, SKIPPABLE_PREFIX_BYTES + COMMON_BYTES)
  target.writeUInt32LE(length, SKIPPABLE_PREFIX_BYTES + COMMON_BYTES + 8)
  finishHeader(target, 0, BLOCK_CONTENT_BYTES)
  return target
}

/** The table of blocks in file order; nothing where there are too many. */
export function sealedPackTable(blocks: readonly SealedBlock[]): Buffer {
  if (blocks.length > TABLE_MAX_BLOCKS) return Buffer.alloc(0)
  const contentBytes = TABLE_HEAD_BYTES + TABLE_ENTRY_BYTES * blocks.length + TABLE_TAIL_BYTES
  const target = Buffer.alloc(SKIPPABLE_PREFIX_BYTES + contentBytes)
  startHeader(target, 0, contentBytes, KIND_SEALED_TABLE, 0, 0, 0)
  const content = SKIPPABLE_PREFIX_BYTES
  writeLong(target, endOf(blocks), content + COMMON_BYTES)
  target.writeUInt32LE(blocks.length, content + COMMON_BYTES + 8)
  let at = content + TABLE_HEAD_BYTES
  for (const { frameOffset, frameBytes, frameCrc, position, length } of blocks) {
    writeLong(target, frameOffset, at)
    target.writeUInt32LE(frameBytes, at + 8)
    target.writeUInt32LE(frameCrc, at + 12)
    writeLong(target, position, at + 16)
    target.writeUInt32LE(length, at + 24)
    at += TABLE_ENTRY_BYTES
  }
  target.writeUInt32LE(target.length, at)
  finishHeader(target, 0, contentBytes)
  return target
}

function endOf(blocks: readonly SealedBlock[]): number {
  const last = blocks.at(-1)
  return last === undefined ? 0 : last.position + last.length
}

/** Whether a pack's file has been sealed. */
export function isSealedPack(fd: number): boolean {
  const head = readExactly(fd, 0, BLOCK_HEADER_BYTES)
  if (head === undefined) return false
  const header = parseHeader(head.subarray(SKIPPABLE_PREFIX_BYTES))
  return typeof header === 'object' && header.kind === KIND_SEALED_PACK
}

/** What a pack's file stands for: its own bytes, or, where it has been sealed, those that were sealed. */
export function packSource(fd: number): ByteSource & { readonly sealed: boolean } {
  return isSealedPack(fd) ? new SealedPack(fd) : { ...fileSource(fd), sealed: false }
}

/** The bytes of a sealed pack by their place. A block that is damaged reads as zeros: no blob of it is whole. */
class SealedPack implements ByteSource {
  readonly sealed = true
  readonly #fd: number
  readonly #blocks: readonly SealedBlock[]
  readonly #content = new Map<SealedBlock, Buffer | undefined>()

  constructor(fd: number) {
    this.#fd = fd
    this.#blocks = readTable(fd) ?? scanBlocks(fd)
  }

  sizeBytes(): number {
    return endOf(this.#blocks)
  }

  readUpTo(target: Uint8Array, position: number): number {
    const end = Math.min(position + target.length, this.sizeBytes())
    let at = position
    while (at < end) {
      const block = this.#blockAt(at)
      const to = Math.min(end, block === undefined ? end : at < block.position ? block.position : block.position + block.length)
      const content = block === undefined || at < block.position ? undefined : this.#read(block)
      const part = target.subarray(at - position, to - position)
      if (block === undefined || content === undefined) part.fill(0)
      else part.set(content.subarray(at - block.position, to - block.position))
      at = to
    }
    return Math.max(0, at - position)
  }

  /** The block that holds a position, or the next one after it. */
  #blockAt(position: number): SealedBlock | undefined {
    let low = 0
    let high = this.#blocks.length
    while (low < high) {
      const middle = (low + high) >> 1
      const block = this.#blocks[middle]
      if (block !== undefined && block.position + block.length <= position) low = middle + 1
      else high = middle
    }
    return this.#blocks[low]
  }

  #read(block: SealedBlock): Buffer | undefined {
    if (this.#content.has(block)) return this.#content.get(block)
    const frame = readExactly(this.#fd, block.frameOffset, block.frameBytes)
    const whole = frame !== undefined && crc32(frame) === block.frameCrc ? decodeFrame(frame, BLOCK_MAX_BYTES) : undefined
    const content = whole?.length === block.length ? whole : undefined
    for (const [oldest] of this.#content) {
      if (this.#content.size < BLOCKS_KEPT) break
      this.#content.delete(oldest)
    }
    this.#content.set(block, content)
    return content
  }
}

function readTable(fd: number): SealedBlock[] | undefined {
  const fileBytes = fileSource(fd).sizeBytes()
  const tail = readExactly(fd, Math.max(0, fileBytes - TABLE_TAIL_BYTES), TABLE_TAIL_BYTES)
  const length = tail?.readUInt32LE(0) ?? 0
  if (length > SKIPPABLE_PREFIX_BYTES + HEADER_MAX_BYTES || length > fileBytes || length < SKIPPABLE_PREFIX_BYTES) return undefined
  const frame = readExactly(fd, fileBytes - length, length)
  const header = frame === undefined ? 'bad' : parseHeader(frame.subarray(SKIPPABLE_PREFIX_BYTES))
  if (typeof header !== 'object' || header.kind !== KIND_SEALED_TABLE) return undefined
  const { content } = header
  const count = content.readUInt32LE(COMMON_BYTES + 8)
  if (content.length !== TABLE_HEAD_BYTES + TABLE_ENTRY_BYTES * count + TABLE_TAIL_BYTES) return undefined
  return Array.from({ length: count }, (_, index) => {
    const at = TABLE_HEAD_BYTES + TABLE_ENTRY_BYTES * index
    return {
      frameOffset: readLong(content, at),
      frameBytes: content.readUInt32LE(at + 8),
      frameCrc: content.readUInt32LE(at + 12),
      position: readLong(content, at + 16),
      length: content.readUInt32LE(at + 24),
    }
  })
}

function scanBlocks(fd: number): SealedBlock[] {
  const window = new FileWindow(fd)
  const blocks: SealedBlock[] = []
  for (const found of scanFrames(window, 0, window.sizeBytes())) {
    const block = found.type === 'frame' ? blockOf(found.header, found.frameOffset) : undefined
    if (block !== undefined && block.position >= endOf(blocks)) blocks.push(block)
  }
  return blocks
}

function blockOf({ kind, content, frameBytes, frameCrc }: CommonHeader, frameOffset: number): SealedBlock | undefined {
  if (kind !== KIND_SEALED_PACK || content.length !== BLOCK_CONTENT_BYTES) return undefined
  return { frameOffset, frameBytes, frameCrc, position: readLong(content, COMMON_BYTES), length: content.readUInt32LE(COMMON_BYTES + 8) }
}

/** Damaged stretches of a sealed pack's file itself, and blocks whose bytes are not those that were written. */
export function checkSealedPack(fd: number, onDamage: (offset: number, message: string) => void): void {
  const window = new FileWindow(fd)
  const fileBytes = window.sizeBytes()
  let table = false
  let position = 0
  for (const found of scanFrames(window, 0, fileBytes)) {
    if (found.type === 'damage' || found.type === 'tail')
      onDamage(found.offset, `${found.end - found.offset} bytes at ${found.offset} are no frames`)
    if (found.type !== 'frame') continue
    if (found.header.kind === KIND_SEALED_TABLE) table = true
    const block = blockOf(found.header, found.frameOffset)
    if (block === undefined) continue
    if (block.position !== position) onDamage(found.offset, `the block for ${position} is missing`)
    position = block.position + block.length
    const frame = readExactly(fd, block.frameOffset, block.frameBytes)
    if (frame === undefined || crc32(frame) !== block.frameCrc || decodeFrame(frame, BLOCK_MAX_BYTES)?.length !== block.length)
      onDamage(found.offset, `the stored bytes of the block at ${found.offset} are not those that were written`)
  }
  if (!table) onDamage(fileBytes, 'the table of blocks at its end is missing')
}
