import { canonicalJson, digestOf, type PolicyRef } from '../../schemas/index.ts'

/** What becomes of something found. `hash` is the pseudonym without a key: the same in every store, and open to guessing. */
export const ACTIONS = ['token', 'mask', 'drop', 'surrogate', 'hash', 'keep'] as const
export type Action = (typeof ACTIONS)[number]

/** `content`: all of it, redacted. `allowlist`: of payloads, only what a `keep` rule names. `metadata-only`: no payloads at all. */
export const MODES = ['content', 'metadata-only', 'allowlist'] as const
export type Mode = (typeof MODES)[number]

/** One rule of a policy that users write. The first that fits decides. Without `path` and `attribute` it is about findings anywhere. */
export interface PolicyRuleConfig {
  /** Names of detectors (the first part of a token), `*` at the end for all that begin so. Absent: whatever stands at the place. */
  readonly detector?: string | readonly string[]
  /** JSON Pointer (RFC 6901) into a payload; `*` stands for one step, `**` for any number. */
  readonly path?: string
  /** Name of the attribute or field that holds the text; `*` at the end for all that begin so. */
  readonly attribute?: string
  /** Kinds of steps to which the rule is confined. */
  readonly kind?: readonly string[]
  readonly namespace?: readonly string[]
  readonly action: Action
  /** Why; `keep` must say it. */
  readonly reason?: string
}

/** A detector of the user's own: a module that is loaded where the policy works. All of this is part of the policy's digest. */
export interface DetectorConfig {
  /** As the module gives them, too. */
  readonly name: string
  readonly version: string
  /** A path or the name of a package, looked for from the working directory. */
  readonly module: string
  /** Names under which its findings go: `person-name`, `street-address` and so on. */
  readonly gives: readonly string[]
  /** For one text, by the clock; what takes longer is stopped, and the content withheld. Default 1000. */
  readonly budgetMillis?: number
  /** UTF-16 units of a text that it still takes; of a longer one the content is withheld. Default 1,000,000. */
  readonly maxChars?: number
}

/** A policy as users write it. `schema` names its form; `id` and `version` are the user's. */
export interface PolicyConfig {
  readonly schema: 'reprise.redaction-policy/2'
  readonly id: string
  readonly version: string
  readonly mode?: Mode
  /** For what no rule names. */
  readonly action?: Action
  readonly rules?: readonly PolicyRuleConfig[]
  readonly detectors?: readonly DetectorConfig[]
}

const preset = (id: string, more: Partial<PolicyConfig>): PolicyConfig => ({
  schema: 'reprise.redaction-policy/2',
  id,
  version: '1',
  ...more,
})

/** Shipped choices. `default` is what the collector does without a policy. */
export const PRESETS: Readonly<Record<'default' | 'strict' | 'metadata-only', PolicyConfig>> = {
  default: preset('default', {}),
  strict: preset('strict', {
    action: 'mask',
    rules: [
      { path: '/**/name', action: 'mask' },
      ...['full_name', 'first_name', 'last_name', 'surname', 'address', 'street', 'city', 'postal_code', 'zip', 'username', 'ip'].map(
        (name): PolicyRuleConfig => ({ path: `/**/${name}`, action: 'mask' }),
      ),
    ],
  }),
  'metadata-only': preset('metadata-only', { mode: 'metadata-only', action: 'mask' }),
}

/** Whether it puts values of the original's shape in the place of some. */
export function hasSurrogates(policy: PolicyConfig): boolean {
  return policy.action === 'surrogate' || (policy.rules ?? []).some(({ action }) => action === 'surrogate')
}

/** Id, version and digest as every record carries them. The detectors' own data is part of what the digest covers. */
export function policyConfigRef(policy: PolicyConfig, detectors: PolicyRef): PolicyRef {
  return { id: policy.id, version: policy.version, digest: digestOf(canonicalJson({ policy, detectors })) }
}
