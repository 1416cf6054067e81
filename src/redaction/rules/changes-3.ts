import type { RuleData } from '../rule.ts'

/** Tokens that end with a checksum, see detectors/token-checksums.ts. */
const SUMMED: ReadonlySet<string> = new Set(['github-token', 'npm-token'])

/** Of JSON Web Keys (RFC 7517), inside of other text; JSON by itself is read member by member. */
const JWK_RULE: RuleData = { name: 'private-key', anchors: ['kty["\'\\\\]'], detector: 'jwk' }

/**
 * Version 3 of the default policy, told as what it changes in version 2: the data of a version that recordings name never changes,
 * and most of it is the same in the next.
 */
export function changedRules3(rules: readonly RuleData[]): RuleData[] {
  return [...rules.map((rule) => (isSummed(rule) ? { ...rule, check: 'summed-token' } : rule)), JWK_RULE]
}

const isSummed = ({ name, anchors, check }: RuleData): boolean =>
  SUMMED.has(name) && check === undefined && anchors.some((anchor) => /^(?:gh[pousr]|npm)_$/.test(anchor))
