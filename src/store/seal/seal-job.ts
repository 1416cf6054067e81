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

export type SealReply = { readonly outcome: FileOutcome } | { readonly failed: string }

/** `breathe` is called again and again while it seals; who erases is waited for. */
export function runSealJob(job: SealJob, breathe?: () => void): FileOutcome {
  switch (job.type) {
    case 'segment':
      return sealSegment(job.path, job.number, job.endGroup, breathe)
    case 'pack':
      return sealPack(job.path, breathe)
    case 'erase-refs':
      return eraseRefs(job.path, job.number, job.endGroup, job.selection)
    case 'erase-blobs':
      return eraseBlobs(job.path, job.indexPath, job.digests)
  }
}
