import { sealPack } from './seal-pack.ts'
import { type SealOutcome, sealSegment } from './seal-segment.ts'

/** One file to seal. */
export type SealJob =
  | { readonly type: 'segment'; readonly path: string; readonly number: number; readonly endGroup: number }
  | { readonly type: 'pack'; readonly path: string; readonly number: number }

export type SealReply = { readonly outcome: SealOutcome } | { readonly failed: string }

export function runSealJob(job: SealJob): SealOutcome {
  return job.type === 'segment' ? sealSegment(job.path, job.number, job.endGroup) : sealPack(job.path)
}
