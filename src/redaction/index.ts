/**
 * Redaction: a policy compiled to a scanner. Pure: the same text, policy and key give the same result.
 * A redactor that throws has not cleaned the value; its caller withholds the content.
 */

export {
  createExplainer,
  type ExplainedFinding,
  type ExplainedLetGo,
  type ExplainedToken,
  type Explainer,
  type ExplainerOptions,
  type Explanation,
} from './explain/explain.ts'
export type { PluggedDetector, PluggedFinding } from './plugged.ts'
export { type ChosenPolicyOptions, createRedactorFor, createRedactorOf, policyTextOf } from './policies/chosen.ts'
export {
  type Action,
  type DetectorConfig,
  hasSurrogates,
  type Mode,
  type PolicyConfig,
  type PolicyRuleConfig,
  PRESETS,
} from './policies/config.ts'
export { createPolicyRedactor, type PolicyRedactorOptions } from './policies/redactor.ts'
export { normalizeSurrogates } from './policies/surrogate-marks.ts'
export { type PolicyId, type PolicyVersion, policyRefOf, RULE_NAMES } from './policy.ts'
export {
  type ContentLimits,
  checkText,
  createRedactor,
  type Finding,
  type Redacted,
  type Redactor,
  type RedactorOptions,
} from './redactor.ts'
export { normalizeTokens } from './tokens.ts'
export { unscannedInText } from './unscanned.ts'
