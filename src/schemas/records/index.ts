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
export { type ArtifactRef, artifactRefSchema, type Payload, type PayloadRef, payloadRefSchema, payloadSchema } from './artifact.ts'
export {
  SPAN_KINDS,
  type SpanCore,
  spanCoreSchema,
  type SpanEvent,
  type SpanKind,
  type SpanLink,
  type SpanRecord,
  spanRecordSchema,
  STATUS_CODES,
  type StatusCode,
} from './span.ts'
export { type GapCore, gapCoreSchema, type GapRecord, gapRecordSchema } from './gap.ts'
export { RUN_STATUSES, type RunStatus, type RunSummary, runSummarySchema } from './run-summary.ts'
export { type RecordedStep, recordedStepSchema, type RecordingManifest, recordingSchema } from './recording.ts'
export {
  type Divergence,
  DIVERGENCE_REASONS,
  divergenceSchema,
  type FieldDifference,
  fieldDifferenceSchema,
  type Verdict,
  type VerdictStep,
  verdictSchema,
  verdictStepSchema,
} from './verdict.ts'
export { jsonSchemaOf, type SchemaRow, SCHEMAS } from './schema-table.ts'
