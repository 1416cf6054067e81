export { type ArtifactRef, artifactRefSchema, type Payload, type PayloadRef, payloadRefSchema, payloadSchema } from './artifact.ts'
export {
  type Attributes,
  type AttributeValue,
  attributesSchema,
  attributeValueSchema,
  type Cut,
  cutSchema,
  digestSchema,
  type PolicyRef,
  policyRefSchema,
} from './common.ts'
export { type GapCore, type GapRecord, gapCoreSchema, gapRecordSchema } from './gap.ts'
export { type RecordedStep, type RecordingManifest, recordedStepSchema, recordingSchema } from './recording.ts'
export { RUN_STATUSES, type RunStatus, type RunSummary, runSummarySchema } from './run-summary.ts'
export { jsonSchemaOf, SCHEMAS, type SchemaRow } from './schema-table.ts'
export {
  SPAN_KINDS,
  type SpanCore,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanRecord,
  STATUS_CODES,
  type StatusCode,
  spanCoreSchema,
  spanRecordSchema,
} from './span.ts'
export {
  DIVERGENCE_REASONS,
  type Divergence,
  divergenceSchema,
  type FieldDifference,
  fieldDifferenceSchema,
  type Verdict,
  type VerdictStep,
  verdictSchema,
  verdictStepSchema,
} from './verdict.ts'
