import { join } from 'node:path'
import type { Digest } from '../../schemas/index.ts'
import { namesIn, removeFile } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import type { ScannedDamage } from '../frames/scan.ts'
import type { TailCuts } from '../tape/cut-tail.ts'
import type { PackMark } from '../tape/group-header.ts'
import type { BlobPlace } from './pack-index.ts'
import type { PackSet } from './pack-set.ts'

export interface PackRecovery {
  /** The pack to go on with. */
  readonly live: number | undefined
  /** The last one that counts. */
  readonly last: number
}

/**
 * Brings the packs to what the last group of the tape vouches for: what stands after its mark was never acknowledged and
 * may be torn, so it is put aside.
 */
export function recoverPacks(layout: Layout, packs: PackSet, mark: PackMark, cuts: TailCuts): PackRecovery {
  for (const name of namesIn(layout.temporary)) removeFile(join(layout.temporary, name))
  let live: number | undefined
  let last = 0
  for (const pack of packs.packs()) {
    if (!packs.loadIndex(pack)) {
      const path = packs.packFile(pack)
      const { sealed } = packs.file(pack)
      const fileBytes = packs.file(pack).sizeBytes()
      // What is sealed was vouched for once.
      if (pack > mark.pack && !sealed) {
        packs.forget(pack)
        cuts.add({ path, at: 0, fileBytes, whole: true })
        continue
      }
      if (pack === mark.pack && fileBytes >= mark.bytes && !sealed) {
        if (fileBytes > mark.bytes) cuts.add({ path, at: mark.bytes, fileBytes })
        packs.openLive(pack, mark.bytes)
        live = pack
      } else {
        packs.closeUnindexed(pack)
        packs.writeIndex(pack)
      }
    }
    last = pack
  }
  return { live, last }
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
