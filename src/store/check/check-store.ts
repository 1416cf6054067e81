import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Digest } from '../../schemas/index.ts'
import { BlobStore } from '../blobs/blob-store.ts'
import { type BlobPlace, PackIndex } from '../blobs/pack-index.ts'
import { PackSet } from '../blobs/pack-set.ts'
import { isBacked } from '../blobs/recover-packs.ts'
import { systemCodeOf } from '../files/durable.ts'
import { readFormat, refuseFile } from '../files/format-file.ts'
import { type Layout, layoutOf } from '../files/layout.ts'
import type { ScannedDamage } from '../frames/scan.ts'
import type { PackMark } from '../tape/group-header.ts'
import { Tape } from '../tape/tape.ts'
import type { CheckProgress, StoreCheck } from '../types.ts'
import { checkIndex } from './check-index.ts'
import { PayloadCheck } from './check-payloads.ts'
import { checkTape } from './check-tape.ts'
import { checkKey, checkViews, readCut } from './check-views.ts'
import { Problems } from './problems.ts'

/** After these the index may know records that can no longer be read. */
const TAPE_DAMAGE = ['frame_damaged', 'group_damaged', 'group_missing', 'group_digest', 'chain_broken'] as const

export interface CheckedParts {
  readonly layout: Layout
  readonly tape: Tape
  readonly packs: PackSet
  readonly blobs: BlobStore
}

/**
 * Checks the store in a folder from its files alone, whether a collector is writing it or it is a cold copy that may not be
 * written: neither lock nor index is touched. A folder without a store is an empty one.
 *
 * @throws RepriseError `store_version`, `integrity` where the format cannot be read, `invalid_argument` where it is no folder
 */
export async function checkStoreFolder(dir: string, onProgress?: (progress: CheckProgress) => void): Promise<StoreCheck> {
  const layout = layoutOf(dir)
  refuseFile(layout)
  const there = readFormat(layout) !== undefined
  const tape = new Tape(layout)
  // A payload was written with the first record that refers to it.
  const packs = new PackSet(layout, true)
  try {
    packs.refresh()
    return await checkStoreFiles({ layout, tape, packs, blobs: new BlobStore(layout, packs, true) }, onProgress, there)
  } finally {
    tape.close()
    packs.close()
  }
}

/**
 * Checks everything that the store vouches for: each frame's crc, the chain of groups, their digests, each reference's
 * commitment, each payload against its digest, the place of each view, and the index against the tape. Reports, never throws for what it finds; changes
 * nothing.
 */
export async function checkStoreFiles(
  parts: CheckedParts,
  onProgress?: (progress: CheckProgress) => void,
  there: boolean = readFormat(parts.layout) !== undefined,
): Promise<StoreCheck> {
  const { layout, tape } = parts
  const problems = new Problems()
  const payloads = new PayloadCheck(parts.blobs, problems)
  const groups = tape.head().group + 1
  const { unbackedFrom, ...checked } = await checkTape(
    layout,
    tape,
    problems,
    (before, mark) => isBacked(parts.packs, before, mark),
    (text, place) => payloads.checkLine(text, place),
    (group, records) => onProgress?.({ stage: 'groups', done: group + 1, total: groups, records }),
  )
  const blobs = await checkPacks(parts, problems, payloads, unbackedFrom, (done, total) =>
    onProgress?.({ stage: 'packs', done, total, records: checked.records }),
  )
  // Asked for the head anew: views go on while the tape is looked at.
  const views = checkViews(layout, () => tape.head().group, problems)
  // An erasure that is under way has changed the tape, and makes the index anew at its end.
  const isWhole = !TAPE_DAMAGE.some((code) => problems.codes.has(code)) && !existsSync(layout.erasing)
  const conflicts = isWhole
    ? await checkIndex(layout, problems, (done, total) => onProgress?.({ stage: 'index', done, total, records: checked.records }))
    : undefined
  if (there) checkKey(layout, problems)
  if (existsSync(layout.erasing)) {
    const message = 'an erasure was decided and not carried out; the next writer carries it on'
    problems.add({ code: 'erasure_unfinished', file: relative(layout.dir, layout.erasing), message })
  }
  return {
    schema: 'reprise.store-check/1',
    ...checked,
    blobs,
    erased: payloads.erased,
    ...(conflicts !== undefined && { conflicts }),
    views,
    cut: readCut(layout),
    problems: problems.list,
    problemCount: problems.count,
  }
}

async function checkPacks(
  { layout, packs, blobs }: CheckedParts,
  problems: Problems,
  payloads: PayloadCheck,
  unbackedFrom: PackMark | undefined,
  onPack: (done: number, total: number) => void,
): Promise<number> {
  let count = 0
  const listed = packs.packs()
  for (const [done, pack] of listed.entries()) {
    const file = relative(layout.dir, packs.packFile(pack))
    // Read before the pack is walked: once there is a side file, the pack does not grow any more.
    const covered = coveredBytes(packs.indexFile(pack))
    const index = PackIndex.read(packs.indexFile(pack), covered ?? 0)
    const places = new Map<Digest, BlobPlace>()
    const damage: ScannedDamage[] = []
    packs.file(pack).scan(0, places, damage, covered === undefined ? acknowledgedBytes(pack, unbackedFrom) : undefined)
    packs.file(pack).checkSealed((offset, message) => problems.add({ code: 'pack_damaged', file, offset, message }))
    for (const { offset, end } of damage)
      problems.add({ code: 'pack_damaged', file, offset, message: `${end - offset} bytes at ${offset} are no frames` })
    if (covered !== undefined && (index === undefined || !listsAll(index, places))) {
      problems.add({
        code: 'pack_index',
        file: relative(layout.dir, packs.indexFile(pack)),
        message: 'it does not list the blobs of its pack; the next writer makes it anew',
      })
    }
    for (const digest of places.keys()) {
      // In the writing process: not acknowledged yet.
      if (!blobs.has(digest)) continue
      payloads.check(digest, { file })
      if (++count % 64 === 0) await nextTurn()
    }
    onPack(done + 1, listed.length)
  }
  return count
}

/** Of a pack that is not closed: what stands after it was never acknowledged. */
function acknowledgedBytes(pack: number, unbackedFrom: PackMark | undefined): number | undefined {
  if (unbackedFrom === undefined || pack < unbackedFrom.pack) return undefined
  return pack === unbackedFrom.pack ? unbackedFrom.bytes : 0
}

/** How much of its pack a side file covers; undefined where there is none. */
function coveredBytes(path: string): number | undefined {
  try {
    return readFileSync(path).readUInt32LE(12)
  } catch (error) {
    return systemCodeOf(error) === 'ENOENT' ? undefined : 0
  }
}

function listsAll(index: PackIndex, places: ReadonlyMap<Digest, BlobPlace>): boolean {
  // Behind a write that failed a blob may stand that was never acknowledged.
  const covered = [...places.values()].filter(({ offset }) => offset < index.packBytes).length
  if (index.count !== covered || !index.isWhole()) return false
  for (const digest of index.digests()) if (!places.has(digest)) return false
  return true
}
