import { createRedactorOf, hasSurrogates, type PluggedDetector, type PolicyConfig, type Redactor } from '../../redaction/index.ts'
import { canonicalJson, type Digest, type PolicyRef, parseJson, RepriseError } from '../../schemas/index.ts'
import { loadDetectors, readPolicyFile } from '../../sdk/spool/index.ts'

/** Of the file in a recording that holds a policy of somebody's own. */
export const POLICY_MEDIA_TYPE = 'application/vnd.reprise.redaction-policy+json'
const TEXT_MAX_BYTES = 2 * 1024 * 1024

/**
 * The policy under which a run was redacted, as far as it is known: a version of the default one, which every release has, or one
 * of somebody's own, which the recording holds under the digest that its records name.
 */
export interface RecordedPolicy {
  readonly ref: PolicyRef
  readonly data?: { readonly policy: PolicyConfig; readonly detectors: PolicyRef; readonly parsePolicy: (value: unknown) => PolicyConfig }
  /** Its replacements include values of the original's shape, which are numbered where texts are compared. */
  readonly hasSurrogates: boolean
}

/**
 * @param read the bytes behind the policy's digest; undefined where there are none
 * @throws RepriseError `invalid_recording` where they are there and are no policy
 */
export async function readRecordedPolicy(ref: PolicyRef, read: (digest: Digest) => Uint8Array | undefined): Promise<RecordedPolicy> {
  const bytes = read(ref.digest)
  if (bytes === undefined) return { ref, hasSurrogates: false }
  const refused = (why: string, cause?: unknown): RepriseError =>
    new RepriseError('invalid_recording', `its redaction policy ${ref.id}/${ref.version}: ${why}`, cause === undefined ? {} : { cause })
  if (bytes.byteLength > TEXT_MAX_BYTES) throw refused(`${bytes.byteLength} bytes, at most ${TEXT_MAX_BYTES}`)
  // They load zod, and few have a policy of their own.
  const [{ parsePolicy }, { policyRefSchema }] = await Promise.all([
    import('../../redaction/policies/schema.ts'),
    import('../../schemas/records/index.ts'),
  ])
  try {
    const parsed: unknown = parseJson(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'))
    if (typeof parsed !== 'object' || parsed === null || !('policy' in parsed) || !('detectors' in parsed)) throw refused('it is none')
    const policy = parsePolicy(parsed.policy)
    return { ref, data: { policy, detectors: policyRefSchema.parse(parsed.detectors), parsePolicy }, hasSurrogates: hasSurrogates(policy) }
  } catch (cause) {
    if (RepriseError.isInstance(cause) && cause.code === 'invalid_recording') throw cause
    throw refused(cause instanceof Error ? cause.message : 'it cannot be read', cause)
  }
}

/** Throws RepriseError `recording_version` when this release cannot do what was done then. */
export function redactorOfRecorded({ ref, data }: RecordedPolicy, key: Uint8Array, namespace: string): Redactor {
  try {
    return createRedactorOf({ ref, data, key, namespace, plugged: ownDetectors(data) })
  } catch (cause) {
    const { id, version, digest } = ref
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new RepriseError(
      'recording_version',
      `the recording was redacted under policy ${id}/${version} (${digest}), which this release cannot follow: ` +
        `${why}: replay it with the release that recorded it, or record it again`,
      { cause },
    )
  }
}

/**
 * Detectors of somebody's own that the recording's policy names: only those that the policy of whoever replays names just so. A
 * recording may come from a stranger, and is nothing by which code is loaded.
 */
function ownDetectors(data: RecordedPolicy['data']): readonly PluggedDetector[] {
  const named = process.env['REPRISE_REDACTION_POLICY']
  const recorded = data?.policy
  if (recorded?.detectors === undefined || data === undefined || named === undefined || named === '') return []
  const own = new Set((readPolicyFile(named, process.cwd(), data.parsePolicy).detectors ?? []).map((detector) => canonicalJson(detector)))
  return loadDetectors({ ...recorded, detectors: recorded.detectors.filter((detector) => own.has(canonicalJson(detector))) })
}
