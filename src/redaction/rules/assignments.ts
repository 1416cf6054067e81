import type { RuleData } from '../rule.ts'

/**
 * What stands between a name and its value where the one is assigned to the other: in code, configuration, logs, headers,
 * query strings and mark-up. With or without a type, a closing bracket of a subscript, or the tag's end.
 */
export const CLOSING = '["\'`\\\\\\])]{0,5}'
export const OPERATOR =
  '(?:\\s{0,3}:?\\s{0,3}\\b(?:string|str|text|varchar)\\s{0,3}=|\\s{0,4}(?:::=|:=|=>|->|\\?=|\\.=|\\+=|\\|\\|=|={1,3}|:)\\s{0,6}|\\s{0,2},\\s{0,2}(?=\\\\{0,2}["\'`])|>(?=[^\\s<>=]))'
const ASSIGN = `${CLOSING}${OPERATOR}`
/** `api_key_prod`, `password2`: names that go on a little behind the word that says what they are. */
export const SUFFIX =
  '(?:[_-]?[0-9]{1,3}|[_-](?:prod|production|dev|test|staging|stage|live|main|default|primary|secondary|old|new|value|base64|b64|env|ro|rw))?'
const OPENING = '[bruL@]{0,2}(?<quote>\\\\{0,3}["\'`])'
const quoted = (min: number, max: number): string => `${OPENING}(?<secret>(?:(?!\\k<quote>)[^\\r\\n]){${min},${max}})\\k<quote>`
const BARE = '[^\\s"\'`,;&<>(){}[\\]\\\\|]'

/** How an assignment may go on behind a name; prose such as `password reset` never gets as far as the pattern. */
const assigned = (names: readonly string[]): string[] =>
  names.flatMap((name) => [`${name}[:=>"'\\\\\`\\],_0-9-]`, `${name} [:=?|s]`, `${name}\t[:=]`])

export const PASSWORD_NAMES: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'pswd',
  'passwort',
  'kennwort',
  'contrasena',
  'wachtwoord',
  'passcode',
]
/** Words too short to be looked for inside others. */
const SHORT_PASSWORD_NAMES = ['pass', 'pw', 'psw', 'senha', 'pin_code', 'auth']
export const KEY_NAMES: readonly string[] = [
  'api',
  'secret',
  'access',
  'private',
  'auth',
  'signing',
  'encryption',
  'master',
  'subscription',
  'service',
  'account',
  'storage',
  'shared',
  'consumer',
  'application',
  'app',
  'license',
  'ssh',
  'deploy',
  'webhook',
  'hmac',
  'aes',
  'crypto',
  'jwt',
  'admin',
  'server',
  'rest',
  'client',
  'integration',
  'ingest',
  'decryption',
  'credential',
  'security',
  'session',
  'host',
  'bot',
]
const keyAnchors = KEY_NAMES.flatMap((name) => [`${name}key`, `${name}[-_. ]key`])
const KEY = `(?:${KEY_NAMES.join('|')})[-_. ]?key`
const SECRET = '(?:secret|credentials?)'
export const TOKEN_VALUE = '[A-Za-z0-9._~+/|:%@!-]{8,4096}={0,2}'
export const TOKEN = '(?<!(?:page|next|sync|cursor|continuation|pad|bos|eos|stop|special|image|mask|sep|unk)[-_. ]?)token'

const assignment = (name: string, anchors: readonly string[], pattern: string, more: Partial<RuleData>): RuleData => ({
  name,
  anchors,
  fold: true,
  flags: 'i',
  pattern,
  ...more,
})

export const ASSIGNMENT_RULES: readonly RuleData[] = [
  assignment('password', assigned(PASSWORD_NAMES), `(?:${PASSWORD_NAMES.join('|')})${SUFFIX}${ASSIGN}${quoted(4, 256)}`, {
    check: 'quoted-password',
    tail: '(?!)',
  }),
  assignment(
    'password',
    assigned(PASSWORD_NAMES),
    `(?:${PASSWORD_NAMES.join('|')})${SUFFIX}${ASSIGN}["'\`\\\\]{0,4}(?<secret>(?!\\$[({A-Za-z_])${BARE}{4,256})`,
    {
      check: 'assigned-password',
    },
  ),
  assignment('password', assigned(SHORT_PASSWORD_NAMES), `(?:${SHORT_PASSWORD_NAMES.join('|')})${SUFFIX}${ASSIGN}${quoted(6, 256)}`, {
    after: 'word-boundary',
    check: 'quoted-mixed',
    tail: '(?!)',
  }),
  assignment(
    'password',
    assigned(SHORT_PASSWORD_NAMES),
    `(?:${SHORT_PASSWORD_NAMES.join('|')})${SUFFIX}${ASSIGN}["'\`\\\\]{0,4}(?<secret>(?!\\$[({A-Za-z_])${BARE}{6,256})`,
    {
      after: 'word-boundary',
      check: 'assigned-mixed',
    },
  ),
  // The value in a sentence: `the password is …`.
  assignment(
    'password',
    ['password', 'passphrase', 'passcode', 'pwd'].flatMap((name) => [`${name} is `, `${name} was `, `${name} to `, `${name} for `]),
    `(?:password|passphrase|passcode|pwd)\\s(?:is|was|to|for [\\w@.-]{1,64} is)\\s{1,2}(?:now |set to |still )?["'\`*]{0,3}(?<secret>[^\\s"'\`<>(){}]{5,128}[^\\s"'\`<>(){}.,;:!?*])`,
    { check: 'spoken-password' },
  ),
  assignment(
    'credential',
    ['key is ', 'token is ', 'secret is ', 'key was ', 'token was '],
    `(?:key|token|secret)\\s(?:is|was)\\s{1,2}(?:now )?["'\`*]{0,3}(?<secret>[A-Za-z0-9._~+/=-]{15,511}[A-Za-z0-9_~+/=-])`,
    { check: 'mixed-run' },
  ),
  assignment(
    'credential',
    assigned(['secret', 'credential', 'credentials', ...keyAnchors]),
    `(?:${SECRET}|${KEY})${SUFFIX}${ASSIGN}${quoted(8, 512)}`,
    {
      check: 'quoted-credential',
      tail: '(?!)',
    },
  ),
  assignment(
    'credential',
    assigned(['secret', 'credential', 'credentials', ...keyAnchors]),
    `(?:${SECRET}|${KEY})${SUFFIX}${ASSIGN}["'\`\\\\]{0,4}(?<secret>(?!\\$[({A-Za-z_])${BARE}{8,512})`,
    { check: 'assigned-credential' },
  ),
  assignment('credential', assigned(['token']), `${TOKEN}${SUFFIX}${ASSIGN}["'\`\\\\]{0,4}(?<secret>${TOKEN_VALUE})`, {
    check: 'assigned-token',
  }),
  // Any other name that ends in `key` or `auth`, where the value can hardly be anything but random.
  {
    name: 'credential',
    anchors: [
      '[A-Za-z0-9][-_][Kk][Ee][Yy][:="\'\\\\`>\\],]',
      '[A-Za-z0-9][-_][Kk][Ee][Yy] [:=]',
      '[a-z]Key[:="\'\\\\`>\\],]',
      '[a-z]Key [:=]',
      '[?&][Kk][Ee][Yy]=',
      '[?&]auth=',
    ],
    flags: 'i',
    pattern: `.{1,3}?(?:key|auth)${ASSIGN}["'\`\\\\]{0,4}(?<secret>[A-Za-z0-9._~+/-]{16,512}={0,2})`,
    check: 'mixed-run',
    unless: [
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
      'i18n',
      'translation*',
      'publishable',
      'lookup',
      'artifact',
      'blob',
      'content',
      'file',
      'commit',
      'build',
      'query',
      'message',
      'routing',
      'map',
      'item',
      'record',
      'shard*',
      'sitekey',
      'site',
      'widget',
      'storage',
      'document',
      'react',
      'unique',
      'natural',
      'surrogate',
      'join',
      'registry',
    ],
  },
  {
    // Command lines: `--password hunter2`, `--api-key=…`.
    name: 'credential',
    anchors: [
      '-password[ =]',
      '-passwd[ =]',
      '-pass[ =]',
      '-token[ =]',
      '-key[ =]',
      '-secret[ =]',
      '-apikey[ =]',
      '-passphrase[ =]',
      '-pat[ =]',
      '-auth[ =]',
      '-credential[ =]',
    ],
    fold: true,
    flags: 'i',
    back: { chars: '[A-Za-z0-9-]', max: 40 },
    pattern:
      '(?<![A-Za-z0-9])--?(?:[a-z0-9]{1,24}-){0,4}(?:password|passwd|passphrase|pass|token|secret|pat|auth|credential|(?:(?:api|access|secret|auth|private|account|license|service|master|encryption|signing|storage|admin|write|read|deploy|app|server|client)-?)key)[ =]\\s{0,2}["\'`]?(?<secret>[^\\s"\'`<>|;&(){}\\\\$][^\\s"\'`<>|;(){}\\\\]{5,1024})',
    check: 'flag-value',
  },
  {
    name: 'credential',
    anchors: [' -u [A-Za-z0-9"\']', '--user [A-Za-z0-9"\']', '--user=', '--proxy-user '],
    pattern: '(?: -u|--(?:proxy-)?user)[ =]["\']?[^\\s:"\'$<{]{1,64}:(?<secret>[^\\s"\'$<{][^\\s"\']{2,128})',
    near: ['curl', 'wget', 'http*', 'api'],
    check: 'not-placeholder',
    tail: '(?!)',
  },
  {
    name: 'password',
    anchors: ['sshpass -p'],
    pattern: 'sshpass -p\\s?["\']?(?<secret>[^\\s"\'$<{][^\\s"\']{2,128})',
    check: 'not-placeholder',
  },
  {
    name: 'password',
    anchors: [' -p[A-Za-z0-9"\'!@#%]'],
    pattern: ' -p["\']?(?<secret>[^\\s"\'$<{-][^\\s"\']{3,128})',
    near: ['mysql*', 'mariadb*'],
    check: 'not-placeholder',
  },
  {
    name: 'password',
    anchors: ['login [A-Za-z0-9]'],
    pattern: 'login\\s{1,4}\\S{1,64}\\s{1,8}password\\s{1,4}(?<secret>[^\\s"\'$<{]{3,128})',
    check: 'not-placeholder',
    tail: '(?!)',
  },
  {
    // Keyword connection strings, whose values end at a semicolon and may hold anything else.
    name: 'password',
    anchors: ['password=', 'password =', 'pwd=', 'pwd ='],
    fold: true,
    flags: 'i',
    pattern: '(?:password|pwd)\\s?=\\s?(?<secret>[^;"\'\\r\\n<>{}]{3,128}?)(?=;|["\'\\r\\n]|$)',
    near: ['server', 'data source', 'user id', 'uid', 'initial catalog', 'driver', 'user', 'username', 'accountendpoint', 'dsn'],
    check: 'connection-password',
    tail: '(?!)',
  },
  {
    name: 'password',
    anchors: ['jdbc:oracle:'],
    pattern: 'jdbc:oracle:(?:thin|oci8?):[^/\\s"\']{1,64}/(?<secret>[^@\\s"\']{1,128})@',
    check: 'not-placeholder',
  },
  {
    // Cookies that carry a login, outside of a Cookie header.
    name: 'session-cookie',
    anchors: [
      'phpsessid[=:]',
      'jsessionid[=:]',
      'aspnet_sessionid[=:]',
      '.aspxauth[=:]',
      'connect.sid[=:]',
      'laravel_session[=:]',
      '_session_id[=]',
      'sessionid[=]',
      'sid=s%3a',
      'next-auth.session-token[=:]',
      'wordpress_logged_in_[0-9a-f]',
    ],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: '[a-z._-]{3,32}(?:[0-9a-f]{32})?["\']?[=:]\\s{0,2}["\']?(?<secret>(?:s%3a)?[A-Za-z0-9%._~+/-]{16,1024}={0,2})',
    check: 'letter-and-digit',
  },
]
