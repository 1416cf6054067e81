export { ATTR, ATTRIBUTE_INLINE_MAX_BYTES, GENAI, MEDIA_TYPE } from './attributes.ts'
export { CANONICAL_JSON_MAX_DEPTH, canonicalJson, jsonPointer } from './canonical-json.ts'
export { chooseSha256Hex, commitmentOf, type Digest, digestOf, isDigest, sha256Hex } from './digest.ts'
export { ERROR_CODES, type ErrorCode, RepriseError, type RepriseErrorOptions } from './errors.ts'
export { randomId16, randomId32, randomSaltHex } from './ids.ts'
export type { OptionKind } from './option-kinds.ts'
export { OPTION_KEYS, type OptionKey, OPTIONS, type OptionRow, type OptionValues } from './option-table.ts'
export { flagOf, type OptionOrigin, type OptionSources, type ResolvedOptions, resolveOptions, resourceAttributesFromEnv } from './options.ts'
export {
  type ArtifactRef,
  artifactRefSchema,
  type Attributes,
  attributesSchema,
  type AttributeValue,
  attributeValueSchema,
  type Cut,
  cutSchema,
  digestSchema,
  type Divergence,
  DIVERGENCE_REASONS,
  divergenceSchema,
  type FieldDifference,
  fieldDifferenceSchema,
  type GapCore,
  gapCoreSchema,
  type GapRecord,
  gapRecordSchema,
  jsonSchemaOf,
  type Payload,
  type PayloadRef,
  payloadRefSchema,
  payloadSchema,
  type PolicyRef,
  policyRefSchema,
  type RecordedStep,
  recordedStepSchema,
  type RecordingManifest,
  recordingSchema,
  RUN_STATUSES,
  type RunStatus,
  type RunSummary,
  runSummarySchema,
  type SchemaRow,
  SCHEMAS,
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
  type Verdict,
  type VerdictStep,
  verdictSchema,
  verdictStepSchema,
} from './records/index.ts'
export {
  type Effect,
  EFFECTS,
  FIDELITIES,
  type Fidelity,
  type Label,
  LABELS,
  OPERATION_OF_KIND,
  RESULT_SHAPES,
  type ResultShape,
  SERVED_KINDS,
  STEP_KINDS,
  type StepKind,
  STREAM_ENDS,
  type StreamEnd,
} from './step-kinds.ts'
export { errorToValue, valueToError } from './error-value.ts'
export { canonicalValue, decodeValue, type EncodedValue, encodeValue, type JsonTree, jsonTreeOf, needsMsgpack } from './value-codec.ts'
export { VALUE_MAX_DEPTH } from './value-tags.ts'
export { type ErrorFields, ErrorValue, Opaque, Truncated } from './value-types.ts'
