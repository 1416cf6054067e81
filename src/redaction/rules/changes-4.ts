import type { FieldRuleData, RuleData } from '../rule.ts'
import { OPERATOR, SUFFIX, TOKEN, TOKEN_VALUE } from './assignments.ts'
import { FORM_RULES_4 } from './forms-4.ts'
import { HANDED_RULES_4 } from './handed-4.ts'
import { ISSUED_RULES_4 } from './issued-4.ts'
import { MARKED_RULES_4 } from './marked-4.ts'
import { NAMED_RULES_4, OPERATOR_4, SUFFIX_4 } from './named-4.ts'
import { NATIONAL_RULES_4 } from './national-4.ts'
import { MORE_NEAR_4, PERSONAL_RULES_4 } from './personal-4.ts'
import { SPOKEN_RULES_4 } from './spoken-4.ts'

/** Anchors of assignments end so; version 4 has more of each: other signs, types, and blanks that put lines beneath each other. */
const MORE_ENDS: readonly (readonly [end: string, more: readonly string[]])[] = [
  [' [:=?|s]', ['[*\xff|]', ' [.+<{-]', ' [ \t]', '\t[ \t]']],
  [' [:=]', [' s', ' [ \t]', '\t[ \t:=]']],
]

/** None of those that mark a place in a list or a text: whole words, so that `statuspage token` is one. */
const TOKEN_4 =
  '(?<!(?:^|[^a-z]|next|prev|start|last|first|with)[-_]?(?:page|next|sync|cursor|continuation|pad|bos|eos|stop|special|image|mask|sep|unk)[-_. ]?)token'

const PIECE_BEFORE = '[0-9][-/,:]'
const AUTH_TAIL = '[A-Za-z0-9._~+/=:|$!*^-]'
/** Signs of equality stand inside of some, too. */
const TOKEN_VALUE_4 = '[A-Za-z0-9._~+/|:%@!=-]{8,4096}'

/** Version 4 of the default policy, told as what it changes in version 3. */
export function changedRules4(rules: readonly RuleData[]): RuleData[] {
  return [
    ...rules.map(changed),
    ...MARKED_RULES_4,
    ...ISSUED_RULES_4,
    ...NAMED_RULES_4,
    ...HANDED_RULES_4,
    ...FORM_RULES_4,
    ...SPOKEN_RULES_4,
    ...PERSONAL_RULES_4,
    ...NATIONAL_RULES_4,
  ]
}

function changed(rule: RuleData): RuleData {
  const more = MORE_NEAR_4[rule.name]
  const near = more === undefined || rule.near === undefined ? undefined : { near: [...rule.near, ...more] }
  // Signs that are in no token as RFC 6750 has it, but in those of some issuers (`access_token$production$…`): nothing of them stays.
  if (rule.name === 'auth-header' && rule.check === undefined) return { ...rule, check: 'auth-value', tail: AUTH_TAIL }
  // `s.ReadUint16LengthPrefixed` is a call.
  if (rule.check === 'id:uk-nino') return { ...rule, check: 'id:uk-nino-4' }
  // A comma before it parts columns: `94,234 221 364,Gent`.
  if (rule.check?.startsWith('id:') === true && rule.pattern?.includes(PIECE_BEFORE) === true)
    return { ...rule, ...near, check: `number:${rule.check.slice(3)}`, pattern: rule.pattern.replace(PIECE_BEFORE, '[0-9][-/:]') }
  if (rule.name === 'vault-token' && rule.check === 'upper-lower-digit') return { ...rule, check: 'no-name' }
  if (rule.pattern?.includes(OPERATOR) !== true) return near === undefined ? rule : { ...rule, ...near }
  const wide = rule.anchors.flatMap((anchor) => {
    const [end, more] = MORE_ENDS.find(([known]) => anchor.endsWith(known)) ?? ['', []]
    return more.map((other) => anchor.slice(0, -end.length) + other)
  })
  const pattern = rule.pattern
    .replaceAll(OPERATOR, OPERATOR_4)
    .replaceAll(SUFFIX, SUFFIX_4)
    .replace(TOKEN, () => TOKEN_4)
    .replace(TOKEN_VALUE, TOKEN_VALUE_4)
  return { ...rule, ...near, anchors: [...rule.anchors, ...wide], pattern }
}

export const changedFields4 = (fields: readonly FieldRuleData[]): FieldRuleData[] => [
  ...fields,
  {
    rule: 'password',
    names: [
      'pass',
      'db pass',
      'mail pass',
      'smtp pass',
      'ftp pass',
      'ssh pass',
      'user pass',
      'admin pass',
      'root pass',
      'become pass',
      'sudo pass',
      'mot de passe',
      'contrasena',
      'contraseña',
      'wachtwoord',
      'senha',
    ],
    suffixes: ['db pass', 'database pass', 'mysql pass', 'redis pass', 'postgres pass'],
    value: 'mixed',
  },
  {
    rule: 'access-code',
    names: ['otp', 'pin code', 'totp', 'mfa code', 'verification code', 'cvv', 'cvc', 'cvv2', 'card cvc', 'card cvv'],
    value: 'code',
    numbers: true,
  },
  { rule: 'basic-credentials', names: ['auth'], value: 'pair' },
  { rule: 'jenkins-crumb', names: ['crumb'], value: 'token' },
  { rule: 'password', names: ['secret answer', 'security answer', 'ses smtp password v4'], value: 'any' },
  {
    rule: 'credential',
    names: ['bearer', 'api key value', 'pat', 'personal access', 'macaroon', 'jwt', 'sas', 'signature key'],
    value: 'token',
  },
  { rule: 'credential', suffixes: ['secret key base'], value: 'token' },
  { rule: 'credential', capitals: ['KEY', 'PAT', 'CERT', 'SALT', 'PRIVATE', 'AUTH', 'SECRET', 'TOKEN', 'DSN'], value: 'token' },
  { rule: 'password', capitals: ['PASS', 'PW', 'PWD', 'PASSPHRASE'], value: 'mixed' },
  { rule: 'geo-coordinates', names: ['coordinates'], value: 'coordinate', numbers: true },
]
