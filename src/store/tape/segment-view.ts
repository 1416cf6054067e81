import { closeSync, openSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { FileWindow, readExactly } from '../frames/file-window.ts'
import { decodeFrame } from '../frames/raw-zstd.ts'
import { type ScannedDamage, scanFrames } from '../frames/scan.ts'
import { GROUP_MAX_BYTES } from '../limits.ts'
import { type GroupHeader, parseGroupHeader } from './group-header.ts'

/** A group whose header is whole and whose frame lies in the file. */
export interface GroupEntry extends GroupHeader {
  readonly offset: number
  readonly frameOffset: number
  readonly end: number
}

/** One segment file, opened for reading: its groups by number, found by walking headers. */
export class SegmentView {
  readonly first: number
  readonly path: string
  readonly entries: GroupEntry[] = []
  readonly damage: ScannedDamage[] = []
  readonly #fd: number
  readonly #window: FileWindow
  #scannedTo = 0

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
    return this.#window.sizeBytes()
  }

  /** Walks what was added since the last walk, no further than a group: what follows it may not be durable yet. */
  scan(lastGroup: number = Number.POSITIVE_INFINITY): void {
    const fileBytes = this.#window.sizeBytes()
    for (const found of scanFrames(this.#window, this.#scannedTo, fileBytes)) {
      if (found.type === 'tail') return
      if (found.type === 'damage') this.damage.push(found)
      else if (found.type === 'frame') {
        const header = parseGroupHeader(found.header)
        if (header !== undefined && header.group > lastGroup) return
        if (header !== undefined) this.push({ ...header, offset: found.offset, frameOffset: found.frameOffset, end: found.end })
      }
      this.#scannedTo = found.end
    }
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

  /** The lines of a group as bytes; undefined where they are not what was written. */
  readContent(entry: GroupEntry): Buffer | undefined {
    const frame = readExactly(this.#fd, entry.frameOffset, entry.frameBytes)
    if (frame === undefined || crc32(frame) !== entry.frameCrc) return undefined
    return decodeFrame(frame, GROUP_MAX_BYTES)
  }

  close(): void {
    closeSync(this.#fd)
  }
}
