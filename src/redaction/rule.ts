import type { AnchorContext } from './scanner/anchors.ts'

/**
 * One rule of a policy, as plain data: its canonical JSON is part of the policy's digest.
 *
 * The scanner looks for `anchors` in one pass over the text; only where one is found does the rule's own matcher run, on
 * a window whose length is bounded by the rule. A matcher is a `pattern` (bounded quantifiers only, a test checks it) or
 * a named `detector` for what a pattern cannot say.
 */
export interface RuleData {
  readonly name: string
  /**
   * Anchor syntax: literal bytes and `[...]` classes with ranges, `\\` escapes one byte. ASCII only, and no byte that
   * JSON may write with a short escape other than `/` (see json-text.ts).
   */
  readonly anchors: readonly string[]
  /** Anchors match in either case. */
  readonly fold?: true
  /** Where the anchors may begin; anywhere if absent. */
  readonly after?: AnchorContext
  /** Sticky regular expression, run at the start of the anchor. A group named `secret` narrows what is replaced. */
  readonly pattern?: string
  /** Flags of the pattern beside `y` and `d`. */
  readonly flags?: 'i'
  /** The match may begin up to `max` characters of the class `chars` before the anchor. */
  readonly back?: { readonly chars: string; readonly max: number }
  readonly check?: CheckName
  /**
   * Character class over which a match goes on, however far; ASCII letters and digits if absent. So a longer key than was
   * foreseen is replaced whole, and what is left never begins in the middle of a word.
   */
  readonly tail?: string
  readonly detector?: DetectorName
  /** Names under which the detector gives what it finds, where it knows several kinds. */
  readonly gives?: readonly string[]
  /**
   * Words of which one must stand near: in the name of the field, in the 64 characters before or the 24 behind. In lower case;
   * whole words, or their beginnings where they end in `*`.
   */
  readonly near?: readonly string[]
  /** Words of which none may stand in the 32 characters before or, with the match's own beginning, make up its name. */
  readonly unless?: readonly string[]
}

/** A last look at the text that a pattern has matched. */
export type CheckName =
  | 'letter-and-digit'
  | 'upper-lower-digit'
  | 'mixed-run'
  | 'not-placeholder'
  | 'basic-pair'
  | 'jwt'
  | 'quoted-password'
  | 'quoted-mixed'
  | 'quoted-credential'
  | 'assigned-password'
  | 'assigned-mixed'
  | 'assigned-credential'
  | 'assigned-token'
  | 'flag-value'
  | 'spoken-password'
  | 'connection-password'
  | 'summed-token'
  | LaterCheckName
  | PersonalCheckName

/** Since version 4, see detectors/assigned-checks-4.ts. */
export type LaterCheckName =
  | 'auth-run'
  | 'auth-value'
  | 'card-number'
  | 'encoded-pem'
  | 'given-password'
  | 'given-secret'
  | 'grant-code'
  | 'hook-path'
  | 'named-by-blank'
  | 'named-run'
  | 'no-name'
  | 'nz-ird'
  | 'quoted-token'
  | 'random-end'
  | 'random-run'
  | 'said'
  | 'said-mixed'
  | 'stellar-seed'
  | 'xrp-seed'

/** Check digits and plausible dates of identifiers, see detectors/national-ids.ts and its neighbours. */
export type PersonalCheckName = string

export type DetectorName =
  | 'email'
  | 'payment-card'
  | 'private-key'
  | 'url-userinfo'
  | 'number-run'
  | 'iban'
  | 'international-phone'
  | 'north-american-phone'
  | 'national-phone'
  | 'ipv4'
  | 'ipv6'
  | 'mac'
  | 'base58-check'
  | 'bech32'
  | 'ethereum'
  | 'seed-phrase'
  | 'birth-date'
  | 'coordinates'
  | 'degrees'
  | 'decimal-degrees'
  | 'jwk'
  | LaterDetectorName

/** Since version 4. */
export type LaterDetectorName =
  | 'birth-date-4'
  | 'coin-address'
  | 'kubernetes-secret'
  | 'named-column'
  | 'number-run-4'
  | 'passport-name'
  | 'passport-zone'
  | 'said'
  | 'spelled-email'
  | 'stellar-address'
  | 'vendor-value'

/** A field whose name alone says that its value is secret: HTTP headers, JSON keys, attribute names. */
export interface FieldRuleData {
  readonly rule: string
  /**
   * Words in lower case. Compared with the field's name in lower case, both without `-`, `_`, `.` and blanks; so that JSON
   * is looked at where a name occurs, each is an anchor too, its words apart by one of these or by nothing.
   */
  readonly names?: readonly string[]
  readonly suffixes?: readonly string[]
  /** Names in capitals, as variables of an environment have them, that end in `_` and one of these. */
  readonly capitals?: readonly string[]
  /** Names that contain one of these are left alone. */
  readonly unless?: readonly string[]
  /**
   * `any`: each non-empty value; `token`: only a value that looks like a credential, for names that are also used for
   * other things; `no-path`: any but a file path; `mixed`: letters and digits or signs without blanks;
   * `code`: some digits; `pair`: base64 of a name and a password; `date`: a day; `coordinate`: a latitude or longitude to some hundred metres.
   */
  readonly value: 'any' | 'token' | 'no-path' | 'date' | 'coordinate' | 'mixed' | 'code' | 'pair'
  /** JSON numbers under this name are replaced as well, where they are such a value. */
  readonly numbers?: true
}

export interface RedactionPolicy {
  readonly schema: 'reprise.redaction-policy/1'
  readonly id: string
  readonly version: string
  /** In order of precedence among matches of the same stretch. */
  readonly rules: readonly RuleData[]
  readonly fields: readonly FieldRuleData[]
}
