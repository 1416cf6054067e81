import type { RuleData } from '../rule.ts'

/** Passwords and codes in sentences and other tongues. Since version 4. */

const SPOKEN = '(?<secret>[^\\s"\'`<>(){}]{4,128}[^\\s"\'`<>(){}.,;:!?*])'
const WORDS = 'heslo|parol[aeo]|parool|salasana|kata sandi|clave|lozinka|geslo|zaporka|passwort|mot de passe|senha|wachtwoord'
const CODE = '(?<secret>[0-9]{3}[- ][0-9]{3}|[0-9]{4,8})'
const CODE_END = '(?![0-9A-Za-z]|[-.:/,][0-9])'

export const SPOKEN_RULES_4: readonly RuleData[] = [
  {
    name: 'password',
    anchors: [
      'heslo',
      'parola',
      'parole',
      'parool',
      'salasana',
      'kata sandi',
      'clave',
      'lozinka',
      'geslo',
      'zaporka',
      'mot de passe',
      'senha',
    ].flatMap((name) => [`${name}[:=]`, `${name} [:=]`, `${name} [ei][s ]`]),
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: `(?:${WORDS})[a-z]{0,3}\\s{0,2}(?:[:=]|\\s(?:is|ist|est|es|este|je|on|adalah)\\s)\\s{0,2}["'\`*]{0,3}${SPOKEN}`,
    check: 'said',
  },
  {
    name: 'password',
    anchors: [
      '[\xff][!-~]',
      '[\xff] [!-~]',
      '[\xff]: [!-~]',
      '[\xff]:[!-~]',
      '[\xff][=-] [!-~]',
      '[\xff]ifre: [!-~]',
      '[\xff]ifre:[!-~]',
      '[\xff]u: [!-~]',
      '[\xff]u:[!-~]',
      '[\xff]o: [!-~]',
    ],
    detector: 'said',
  },
  {
    // `the password is: …`, `the admin password was reset to …`, `your temporary password is …`
    name: 'password',
    anchors: ['password is', 'password was', 'password has', 'passcode is', 'passwort ist', 'passphrase is', 'pwd is', 'password will'],
    fold: true,
    flags: 'i',
    pattern: `(?:password|passcode|passphrase|pwd|passwort)\\s(?:is|ist|was|has been|will be)(?:\\s(?:now|still|set|reset|changed|updated)){0,2}(?:\\s(?:to|as))?\\s?:?\\s{1,2}["'\`*]{0,3}${SPOKEN}`,
    check: 'said-mixed',
  },
  {
    // `login is ana / …`, `credentials: ana / …`, `creds admin:…`
    name: 'password',
    anchors: ['login is ', 'login: ', 'logins: ', 'credentials: ', 'credentials are ', 'creds: ', 'creds ', 'user/pass'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: `(?:logins?|credentials|creds|user/pass(?:word)?)(?:\\s(?:is|are))?:?\\s{1,2}["'\`]?[A-Za-z0-9._@+-]{1,64}["'\`]?\\s?[/:|,]\\s?["'\`]?${SPOKEN}`,
    check: 'said-mixed',
  },
  {
    name: 'access-code',
    anchors: ['code is [0-9]', 'code is: [0-9]', 'code: [0-9]', 'code [0-9][0-9][0-9]'],
    fold: true,
    flags: 'i',
    pattern: `code(?:\\sis)?:?\\s${CODE}${CODE_END}`,
    near: [
      'verif*',
      'login',
      'log in',
      'sign in',
      'one time',
      'otp',
      '2fa',
      'mfa',
      'do not share',
      'don’t share',
      'security',
      'passcode',
      'confirm*',
      'your code',
      'expires',
      'authenticat*',
    ],
    unless: [
      'error',
      'status',
      'exit',
      'zip',
      'postal',
      'country',
      'area',
      'response',
      'http',
      'return',
      'dial*',
      'promo',
      'sort',
      'product',
      'item',
      'qr',
      'bar',
    ],
  },
  {
    name: 'access-code',
    anchors: [
      '[0-9][0-9][0-9][0-9] is your',
      '[0-9][0-9][0-9][0-9] to verify',
      '[0-9][0-9][0-9][0-9] as your',
      '[0-9][0-9][0-9][0-9] to log',
      '[0-9][0-9][0-9][0-9] to sign',
    ],
    back: { chars: '[0-9 -]', max: 5 },
    pattern: `[ -]{0,4}${CODE}\\s(?:is your|to verify|as your|to log|to sign)`,
    near: ['verif*', 'code', 'login', 'sign in', 'otp', 'passcode', 'account'],
    tail: '(?!)',
  },
  {
    // `recovery codes: ab1cd-2ef3g ab1cd-…`
    name: 'access-code',
    anchors: ['recovery codes', 'backup codes', 'scratch codes'],
    fold: true,
    flags: 'i',
    pattern:
      '(?:recovery|backup|scratch) codes(?:\\s(?:are|is))?\\s?[:\\-]?(?:\\s|\\\\[nr]|[-*] ){0,6}(?<secret>[a-z0-9]{4,10}(?:-[a-z0-9]{4,10}){0,3}(?:(?:\\s|,|\\\\[nr]|- ){1,4}[a-z0-9]{4,10}(?:-[a-z0-9]{4,10}){0,3}){0,19})',
    check: 'three-digits',
    tail: '(?!)',
  },
]
