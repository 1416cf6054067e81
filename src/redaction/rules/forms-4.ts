import type { RuleData } from '../rule.ts'
import { CLOSING, KEY_NAMES, PASSWORD_NAMES } from './assignments.ts'
import { OPERATOR_4 } from './named-4.ts'

/** Credentials under their names in more forms: mark-up, arrays, calls, fallbacks, forms, and lines of tools. Since version 4. */

const KEYS = KEY_NAMES.flatMap((name) => [`${name}key`, `${name}[-_. ]key`])
const NAMES: readonly string[] = [...PASSWORD_NAMES, 'secret', 'token', 'credential', ...KEYS]
const NAME = `(?:${PASSWORD_NAMES.join('|')}|secret|token|credential|(?:${KEY_NAMES.join('|')})[-_. ]?key)`
const QUOTED = `[bruL@]{0,2}(?<quote>\\\\{0,3}["'\`])(?<secret>(?:(?!\\k<quote>)[^\\s\\\\]){6,512})\\k<quote>`
const WORD = '["\']?(?<secret>[^\\s"\'`$<>|;&(){}\\\\-][^\\s"\'`<>|;(){}\\\\]{5,255})'
const LEAD = '[A-Za-z0-9_-]'.repeat(10)
const BREAK = '[\n\r\\\\]'
/** Of `get_random_secret_key`. */
const DJANGO = '[a-z0-9!@#$%^&*(_=+)-]'
const UNDER = '(?:\\r?\\n|\\\\r|\\\\n)'

/** Told by its name; the value must look like one. */
const named = (anchors: readonly string[], pattern: string, more: Partial<RuleData> = {}): RuleData => ({
  name: 'credential',
  anchors,
  fold: true,
  flags: 'i',
  pattern,
  check: 'given-password',
  tail: '(?!)',
  ...more,
})

/** The same where the case of letters matters. */
const cased = (anchors: readonly string[], pattern: string, more: Partial<RuleData> = {}): RuleData => ({
  name: 'credential',
  anchors,
  pattern,
  check: 'given-password',
  tail: '(?!)',
  ...more,
})

export const FORM_RULES_4: readonly RuleData[] = [
  // `mySecretString=…`, `creds = …`
  named(
    ['secretstring', 'secret_string', 'keystring', 'key_string', 'passwordstring', 'creds'].flatMap((name) => [
      `${name}[:=]`,
      `${name} [:=]`,
    ]),
    `(?:(?:secret|key|password)_?string|creds)${CLOSING}${OPERATOR_4}["'\`\\\\]{0,4}(?<secret>[A-Za-z0-9._~+/=-]{16,512})`,
    { check: 'random-run' },
  ),
  // `SECRET_KEY_BASE=…`, `secretKeyBase: '…'`, `os.environ["SECRET_KEY_BASE"] = …`
  named(
    ['key_base', 'keybase', 'key.base'].flatMap((name) => [`${name}[:=>"'\\\\\`\\],*]`, `${name} [:=?|<.+-]`]),
    `key[_.]?base${CLOSING}${OPERATOR_4}["'\`\\\\]{0,4}(?<secret>[A-Za-z0-9+/=_-]{16,512})`,
    { check: 'random-run' },
  ),
  // `smtpPass: '…'`
  cased(['[a-z]Pass[:="\'`]', '[a-z]Pass [:=]'], `[a-z]Pass${CLOSING}${OPERATOR_4}${QUOTED}`, { check: 'quoted-mixed' }),
  // `char password[] = "…"`
  named(
    ['pass', 'password', 'passwd', 'secret', 'token', 'key', 'psk'].map((name) => `${name}\\[\\]`),
    `[a-z]{3,8}\\[\\]\\s?=\\s?${QUOTED}`,
  ),
  // `<name>db.password</name><value>…`, `<setting name="SmtpPassword" …><value>…`, `<key>ApiSecret</key><string>…`
  named(
    NAMES.flatMap((name) => [`${name}</`, `${name}" serializeas`]),
    `${NAME}(?:</[a-z-]{2,24}>|"\\s[^<>\\n]{1,64}>)\\s{0,40}<(?:[a-z-]{0,12}value|string)>\\s{0,24}(?<secret>[^\\s<>]{6,512})\\s{0,24}</`,
  ),
  // `<token>`, and the value on a line of its own.
  named(
    NAMES.map((name) => `${name}>${BREAK}`),
    `${NAME}>(?:\\s|\\\\[nrt]){1,40}(?<secret>[^\\s<>\\\\]{6,512})(?:\\s|\\\\[nrt]){1,40}</`,
  ),
  // `<wsse:Password Type="…">…</`
  named(
    ['<password ', ':password ', '<passwd ', '<apikey ', '<api-key ', '<secret ', ':secret ', '<token ', ':token '],
    `[<:](?:password|passwd|api-?key|secret|token)\\s[^<>\\n]{1,96}>\\s{0,24}(?<secret>[^\\s<>]{6,512})\\s{0,24}</`,
  ),
  // `encryption-keys: ["…", "…"]`, one by one: those before have gone.
  named(
    ['keys', 'tokens', 'secrets', 'passwords'].flatMap((name) => [`${name}[=:]\\[`, `${name}[=:] \\[`, `${name} = \\[`]),
    `(?:keys|tokens|secrets|passwords)["'\\]]{0,2}\\s?[:=]\\s?\\[\\s{0,12}(?:["']<[a-z-]{4,32}:[0-9a-f]{12}>["'],\\s{0,12}){0,7}${QUOTED}`,
    { check: 'quoted-token', unless: ['public*', 'cache*', 'query*', 'primary', 'foreign', 'sort', 'partition*'] },
  ),
  // A field of a form of several parts.
  named(
    NAMES.map((name) => `${name}"${BREAK}`),
    `${NAME}"(?:${UNDER}){2,4}(?<secret>[^\\s\\\\]{6,512})(?=\\s|\\\\|$)`,
  ),
  // What Redis answers to `HGETALL`: names and values by turns, numbered or, to a program, line by line.
  named(
    NAMES.map((name) => `${name}"${BREAK}`),
    `${NAME}"${UNDER}\\s{0,8}[0-9]{1,6}\\)\\s"(?<secret>[^\\s"\\\\]{6,512})"`,
  ),
  named(
    ['_key', '_auth', '_pat', '_pass'].map((name) => `${name}"${BREAK}`),
    `_[a-z]{3,4}"${UNDER}\\s{0,8}[0-9]{1,6}\\)\\s"(?<secret>[^\\s"\\\\]{12,512})"`,
    { check: 'random-run', unless: ['public*', 'cache*', 'primary', 'foreign', 'sort', 'partition*', 'row', 'object'] },
  ),
  named(
    NAMES.map((name) => `${name}\n`),
    `(?<=hgetall [^\\n]{1,96}\\n(?:[^\\n]{0,160}\\n){0,9}[a-z0-9_.:-]{0,48})${NAME}\\r?\\n(?<secret>[^\\s]{6,512})(?=\\s|$)`,
  ),
  // Django's own keys: fifty characters of its alphabet, among them signs that end a value elsewhere.
  named(
    ['secret_key', 'secretkey'].map((name) => `${name}[=: |"'\\\\]`),
    `secret_?key["'\`\\]]{0,2}(?:\\s{0,3}[=:|,]{1,2}\\s{0,3}|\\s{1,3})["'\`]{0,3}(?<secret>(?:django-insecure-)?(?=${DJANGO}{0,49}[0-9])(?=${DJANGO}{0,49}[!@#$%^&*(+)])${DJANGO}{50})(?!${DJANGO})`,
    { check: 'not-placeholder' },
  ),
  // `<meta name="csrf-token" content="…">`
  named(
    ['secret', 'token', 'key'].map((name) => `${name}" content="`),
    `(?:secret|token|key)" content=${QUOTED}`,
    { check: 'quoted-token' },
  ),
  // A fallback: `api_key = settings.key or "…"`; and a second value: `'…' | '…'`.
  named(
    ['|| ["\']', '?? ["\']', ' or ["\']', "' \\| '"].map((sign) => sign + LEAD),
    `(?<=${NAME}[^\\n;]{1,96})(?:\\|\\||\\?\\?|\\sor|'\\s\\|)\\s${QUOTED}`,
    { check: 'quoted-token' },
  ),
  // `Encoding.UTF8.GetBytes("…")` and its like, where a key is spoken of.
  named(
    ['getbytes("', 'byte("', 'from("', "from('"].map((call) => call + LEAD),
    `[a-z]{4,8}\\(${QUOTED}`,
    {
      near: ['key', 'secret', 'hmac*', 'jwt', 'sign*', 'token', 'password', 'symmetric*', 'salt'],
      check: 'quoted-token',
    },
  ),
  // `storePassword "…"`, `ApiKey '…'`
  cased(
    ['Password', 'Passwd', 'Secret', 'ApiKey', 'Token'].flatMap((name) => [`${name} ["']`]),
    `[A-Z][a-zA-Z]{4,7}\\s${QUOTED}`,
  ),
  // `API key provided: …`
  named(
    ['key', 'token', 'secret', 'password'].flatMap((name) =>
      ['provided', 'received', 'used', 'sent', 'supplied', 'generated', 'returned'].map((verb) => `${name} ${verb}`),
    ),
    `[a-z]{3,8}\\s[a-z]{4,9}\\s?[:=]\\s?["'\`]?(?<secret>[A-Za-z0-9._~+/=-]{16,512}[A-Za-z0-9_~+/=-])`,
    { check: 'random-run' },
  ),
  // `hibernate.connection.password …`
  named(['.password [!-~]'], `(?<=[a-z0-9]{2,32})\\.password\\s{1,8}${WORD}(?=\\s|$)`),
  // `…, pw hunter2`
  named([' pw [!-~]', ' pwd [!-~]'], ` pwd?\\s${WORD}(?=[\\s,;.]|$)`, { name: 'password', check: 'said-mixed' }),
  // fish: `set -gx NAME …`
  named(
    ['set -gx [A-Za-z]', 'set -x [A-Za-z]', 'set -ux [A-Za-z]', 'set -lx [A-Za-z]', 'set -xg [A-Za-z]', 'set -xu [A-Za-z]', '(setenv "'],
    `(?:set -[a-z]{1,2}|\\(setenv)\\s"?[A-Z0-9_]{0,64}(?:PASSWORD|PASSWD|PASSPHRASE|_PASS|SECRET|TOKEN|KEY|CREDENTIALS?)(?:_BASE)?"?\\s{1,3}${WORD}`,
  ),
  // Options of more tools.
  cased(['-p [!-~]'], `-p\\s${WORD}`, {
    name: 'password',
    after: 'word-boundary',
    near: ['psexec*', 'mongo*', 'mongosh', 'twine', 'winexe', 'evil winrm', 'cqlsh', 'nuget'],
  }),
  named(['/rp [!-~]'], `/rp\\s${WORD}`, { name: 'password' }),
  named(['bw unlock ', 'op signin '], `(?:bw unlock|op signin)\\s${WORD}`, { name: 'password' }),
  named(['http-basic.'], `http-basic\\.\\S{1,96}\\s["']?[^\\s"']{1,64}["']?\\s${WORD}`, { name: 'password' }),
  named(['npmauthident'], `npmauthident["']?\\s?[:=]\\s?["']?[^\\s:"']{1,64}:(?<secret>[^\\s"']{6,256})`),
  // `BUNDLE_GEMS__ACME__DEV: user:…`
  cased(['BUNDLE_[A-Z]'], `BUNDLE_[A-Z0-9_]{2,64}__[A-Z]{2,12}["']?\\s?[:=]\\s?["']?(?<secret>[^\\s"':/]{1,64}:[^\\s"'/@]{4,256})`, {
    check: 'not-placeholder',
  }),
  // What Jenkins has encrypted.
  {
    name: 'credential',
    anchors: ['AQAAABAAA'],
    pattern: 'AQAAABAAA[A-Za-z0-9+/]{0,512}={0,2}(?:\\s(?<secret>[^\\s{}<>]{12,1024})\\}|(?=\\}))',
    tail: '(?!)',
  },
  // `curl -uana:…`, `curl -su 'ana:…'`, however long the line.
  named(
    [
      ' -u[A-Za-z0-9]',
      ' -u ["\'{:A-Za-z]',
      ' -[skliv]u ["\'A-Za-z0-9]',
      ' -[skliv][skliv]u ',
      '\n-u ["\'A-Za-z0-9]',
      '--user  ',
      '--user [A-Za-z]',
      '--user ["\']',
    ],
    `(?:[ \\n]-[sklivfg]{0,3}u\\s{0,2}|--user\\s{1,3})["']?\\{?[^\\s:"'$<{}]{0,64}\\}?["']?:["']?\\{?(?<secret>[^\\s"'$<{}/][^\\s"'}]{5,128})`,
    { name: 'password', check: 'said-mixed' },
  ),
  // Quotes as HTML has them: `password: &quot;…&quot;`.
  named(
    NAMES.flatMap((name) => [`${name}=&`, `${name}: &`, `${name}:&`, `${name} = &`, `${name}&quot;:`]),
    `${NAME}(?:&quot;)?\\s?[=:]\\s?&(?:quot|apos|#3[49]);(?<secret>(?:(?!&(?:quot|apos|#3[49]);)[^\\s<>]){6,256})(?=&)`,
  ),
  // `mysql -h … -u ana -p'…'`, however long the host.
  {
    name: 'password',
    anchors: [" -p'", ' -p"'],
    pattern:
      '(?<=(?:mysql|mariadb)[a-z-]{0,16}\\s[^\\n|;&]{0,160}) -p(?<quote>["\'])(?<secret>(?:(?!\\k<quote>)[^\\n$<>\\\\]){4,128})\\k<quote>',
    check: 'not-placeholder',
    tail: '(?!)',
  },
  // A token in place of a user, and no password: `curl -u "…:"`.
  named(
    [' -u ["\'A-Za-z0-9]', '--user ["\'A-Za-z0-9]'],
    `(?: -[sklivfg]{0,3}u|--user)\\s{1,3}["']?(?<secret>[^\\s:"'$<{}/]{8,256}):(?=["'\\s]|$)`,
    { check: 'given-secret', near: ['curl', 'http*', 'wget'] },
  ),
  // A header that a command sends: `-H "Api-Token: …"`.
  named(
    ['token', 'key', 'secret', 'auth', 'authorization'].map((name) => `${name}: [!-~]`),
    `(?<=(?:-H|--header)[ =]{0,2}["'](?:[a-z0-9]{1,24}-){0,4})(?:token|key|secret|auth(?:orization)?):\\s{0,2}(?<secret>[^\\s"'$<{}]{8,512})(?=["'])`,
    { check: 'given-secret' },
  ),
  // A column of a table: `| user | password |`, `name,api_key`, `(name, password) VALUES (…)`.
  {
    name: 'credential',
    anchors: ['password', 'passwd', 'pass', 'pwd', 'secret', 'token', '_key', 'api key', 'apikey'].flatMap((name) => [
      `${name} |[\n ]`,
      `${name}[,;\t][A-Za-z_"]`,
      `${name.startsWith('_') ? '' : '[,;\t]'}${name}\n`,
      `, ${name})`,
      `,${name})`,
    ]),
    fold: true,
    detector: 'named-column',
  },
]
