// The validators, which load zod: a door of the room beside its index.ts, for those who check what they read.
export { API_SCHEMAS, type LiveEvent } from './api.ts'
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
export { type LogCore, type LogRecord, logCoreSchema, logRecordSchema } from './log.ts'
export { type QuickCheck, quickCheckOf } from './quick-check.ts'
export { type RecordedStep, type RecordingManifest, recordedStepSchema, recordingSchema } from './recording.ts'
export { type RunSummary, runSummarySchema } from './run-summary.ts'
export { jsonSchemaOf, SCHEMAS, type SchemaRow } from './schema-table.ts'
export {
  type SpanCore,
  type SpanEvent,
  type SpanLink,
  type SpanRecord,
  spanCoreSchema,
  spanRecordSchema,
} from './span.ts'
export {
  type Divergence,
  divergenceSchema,
  type FieldDifference,
  fieldDifferenceSchema,
  type Verdict,
  type VerdictStep,
  verdictSchema,
  verdictStepSchema,
} from './verdict.ts'
