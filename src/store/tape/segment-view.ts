import { closeSync, fstatSync, openSync, statSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { FileWindow, giveBack, type ReadMemory, readExactly } from '../frames/file-window.ts'
import { decodeFrame } from '../frames/raw-zstd.ts'
import { type ScannedDamage, scanFrames } from '../frames/scan.ts'
import type { CommonHeader } from '../frames/skippable.ts'
import { GROUP_MAX_BYTES } from '../limits.ts'
import { type GroupHeader, parseGroupHeader } from './group-header.ts'
import { parseSealedGroups } from './sealed-groups.ts'

/** A group whose header is whole and whose frame lies in the file. */
export interface GroupEntry extends GroupHeader {
  readonly offset: number
  readonly frameOffset: number
  readonly end: number
  /** In a sealed segment: where the group's lines stand in what the frame, shared with its neighbours, holds. */
  readonly slice?: { readonly at: number; readonly bytes: number }
}

/** Content of a sealed block: less than `SEALED_BLOCK_BYTES` and then one group. */
export const SEALED_BLOCK_BYTES: number = 256 * 1024
const BLOCK_MAX_BYTES = GROUP_MAX_BYTES + SEALED_BLOCK_BYTES
/** Neighbours are mostly read one after the other. */
const BLOCKS_KEPT = 2

/** One segment file, opened for reading: its groups by number, found by walking headers. */
export class SegmentView {
  readonly first: number
  readonly path: string
  readonly entries: GroupEntry[] = []
  readonly damage: ScannedDamage[] = []
  readonly #fd: number
  readonly #window: FileWindow
  #scannedTo = 0
  /** Nothing from here on counts. */
  #endsAt = Number.POSITIVE_INFINITY
  /** Content of the sealed blocks that were read last, by the place of their frame. */
  readonly #blocks = new Map<number, Buffer>()

  constructor(path: string, first: number) {
    this.first = first
    this.path = path
    this.#fd = openSync(path, 'r')
    this.#window = new FileWindow(this.#fd)
  }

  /** Where the walk stands: the end of the last whole frame. */
  get scannedTo(): number {
    return this.#scannedTo
  }

  sizeBytes(): number {
    return Math.min(this.#window.sizeBytes(), this.#endsAt)
  }

  /** What stands from a position on has never counted: it will be cut before more is written. */
  endAt(bytes: number): void {
    while ((this.entries.at(-1)?.end ?? 0) > bytes) this.entries.pop()
    this.#scannedTo = bytes
    this.#endsAt = bytes
  }

  /** Walks what was added since the last walk, no further than a group: what follows it may not be durable yet. */
  scan(lastGroup: number = Number.POSITIVE_INFINITY): void {
    const fileBytes = this.sizeBytes()
    for (const found of scanFrames(this.#window, this.#scannedTo, fileBytes)) {
      if (found.type === 'tail') return
      if (found.type === 'damage') this.damage.push(found)
      else if (found.type === 'frame') {
        const place = { offset: found.offset, frameOffset: found.frameOffset, end: found.end }
        const header = parseGroupHeader(found.header)
        if (header !== undefined && header.group > lastGroup) return
        if (header !== undefined) this.push({ ...header, ...place })
        else this.#pushSealed(found.header, place)
      }
      this.#scannedTo = found.end
    }
  }

  #pushSealed(header: CommonHeader, place: { offset: number; frameOffset: number; end: number }): void {
    const block = parseSealedGroups(header)
    if (block === undefined) return
    const { frameBytes, frameCrc } = header
    let at = 0
    for (const { group, records, digest, previous, contentBytes } of block.groups) {
      const slice = { at, bytes: contentBytes }
      this.entries.push({ group, records, digest, previous, mark: block.mark, frameBytes, frameCrc, ...place, slice })
      at += contentBytes
    }
  }

  /** Whether the file has been sealed: nothing is ever added to it. */
  get sealed(): boolean {
    return this.entries[0]?.slice !== undefined
  }

  /** Whether another file has taken the place of the one that is open here. */
  get stale(): boolean {
    return statSync(this.path, { throwIfNoEntry: false })?.ino !== fstatSync(this.#fd).ino
  }

  /** Adds a group that this process has just written. */
  push(entry: GroupEntry): void {
    this.entries.push(entry)
    this.#scannedTo = entry.end
  }

  entryOf(group: number): GroupEntry | undefined {
    const [first] = this.entries
    if (first === undefined) return undefined
    const guess = this.entries[group - first.group]
    return guess?.group === group ? guess : this.entries.find((entry) => entry.group === group)
  }

  /** The lines of a group as bytes, in the given memory if they can stand there; undefined where they are not what was written. */
  readContent(entry: GroupEntry, memory?: ReadMemory): Buffer | undefined {
    const { slice } = entry
    if (slice === undefined) return this.#readFrame(entry, GROUP_MAX_BYTES, memory)
    let block = this.#blocks.get(entry.frameOffset)
    if (block === undefined) {
      block = this.#readFrame(entry, BLOCK_MAX_BYTES)
      if (block === undefined) return undefined
      for (const [oldest] of this.#blocks) {
        if (this.#blocks.size < BLOCKS_KEPT) break
        this.#blocks.delete(oldest)
      }
      this.#blocks.set(entry.frameOffset, block)
    }
    if (slice.at + slice.bytes > block.length) return undefined
    // A copy: whoever keeps a group should not keep its whole block.
    return Buffer.from(block.subarray(slice.at, slice.at + slice.bytes))
  }

  #readFrame({ frameOffset, frameBytes, frameCrc }: GroupEntry, maxBytes: number, memory?: ReadMemory): Buffer | undefined {
    const frame = readExactly(this.#fd, frameOffset, frameBytes, memory?.take(frameBytes))
    if (frame === undefined || crc32(frame) !== frameCrc) return undefined
    const content = decodeFrame(frame, maxBytes, memory !== undefined)
    if (content?.buffer !== frame.buffer && memory === undefined) giveBack(frame)
    return content
  }

  close(): void {
    closeSync(this.#fd)
  }
}
