export { ATTR, ATTRIBUTE_INLINE_MAX_BYTES, GENAI, MEDIA_TYPE, MEDIA_TYPE_FORM } from './attributes.ts'
export { CANONICAL_JSON_MAX_DEPTH, canonicalJson, jsonPointer } from './canonical-json.ts'
export { chooseSha256Hex, commitmentOf, type Digest, digestOf, isDigest, sha256Hex } from './digest.ts'
export {
  decodeEffects,
  EFFECT_MAX_BYTES,
  EFFECT_SOURCES,
  EFFECTS_MAX_BYTES,
  EFFECTS_MAX_LATE,
  EFFECTS_MAX_READS,
  type EffectHead,
  type EffectLog,
  type EffectSource,
  type EffectStreams,
  encodeEffects,
  NO_EFFECTS,
  type RecordedTimer,
  type TimerKind,
} from './effects/effect-log.ts'
export { ERROR_CODES, type ErrorCode, RepriseError, type RepriseErrorOptions } from './errors.ts'
export { randomId16, randomId32, randomSaltHex } from './ids.ts'
export type { OptionKind } from './options/option-kinds.ts'
export { OPTION_KEYS, OPTIONS, type OptionKey, type OptionRow, type OptionValues } from './options/option-table.ts'
export {
  flagOf,
  type OptionOrigin,
  type OptionSources,
  type ResolvedOptions,
  resolveOptions,
  resourceAttributesFromEnv,
} from './options/options.ts'
export { parseJson, type ReadNumber } from './parse-json.ts'
export {
  DIVERGENCE_REASONS,
  RUN_STATUSES,
  type RunStatus,
  SPAN_KINDS,
  type SpanKind,
  STATUS_CODES,
  type StatusCode,
} from './record-values.ts'
// Types alone: the validators would load zod into every program that is recorded.
export type {
  ArtifactRef,
  Attributes,
  AttributeValue,
  Cut,
  Divergence,
  FieldDifference,
  GapCore,
  GapRecord,
  LiveEvent,
  LogCore,
  LogRecord,
  Payload,
  PayloadRef,
  PolicyRef,
  RecordedStep,
  RecordingManifest,
  RunSummary,
  SpanCore,
  SpanEvent,
  SpanLink,
  SpanRecord,
  Verdict,
  VerdictStep,
} from './records/index.ts'
export {
  EFFECTS,
  type Effect,
  FIDELITIES,
  type Fidelity,
  LABELS,
  type Label,
  OPERATION_OF_KIND,
  RESULT_SHAPES,
  type ResultShape,
  SERVED_KINDS,
  STEP_KINDS,
  STREAM_ENDS,
  type StepKind,
  type StreamEnd,
} from './step-kinds.ts'
export { STORE_PLACES } from './store-places.ts'
export { parseTime, TIME_ACCEPTS, TIME_PATTERN } from './time-text.ts'
export { canonicalTextOf } from './values/canonical-text.ts'
export { errorToValue, valueToError } from './values/error-value.ts'
export {
  canonicalValue,
  decodeValue,
  type EncodedValue,
  encodeValue,
  type JsonTree,
  jsonTreeOf,
  msgpackTreeOf,
  needsMsgpack,
} from './values/value-codec.ts'
export { VALUE_MAX_DEPTH } from './values/value-tags.ts'
export { type ErrorFields, ErrorValue, Opaque, Truncated } from './values/value-types.ts'
