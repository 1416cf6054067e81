import type { FieldRuleData, RuleData } from '../rule.ts'
import { KEY_NAMES, PASSWORD_NAMES } from './assignments.ts'
import { CODE_RULES, MORE_NEAR } from './codes.ts'

/** Tokens that end with a checksum, see detectors/token-checksums.ts. */
const SUMMED: ReadonlySet<string> = new Set(['github-token', 'npm-token'])

/** Of JSON Web Keys (RFC 7517), inside of other text; JSON by itself is read member by member. */
const JWK_RULE: RuleData = { name: 'private-key', anchors: ['kty["\'\\\\]'], detector: 'jwk' }

const QUOTED = '(?<quote>["\'`])(?<secret>(?:(?!\\k<quote>)[^\\r\\n]){6,512})\\k<quote>'
const NAMES = [
  ...PASSWORD_NAMES,
  'secret',
  'token',
  'credential',
  ...KEY_NAMES.flatMap((name) => [`${name}key`, `${name}_key`, `${name}-key`]),
]
const NAME = `(?:${PASSWORD_NAMES.join('|')}|secret|token|credential|(?:${KEY_NAMES.join('|')})[-_]?key)`
const SAID = '\\s{0,2}(?:[:=]|is|was|lautet|ist|war|est|es|era|é|è|är|er|jest|to)\\s{0,2}["\'`*]{0,3}'
const SPOKEN = '(?<secret>[^\\s"\'`<>(){}]{5,128}[^\\s"\'`<>(){}.,;:!?*])'

/** More of what stands around a credential in code, configuration and sentences. */
const CREDENTIAL_RULES_3: readonly RuleData[] = [
  {
    // `auth=('ana', '…')`, `HTTPBasicAuth("ana", "…")`, `.auth('ana', '…')`
    name: 'password',
    anchors: ['auth=(', 'auth = (', 'basicauth(', '.auth("', ".auth('"],
    fold: true,
    flags: 'i',
    pattern: `(?:auth\\s?=\\s?\\(|basicauth\\(|\\.auth\\()\\s{0,3}["'][^"'\\n]{1,128}["']\\s{0,2},\\s{0,3}${QUOTED}\\s{0,2}[,)]`,
    check: 'not-placeholder',
    tail: '(?!)',
  },
  {
    // A fallback behind a name: `process.env.API_KEY ?? '…'`.
    name: 'credential',
    anchors: NAMES.flatMap((name) => [`${name} ??`, `${name} ||`, `${name}['"]] ??`, `${name}['"]] ||`, `${name}??`, `${name}||`]),
    fold: true,
    flags: 'i',
    pattern: `${NAME}["'\\])]{0,3}\\s?(?:\\?\\?|\\|\\|)=?\\s{0,2}${QUOTED}`,
    check: 'quoted-credential',
    tail: '(?!)',
  },
  {
    // `<add key="ApiSecret" value="…" />`
    name: 'credential',
    anchors: NAMES.map((name) => `${name}["'] value=["']`),
    fold: true,
    flags: 'i',
    pattern: `${NAME}["']\\svalue=${QUOTED}`,
    check: 'quoted-mixed',
    tail: '(?!)',
  },
  {
    // `ENV SECRET_KEY_BASE …`, `setenv API_TOKEN …`
    name: 'credential',
    anchors: ['ENV [A-Z]', 'ARG [A-Z]', 'setenv [A-Za-z]', 'SetEnv [A-Za-z]'],
    after: 'word-boundary',
    pattern:
      '[A-Za-z]{3,6}\\s[A-Za-z0-9_]{0,64}(?:PASSWORD|SECRET|TOKEN|CREDENTIALS?|(?:API|ACCESS|PRIVATE|AUTH|SIGNING|ENCRYPTION|MASTER|SECRET)_?KEY)(?:_BASE)?\\s{1,3}(?<secret>[^\\s"\'`$<>{}]{8,512})',
    check: 'assigned-credential',
  },
  {
    name: 'credential',
    anchors: ['_base=', '_base: ', '_base="', "_base='", '_base = '],
    fold: true,
    flags: 'i',
    back: { chars: '[A-Za-z_]', max: 24 },
    pattern: '[a-z_]{0,18}(?:secret|signing|encryption)_key_base["\']?\\s?[:=]\\s?["\']?(?<secret>[A-Za-z0-9+/=_-]{16,512})',
    check: 'mixed-run',
  },
  { name: 'credential', anchors: ['[?&]appid='], fold: true, flags: 'i', pattern: '[?&]appid=(?<secret>[0-9a-f]{32})(?![0-9a-z])' },
  {
    name: 'password',
    anchors: [
      'passwort ',
      'kennwort ',
      'passwort:',
      'kennwort:',
      'mot de passe',
      'contrase[\xff]',
      'contrasena ',
      'contrasena:',
      'palabra clave',
      'senha ',
      'senha:',
      'wachtwoord ',
      'wachtwoord:',
      'adgangskode',
      'l[\xff]senord',
      'has[\xff]o:',
      'has[\xff]o to ',
      'password [\xff] ',
      'password e ',
    ],
    fold: true,
    flags: 'i',
    pattern: `(?:passwort|kennwort|mot de passe|contrase(?:ñ|n)a|palabra clave|senha|wachtwoord|adgangskode|lösenord(?:et)?|hasło|password)(?: [^\\s:=]{1,12}){0,2}?${SAID}${SPOKEN}`,
    check: 'spoken-password',
  },
  {
    // Names of a password in scripts that no anchor can spell, before a colon.
    name: 'password',
    anchors: ['[\xff]: [!-~]', '[\xff]:[!-~]'],
    pattern: `[^\\x00-\\x7f](?<=пароль|密码|密碼|口令|パスワード|비밀번호|סיסמה|كلمة المرور|κωδικός):\\s?["'\`*]{0,3}${SPOKEN}`,
    check: 'spoken-password',
  },
]

const PERSONAL_RULES_3: readonly RuleData[] = [
  { name: 'geo-coordinates', anchors: ['[0-9]\xff[ NSEW]', '[0-9] \xff[ NSEW]'], detector: 'decimal-degrees' },
  {
    name: 'phone',
    anchors: ['[6-9][0-9][0-9][0-9][0-9][ -][0-9][0-9][0-9][0-9][0-9]'],
    after: 'number-boundary',
    detector: 'national-phone',
  },
]

/** Of JSON members: what announces a birth date or a place in text does so as a name, too. */
export const changedFields3 = (fields: readonly FieldRuleData[]): FieldRuleData[] => [
  ...fields,
  {
    rule: 'birth-date',
    names: [
      'dob',
      'birth day',
      'geburtstag',
      'geburtsdatum',
      'geboortedatum',
      'fecha nacimiento',
      'fecha de nacimiento',
      'data nascimento',
      'date naissance',
      'date de naissance',
    ],
    suffixes: ['birth date', 'date of birth', 'birthday'],
    value: 'date',
  },
  { rule: 'geo-coordinates', names: ['lat', 'lng', 'lon'], suffixes: ['latitude', 'longitude'], value: 'coordinate', numbers: true },
]

/**
 * Version 3 of the default policy, told as what it changes in version 2: the data of a version that recordings name never changes,
 * and most of it is the same in the next.
 */
export function changedRules3(rules: readonly RuleData[]): RuleData[] {
  return [
    ...rules.map((rule) => withMoreWords(isSummed(rule) ? { ...rule, check: 'summed-token' } : rule)),
    JWK_RULE,
    ...CODE_RULES,
    ...CREDENTIAL_RULES_3,
    ...PERSONAL_RULES_3,
  ]
}

function withMoreWords(rule: RuleData): RuleData {
  const more = MORE_NEAR[rule.name]
  return more === undefined || rule.near === undefined ? rule : { ...rule, near: [...rule.near, ...more] }
}

const isSummed = ({ name, anchors, check }: RuleData): boolean =>
  SUMMED.has(name) && check === undefined && anchors.some((anchor) => /^(?:gh[pousr]|npm)_$/.test(anchor))
