import type { RuleData } from '../rule.ts'
import { PASSWORD_NAMES } from './assignments.ts'

const QUOTED = '(?<quote>["\'`])(?<secret>(?:(?!\\k<quote>)[^\\r\\n]){6,512})\\k<quote>'
const CALLED = ['password', 'passphrase', 'secret', 'token', 'apikey', 'api_key', 'secretkey', 'secret_key', 'accesskey', 'access_key']
const CODE_WORDS = [
  'pin code',
  'pin number',
  'pin:',
  'pin is ',
  'otp ',
  'otp:',
  'time code',
  'time passcode',
  'verification code',
  'security code',
  'login code',
  'access code',
  'authentication code',
  '2fa code',
  'backup code',
  'recovery code',
]

/** Codes that open something, and credentials that are handed to a call or named in few words. Since version 3. */
export const CODE_RULES: readonly RuleData[] = [
  {
    // `setPassword("…")`, `withToken('…')`
    name: 'credential',
    anchors: CALLED.flatMap((name) => [`${name}("`, `${name}('`]),
    fold: true,
    flags: 'i',
    pattern: `(?:${CALLED.join('|')})\\(${QUOTED}\\s?\\)`,
    check: 'quoted-mixed',
    tail: '(?!)',
  },
  {
    // `let api_key = String::from("…")`
    name: 'credential',
    anchors: [...CALLED, 'passwd', 'pwd'].flatMap((name) => [
      `${name} = string::from("`,
      `${name}: string = string::from("`,
      `${name}: string::from("`,
    ]),
    fold: true,
    flags: 'i',
    pattern: `(?:${[...CALLED, 'passwd', 'pwd'].join('|')})(?::\\s?string)?\\s?[=:]\\s?string::from\\(${QUOTED}\\)`,
    check: 'quoted-mixed',
    tail: '(?!)',
  },
  {
    name: 'password',
    anchors: ['psk=', 'psk =', 'psk: ', 'preshared_key', 'pre-shared key', 'community string'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: '(?:psk|preshared_key|pre-shared key|community string)\\s?[=:]\\s?["\']?(?<secret>[^\\s"\'<>{}$]{8,63})',
    check: 'assigned-mixed',
  },
  {
    // What codes for joining a network hold.
    name: 'password',
    anchors: ['WIFI:'],
    after: 'word-boundary',
    pattern: 'WIFI:(?:[A-OQ-Z]:[^;\\n]{0,64};){0,4}P:(?<secret>[^;\\n]{4,63});',
    tail: '(?!)',
  },
  {
    // `the password for the portal is …`
    name: 'password',
    anchors: ['password for ', 'password of ', 'password to '],
    fold: true,
    flags: 'i',
    pattern: `(?:${PASSWORD_NAMES.slice(0, 3).join('|')}) (?:for|of|to) (?:[\\w@.'-]{1,32} ){2,5}is\\s{1,2}["'\`*]{0,3}(?<secret>[^\\s"'\`<>(){}]{5,128}[^\\s"'\`<>(){}.,;:!?*])`,
    check: 'spoken-password',
  },
  {
    name: 'access-code',
    anchors: CODE_WORDS,
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern:
      '(?:pin|otp|time (?:code|passcode)|(?:verification|security|login|access|authentication|2fa|backup|recovery) code)(?: code| number)?s?(?:\\s?[:=#]|\\s(?:is|was))?\\s{0,2}["\'*]{0,2}(?<secret>[0-9]{3}[- ][0-9]{3}|[0-9]{4}-[0-9]{4}|[0-9]{4,8})(?![0-9A-Za-z]|[-.:/,][0-9])',
  },
  {
    name: 'access-code',
    anchors: ['cvv', 'cvc', 'cvv2', 'cvc2'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: '(?:cvv2?|cvc2?)(?: code| number)?["\']?\\s?[:=]?\\s{0,2}["\']?(?<secret>[0-9]{3,4})(?![0-9A-Za-z]|[-.:/,][0-9])',
    near: ['card*', 'visa', 'mastercard', 'amex', 'exp', 'expir*', 'credit', 'debit', 'pan', 'payment*'],
  },
  {
    name: 'access-code',
    anchors: ['G-[0-9][0-9][0-9][0-9][0-9][0-9] is'],
    after: 'word-boundary',
    pattern: 'G-(?<secret>[0-9]{6}) is your',
    tail: '(?!)',
  },
  {
    name: 'license-key',
    anchors: ['license key', 'licence key', 'product key', 'activation key', 'license_key', 'product_key', 'licensekey', 'activation code'],
    fold: true,
    flags: 'i',
    pattern:
      '(?:(?:licen[sc]e|product|activation)[ _]?key|activation code)["\']?(?:\\s?[:=#]|\\sis)?\\s{0,2}["\']?(?<secret>[A-Z0-9]{4,6}(?:-[A-Z0-9]{4,6}){3,6})(?![A-Za-z0-9-])',
    check: 'letter-and-digit',
  },
  { name: 'wandb-api-key', anchors: ['wandb login '], pattern: 'wandb login (?:--relogin )?(?<secret>[0-9a-f]{40})(?![0-9a-z])' },
  {
    name: 'bank-account',
    anchors: ['account number', 'account no', 'acct no', 'acct number', 'account #', 'acct #', 'account [0-9][0-9][0-9]'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: '(?:account|acct)\\.? ?(?:number|num|no\\.?|#)?\\s{0,2}[:=]?\\s{0,2}(?<secret>[0-9]{6,17})(?![0-9A-Za-z]|[-.][0-9])',
    near: ['bank*', 'routing', 'sort code', 'checking', 'savings', 'wire', 'ach', 'aba', 'direct deposit'],
  },
  {
    name: 'de-personalausweis',
    anchors: ['personalausweis', 'ausweisnummer', 'ausweisnr', 'ausweis-nr'],
    fold: true,
    pattern: '[A-Za-z-]{8,16}(?:nummer|-?nr)?\\.?\\s{0,2}[:#]?\\s{0,2}(?<secret>[CFGHJ-NPRTV-Z][0-9CFGHJ-NPRTV-Z]{8}[0-9]?)(?![A-Za-z0-9])',
    check: 'three-digits',
  },
  {
    name: 'id-nik',
    anchors: ['nik ', 'nik:', 'nik=', 'ktp ', 'ktp:', 'nomor induk'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern:
      '(?:nik|ktp|nomor induk(?: kependudukan)?)(?: (?:no|nomor|number))?\\.?\\s{0,2}[:=#]?\\s{0,2}(?<secret>[1-9][0-9]{5}(?:[0-6][0-9]|7[01])(?:0[1-9]|1[0-2])[0-9]{6})(?![0-9A-Za-z])',
  },
]

/** Words of other scripts that say what a number is, for rules of earlier versions. */
export const MORE_NEAR: Readonly<Record<string, readonly string[]>> = {
  'jp-my-number': ['マイナンバー', '個人番号'],
  'cn-resident-id': ['身份证', '身份證'],
  'kr-rrn': ['주민등록번호'],
}
