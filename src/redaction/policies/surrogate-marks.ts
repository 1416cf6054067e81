import { ibanRest, isLuhnValid } from '../detectors/check-digits.ts'
import { TEST_CARD } from '../detectors/payment-card.ts'

const spaced = (digits: string, between: string): string => [...digits].join(between)

/** The shapes that policies/surrogates.ts gives, the most telling first, with what tells them from numbers that only begin so. */
const SHAPES: readonly {
  readonly rule: string
  readonly shape: RegExp
  readonly isOne?: (value: string) => boolean
  /** Always of the same form, whatever stood there. */
  readonly isUniform?: true
}[] = [
  { rule: 'email', shape: /(?<![0-9A-Za-z])[0-9a-f]{12}@redacted\.invalid/g, isUniform: true },
  { rule: 'ip-address', shape: /(?<![0-9A-Za-z.])198\.1[89]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9A-Za-z])/g, isUniform: true },
  {
    rule: 'payment-card',
    shape: new RegExp(`(?<![0-9A-Za-z])${spaced(TEST_CARD, '[ -]?')}(?:[ -]?[0-9]){4,11}(?![0-9A-Za-z])`, 'g'),
    isOne: (value) => isLuhnValid(value.replace(/[^0-9]/g, '')),
  },
  {
    rule: 'iban',
    shape: /(?<![0-9A-Za-z])[A-Za-z]{2}[ -]?[0-9][ -]?[0-9](?:[ -]?0){8}(?:[ -]?[0-9]){3,22}(?![0-9A-Za-z])/g,
    isOne: (value) => {
      const compact = value.replace(/[^A-Za-z0-9]/g, '').toUpperCase()
      return ibanRest(compact) === 1
    },
  },
  { rule: 'phone', shape: /\+[ ().-]{0,3}9(?:[ ().-]{0,3}9){2}(?:[ ()./-]{0,3}[0-9]){4,12}(?![0-9A-Za-z])/g },
  { rule: 'phone', shape: /(?<![0-9A-Za-z+.])\(?0(?:[ ().-]{0,3}0){2}(?:[ ()./-]{0,3}[0-9]){4,12}(?![0-9A-Za-z])/g },
]

/**
 * The form in which texts with surrogates are matched: in each, every letter and digit gives way to `#`, and behind it stands its
 * ordinal among the distinct ones of its rule. So texts redacted under different keys compare equal where the same values stood in the
 * same places. Only for texts of a policy that makes surrogates: a number that only looks like one (`000-1234`) is numbered, too.
 */
export function normalizeSurrogates(text: string): string {
  let normal = text
  for (const { rule, shape, isOne, isUniform } of SHAPES) {
    const ordinals = new Map<string, number>()
    normal = normal.replace(shape, (value) => {
      if (isOne?.(value) === false) return value
      // Of a number the digits say which it is, however they are grouped.
      const identity = value.replace(/[^0-9A-Za-z]/g, '')
      const ordinal = ordinals.get(identity) ?? ordinals.size + 1
      ordinals.set(identity, ordinal)
      return isUniform === true ? `<${rule}~${ordinal}>` : `<${rule}~${ordinal} ${value.replace(/[0-9A-Za-z]/g, '#')}>`
    })
  }
  return normal
}
