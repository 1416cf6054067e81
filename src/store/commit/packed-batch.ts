import type { StepRows } from '../index/step-rows.ts'

/** Records as the tape takes them: lines with their ends, one after the other. */
export interface PackedLines {
  readonly bytes: Uint8Array
  /** Offset behind each line's end. */
  readonly ends: Uint32Array
  /** For each record sha256(0x00, core), 32 bytes: what the group digest is made of. */
  readonly coreHashes: Uint8Array
}

/** Payloads as a pack takes them: header and frame, one after the other. */
export interface PackedBlobs {
  readonly frames: Uint8Array
  /** Offset behind each blob's frame. */
  readonly ends: Uint32Array
  /** 32 bytes each. */
  readonly digests: Uint8Array
  /** Payloads too large for a pack, by their place in the list: their frames are empty. */
  readonly loose: readonly { readonly index: number; readonly data: Uint8Array }[]
}

/**
 * A batch in few large pieces, so that it can go from one thread to another without being copied, and to the disk without
 * being looked at. Made by a `BatchPacker`.
 */
export interface PackedBatch {
  readonly lines: PackedLines
  readonly blobs: PackedBlobs
  /**
   * What the index keeps of the records, where all of them are spans and whoever wrote them knew it: it then need not read them
   * again. The tape alone counts; this is the same sooner.
   */
  readonly rows?: StepRows | undefined
}

/** The buffers of lines and payloads, which nothing else uses and which can be used again when these are on the disk. */
export function buffersOfBatch({ lines, blobs }: PackedBatch): ArrayBuffer[] {
  const views = [lines.bytes, lines.ends, lines.coreHashes, blobs.frames, blobs.ends, blobs.digests, ...blobs.loose.map(({ data }) => data)]
  return [...new Set(views.map((view) => view.buffer as ArrayBuffer))]
}

/** All buffers that a batch consists of: for the transfer list of `postMessage`. */
export function buffersToTransfer(batch: PackedBatch): ArrayBuffer[] {
  return batch.rows === undefined ? buffersOfBatch(batch) : [...buffersOfBatch(batch), batch.rows.numbers.buffer]
}

export function sizeOfBatch({ lines, blobs }: PackedBatch): number {
  return blobs.loose.reduce((sum, { data }) => sum + data.length, lines.bytes.length + blobs.frames.length)
}
