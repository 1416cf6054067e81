import { rmSync, unlinkSync } from 'node:fs'
import { makeFolder } from '../files/durable.ts'
import type { Layout } from '../files/layout.ts'
import { cutTail } from '../tape/cut-tail.ts'
import type { PackMark } from '../tape/group-header.ts'
import type { CutTail } from '../types.ts'
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
