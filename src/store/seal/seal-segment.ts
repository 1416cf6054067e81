import type { BlobsErased } from '../erase/erase-blobs.ts'
import type { RefsErased } from '../erase/erase-refs.ts'
import { ReplacingFile } from '../files/replacing-file.ts'
import { giveBack } from '../frames/file-window.ts'
import { SEALED_GROUPS_MAX, type SealedGroup, sealedGroupsHeader } from '../tape/sealed-groups.ts'
import { type GroupEntry, SEALED_BLOCK_BYTES, SegmentView } from '../tape/segment-view.ts'
import { compressBlock, giveBackFrame } from './compress.ts'

/** Why a file was left as it is, or what sealing has made of it. */
export type SealOutcome =
  | { readonly type: 'sealed'; readonly fromBytes: number; readonly toBytes: number }
  | { readonly type: 'already' }
  | { readonly type: 'damaged'; readonly groups: readonly { readonly group: number; readonly records: number }[] }

/** What came of any job that writes a file anew. */
export type FileOutcome = SealOutcome | RefsErased | BlobsErased

/**
 * Compresses a segment that nothing is added to any more: the lines of neighbouring groups in common frames, their digests in
 * front. It takes the place of the old file at once or not at all. One that is damaged stays as it is, so that whatever can
 * still be read of it can be. `breathe` is called again and again while it works.
 */
export function sealSegment(path: string, first: number, endGroup: number, breathe: () => void = () => undefined): SealOutcome {
  const view = new SegmentView(path, first)
  let file: ReplacingFile | undefined
  try {
    view.scan()
    if (view.sealed) return { type: 'already' }
    // What a later segment has again is void.
    const entries = view.entries.filter(({ group }) => group < endGroup)
    const damaged = entries.filter((entry) => {
      const content = view.readContent(entry)
      if (content !== undefined) giveBack(content)
      breathe()
      return content === undefined
    })
    const complete = entries.length === endGroup - first && entries.every(({ group }, index) => group === first + index)
    if (damaged.length > 0 || !complete) return { type: 'damaged', groups: damaged.map(({ group, records }) => ({ group, records })) }
    file = new ReplacingFile(path)
    // Read a second time, so that a segment is never held in memory.
    writeBlocks(entries, (entry) => readAgain(view, entry), file, breathe)
    const fromBytes = view.sizeBytes()
    file.commit()
    return { type: 'sealed', fromBytes, toBytes: file.bytes }
  } finally {
    file?.abandon()
    view.close()
  }
}

function readAgain(view: SegmentView, entry: GroupEntry): Buffer {
  const content = view.readContent(entry)
  if (content === undefined) throw new Error(`group ${entry.group} of ${view.path} reads otherwise than a moment ago`)
  return content
}

/** Writes groups as sealed blocks; also used where lines have been changed. */
export function writeBlocks(
  entries: readonly GroupEntry[],
  contentOf: (entry: GroupEntry) => Buffer,
  file: ReplacingFile,
  breathe: () => void = () => undefined,
): void {
  let groups: SealedGroup[] = []
  let block: Buffer[] = []
  let blockBytes = 0
  for (const [index, entry] of entries.entries()) {
    const { group, records, digest, previous, mark } = entry
    const content = contentOf(entry)
    groups.push({ group, records, digest, previous, contentBytes: content.length })
    block.push(content)
    blockBytes += content.length
    if (blockBytes < SEALED_BLOCK_BYTES && groups.length < SEALED_GROUPS_MAX && index < entries.length - 1) continue
    const joined = Buffer.concat(block, blockBytes)
    block.forEach(giveBack)
    const frame = compressBlock(joined)
    giveBack(joined)
    file.write(sealedGroupsHeader({ groups, mark }, frame))
    file.write(frame)
    giveBackFrame(frame)
    breathe()
    groups = []
    block = []
    blockBytes = 0
  }
}
