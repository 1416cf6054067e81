import { z } from 'zod'
import { EFFECT_SOURCES } from '../effects/effect-log.ts'
import { DIVERGENCE_REASONS } from '../record-values.ts'
import { LABELS, STEP_KINDS } from '../step-kinds.ts'
import { countSchema, digestSchema, hex32Schema, hex64Schema, policyRefSchema } from './common.ts'

export const fieldDifferenceSchema = z.strictObject({
  /** JSON pointer into the request or output. */
  path: z.string(),
  /** Shortened JSON of each side; absent when the side has no such field. */
  recorded: z.string().optional(),
  replayed: z.string().optional(),
})
export type FieldDifference = z.infer<typeof fieldDifferenceSchema>

export const divergenceSchema = z.strictObject({
  reason: z.enum(DIVERGENCE_REASONS),
  kind: z.enum(STEP_KINDS),
  name: z.string(),
  /** Path of step names from the root, for people. */
  path: z.array(z.string()),
  message: z.string(),
  lineage: hex64Schema.optional(),
  nearest: z.strictObject({ lineage: hex64Schema, name: z.string(), sequence: countSchema.optional() }).optional(),
  differences: z.array(fieldDifferenceSchema),
  /** Of an attempt to reach the network: the frames of the program and its dependencies, innermost first. */
  stack: z.array(z.string()).optional(),
})
export type Divergence = z.infer<typeof divergenceSchema>

export const verdictStepSchema = z.strictObject({
  kind: z.enum(STEP_KINDS),
  name: z.string(),
  lineage: hex64Schema.optional(),
  sequence: countSchema.optional(),
  label: z.enum(LABELS),
  /** Served from the record, run again, covered by a served step above it, called, or given a result by a fork. */
  how: z.enum(['served', 'ran', 'covered', 'live', 'changed']),
})
export type VerdictStep = z.infer<typeof verdictStepSchema>

const effectReadsSchema = z.array(z.strictObject({ source: z.enum(EFFECT_SOURCES), reads: countSchema }))

export const verdictSchema = z.strictObject({
  schema: z.literal('reprise.verdict/1'),
  mode: z.enum(['exact', 'cached', 'fork']),
  runId: hex32Schema,
  name: z.string(),
  /** `exact` only with zero live, unmatched, unused, socketsDenied and an equal output. */
  label: z.enum(LABELS),
  policy: policyRefSchema,
  counts: z.strictObject({
    steps: countSchema,
    served: countSchema,
    ran: countSchema,
    covered: countSchema,
    live: countSchema,
    unmatched: countSchema,
    unused: countSchema,
    missing: countSchema,
    socketsDenied: countSchema,
    labels: z.record(z.enum(LABELS), countSchema),
  }),
  output: z.strictObject({
    equal: z.boolean(),
    recorded: digestSchema.optional(),
    replayed: digestSchema.optional(),
  }),
  /** What of the machine differs from when the recording was made: versions, by the names of their resource attributes. */
  environment: z.array(z.strictObject({ name: z.string(), recorded: z.string(), replayed: z.string() })).optional(),
  /** What the replayed program did besides, that no recording holds: files, child processes, worker threads. */
  unrecorded: z.array(z.strictObject({ api: z.string(), calls: countSchema })).optional(),
  /** Of a fork: the step that was changed, and the paths that were set. */
  fork: z.strictObject({ lineage: hex64Schema, paths: z.array(z.string()) }).optional(),
  /** The run as which this replay was itself recorded. */
  recordedRunId: hex32Schema.optional(),
  /** What the program read of time and chance; absent for a recording that holds none of it. */
  effects: z
    .strictObject({
      /** Sources that the recording holds. */
      recorded: z.array(z.enum(EFFECT_SOURCES)),
      served: countSchema,
      /** Recorded reads that the program did not make. */
      unused: countSchema,
      /** Reads past the record, which gave made-up values; the steps that made them are `unstable`. */
      beyond: effectReadsSchema,
      /** Reads of sources that the recording does not hold, which gave the machine's values; their steps are `unstable`. */
      unserved: effectReadsSchema,
    })
    .optional(),
  steps: z.array(verdictStepSchema),
  divergences: z.array(divergenceSchema),
})
export type Verdict = z.infer<typeof verdictSchema>
