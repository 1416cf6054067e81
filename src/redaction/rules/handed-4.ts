import type { RuleData } from '../rule.ts'

/** Credentials that are handed to a program or a call, or stand in a line of its configuration. Since version 4. */

/** A word of a command line, quoted or not. */
const WORD = '["\']?(?<secret>[^\\s"\'`$<>|;&(){}\\\\][^\\s"\'`<>|;(){}\\\\]{3,255})'
const QUOTED = '[bru]?(?<quote>\\\\?["\'`])(?<secret>(?:(?!\\k<quote>)[^\\r\\n\\\\]){6,256})\\k<quote>'
const ARGUMENT = '[bru]?["\'`]?[^"\'`,()\\n]{0,96}["\'`]?'

/** `docker login -u ana -p …`: an option that means a password to this program. */
function option(programs: readonly string[], options: readonly string[], form: string): RuleData {
  return {
    name: 'password',
    anchors: options,
    pattern: form,
    near: programs,
    check: 'given-password',
    tail: '(?!)',
  }
}
/** A line of configuration or a console that begins with these words. */
function line(words: readonly string[], pattern: string, more: Partial<RuleData> = {}): RuleData {
  return {
    name: 'password',
    anchors: words,
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern,
    check: 'given-password',
    tail: '(?!)',
    ...more,
  }
}
/** Calls one of whose arguments is a secret. */
function call(names: readonly string[], pattern: string, name = 'credential'): RuleData {
  return { name, anchors: names, fold: true, flags: 'i', pattern, check: 'given-secret', tail: '(?!)' }
}
const named = (names: readonly string[]): string => `(?:${names.join('|')})`

const FIRST_KEY = [
  'hmac.new(',
  'fernet(',
  'signer(',
  'secretbox(',
  'setsecretkey(',
  'setapikey(',
  'securestring ',
  'securestring -string ',
  'password( ',
  'setpassword(',
  'hmac256(',
  'hmac384(',
  'hmac512(',
]
const SECOND_KEY = [
  'jwt.sign(',
  'jwt.verify(',
  'jwt.encode(',
  'jwt.decode(',
  'createhmac(',
  'createcipheriv(',
  'createdecipheriv(',
  'hash_hmac(',
  'oauthhandler(',
  'networkcredential(',
  'usernamepasswordcredentials(',
  'passwordauthentication(',
  'basicauth(',
  'basic_auth(',
  'setbasicauth(',
  'twilio(',
  '.login(',
  'plainauth(',
  'passwordcredential(',
  'credentials.basic(',
  'basic_auth ',
  'signwith(',
  'wifi.begin(',
]
const THIRD_KEY = [
  'sequelize(',
  'getconnection(',
  'mysqli_connect(',
  'mysqli(',
  'new pdo(',
  'pymysql.connect(',
  'mysqldb.connect(',
  'hash_hmac(',
  'plainauth(',
]

export const HANDED_RULES_4: readonly RuleData[] = [
  option(['docker', 'podman', 'helm', 'oras', 'skopeo', 'az', 'cf', 'oc', 'nerdctl', 'buildah', 'login'], [' -p [!-~]'], ` -p ${WORD}`),
  option(['redis*', 'valkey*', 'keydb*'], [' -a [!-~]'], ` -a ${WORD}`),
  option(['ldap*'], [' -w [!-~]'], ` -w ${WORD}`),
  option(['sqlcmd', 'bcp', 'zip', 'unrar', 'isql'], [' -P [!-~]'], ` -P ${WORD}`),
  option(['openssl'], [' -k [!-~]', ' -K [!-~]'], ` -[kK] ${WORD}`),
  option(['7z', '7za', 'rar', 'unrar', '7zz'], [' -p[A-Za-z0-9]', ' -hp[A-Za-z0-9]'], ` -h?p${WORD}`),
  option(
    ['keytool', 'jarsigner', 'apksigner'],
    ['-storepass [!-~]', '-keypass [!-~]', '-srcstorepass ', '-deststorepass ', 'ks-pass ', 'key-pass '],
    `-[a-z-]{2,12}pass\\s(?:pass:)?${WORD}`,
  ),
  option(['http', 'https', 'xh', 'curlie'], [' -a [A-Za-z0-9]'], ` -a ["']?[^\\s:"']{1,64}:${WORD}`),
  option(['lftp', 'ncftp*', 'snmp*'], [' -u [A-Za-z0-9]'], ` -u [^\\s,:]{1,64},${WORD}`),
  option(['xfreerdp*', 'rdesktop', 'mstsc', 'wfreerdp', 'sdl freerdp'], ['/p:[!-~]'], `/p:${WORD}`),
  option(['net', 'smbclient', 'rpcclient', 'mount', 'smbmap'], [' -U [A-Za-z0-9]'], ` -U ["']?[^\\s%"']{1,64}%${WORD}`),
  option(['kubeadm', 'k3s', 'docker', 'swarm'], ['--token [A-Za-z0-9]'], `--token ${WORD}`),
  {
    // `echo … | sudo -S`, `echo "ana:…" | chpasswd`, `echo … | docker login --password-stdin`
    name: 'password',
    anchors: ['| sudo -', '|sudo -', '| chpasswd', '|chpasswd', '| sudo chpasswd', '--password-stdin', '--passphrase-fd', '--pass-stdin'],
    pattern:
      '(?<=(?:echo|printf)\\s(?:-n\\s)?["\']?(?:%s\\s["\']?)?(?:[a-z_][a-z0-9_-]{0,31}:)?(?<secret>[^\\s"\'`$<>|;:][^\\s"\'`<>|]{3,128})["\']?\\s{0,2}(?:\\|\\s?[^|\\n]{1,96})?)(?:\\|\\s?(?:sudo\\s(?:-[A-Za-z]\\s){0,3}-S|(?:sudo\\s)?chpasswd)|--pass(?:word|phrase)?-(?:stdin|fd))',
    check: 'given-password',
    tail: '(?!)',
  },
  line(['/user:'], `/user:\\S{1,64}\\s${WORD}`),
  line(['net user '], `net user\\s\\S{1,32}\\s${WORD}`),
  line(['requirepass ', 'masterauth ', 'masteruser '], `[a-z]{10,11}\\s${WORD}`),
  line(
    [`auth ${'[!-~]'.repeat(12)}`, 'auth default '],
    'auth\\s(?:default\\s)?(?<secret>[^\\s"\'<>{}]{12,128})(?=\\s{0,3}(?:\\\\r)?(?:\\\\n|\\n|$))',
    { check: 'random-run', flags: 'i' },
  ),
  line(
    ['identified by ["\']', 'identified with ', 'password [\'"]', 'password([\'"]', 'sp_addlogin ', 'user password '],
    `(?:identified (?:by|with\\s\\S{1,40}\\sby)|password|sp_addlogin\\s{1,2}@?(?:loginame\\s?=\\s?)?N?'[^'\\n]{1,64}',)\\s{0,2}\\(?\\s{0,2}(?:=\\s?)?N?(?<quote>["'])(?<secret>(?:(?!\\k<quote>)[^\\r\\n]){6,128})\\k<quote>`,
  ),
  // `IDENTIFIED BY …` without quotes, as Oracle takes it.
  line(['identified by [A-Za-z0-9]'], 'identified by\\s(?<secret>[^\\s"\'`;:<>(){}\\\\]{6,128})'),
  line(['server community ', 'rocommunity ', 'rwcommunity '], '(?:server\\s)?r?[ow]?community\\s(?<secret>[^\\s"\'<>]{6,64})'),
  line(
    ['enable secret ', 'enable password ', 'password [0-9] [!-~]', 'secret [0-9] [!-~]', 'server key ', 'password-value '],
    '(?:enable\\s(?:secret|password)|password|secret|server\\skey|password-value)\\s(?:[0-9]\\s)?["\']?(?<secret>[^\\s"\'<>{}]{6,128})',
  ),
  line(
    ['pre-shared-key '],
    'pre-shared-key\\s(?:address\\s\\S{1,45}\\s(?:\\S{1,45}\\s)?)?(?:key|ascii-text|local|remote)\\s["\']?(?<secret>[^\\s"\']{6,128})',
  ),
  line(['bind dn ', 'binddn '], 'bind\\s?dn\\s\\S{1,128}\\s(?:with\\s)?password\\s(?<secret>\\S{6,128})'),
  line(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11].map((before) => `password ${'[!-~]'.repeat(before)}[0-9]`),
    '(?:(?<=[\\s@][a-z0-9.@-]{2,64} )|(?<=\\b(?:use|with|using|enter|try|old|new|current|temporary|temp|default|initial|root|admin) ))password\\s["\'`]?(?<secret>[^\\s"\'`<>(){},;=:]{6,127}[^\\s"\'`<>(){},;=:.!?])',
    {
      check: 'said-mixed',
    },
  ),
  line(['secret put '], 'secret put\\s\\S{1,64}\\s(?:<<<|--value)\\s{0,2}["\']?(?<secret>[^\\s"\'<>$]{8,512})', {
    name: 'credential',
    check: 'given-secret',
  }),
  line(['set-agent-token '], 'set-agent-token\\s\\S{1,32}\\s(?<secret>[0-9a-f-]{36})', { name: 'credential', check: 'letter-and-digit' }),
  line(
    ['git config '],
    'git config\\s(?:--\\S{1,16}\\s){0,2}\\S{0,48}(?:token|password|secret|key)\\s["\']?(?<secret>[^\\s"\'<>$]{12,512})',
    {
      name: 'credential',
      check: 'given-secret',
    },
  ),
  call(FIRST_KEY, `${named(FIRST_KEY.map((name) => name.replace(/[.(]/g, '\\$&')))}\\s{0,3}${QUOTED}`),
  call(SECOND_KEY, `${named(SECOND_KEY.map((name) => name.replace(/[.(]/g, '\\$&')))}\\s{0,3}${ARGUMENT},\\s{0,3}${QUOTED}`),
  call(
    THIRD_KEY,
    `${named(THIRD_KEY.map((name) => name.replace(/[.( ]/g, '\\$&')))}\\s{0,3}${ARGUMENT},\\s{0,3}${ARGUMENT},\\s{0,3}${QUOTED}`,
  ),
  {
    name: 'password',
    anchors: ['CURLOPT_PASSWORD,', 'CURLOPT_PROXYPASSWORD,', 'CURLOPT_XOAUTH2_BEARER,', 'CURLOPT_KEYPASSWD,', 'CURLOPT_PASSWORD =>'],
    pattern: `CURLOPT_[A-Z0-9_]{8,16}(?:,|\\s=>)\\s{0,3}${QUOTED}`,
    check: 'given-password',
    tail: '(?!)',
  },
  {
    // The data source name of Go's driver for MySQL: `user:password@tcp(host:3306)/name`.
    name: 'password',
    anchors: ['@tcp(', '@tcp6(', '@unix(', '@cloudsql('],
    pattern: '(?<=[A-Za-z0-9_.-]{1,64}:(?<secret>[^\\s"\'`<>:/]{3,128}))@(?:tcp6?|unix|cloudsql)\\(',
    check: 'not-placeholder',
    tail: '(?!)',
  },
  {
    // MySQL's own hash of a password.
    name: 'password-hash',
    anchors: [`'*${'[0-9A-F]'.repeat(8)}`, `"*${'[0-9A-F]'.repeat(8)}`],
    pattern: '["\'](?<secret>\\*[0-9A-F]{40})["\']',
    tail: '(?!)',
  },
  {
    // .pgpass
    name: 'password',
    anchors: [':5432:', ':5433:', ':6432:', ':*:[A-Za-z*]'],
    back: { chars: '[A-Za-z0-9.*_-]', max: 64 },
    pattern: '[A-Za-z0-9.*_-]{0,64}:?(?:[0-9]{4,5}|\\*):[A-Za-z0-9_*-]{1,64}:[A-Za-z0-9_*-]{1,64}:(?<secret>[^\\s:"\'<>]{6,128})',
    check: 'given-password',
    tail: '(?!)',
  },
  {
    name: 'password-hash',
    anchors: [
      '$2[abxy]$[0-9][0-9]$',
      '$argon2[id]',
      '$[156]$[./A-Za-z0-9]',
      '$apr1$',
      '$y$j',
      '$7$[./A-Za-z0-9]',
      '$scrypt$',
      '$pbkdf2',
      '$P$[./A-Za-z0-9]',
      '$H$[./A-Za-z0-9]',
      '$[89]$[./A-Za-z0-9]',
      '$krb5',
      'pbkdf2_sha',
      'pbkdf2:sha',
      'scrypt:',
      '{SSHA',
      '{CRYPT}$',
    ],
    pattern:
      '(?:\\$2[abxy]\\$[0-9]{2}\\$[./A-Za-z0-9]{53}|\\$argon2(?:id|i|d)\\$(?:v=[0-9]{1,3}\\$)?[mtp=0-9,]{6,40}\\$[A-Za-z0-9+/]{8,128}\\$[A-Za-z0-9+/]{16,128}|\\$[156789y]\\$(?:rounds=[0-9]{1,9}\\$)?[./A-Za-z0-9]{1,64}\\$[./A-Za-z0-9]{22,128}|\\$apr1\\$[./A-Za-z0-9]{1,8}\\$[./A-Za-z0-9]{22}|\\$[PH]\\$[./A-Za-z0-9]{31}|\\$(?:scrypt|pbkdf2)[a-z0-9-]{0,12}\\$[A-Za-z0-9=,]{2,40}\\$[./A-Za-z0-9+]{8,64}\\$[./A-Za-z0-9+=]{20,128}|\\$krb5[a-z]{2,5}\\$[0-9]{2}\\$\\S{32,4096}|(?:pbkdf2_sha[0-9]{1,3}|pbkdf2:sha[0-9]{1,3}|scrypt)[:$][0-9:]{2,24}\\$[./A-Za-z0-9+]{4,64}\\$[A-Za-z0-9+/=]{32,172}|\\{SSHA[0-9]{0,3}\\}[A-Za-z0-9+/=]{28,120}|\\{CRYPT\\}\\$[./A-Za-z0-9$]{24,120})',
    tail: '[./A-Za-z0-9+=]',
  },
]
