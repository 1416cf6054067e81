import { crc32 } from 'node:zlib'
import {
  COMMON_BYTES,
  type CommonHeader,
  finishHeader,
  HEADER_CRC_BYTES,
  HEADER_MAX_BYTES,
  KIND_SEALED_GROUPS,
  readLong,
  SKIPPABLE_PREFIX_BYTES,
  startHeader,
  writeLong,
} from '../frames/skippable.ts'
import type { PackMark } from './group-header.ts'

/** A group in a sealed block: what its header said, and the size of its lines. */
export interface SealedGroup {
  readonly group: number
  readonly records: number
  /** 32 bytes each. */
  readonly digest: Buffer
  readonly previous: Buffer
  readonly contentBytes: number
}

export interface SealedGroups {
  readonly groups: readonly SealedGroup[]
  /** Of the last group; those before it have none left. */
  readonly mark: PackMark
}

// After the common fields: u64 number of the first group, u32 groups, u32 pack, u32 pack bytes, the digest before the first
// group; then for each group u32 records, u32 bytes of its lines, and its digest.
const FIRST = COMMON_BYTES
const COUNT = FIRST + 8
const PACK = COUNT + 4
const PREVIOUS = PACK + 8
const GROUPS = PREVIOUS + 32
const GROUP_BYTES = 40

/** A block with more groups would have a header that no reader takes. */
export const SEALED_GROUPS_MAX: number = Math.floor((HEADER_MAX_BYTES - GROUPS - HEADER_CRC_BYTES) / GROUP_BYTES)

/** The skippable frame in front of a block of groups, around the compressed frame that follows it. Groups are consecutive. */
export function sealedGroupsHeader({ groups, mark }: SealedGroups, frame: Uint8Array): Buffer {
  const [first] = groups
  if (first === undefined || groups.length > SEALED_GROUPS_MAX) throw new RangeError(`${groups.length} groups in a sealed block`)
  const contentBytes = GROUPS + GROUP_BYTES * groups.length + HEADER_CRC_BYTES
  const target = Buffer.alloc(SKIPPABLE_PREFIX_BYTES + contentBytes)
  startHeader(target, 0, contentBytes, KIND_SEALED_GROUPS, 0, frame.length, crc32(frame))
  const content = SKIPPABLE_PREFIX_BYTES
  writeLong(target, first.group, content + FIRST)
  target.writeUInt32LE(groups.length, content + COUNT)
  target.writeUInt32LE(mark.pack, content + PACK)
  target.writeUInt32LE(mark.bytes, content + PACK + 4)
  target.set(first.previous, content + PREVIOUS)
  let at = content + GROUPS
  for (const { records, contentBytes: bytes, digest } of groups) {
    target.writeUInt32LE(records, at)
    target.writeUInt32LE(bytes, at + 4)
    target.set(digest, at + 8)
    at += GROUP_BYTES
  }
  finishHeader(target, 0, contentBytes)
  return target
}

/** Undefined where it is a header of another kind. */
export function parseSealedGroups({ kind, content }: CommonHeader): SealedGroups | undefined {
  if (kind !== KIND_SEALED_GROUPS || content.length < GROUPS + HEADER_CRC_BYTES) return undefined
  const count = content.readUInt32LE(COUNT)
  if (content.length !== GROUPS + GROUP_BYTES * count + HEADER_CRC_BYTES) return undefined
  const first = readLong(content, FIRST)
  const groups: SealedGroup[] = []
  let previous = content.subarray(PREVIOUS, PREVIOUS + 32)
  for (let index = 0; index < count; index++) {
    const at = GROUPS + GROUP_BYTES * index
    const digest = content.subarray(at + 8, at + 40)
    groups.push({ group: first + index, records: content.readUInt32LE(at), contentBytes: content.readUInt32LE(at + 4), digest, previous })
    previous = digest
  }
  return { groups, mark: { pack: content.readUInt32LE(PACK), bytes: content.readUInt32LE(PACK + 4) } }
}
