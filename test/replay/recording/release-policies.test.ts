import { expect, it } from 'vitest'
import { type PolicyVersion, policyRefOf } from '../../../src/redaction/index.ts'
import { LATEST_VERSION } from '../../../src/redaction/policy.ts'
import { isReleasePolicy, RELEASE_POLICIES } from '../../../src/replay/recording/release-policies.ts'

it('knows the digest of each version of the default policy, and no other', () => {
  const versions = Object.keys(RELEASE_POLICIES) as PolicyVersion[]
  expect(versions).toContain(LATEST_VERSION)
  for (const version of versions) {
    const ref = policyRefOf('default', version)
    expect(ref.digest, `version ${version}: write this digest into release-policies.ts`).toBe(RELEASE_POLICIES[version])
    expect(isReleasePolicy(ref)).toBe(true)
    expect(isReleasePolicy({ ...ref, digest: `sha256:${'0'.repeat(64)}` })).toBe(false)
    expect(isReleasePolicy({ ...ref, id: 'own' })).toBe(false)
  }
  expect(isReleasePolicy({ id: 'default', version: 'constructor', digest: `sha256:${'0'.repeat(64)}` })).toBe(false)
})
