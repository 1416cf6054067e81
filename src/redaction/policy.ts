import { canonicalJson, digestOf, type PolicyRef, RepriseError } from '../schemas/index.ts'
import { defaultPolicy1 } from './policies/frozen/default-1.ts'
import type { RedactionPolicy } from './rule.ts'
import { changedFields3, changedRules3 } from './rules/changes-3.ts'
import { changedFields4, changedRules4 } from './rules/changes-4.ts'
import { CLOUD_KEY_RULES } from './rules/cloud-keys.ts'
import { CREDENTIAL_RULES, FIELD_RULES } from './rules/credentials.ts'
import { MODEL_KEY_RULES } from './rules/model-keys.ts'
import { PERSONAL_RULES } from './rules/personal.ts'
import { PROVIDER_KEY_RULES } from './rules/provider-keys.ts'
import { SERVICE_KEY_RULES } from './rules/service-keys.ts'
import { SOURCE_KEY_RULES } from './rules/source-keys.ts'

const DEFAULT_2: RedactionPolicy = {
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

/** What changed with version 3 stands in rules/changes-3.ts. */
const DEFAULT_3: RedactionPolicy = {
  ...DEFAULT_2,
  version: '3',
  rules: changedRules3(DEFAULT_2.rules),
  fields: changedFields3(DEFAULT_2.fields),
}

/** What changed with version 4 stands in rules/changes-4.ts. */
const DEFAULT_4: RedactionPolicy = {
  ...DEFAULT_3,
  version: '4',
  rules: changedRules4(DEFAULT_3.rules),
  fields: changedFields4(DEFAULT_3.fields),
}

export type PolicyId = 'default'
/** Every version that any release has had: recordings made under it are matched by it. */
const VERSIONS: Readonly<Record<PolicyVersion, () => RedactionPolicy>> = {
  '1': defaultPolicy1,
  '2': () => DEFAULT_2,
  '3': () => DEFAULT_3,
  '4': () => DEFAULT_4,
}
export type PolicyVersion = '1' | '2' | '3' | '4'
export const LATEST_VERSION: PolicyVersion = '4'

export const isPolicyVersion = (version: string): version is PolicyVersion => Object.hasOwn(VERSIONS, version)

/** Names under which detectors of somebody's own may give what they find. */
export const PLUGGED_NAMES = ['person-name', 'street-address', 'place-name', 'organization-name', 'user-name', 'personal'] as const

/** Names that a token `<name:…>` can carry, in the policy's order. */
export const RULE_NAMES: readonly string[] = [
  ...new Set([
    ...DEFAULT_4.rules.flatMap((rule) => rule.gives ?? [rule.name]),
    ...DEFAULT_4.fields.map((field) => field.rule),
    'encoded-secret',
    'field',
    ...PLUGGED_NAMES,
  ]),
]

/** The policy as data. Throws `RepriseError('policy_unknown')`. */
export function policyDataOf(id: PolicyId, version: PolicyVersion = LATEST_VERSION): RedactionPolicy {
  if (id !== 'default') throw new RepriseError('policy_unknown', `no redaction policy ${JSON.stringify(id)}: expected default`)
  if (!isPolicyVersion(version)) {
    const known = Object.keys(VERSIONS).join(', ')
    throw new RepriseError(
      'policy_unknown',
      `no version ${JSON.stringify(version)} of the redaction policy ${id}: expected one of ${known}`,
    )
  }
  return VERSIONS[version]()
}

const refs = new Map<PolicyVersion, PolicyRef>()

/** Id, version and digest (of the canonical JSON of the policy's data) as every record carries them. */
export function policyRefOf(id: PolicyId, version: PolicyVersion = LATEST_VERSION): PolicyRef {
  const data = policyDataOf(id, version)
  const known = refs.get(version)
  if (known !== undefined) return known
  const ref: PolicyRef = { id: data.id, version: data.version, digest: digestOf(canonicalJson(data)) }
  refs.set(version, ref)
  return ref
}
