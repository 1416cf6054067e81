import { z } from 'zod'
import { SPAN_KINDS, STATUS_CODES } from '../record-values.ts'
import { EFFECTS, FIDELITIES, RESULT_SHAPES, STEP_KINDS, STREAM_ENDS } from '../step-kinds.ts'
import { payloadRefSchema, payloadSchema } from './artifact.ts'
import { attributesSchema, countSchema, cutSchema, hex16Schema, hex32Schema, nanosSchema, policyRefSchema } from './common.ts'

export const spanEventSchema = z.strictObject({
  name: z.string(),
  timeNanos: nanosSchema,
  attributes: attributesSchema,
  droppedAttributes: countSchema.optional(),
})
export type SpanEvent = z.infer<typeof spanEventSchema>

export const spanLinkSchema = z.strictObject({
  traceId: hex32Schema,
  spanId: hex16Schema,
  traceState: z.string().optional(),
  attributes: attributesSchema,
  droppedAttributes: countSchema.optional(),
  flags: countSchema.optional(),
})
export type SpanLink = z.infer<typeof spanLinkSchema>

export const resourceSchema = z.strictObject({
  attributes: attributesSchema,
  droppedAttributes: countSchema.optional(),
  schemaUrl: z.string().optional(),
})
export const scopeSchema = z.strictObject({
  name: z.string(),
  version: z.string().optional(),
  attributes: attributesSchema.optional(),
  droppedAttributes: countSchema.optional(),
  schemaUrl: z.string().optional(),
})

/** The hashed part of a span record: no payload text, no digest of one. Absent optional fields are left out. */
export const spanCoreSchema = z.strictObject({
  schema: z.literal('reprise.span/1'),
  namespace: z.string().min(1),
  runId: hex32Schema,
  traceId: hex32Schema,
  spanId: hex16Schema,
  parentSpanId: hex16Schema.optional(),
  traceState: z.string().optional(),
  flags: countSchema.optional(),
  /** The span's own name, as OpenTelemetry shows it. */
  name: z.string(),
  kind: z.enum(STEP_KINDS),
  /** GenAI operation name, or our own where there is none. */
  operation: z.string(),
  /** The name that the user gave the step; part of its lineage. The span name for foreign spans. */
  stepName: z.string(),
  spanKind: z.enum(SPAN_KINDS),
  startNanos: nanosSchema,
  /** Absent while pending. */
  endNanos: nanosSchema.optional(),
  status: z.strictObject({ code: z.enum(STATUS_CODES), message: z.string().optional() }),
  attributes: attributesSchema,
  droppedAttributes: countSchema.optional(),
  events: z.array(spanEventSchema),
  droppedEvents: countSchema.optional(),
  links: z.array(spanLinkSchema),
  droppedLinks: countSchema.optional(),
  resource: resourceSchema,
  scope: scopeSchema,
  fidelity: z.enum(FIDELITIES),
  /** True for the announcement of a step that has not ended. */
  pending: z.literal(true).optional(),
  /** Call order within the run, from 0. */
  sequence: countSchema.optional(),
  effect: z.enum(EFFECTS).optional(),
  shape: z.enum(RESULT_SHAPES).optional(),
  streamEnd: z.enum(STREAM_ENDS).optional(),
  /**
   * Order, among all deliveries of the run, in which this step's result or chunks reached the program:
   * start, count, start, count, … over consecutive numbers.
   */
  deliveries: z.array(countSchema).optional(),
  /** The run's seed, on its root. */
  seed: z.string().optional(),
  payloads: z.array(payloadSchema),
  policy: policyRefSchema,
  /** Redactions by rule. */
  redactions: z.record(z.string(), countSchema).optional(),
  /** Images, typed arrays and other bytes that redaction has left alone, by kind. */
  unscanned: z.record(z.string(), countSchema).optional(),
  cuts: z.array(cutSchema).optional(),
})
export type SpanCore = z.infer<typeof spanCoreSchema>

/** One line of the tape: canonical JSON of this object. */
export const spanRecordSchema = z.strictObject({ core: spanCoreSchema, refs: z.array(payloadRefSchema) })
export type SpanRecord = z.infer<typeof spanRecordSchema>
