import type { RuleData } from '../rule.ts'

const LOCAL = '[A-Za-z0-9_%+.\\-\x80-\xff]'

export const PERSONAL_RULES: readonly RuleData[] = [
  { name: 'email', anchors: [`${LOCAL}@[A-Za-z0-9\x80-\xff]`, `${LOCAL}%40[A-Za-z0-9]`], after: 'no-backslash', detector: 'email' },
  {
    // 13 digits on end, or groups of four (4-6-5 for the brands that print so), beginning as some brand does.
    name: 'payment-card',
    anchors: [
      '[2-6]' + '[0-9]'.repeat(12),
      '8[12]' + '[0-9]'.repeat(11),
      '9792' + '[0-9]'.repeat(9),
      '[2-689][0-9][0-9][0-9][ -][0-9][0-9][0-9][0-9][ -][0-9][0-9][0-9][0-9]',
      '3[0-9][0-9][0-9][ -][0-9][0-9][0-9][0-9][0-9][0-9][ -][0-9][0-9][0-9][0-9]',
    ],
    after: 'number-boundary',
    detector: 'payment-card',
  },
]
