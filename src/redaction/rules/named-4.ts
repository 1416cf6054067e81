import type { RuleData } from '../rule.ts'
import { KEY_NAMES, PASSWORD_NAMES, SUFFIX } from './assignments.ts'

/** Credentials told by a name beside them, in ways that version 3 did not know. */

/** What code has around a literal that stays one: `[]byte("…")`, `String::from("…")`, `q{…}`. */
const WRAPPED =
  '(?:(?:\\[\\]byte|String::from|[Bb]uffer\\.from|b64decode|atob|fromhex|unhexlify|SecretStr|Secret|[Gg]etBytes|str|bytes)\\(\\s{0,2}|\\bqq?[{(])?'
/** Bold words of Markdown. */
const BOLD = '(?:\\*{1,2}|__)?'
/**
 * With the types of more languages (`let key: &str = …`), full-width signs, the bars of a table, and blanks that put the signs or the
 * values of many lines beneath each other. What stands on the next line is the value only where it is quoted: in `PASSWORD=` there is
 * none.
 */
export const OPERATOR_4: string =
  `(?:${BOLD}(?:` +
  "\\s{0,3}:?\\s{0,3}(?:&(?:'[a-z]{1,12}\\s)?|const\\s|[Oo]ption(?:al)?[<[])?\\b(?:string|str|text|varchar|bytes|byte\\[\\])[>\\]]?\\s{0,3}=\\s{0,3}" +
  `|(?:\\s{0,4}|[^\\S\\r\\n]{5,48})(?::{1,3}=|=>|->|<-|\\?{1,2}=|\\.=|\\+=|\\|\\|=|={1,3}|:|：|＝)${BOLD}(?:[^\\S\\r\\n]{0,48}|\\s{0,6}(?=\\\\{0,3}["'\`]))(?!\\\\[nrt])` +
  '|\\s{0,2},\\s{0,2}(?=\\\\{0,2}["\'`])|\\s[-–—]\\s(?=["\'`])|>(?=[^\\s<>=])|\\s{0,40}\\|\\s{0,3}(?=[^\\s|"\']{8})|\\s\\{\\s?get;[^{}\\n]{0,32}\\}\\s?=\\s?(?=")' +
  `)${WRAPPED})`
/** `apiKeyBase`, `mySecretString`: more words with which a name goes on. */
export const SUFFIX_4: string = SUFFIX.replace('(?:[_-]?[0-9]{1,3}|', '(?:[_-]?(?:[0-9]{1,3}|base|string|text)|')
const SECRET_NAMES: readonly string[] = [
  'secret',
  'token',
  'credential',
  'key_base',
  ...KEY_NAMES.flatMap((name) => [`${name}key`, `${name}[-_. ]key`]),
]
const SECRET_NAME = `(?:secret|credential|token|key_base|(?:${KEY_NAMES.join('|')})[-_. ]?key|[a-z0-9]_(?:key|pat|auth|cert|dsn))`
const PASSWORD_NAME = `(?:${PASSWORD_NAMES.join('|')}|[a-z0-9]_(?:pass|pw|psw))`
/** The name of another member that holds the value: `- name: DB_PASS`, then `value: …`; `variable "x" { default = "…" }`; `set X --body …`. */
const MEMBER =
  '["\'`]?(?::|,|\\s\\{)?(?:\\s|\\\\[nrt]){0,24}-{0,2}["\']?(?:parameter|secret|config|default)?[-_]?(?:value|default|body)["\']?\\s{0,2}(?:[:=]|\\s)\\s{0,3}["\'`]?'
const MEMBER_VALUE = '(?<secret>[^\\s"\'`,;<>{}\\\\]{6,512})'
const memberAnchors = (names: readonly string[]): string[] =>
  names.flatMap((name) => [`${name}[\n\\\\"']`, `${name}:[\n\\\\]`, `${name} [{-]`])

const RUN = '[A-Za-z0-9_.~+/=:-]'
const LEAD = '[A-Za-z0-9_-]'.repeat(10)
const NOT_KEYS: readonly string[] = [
  'public*',
  'pub',
  'primary',
  'foreign',
  'cache*',
  'sort',
  'partition*',
  'range',
  'hash*',
  'idempotency',
  'object',
  's3',
  'row',
  'index',
  'group',
  'dedup*',
  'translation*',
  'lookup',
  'artifact',
  'blob',
  'content',
  'file',
  'commit',
  'page',
  'next',
  'sync',
  'cursor',
  'continuation',
  'routing',
  'message',
  'item',
  'record',
  'shard*',
  'site',
  'document',
  'unique',
  'join',
  'map',
  'trace',
  'type',
  'stop',
  'host key',
]

export const NAMED_RULES_4: readonly RuleData[] = [
  {
    name: 'password',
    anchors: [...memberAnchors(PASSWORD_NAMES), '_pass[\n\\\\"\']', '_pw[\n\\\\"\']'],
    fold: true,
    flags: 'i',
    back: { chars: '[A-Za-z0-9]', max: 1 },
    pattern: `[a-z0-9]?${PASSWORD_NAME}${MEMBER}${MEMBER_VALUE}`,
    check: 'assigned-password',
  },
  {
    name: 'credential',
    anchors: [...memberAnchors(SECRET_NAMES)],
    fold: true,
    flags: 'i',
    back: { chars: '[A-Za-z0-9]', max: 1 },
    pattern: `[a-z0-9]?${SECRET_NAME}${MEMBER}${MEMBER_VALUE}`,
    check: 'named-run',
    unless: NOT_KEYS,
  },
  {
    // The same under the names that variables of an environment have.
    name: 'credential',
    anchors: ['KEY', 'PAT', 'AUTH', 'CERT', 'DSN', 'KEYSTRING', 'LEGACY', 'PRIVATE'].flatMap((name) => [
      `_${name}[\n\\\\"']`,
      `_${name}:[\n\\\\]`,
      `_${name} [{-]`,
    ]),
    pattern: `_[A-Z]{3,9}${MEMBER}${MEMBER_VALUE}`,
    check: 'named-run',
    unless: NOT_KEYS,
  },
  {
    // `token 9f…`, `| API_KEY | … |`, `apiSECRET-…`
    name: 'credential',
    anchors: ['token', 'secret', 'key', 'passcode', 'credential', 'bearer'].flatMap((name) => [
      `${name}[ \t-]${LEAD}`,
      `${name}[ \t]["'\`]${LEAD}`,
      `${name} [:|] ${LEAD}`,
      `${name}=${LEAD}`,
    ]),
    fold: true,
    flags: 'i',
    pattern: `[a-z]{3,10}["'\`]?(?:[ \\t=-]|\\s[:|]\\s)["'\`]?(?<secret>[A-Za-z0-9]${RUN}{15,511})`,
    check: 'named-by-blank',
    tail: RUN,
    unless: NOT_KEYS,
  },
  {
    // `clockify PRIVATE …`
    name: 'credential',
    anchors: ['ACCESS', 'PRIVATE', 'AUTH', 'SECRET', 'PAT'].map((name) => `${name}[ =:-]${LEAD}`),
    pattern: `[A-Z]{3,7}[ =:-](?<secret>[A-Za-z0-9]${RUN}{15,511})`,
    check: 'random-run',
    tail: RUN,
    unless: NOT_KEYS,
  },
  {
    // `set BRAINTREE_PRIVATE_KEY to …`, `my API_KEY is …`
    name: 'credential',
    anchors: ['_key', ' key', '_token', ' token', '_secret', ' secret', '_pat', 'credential', '_auth'].flatMap((name) =>
      ['is', 'to', 'was'].map((verb) => `${name} ${verb} ${'[A-Za-z0-9_-]'.repeat(8)}`),
    ),
    fold: true,
    flags: 'i',
    pattern: `.?[a-z]{3,10}\\s(?:is|was|to)\\s(?<secret>[A-Za-z0-9]${RUN}{15,511}(?<![.:]))`,
    check: 'named-by-blank',
    tail: '(?!)',
    unless: NOT_KEYS,
  },
  {
    // A line of a table of names and values: `MAILTRAP_API_TOKEN,…,2025-06-03`.
    name: 'credential',
    anchors: ['_key', '_token', '_secret', '_pat', '_auth', '_password', '_pass', 'credential', '\nauth'].flatMap((name) =>
      [',', ';', '\t', '","'].map((sign) => `${name}${sign}${LEAD}`),
    ),
    fold: true,
    flags: 'i',
    pattern: `.[a-z]{3,10}(?:[,;\\t]|",")(?<secret>[A-Za-z0-9]${RUN}{15,511})(?=[,;\\t"]|\\s|\\\\|$)`,
    check: 'random-run',
    tail: '(?!)',
    unless: NOT_KEYS,
  },
  {
    // `CLARIFAI_PAT=…`, `GITHUB_PAT: …`
    name: 'credential',
    anchors: [
      '_pat[=:]',
      '_pat [=:]',
      '_pat["\'],',
      '_auth["\'],',
      '_salt: ',
      'PEPPER=',
      'SALT=',
      ...['_PAT', '_PRIVATE', '_CERT', '_SALT', '_KEYSTRING', '_AUTH'].map((name) => `${name}[=:,"' ]`),
    ],
    pattern: `[_A-Za-z]{4,11}["'\`\\]]{0,2}${OPERATOR_4}["'\`]{0,3}(?<secret>[A-Za-z0-9]${RUN}{15,511})`,
    check: 'random-run',
    tail: RUN,
  },
  {
    // `sumoKey1 = …`, `DEPLOY_KEY_2=…`, `beeboleAuth := …`
    name: 'credential',
    anchors: [
      '[a-z]Key[0-9]',
      '_key[0-9]',
      '_key_[0-9]',
      '_KEY[0-9]',
      '_KEY_[0-9]',
      ...['[a-z]Auth', '_auth'].flatMap((name) => [`${name}[:="'\`]`, `${name} [:=]`]),
    ],
    flags: 'i',
    pattern: `[a-z_](?:key[_-]?[0-9]{1,3}|auth)["'\`\\]]{0,2}${OPERATOR_4}["'\`]?(?<secret>[A-Za-z0-9]${RUN}{19,511})`,
    check: 'random-run',
    tail: RUN,
    unless: NOT_KEYS,
  },
  {
    // `$ echo $API_TOKEN`, and what it prints
    name: 'credential',
    anchors: [
      '[A-Z_]KEY[}"]\n',
      '[A-Z_]KEY\n',
      '[A-Z_]TOKEN\n',
      '[A-Z_]SECRET\n',
      '[A-Z_]PAT\n',
      '.key\n',
      'token\n',
      '[A-Z_]PASSWORD\n',
      '[A-Z_]PASS\n',
    ],
    pattern: `[A-Za-z_.]{2,10}[}"]{0,2}\\n(?<secret>[A-Za-z0-9]${RUN}{15,511})(?=\\s|$)`,
    check: 'random-run',
    tail: '(?!)',
    near: ['echo', 'cat', 'printenv', 'print', 'get', 'type', 'show', 'read'],
  },
  {
    name: 'credential',
    anchors: ['macaroon[=:"\'\\\\ ]'],
    fold: true,
    flags: 'i',
    pattern: `macaroon["'\\\\]{0,3}\\s?[=:]?\\s{0,2}["'\\\\]{0,3}(?<secret>${RUN}{24,4096})`,
    check: 'random-run',
    tail: RUN,
  },
  {
    // The salts of WordPress, which may hold any character.
    name: 'credential',
    anchors: ["_KEY',", "_SALT',", '_KEY",', '_SALT",'],
    pattern: '_(?:KEY|SALT)["\'],\\s{0,12}(?<quote>["\'])(?<secret>(?:(?!\\k<quote>)[^\\r\\n]){32,128})\\k<quote>\\s{0,2}\\)',
    check: 'random-run',
    tail: '(?!)',
  },
  {
    // kaggle.json, and others that name a user and a key.
    name: 'credential',
    anchors: [`"key":"${'[A-Za-z0-9]'.repeat(16)}`, `"key": "${'[A-Za-z0-9]'.repeat(16)}`],
    pattern:
      '(?<="(?:username|user|account)"\\s{0,2}:\\s{0,2}"[^"\\\\]{1,64}"\\s{0,2},\\s{0,8})"key":\\s?"(?<secret>[A-Za-z0-9_-]{16,256})"',
    check: 'random-run',
    tail: '(?!)',
  },
  {
    name: 'credential',
    anchors: [
      `[A-Za-z0-9_]=${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_]=["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_] [=:] ${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_] [=:] ["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_]: ${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_]:["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_]: ["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
      `["'\`\\]]\\] = ["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_](["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
      `[A-Za-z0-9_] := ["'\`]${'[A-Za-z0-9_-]'.repeat(14)}`,
    ],
    detector: 'vendor-value',
  },
]
