import { z } from 'zod'
import { payloadRefSchema, payloadSchema } from './artifact.ts'
import { attributesSchema, countSchema, cutSchema, hex16Schema, hex32Schema, nanosSchema, policyRefSchema } from './common.ts'
import { resourceSchema, scopeSchema } from './span.ts'

/**
 * The hashed part of a log record (an event, in OpenTelemetry's words, when it has a name): no payload text, no digest of
 * one. Absent optional fields are left out. The body is content: always a payload with the role `/body`.
 */
export const logCoreSchema = z.strictObject({
  schema: z.literal('reprise.log/1'),
  namespace: z.string().min(1),
  /** The trace's id unless the sender named a run; absent for a record that belongs to none. */
  runId: hex32Schema.optional(),
  traceId: hex32Schema.optional(),
  spanId: hex16Schema.optional(),
  flags: countSchema.optional(),
  /** When it happened, by the clock of its source. At least one of the two times is there, unless the sender gave none. */
  timeNanos: nanosSchema.optional(),
  /** When the sender's own pipeline saw it. */
  observedNanos: nanosSchema.optional(),
  /** 1 to 24, as OpenTelemetry numbers severities: trace 1, debug 5, info 9, warn 13, error 17, fatal 21. */
  severityNumber: z.int().min(1).max(24).optional(),
  severityText: z.string().optional(),
  /** From the field of that name, or from the attribute `event.name` of older senders. */
  eventName: z.string().optional(),
  attributes: attributesSchema,
  droppedAttributes: countSchema.optional(),
  resource: resourceSchema,
  scope: scopeSchema,
  payloads: z.array(payloadSchema),
  policy: policyRefSchema,
  /** Redactions by rule. */
  redactions: z.record(z.string(), countSchema).optional(),
  /** Images, typed arrays and other bytes that redaction has left alone, by kind. */
  unscanned: z.record(z.string(), countSchema).optional(),
  cuts: z.array(cutSchema).optional(),
})
export type LogCore = z.infer<typeof logCoreSchema>

/** One line of the tape: canonical JSON of this object. */
export const logRecordSchema = z.strictObject({ core: logCoreSchema, refs: z.array(payloadRefSchema) })
export type LogRecord = z.infer<typeof logRecordSchema>
