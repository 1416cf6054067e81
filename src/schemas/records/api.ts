import { z } from 'zod'
import { FIDELITIES, STEP_KINDS } from '../step-kinds.ts'
import { countSchema, hex16Schema, hex32Schema, nanosSchema } from './common.ts'
import { gapRecordSchema } from './gap.ts'
import { logRecordSchema } from './log.ts'
import { runSummarySchema } from './run-summary.ts'
import { spanRecordSchema } from './span.ts'

// Answers of the HTTP API that are no records themselves. The OpenAPI document is made of these.

const next = z.string().optional().describe('There may be more: the `cursor` of the next page.')

const runListSchema = z.strictObject({ schema: z.literal('reprise.run-list/1'), runs: z.array(runSummarySchema), next })
const stepListSchema = z.strictObject({ schema: z.literal('reprise.step-list/1'), steps: z.array(spanRecordSchema), next })
const logListSchema = z.strictObject({ schema: z.literal('reprise.log-list/1'), logs: z.array(logRecordSchema), next })
const batchesSchema = z.array(z.strictObject({ sender: z.string(), from: countSchema, to: countSchema }))
const runGapsSchema = z.strictObject({
  schema: z.literal('reprise.run-gaps/1'),
  gaps: z.array(gapRecordSchema),
  missingBatches: batchesSchema.describe('Batches that have not come, whether a gap record says so already or they are still waited for.'),
  lateBatches: batchesSchema.describe('Batches that came after a gap record had said that they were lost: they are no longer missing.'),
})
const runConflictsSchema = z.strictObject({
  schema: z.literal('reprise.run-conflicts/1'),
  conflicts: z
    .array(
      z.strictObject({
        spanId: hex16Schema,
        group: countSchema,
        line: countSchema,
        differs: z.array(z.string()).describe('JSON pointers into the core, and roles of payloads.'),
        record: spanRecordSchema,
      }),
    )
    .describe('Final records that say something else than the first one of their step, which stands; the first of them, in tape order.'),
})
const versionSchema = z.strictObject({
  schema: z.literal('reprise.version/1'),
  name: z.literal('reprise'),
  version: z.string(),
  store: z.string().optional().describe('Folder of the store; told on loopback alone.'),
})
const healthSchema = z.strictObject({ schema: z.literal('reprise.health/1'), status: z.literal('ok') })
const recordCountsSchema = z
  .looseObject({ received: countSchema, accepted: countSchema, rejected: countSchema, refused: countSchema })
  .describe('Since the start: received = accepted (durable) + rejected (never kept) + refused (to be sent again).')
const readySchema = z.looseObject({
  schema: z.literal('reprise.ready/1'),
  ready: z.boolean(),
  problems: z.array(z.string()),
  stats: recordCountsSchema
    .extend({ spans: recordCountsSchema.optional(), logs: recordCountsSchema.optional() })
    .optional()
    .describe('Records of all signals, and of each alone; more numbers beside them.'),
})
const apiErrorSchema = z.strictObject({
  schema: z.literal('reprise.error/1'),
  error: z.looseObject({ code: z.string(), message: z.string() }),
})

/** What the live feed says of one record: the `data` of an event of that type. */
const liveEventSchema = z.strictObject({
  schema: z.literal('reprise.live/1'),
  type: z.enum(['step', 'log', 'gap']),
  namespace: z.string(),
  runId: hex32Schema.optional(),
  spanId: hex16Schema.optional(),
  parentSpanId: hex16Schema.optional(),
  /** Of a step its name, of a log record its event name. */
  name: z.string().optional(),
  kind: z.enum(STEP_KINDS).optional(),
  fidelity: z.enum(FIDELITIES).optional(),
  status: z.string().optional(),
  /** The step has been announced and has not ended. */
  pending: z.literal(true).optional(),
  startNanos: nanosSchema.optional(),
  endNanos: nanosSchema.optional(),
  model: z.string().optional(),
  redactions: countSchema.optional(),
  severity: z.string().optional(),
  /** Of a gap. */
  reason: z.string().optional(),
  count: countSchema.optional(),
})
export type LiveEvent = z.infer<typeof liveEventSchema>
/** The `data` of an event `lagged`: what was left out for this reader, single records or whole groups of the tape. */
const liveLaggedSchema = z.strictObject({ schema: z.literal('reprise.live-lagged/1'), records: countSchema, groups: countSchema })

/** Answers by the names under which the OpenAPI document has them. */
export const API_SCHEMAS = {
  RunList: runListSchema,
  StepList: stepListSchema,
  LogList: logListSchema,
  RunGaps: runGapsSchema,
  RunConflicts: runConflictsSchema,
  Version: versionSchema,
  Health: healthSchema,
  Ready: readySchema,
  Error: apiErrorSchema,
  LiveEvent: liveEventSchema,
  LiveLagged: liveLaggedSchema,
} as const satisfies Readonly<Record<string, z.ZodType>>
