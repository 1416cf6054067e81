import { z } from 'zod'
import { RUN_STATUSES } from '../record-values.ts'
import { FIDELITIES, STEP_KINDS } from '../step-kinds.ts'
import { countSchema, hex16Schema, hex32Schema, nanosSchema } from './common.ts'

/** What `reprise runs`, `GET /api/v1/runs` and the cockpit show of a run. Derived from the tape alone. */
export const runSummarySchema = z.strictObject({
  schema: z.literal('reprise.run-summary/1'),
  namespace: z.string(),
  id: hex32Schema,
  traceId: hex32Schema,
  /** Absent until the root has been seen. */
  rootSpanId: hex16Schema.optional(),
  name: z.string(),
  kind: z.enum(STEP_KINDS),
  status: z.enum(RUN_STATUSES),
  service: z.string().optional(),
  startNanos: nanosSchema,
  endNanos: nanosSchema.optional(),
  steps: countSchema,
  stepsByKind: z.partialRecord(z.enum(STEP_KINDS), countSchema),
  pending: countSchema,
  errors: countSchema,
  models: z.array(z.string()),
  inputTokens: countSchema,
  outputTokens: countSchema,
  redactions: countSchema,
  /** Spans known to be missing, over all gap records that concern the run; a lost batch counts as one, which it held at least. */
  gaps: countSchema,
  /** Records that say something else than the first final one of their step, which stands; absent when there are none. */
  conflicts: countSchema.optional(),
  fidelity: z.enum(FIDELITIES),
  /** Log records of the run; absent when there are none. */
  logs: countSchema.optional(),
  /** From the attribute `session.id` or one like it. */
  session: z.string().optional(),
  /** From attributes `reprise.tag.<key>` as `key=value`, and from lists of tags. */
  tags: z.array(z.string()).optional(),
  /** Sum of what the spans carry, in US dollars as senders give it; absent when none carries any. */
  cost: z.number().nonnegative().optional(),
  /** The innermost step that has started and not ended: where the run stands, or where it was interrupted. */
  stage: z.strictObject({ spanId: hex16Schema, name: z.string(), kind: z.enum(STEP_KINDS), startNanos: nanosSchema }).optional(),
  /** Why its program is known to be gone, when the status is `interrupted`. */
  interrupted: z.string().optional(),
})
export type RunSummary = z.infer<typeof runSummarySchema>
