import { openSync, unlinkSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import type { PackedLines } from '../commit/packed-batch.ts'
import { AppendFile, type FileIo, SYSTEM_IO } from '../files/append-file.ts'
import { createFile, systemCodeOf } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { roomFor } from '../frames/file-window.ts'
import { rawFrameLength, writeRawFrame } from '../frames/raw-zstd.ts'
import { TailCuts } from './cut-tail.ts'
import { digestTextOf, GroupDigest, NO_DIGEST } from './group-digest.ts'
import { GROUP_HEADER_BYTES, type IsBacked, NO_MARK, type PackMark, writeGroupHeader } from './group-header.ts'
import type { GroupEntry, SegmentView } from './segment-view.ts'
import { NO_HEAD, type Tape } from './tape.ts'

export interface TapeRecovery {
  /** Groups of the live segment that cannot be read. */
  readonly damaged: readonly { readonly group: number; readonly records: number }[]
  /** Of the last group; nothing of the packs stands after it. */
  readonly mark: PackMark
}

export interface TapeWriterOptions {
  readonly layout: Layout
  readonly tape: Tape
  readonly rollBytes: number
  /** Whether the packs hold what was written with a group: see `isBacked` of the packs. */
  readonly isBacked: IsBacked
  readonly io?: FileIo
}

/** Adds groups to the tape. One call at a time. */
export class TapeWriter {
  readonly recovery: TapeRecovery
  /** Of the packs as well: nothing is written before all are done. */
  readonly cuts: TailCuts
  readonly #options: TapeWriterOptions
  #live: AppendFile | undefined
  #segment = 0
  #next: number
  #previous: Buffer
  /** The group that was written and does not count yet. */
  #written: GroupEntry | undefined
  #content: Buffer = Buffer.allocUnsafeSlow(1024 * 1024)
  #frame: Buffer = Buffer.allocUnsafeSlow(1024 * 1024)

  /** Opens the tape for writing; cuts what a crash left unfinished. */
  constructor(options: TapeWriterOptions) {
    this.#options = options
    const { tape, layout } = options
    this.cuts = new TailCuts(layout)
    const cutAt = (first: number, at: number): void => {
      const view = tape.view(first)
      const fileBytes = view.sizeBytes()
      view.endAt(at)
      this.cuts.add({ path: view.path, at, fileBytes, onCut: () => tape.forget(first) })
    }
    const segments = tape.segments()
    // A write that failed moved on to a fresh segment and may have left a tail in the one before.
    for (const first of segments.slice(-2)) {
      const view = tape.view(first)
      view.scan()
      const next = segments[segments.indexOf(first) + 1]
      const end = next === undefined ? liveEnd(view) : closedEnd(view, next)
      if (end < view.sizeBytes()) cutAt(first, end)
    }
    const live = segments.at(-1)
    const unbacked = live === undefined ? undefined : unbackedGroup(tape, live, options.isBacked)
    if (live !== undefined && unbacked !== undefined) cutAt(live, unbacked.offset)
    const liveView = live === undefined ? undefined : tape.view(live)
    liveView?.scan()
    const head = lastEntry(tape)
    this.#next = Math.max((head?.group ?? -1) + 1, live ?? 0)
    this.#previous = head === undefined ? NO_DIGEST : Buffer.from(head.digest)
    tape.setHead(head === undefined ? NO_HEAD : { group: head.group, digest: digestTextOf(head.digest) })
    this.recovery = {
      damaged: liveView?.entries.filter((entry) => liveView.readContent(entry) === undefined) ?? [],
      mark: head?.mark ?? NO_MARK,
    }
    if (live !== undefined && liveView !== undefined && !liveView.sealed && liveView.sizeBytes() < options.rollBytes) {
      this.#segment = live
      this.#live = new AppendFile(liveView.path, openSync(liveView.path, 'r+'), liveView.sizeBytes(), options.io ?? SYSTEM_IO)
    }
  }

  get nextGroup(): number {
    return this.#next
  }

  /** Writes one group of lines. It is durable when `sync` has resolved, and counts when `keep` has been called. */
  async write(parts: readonly PackedLines[], mark: PackMark): Promise<void> {
    const group = this.#next
    const records = parts.reduce((sum, { ends }) => sum + ends.length, 0)
    const { bytes, digest, frameCrc } = this.#encode(parts, records, mark)
    this.cuts.finish()
    const file = this.#liveFile()
    const offset = file.bytes
    await file.write(bytes)
    const frameOffset = offset + GROUP_HEADER_BYTES
    const end = offset + bytes.length
    this.#written = {
      group,
      records,
      digest,
      previous: this.#previous,
      mark,
      frameBytes: end - frameOffset,
      frameCrc,
      offset,
      frameOffset,
      end,
    }
  }

  async sync(): Promise<void> {
    await this.#live?.sync()
  }

  /** The group that was written counts from now on; returns its number. */
  keep(): number {
    const entry = this.#written
    const file = this.#live
    if (entry === undefined || file === undefined) throw new Error('no group was written')
    this.#written = undefined
    file.keep()
    this.#next = entry.group + 1
    this.#previous = entry.digest
    this.#options.tape.commit(this.#segment, entry)
    if (file.bytes >= this.#options.rollBytes) file.close()
    return entry.group
  }

  /** Takes back the group that was written. */
  drop(): void {
    this.#written = undefined
    this.#live?.giveUp()
  }

  #encode(parts: readonly PackedLines[], records: number, mark: PackMark): { bytes: Buffer; digest: Buffer; frameCrc: number } {
    const contentBytes = parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const groupDigest = new GroupDigest(this.#previous, records)
    for (const { coreHashes } of parts) groupDigest.addHashes(coreHashes)
    const digest = groupDigest.finish()
    const frameBytes = rawFrameLength(contentBytes)
    const total = GROUP_HEADER_BYTES + frameBytes
    this.#frame = roomFor(total, this.#frame)
    const bytes = this.#frame.subarray(0, total)
    writeRawFrame(bytes, GROUP_HEADER_BYTES, this.#join(parts, contentBytes))
    const frameCrc = crc32(bytes.subarray(GROUP_HEADER_BYTES))
    writeGroupHeader(bytes, 0, { group: this.#next, records, digest, previous: this.#previous, mark, frameBytes, frameCrc })
    return { bytes, digest, frameCrc }
  }

  #join(parts: readonly PackedLines[], contentBytes: number): Uint8Array {
    const [first] = parts
    if (parts.length === 1 && first !== undefined) return first.bytes
    this.#content = roomFor(contentBytes, this.#content)
    let at = 0
    for (const { bytes } of parts) {
      this.#content.set(bytes, at)
      at += bytes.length
    }
    return this.#content.subarray(0, contentBytes)
  }

  #liveFile(): AppendFile {
    if (this.#live?.usable === true) return this.#live
    const { tape, io } = this.#options
    const path = tape.segmentFile(this.#next)
    try {
      // Only a fresh segment whose first group failed can have this name; it never held anything that was acknowledged.
      unlinkSync(path)
    } catch (error) {
      if (systemCodeOf(error) !== 'ENOENT') throw error
    }
    this.#live = new AppendFile(path, createFile(path), 0, io ?? SYSTEM_IO)
    this.#segment = this.#next
    return this.#live
  }

  /** The next group begins a segment: the present one may be written anew. */
  roll(): void {
    this.cuts.finish()
    this.#live?.close()
  }

  close(): void {
    this.#live?.close()
  }
}

/** The end of the last group whose bytes are whole; a damaged group with whole ones after it stays. */
function liveEnd(view: SegmentView): number {
  const last = view.entries.findLast((entry) => view.readContent(entry) !== undefined)
  return last === view.entries.at(-1) ? view.scannedTo : (last?.end ?? 0)
}

/**
 * Where a segment ends that another one follows: groups of the next one's numbers were never acknowledged here. Where the
 * last group before them is not to be seen, the segment is damaged and stays as it is.
 */
function closedEnd(view: SegmentView, nextSegment: number): number {
  const last = view.entries.findLast((entry) => entry.group < nextSegment)
  return last?.group === nextSegment - 1 ? last.end : view.sizeBytes()
}

function lastEntry(tape: Tape, segments: readonly number[] = tape.segments()): GroupEntry | undefined {
  for (const first of segments.toReversed()) {
    const view = tape.view(first)
    view.scan()
    const entry = view.entries.at(-1)
    if (entry !== undefined) return entry
  }
  return undefined
}

/** The last group of the live segment where its blobs are not there: a segment begins when the group before it counts. */
function unbackedGroup(tape: Tape, live: number, isBacked: IsBacked): GroupEntry | undefined {
  const view = tape.view(live)
  view.scan()
  const last = view.entries.at(-1)
  if (last === undefined || view.sealed) return undefined
  const before = view.entries.at(-2) ?? lastEntry(tape, tape.segments().slice(0, -1))
  return isBacked(before?.mark ?? NO_MARK, last.mark) ? undefined : last
}
