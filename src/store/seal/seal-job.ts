import type { Digest } from '../../schemas/index.ts'
import { eraseBlobs } from '../erase/erase-blobs.ts'
import { eraseRefs } from '../erase/erase-refs.ts'
import type { EraseSelection } from '../erase/select-refs.ts'
import { sealPack } from './seal-pack.ts'
import { type FileOutcome, sealSegment } from './seal-segment.ts'

/** One file to write anew. */
export type SealJob =
  | { readonly type: 'segment'; readonly path: string; readonly number: number; readonly endGroup: number }
  | { readonly type: 'pack'; readonly path: string; readonly number: number }
  | {
      readonly type: 'erase-refs'
      readonly path: string
      readonly number: number
      readonly endGroup: number
      readonly selection: EraseSelection
    }
  | {
      readonly type: 'erase-blobs'
      readonly path: string
      readonly number: number
      readonly indexPath: string
      readonly digests: readonly Digest[]
    }

/** Cells that the thread shares with the sealer: how many reasons there are not to rest while it works, and whether it is to end. */
export const ASKED = 0
export const ENDING = 1
export const SEAL_CELLS = 2

export type SealReply = { readonly outcome: FileOutcome } | { readonly failed: string }

/** `breathe` is called again and again while it works; what it throws ends the job and leaves the file as it was. */
export function runSealJob(job: SealJob, breathe?: () => void): FileOutcome {
  switch (job.type) {
    case 'segment':
      return sealSegment(job.path, job.number, job.endGroup, breathe)
    case 'pack':
      return sealPack(job.path, breathe)
    case 'erase-refs':
      return eraseRefs(job.path, job.number, job.endGroup, job.selection, breathe)
    case 'erase-blobs':
      return eraseBlobs(job.path, job.indexPath, job.digests, breathe)
  }
}
