import { canonicalJson, digestOf, type PolicyRef, RepriseError } from '../schemas/index.ts'
import type { RedactionPolicy } from './rule.ts'
import { CLOUD_KEY_RULES } from './rules/cloud-keys.ts'
import { CREDENTIAL_RULES, FIELD_RULES } from './rules/credentials.ts'
import { MODEL_KEY_RULES } from './rules/model-keys.ts'
import { PERSONAL_RULES } from './rules/personal.ts'
import { PROVIDER_KEY_RULES } from './rules/provider-keys.ts'
import { SERVICE_KEY_RULES } from './rules/service-keys.ts'
import { SOURCE_KEY_RULES } from './rules/source-keys.ts'

const DEFAULT_POLICY: RedactionPolicy = {
  schema: 'reprise.redaction-policy/1',
  id: 'default',
  version: '2',
  rules: [
    ...PROVIDER_KEY_RULES,
    ...MODEL_KEY_RULES,
    ...CLOUD_KEY_RULES,
    ...SOURCE_KEY_RULES,
    ...SERVICE_KEY_RULES,
    ...CREDENTIAL_RULES,
    ...PERSONAL_RULES,
  ],
  fields: FIELD_RULES,
}

export type PolicyId = 'default'
const POLICIES = { default: DEFAULT_POLICY } as const satisfies Readonly<Record<PolicyId, unknown>>

/** Names that a token `<name:…>` can carry, in the policy's order. */
export const RULE_NAMES: readonly string[] = [
  ...new Set([
    ...DEFAULT_POLICY.rules.flatMap((rule) => rule.gives ?? [rule.name]),
    ...DEFAULT_POLICY.fields.map((field) => field.rule),
    'encoded-secret',
    'field',
  ]),
]

/** The policy as data. Throws `RepriseError('policy_unknown')`. */
export function policyDataOf(id: PolicyId): RedactionPolicy {
  const policy = Object.hasOwn(POLICIES, id) ? POLICIES[id] : undefined
  if (policy === undefined) {
    throw new RepriseError(
      'policy_unknown',
      `no redaction policy ${JSON.stringify(id)}: expected one of ${Object.keys(POLICIES).join(', ')}`,
    )
  }
  return policy
}

const refs = new Map<PolicyId, PolicyRef>()

/** Id, version and digest (of the canonical JSON of the policy's data) as every record carries them. */
export function policyRefOf(id: PolicyId): PolicyRef {
  const known = refs.get(id)
  if (known !== undefined) return known
  const data = policyDataOf(id)
  const ref: PolicyRef = { id: data.id, version: data.version, digest: digestOf(canonicalJson(data)) }
  refs.set(id, ref)
  return ref
}
