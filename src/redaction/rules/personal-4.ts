import type { RuleData } from '../rule.ts'

const D = (count: number): string => '[0-9]'.repeat(count)
const H = '[0-9a-fA-F]'

/** Personal data that version 3 did not know. */
export const PERSONAL_RULES_4: readonly RuleData[] = [
  {
    // `ana (at) example (dot) org`, `ana AT example DOT com`, `ana&#64;example.com`
    name: 'email',
    anchors: ['[(\\[{<]at[)\\]}>]', '[(\\[{<]dot[)\\]}>]', ' AT [A-Za-z]', '&#64;[A-Za-z0-9]', '&#x40;[A-Za-z0-9]', '&commat;'],
    detector: 'spelled-email',
  },
  {
    name: 'payment-card',
    anchors: [
      '[2-689][0-9][0-9][0-9].[0-9][0-9][0-9][0-9].[0-9][0-9][0-9][0-9].',
      `[2-689]${D(3)}  ${D(4)}`,
      `[2-689]${D(3)} - ${D(4)}`,
      `[2-689]${D(3)}\xff${D(4)}\xff`,
      `[2-689]${D(3)}\xff\xff${D(4)}\xff`,
      `[2-689]${D(3)}\xff\xff\xff${D(4)}\xff`,
      `[2-689]${D(3)}_${D(4)}_`,
    ],
    after: 'number-boundary',
    pattern: '[2-689][0-9]{3}(?<mark>[._\\u00a0\\u2009\\u202f\\u2011-]|  | - )[0-9]{4}\\k<mark>[0-9]{4}\\k<mark>[0-9]{4}(?![0-9A-Za-z])',
    check: 'card-number',
    tail: '(?!)',
  },
  {
    name: 'phone',
    anchors: [
      `0${D(3)}[ .-]${D(2)}[ .-]${D(2)}`,
      `${D(2)}[ .-]${D(3)}[ .-]${D(2)}[ .-]${D(2)}`,
      `${D(3)}[ .-]${D(2)}[ .-]${D(3)}`,
      `${D(2)}[ .-]${D(4)}[ .-]${D(4)}`,
      `${D(2)}[ .-]${D(3)}[ .-]${D(4)}`,
      `0${D(1)}[ .-]${D(3)}[ .-]${D(3)}`,
      `\\(${D(2)}\\)[ .-]${D(4)}`,
      `8[ -]\\(${D(3)}\\)`,
      `8[ -]${D(3)}[ -]${D(3)}[ -]${D(2)}`,
      `1[38]00[ -]${D(3)}`,
      `${D(4)}[ .-]${D(3)}[ .-]${D(3)}`,
    ],
    after: 'number-boundary',
    detector: 'national-phone',
  },
  { name: 'phone', anchors: [`\\+[1-9].${D(3)}`, `\\+[1-9][0-9].${D(2)}`], after: 'word-boundary', detector: 'international-phone' },
  {
    name: 'mac-address',
    anchors: [`${H.repeat(4)}.${H.repeat(4)}.${H.repeat(4)}`],
    after: 'number-boundary',
    pattern: '[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}\\.[0-9A-Fa-f]{4}(?![0-9A-Za-z.])',
    near: ['mac', 'ether*', 'hwaddr', 'lladdr', 'arp', 'physical', 'dynamic', 'vlan', 'station', 'port*', 'bssid', 'hardware*'],
    check: 'letter-and-digit',
  },
  {
    name: 'mac-address',
    anchors: ['mac[=:"\']', 'mac [=:]', 'macaddr', 'mac_addr', 'mac address', 'hwaddr', 'bssid'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern: '(?:mac(?:[_ ]?addr(?:ess)?)?|hwaddr|bssid)["\']?\\s?[:=]?\\s?["\']?(?<secret>[0-9a-f]{12})(?![0-9a-z])',
    check: 'letter-and-digit',
  },
  {
    name: 'crypto-address',
    anchors: ['[1-9A-HJ-NP-Za-km-z]'.repeat(26)],
    after: 'word-boundary',
    detector: 'coin-address',
  },
  {
    name: 'birth-date',
    anchors: [
      '[\xff]: [0-9]',
      '[\xff]:[0-9]',
      '[\xff][12][09][0-9][0-9]',
      '[\xff]e [0-9]',
      '[\xff]dt [0-9]',
      '[\xff]dd [0-9]',
      'nacid[oa] ',
      'nascid[oa] ',
      'urodzon[ya] ',
      'nascita',
      'n[\xff] le ',
      'n[\xff]e le ',
      'syntynyt',
      'narozen',
      'dogum',
      'do[\xff]um',
    ],
    fold: true,
    detector: 'birth-date-4',
  },
  {
    name: 'geo-coordinates',
    anchors: [
      '/@[0-9-]',
      'POINT(',
      'POINT (',
      'POINT Z',
      '!3d[0-9-]',
      '[?&]q=[0-9-]',
      'll=[0-9-]',
      'center=[0-9-]',
      'query=[0-9-]',
      'origin=[0-9-]',
      'destination=[0-9-]',
    ],
    pattern:
      '(?:/@|POINT\\s?Z?\\s?\\(\\s?|!3d|(?:q|ll|center|query|origin|destination)=)(?<secret>-?[0-9]{1,3}\\.[0-9]{3,15}(?:\\s?[, ]\\s?|!4d|%2C)-?[0-9]{1,3}\\.[0-9]{3,15})',
    tail: '(?!)',
  },
  {
    name: 'nz-ird',
    anchors: ['ird[ :#=]', 'ird_n', 'inland revenue'],
    fold: true,
    flags: 'i',
    after: 'word-boundary',
    pattern:
      '(?:ird|inland revenue)[ _]?(?:no|number|nr|num|id)?\\.?["\']?\\s?[:#=]?\\s{0,2}["\']?(?<secret>[0-9]{2,3}[- ]?[0-9]{3}[- ]?[0-9]{3})(?![0-9A-Za-z_]|[-./][0-9])',
    check: 'nz-ird',
  },
  {
    name: 'national-id',
    gives: ['il-id', 'bg-egn', 'ru-inn', 'ru-snils', 'tw-id', 'jp-my-number', 'kr-rrn', 'gr-afm', 'de-steuer-id', 'uk-nhs'],
    anchors: [D(9)],
    after: 'number-boundary',
    detector: 'number-run-4',
  },
  {
    name: 'tw-id',
    anchors: [`[A-Za-z][1289]${D(8)}`],
    after: 'word-boundary',
    pattern: '[A-Za-z][1289][0-9]{8}(?![0-9A-Za-z_-])',
    near: ['身分證', '身份證', '身分证', '統一證號', '居留證', 'taiwan*'],
    check: 'id:tw-id',
  },
]

/** Words in other scripts and more of them in Latin, for rules of earlier versions. */
export const MORE_NEAR_4: Readonly<Record<string, readonly string[]>> = {
  'de-steuer-id': ['id nr', 'ident nr', 'identnr', 'steuernummer', 'tax nr'],
  'ca-sin': ['n a s'],
  'uk-nhs': ['nhs no'],
  'jp-my-number': ['マイナンバー', '個人番号'],
}
