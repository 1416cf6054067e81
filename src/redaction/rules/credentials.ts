import type { FieldRuleData, RuleData } from '../rule.ts'
import { ASSIGNMENT_RULES, KEY_NAMES } from './assignments.ts'

const QUOTES = '["\'`\\\\]{0,4}'
const ASSIGN = `${QUOTES}\\s{0,4}(?::=|=>|[:=]{1,2})\\s{0,4}${QUOTES}`
/** How an assignment may go on behind a name; prose such as `password reset` never gets as far as the pattern. */
const assigned = (names: readonly string[]): string[] => names.flatMap((name) => [`${name}[:="'\\\\\`]`, `${name} [:=]`])

/** Credentials known by what stands around them. After the provider keys, so that a known format gives its own name. */
export const CREDENTIAL_RULES: readonly RuleData[] = [
  { name: 'private-key', anchors: ['-----BEGIN [A-Z]', '---- BEGIN SSH2'], detector: 'private-key' },
  {
    name: 'jwt',
    anchors: ['eyJ'],
    after: 'word-boundary',
    pattern:
      '(?:(?<![A-Za-z0-9_-])|(?<=\\\\[nrtbfv0]|%[0-9A-Fa-f]{2}))eyJ[A-Za-z0-9_-]{8,16384}\\.(?:eyJ[A-Za-z0-9_-]{4,65536}(?:\\.[A-Za-z0-9_-]{0,4096})?|[A-Za-z0-9_-]{0,65536}\\.[A-Za-z0-9_-]{0,65536})(?:\\.[A-Za-z0-9_-]{1,65536}\\.[A-Za-z0-9_-]{1,1024})?',
    check: 'jwt',
  },
  {
    name: 'auth-header',
    anchors: assigned(['authorization']),
    fold: true,
    flags: 'i',
    pattern:
      `authorization${ASSIGN}(?<secret>(?:bearer|basic|token|apikey|api-key|key|negotiate|ntlm|ssws)\\s{1,3}[A-Za-z0-9._~+/=:|-]{8,16384}` +
      `|(?:digest|aws4-hmac-sha256|oauth|signature|hawk|sharedkey|sharedkeylite|googlelogin)\\s{1,3}[A-Za-z][^\\r\\n"'\\\\<>]{8,16384})`,
  },
  {
    name: 'auth-header',
    anchors: assigned(['authorization']),
    fold: true,
    flags: 'i',
    pattern: `authorization${ASSIGN}(?<secret>[A-Za-z0-9._~+/=:|-]{16,16384})`,
    check: 'assigned-token',
  },
  {
    name: 'cookie',
    anchors: ['cookie[:"\'\\\\`]', 'cookie :'],
    fold: true,
    flags: 'i',
    pattern: `cookie${QUOTES}\\s{0,2}:\\s{0,4}${QUOTES}(?<secret>[^\\s=;:,"'<>\\\\{}()]{1,128}=[^\\r\\n"'<>\\\\]{1,16384})`,
  },
  {
    name: 'bearer-token',
    anchors: ['bearer[ \t%+\\\\:]'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: `bearer:?(?:\\s|%20|\\+|\\\\[tn]){1,4}(?<secret>[A-Za-z0-9._~+/|-]{16,16384}={0,2})`,
    check: 'letter-and-digit',
  },
  {
    name: 'basic-credentials',
    anchors: ['basic [A-Za-z0-9+/][A-Za-z0-9+/][A-Za-z0-9+/]', 'basic%20'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: 'basic(?:\\s|%20)(?<secret>[A-Za-z0-9+/_-]{8,1024}={0,2})',
    check: 'basic-pair',
  },
  { name: 'url-credentials', anchors: ['[^ /\t\n\r"\'`<>@]@[A-Za-z0-9%\\[_.-]'], after: 'no-backslash', detector: 'url-userinfo' },
  ...ASSIGNMENT_RULES,
]

const HARMLESS_TOKENS = [
  'page',
  'next',
  'continu',
  'cursor',
  'sync',
  'bos',
  'eos',
  'pad',
  'unk',
  'sep',
  'mask',
  'stop',
  'image',
  'special',
  'prompt',
  'max',
  'min',
]
const SECRETS = ['client', 'app', 'api', 'consumer', 'webhook', 'signing', 'jwt', 'shared'].map((name) => `${name} secret`)
const TOKENS = ['access', 'refresh', 'auth', 'api', 'bearer', 'session', 'security', 'csrf', 'xsrf', 'bot'].map((name) => `${name} token`)

export const FIELD_RULES: readonly FieldRuleData[] = [
  {
    rule: 'auth-header',
    names: ['authorization', 'proxy authorization', 'x authorization'],
    suffixes: ['header authorization'],
    value: 'any',
  },
  { rule: 'auth-header', suffixes: ['authorization'], value: 'token' },
  { rule: 'cookie', names: ['cookie', 'set cookie'], suffixes: ['header cookie', 'header set cookie'], value: 'no-path' },
  { rule: 'password', suffixes: ['password', 'passwd', 'passphrase', 'passcode'], value: 'any', numbers: true },
  { rule: 'password', suffixes: ['pwd'], value: 'no-path' },
  {
    rule: 'credential',
    names: ['secret', 'id token'],
    suffixes: [...KEY_NAMES.map((name) => `${name} key`), 'functions key', ...SECRETS, ...TOKENS],
    value: 'any',
  },
  { rule: 'credential', suffixes: ['token', 'secret'], unless: HARMLESS_TOKENS, value: 'token' },
]
