import { z } from 'zod'
import { STEP_KINDS } from '../step-kinds.ts'
import { countSchema, digestSchema, hex16Schema, hex32Schema, hex64Schema, policyRefSchema } from './common.ts'
import { spanRecordSchema } from './span.ts'

/** `recording.json`: names every other byte of the directory, and itself by `digest`. */
export const recordingSchema = z.strictObject({
  schema: z.literal('reprise.recording/1'),
  runId: hex32Schema,
  rootSpanId: hex16Schema,
  name: z.string(),
  kind: z.enum(STEP_KINDS),
  writtenBy: z.strictObject({ name: z.literal('reprise'), version: z.string() }),
  policy: policyRefSchema,
  seed: z.string().optional(),
  steps: z.strictObject({ file: z.literal('steps.jsonl'), count: countSchema, sizeBytes: countSchema, digest: digestSchema }),
  /** Sorted by digest; each is `blobs/<64 hex>`. */
  blobs: z.array(z.strictObject({ digest: digestSchema, sizeBytes: countSchema, mediaType: z.string() })),
  /** Digest of the canonical JSON of this object without this field. */
  digest: digestSchema,
})
export type RecordingManifest = z.infer<typeof recordingSchema>

/** One line of `steps.jsonl`: a span record with its lineage. Lines stand in call order (sequence). */
export const recordedStepSchema = z.strictObject({
  schema: z.literal('reprise.recorded-step/1'),
  lineage: hex64Schema,
  /** Occurrence among equal calls under the same parent, from 0. */
  occurrence: countSchema,
  ...spanRecordSchema.shape,
})
export type RecordedStep = z.infer<typeof recordedStepSchema>
