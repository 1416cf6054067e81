import {
  COMMON_BYTES,
  type CommonHeader,
  finishHeader,
  HEADER_CRC_BYTES,
  KIND_GROUP,
  readLong,
  SKIPPABLE_PREFIX_BYTES,
  startHeader,
  writeLong,
} from '../frames/skippable.ts'

/** How far the packs of blobs had been written when the group was: what stands after it was never acknowledged. */
export interface PackMark {
  readonly pack: number
  readonly bytes: number
}

export const NO_MARK: PackMark = { pack: 0, bytes: 0 }

/** Whether the packs hold what was written with a group, by the mark of the group before it and its own. */
export type IsBacked = (before: PackMark, mark: PackMark) => boolean

/** What stands in front of a group. Numbers are little endian; lengths are fixed, so that nothing needs a separator. */
export interface GroupHeader {
  readonly group: number
  readonly records: number
  /** 32 bytes each. */
  readonly digest: Buffer
  readonly previous: Buffer
  readonly mark: PackMark
  readonly frameBytes: number
  readonly frameCrc: number
}

// After the common fields: u32 records, u64 group, digest, previous digest, u32 pack, u32 pack bytes.
const RECORDS = COMMON_BYTES
const GROUP = RECORDS + 4
const DIGEST = GROUP + 8
const PREVIOUS = DIGEST + 32
const PACK = PREVIOUS + 32
const CONTENT_BYTES = PACK + 8 + HEADER_CRC_BYTES

/** The skippable frame of a group, its own prefix included. */
export const GROUP_HEADER_BYTES: number = SKIPPABLE_PREFIX_BYTES + CONTENT_BYTES

export function writeGroupHeader(target: Buffer, at: number, header: GroupHeader): void {
  startHeader(target, at, CONTENT_BYTES, KIND_GROUP, 0, header.frameBytes, header.frameCrc)
  const content = at + SKIPPABLE_PREFIX_BYTES
  target.writeUInt32LE(header.records, content + RECORDS)
  writeLong(target, header.group, content + GROUP)
  target.set(header.digest, content + DIGEST)
  target.set(header.previous, content + PREVIOUS)
  target.writeUInt32LE(header.mark.pack, content + PACK)
  target.writeUInt32LE(header.mark.bytes, content + PACK + 4)
  finishHeader(target, at, CONTENT_BYTES)
}

/** Undefined where it is a header of another kind. */
export function parseGroupHeader({ kind, content, frameBytes, frameCrc }: CommonHeader): GroupHeader | undefined {
  if (kind !== KIND_GROUP || content.length !== CONTENT_BYTES) return undefined
  return {
    group: readLong(content, GROUP),
    records: content.readUInt32LE(RECORDS),
    digest: content.subarray(DIGEST, DIGEST + 32),
    previous: content.subarray(PREVIOUS, PREVIOUS + 32),
    mark: { pack: content.readUInt32LE(PACK), bytes: content.readUInt32LE(PACK + 4) },
    frameBytes,
    frameCrc,
  }
}
