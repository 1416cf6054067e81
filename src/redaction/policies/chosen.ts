import { canonicalJson, digestOf, type PolicyRef, RepriseError } from '../../schemas/index.ts'
import type { PluggedDetector } from '../plugged.ts'
import { isPolicyVersion, type PolicyVersion, policyRefOf } from '../policy.ts'
import { createRedactor, type Redactor } from '../redactor.ts'
import { type PolicyConfig, PRESETS } from './config.ts'
import { createPolicyRedactor, policyText } from './redactor.ts'

export interface ChosenPolicyOptions {
  /** As `parsePolicy` gives it, or one of `PRESETS`. Absent, or the preset `default`: the default policy of this release. */
  readonly policy?: PolicyConfig | undefined
  readonly key: Uint8Array
  /** Where it works, for rules that are confined to some namespaces. */
  readonly namespace?: string
  /** Detectors that the policy names, loaded: see `loadDetectors`. */
  readonly plugged?: readonly PluggedDetector[] | undefined
}

const isDefault = (policy: PolicyConfig | undefined): policy is undefined =>
  policy === undefined || canonicalJson(policy) === canonicalJson(PRESETS.default)

/** The redactor of whoever may have chosen a policy: collector, SDK, command line. */
export function createRedactorFor({ policy, key, namespace, plugged }: ChosenPolicyOptions): Redactor {
  if (isDefault(policy)) return createRedactor({ key })
  return createPolicyRedactor({ policy, key, plugged, ...(namespace !== undefined && { namespace }) })
}

/** What has to be kept beside records that were redacted under this policy; undefined where releases have it. */
export function policyTextOf(policy: PolicyConfig | undefined): string | undefined {
  return isDefault(policy) ? undefined : policyText(policy)
}

export interface RecordedPolicyOptions {
  /** What the records say. */
  readonly ref: PolicyRef
  /** What `ref.digest` covers, where it is a policy of somebody's own: parsed already. */
  readonly data?: { readonly policy: PolicyConfig; readonly detectors: PolicyRef } | undefined
  readonly key: Uint8Array
  readonly namespace?: string
  readonly plugged?: readonly PluggedDetector[] | undefined
}

/**
 * The redactor of a policy under which something was recorded, at whatever time and place.
 *
 * @throws RepriseError `policy_unknown` that says what is missing
 */
export function createRedactorOf({ ref, data, key, namespace, plugged }: RecordedPolicyOptions): Redactor {
  if (data === undefined) return createRedactor({ key, policyVersion: versionOf(ref) })
  const { policy, detectors } = data
  if (policy.id !== ref.id || policy.version !== ref.version || digestOf(canonicalJson({ policy, detectors })) !== ref.digest)
    throw unknown(ref, 'the policy that stands beside the records is another one')
  return createPolicyRedactor({ policy, key, plugged, detectors: versionOf(detectors), ...(namespace !== undefined && { namespace }) })
}

function versionOf(ref: PolicyRef): PolicyVersion {
  if (ref.id !== 'default') throw unknown(ref, 'it is a policy of somebody’s own, and its data is not there')
  if (!isPolicyVersion(ref.version)) throw unknown(ref, 'this release does not have that version')
  const ours = policyRefOf('default', ref.version)
  if (ours.digest !== ref.digest) throw unknown(ref, `in this release that version is ${ours.digest}`)
  return ref.version
}

const unknown = ({ id, version, digest }: PolicyRef, why: string): RepriseError =>
  new RepriseError('policy_unknown', `redaction policy ${id}/${version} (${digest}): ${why}`)
