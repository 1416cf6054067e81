import type { Digest } from '../../schemas/index.ts'
import { PackFile } from '../blobs/pack-file.ts'
import { type BlobPlace, PackIndex } from '../blobs/pack-index.ts'
import { PlaceTable } from '../blobs/place-table.ts'
import { removeFile } from '../files/durable.ts'
import { ReplacingFile } from '../files/replacing-file.ts'
import { BlockWriter } from '../seal/seal-pack.ts'
import { SEALED_BLOCK_BYTES } from '../seal/sealed-pack.ts'
import { wipeLater } from './wipe.ts'

export interface BlobsErased {
  readonly type: 'blobs-erased'
  readonly blobs: number
  readonly wiped: boolean
}

/**
 * Writes a closed pack anew without some blobs, sealed, with a side file of its own. A blob that is damaged is left out too:
 * nothing could be told of what it holds. `breathe` is called again and again while it works; what it throws leaves all as it was.
 */
export function eraseBlobs(path: string, indexPath: string, digests: readonly Digest[], breathe?: () => void): BlobsErased {
  const pack = new PackFile(path)
  let file: ReplacingFile | undefined
  try {
    const places = new Map<Digest, BlobPlace>()
    pack.scan(0, places)
    const erased = new Set(digests.filter((digest) => places.has(digest)))
    if (erased.size === 0) return { type: 'blobs-erased', blobs: 0, wiped: true }
    file = new ReplacingFile(path)
    const writer = new BlockWriter(file, breathe)
    const kept = new PlaceTable()
    let block: Buffer[] = []
    let blockBytes = 0
    let position = 0
    for (const [digest, place] of [...places].sort(([, left], [, right]) => left.offset - right.offset)) {
      const bytes = erased.has(digest) ? undefined : pack.readBytes(place)
      if (bytes === undefined) continue
      kept.set(digest, { offset: position, length: bytes.length })
      block.push(bytes)
      blockBytes += bytes.length
      position += bytes.length
      if (blockBytes < SEALED_BLOCK_BYTES) continue
      writer.add(Buffer.concat(block, blockBytes))
      block = []
      blockBytes = 0
    }
    // At least one block, so that the file is known as a sealed one.
    if (blockBytes > 0 || position === 0) writer.add(Buffer.concat(block, blockBytes))
    writer.finish()
    // The old side file would name what is no more; without one the pack is walked.
    removeFile(indexPath)
    const wipe = wipeLater(path)
    file.commit()
    PackIndex.of(kept, position).write(indexPath)
    return { type: 'blobs-erased', blobs: erased.size, wiped: wipe() }
  } finally {
    file?.abandon()
    pack.close()
  }
}
