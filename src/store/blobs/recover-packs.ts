import { rmSync, unlinkSync } from 'node:fs'
import type { Digest } from '../../schemas/index.ts'
import { makeFolder } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import type { ScannedDamage } from '../frames/scan.ts'
import { cutTail } from '../tape/cut-tail.ts'
import type { PackMark } from '../tape/group-header.ts'
import type { CutTail } from '../types.ts'
import type { BlobPlace } from './pack-index.ts'
import type { PackSet } from './pack-set.ts'

export interface PackRecovery {
  readonly cut: readonly CutTail[]
  /** The pack to go on with. */
  readonly live: number | undefined
}

/**
 * Brings the packs to what the last group of the tape vouches for: what stands after its mark was never acknowledged and
 * may be torn, so it is put aside.
 */
export function recoverPacks(layout: Layout, packs: PackSet, mark: PackMark): PackRecovery {
  rmSync(layout.temporary, { recursive: true, force: true })
  makeFolder(layout.temporary)
  const cut: CutTail[] = []
  let live: number | undefined
  for (const pack of packs.packs()) {
    if (packs.loadIndex(pack)) continue
    const { sealed } = packs.file(pack)
    const fileBytes = packs.file(pack).sizeBytes()
    // What is sealed was vouched for once.
    if (pack > mark.pack && !sealed) {
      packs.forget(pack)
      if (fileBytes > 0) cut.push(cutTail(layout, packs.packFile(pack), 0, fileBytes))
      unlinkSync(packs.packFile(pack))
    } else if (pack === mark.pack && fileBytes >= mark.bytes && !sealed) {
      if (fileBytes > mark.bytes) cut.push(cutTail(layout, packs.packFile(pack), mark.bytes, fileBytes))
      packs.openLive(pack)
      live = pack
    } else {
      packs.closeUnindexed(pack)
      packs.writeIndex(pack)
    }
  }
  return { cut, live }
}

/**
 * Whether the packs hold what was written to them with a group: between the mark of the group before it and its own. A group is
 * synced together with its blobs, so that a power cut can leave the last one without them: the pack is shorter, or has zeros where
 * a sector was never written. Anything else is damage, which is told and not cut. A closed pack was synced before.
 */
export function isBacked(packs: PackSet, before: PackMark, mark: PackMark): boolean {
  const from = before.pack === mark.pack ? before.bytes : 0
  if (from >= mark.bytes) return true
  // The name of a new pack is synced with its first bytes; that of another one was there before.
  if (!packs.packs().includes(mark.pack)) return before.pack === mark.pack
  if (packs.loadIndex(mark.pack)) return true
  const file = packs.file(mark.pack)
  const fileBytes = file.sizeBytes()
  // Less than the group before vouches for.
  if (file.sealed || fileBytes < from) return true
  if (fileBytes < mark.bytes) return false
  const places = new Map<Digest, BlobPlace>()
  const damage: ScannedDamage[] = []
  const isWhole = file.scan(from, places, damage, mark.bytes) === mark.bytes && damage.length === 0
  return (isWhole && [...places.values()].every((place) => file.read(place) !== undefined)) || !file.hasUnwritten(from, mark.bytes)
}
