import { z } from 'zod'
import { countSchema, hex32Schema } from './common.ts'

/** Something that is known to be missing: never silence. */
export const gapCoreSchema = z.strictObject({
  schema: z.literal('reprise.gap/1'),
  namespace: z.string().min(1),
  runId: hex32Schema.optional(),
  /** The sender's own id, when it gave one. */
  sender: z.string().optional(),
  reason: z.string().min(1),
  count: countSchema,
  /** Numbers of batches that never came, both included: of the reason `batch-lost`, whose `sender` is a `reprise.sender.id`. */
  batches: z.strictObject({ from: countSchema, to: countSchema }).optional(),
  /** Of a notice of the sender's own: the batch in which it came. */
  batch: z.strictObject({ sender: z.string(), sequence: countSchema }).optional(),
})
export type GapCore = z.infer<typeof gapCoreSchema>
export const gapRecordSchema = z.strictObject({ core: gapCoreSchema, refs: z.array(z.never()) })
export type GapRecord = z.infer<typeof gapRecordSchema>
