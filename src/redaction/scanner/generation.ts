import { isAssignedPassword3, isAssignedToken3, isSpokenPassword3 } from '../detectors/assigned-checks.ts'
import { looksLikeToken4 } from '../detectors/assigned-checks-4.ts'
import { CHECKS, type Check, looksLikeToken } from '../detectors/checks.ts'
import { detectIban4 } from '../detectors/iban.ts'
import { LATER_CHECKS } from '../detectors/later.ts'
import { detectKnownRun4 } from '../detectors/number-run.ts'
import { detectPaymentCard4, isPaymentCardNumber, isPaymentCardNumber4 } from '../detectors/payment-card.ts'
import {
  detectInternationalPhone3,
  detectInternationalPhone4,
  detectNationalPhone3,
  detectNationalPhone4,
  detectNorthAmericanPhone3,
  detectNorthAmericanPhone4,
} from '../detectors/phone.ts'
import { isMaskedKey, isTypeName } from '../detectors/placeholders.ts'
import { isSummedToken } from '../detectors/token-checksums.ts'
import { detectEmail4, detectUrlUserinfo4 } from '../detectors/url-userinfo.ts'
import type { DetectorName } from '../rule.ts'
import type { Detector } from '../text-view.ts'

/**
 * What the rules of a version of the default policy mean beyond their data. Old recordings are matched by what was found then, so
 * a change that finds other things than before belongs here, beside what was.
 */
export interface Generation {
  readonly checks: Readonly<Record<string, Check>>
  /** Detectors that found other things then. */
  readonly detectors: Readonly<Partial<Record<DetectorName, Detector>>>
  /** Whether the value of a field that often holds something else looks like a credential. */
  readonly looksLikeToken: (value: string) => boolean
  /** Whether what has the form of a key is one that documentation has made unreadable. */
  readonly isMaskedKey?: (secret: string) => boolean
  /** Whether a value is the name of a type, as schemas have it where a value would be. */
  readonly isTypeName?: (value: string) => boolean
  /** Whether the digits of a JSON number are those of a card; the field's name is context. */
  readonly isCardNumber: (digits: string, field: string) => boolean
  /** Looks into base64 and percent escapes. */
  readonly decodes: boolean
  /** So many pieces make a stream. */
  readonly piecesMin: number
  /** Looks into bytes inside of values where they are text. */
  readonly readsBytes: boolean
  /** Knows the private members of JSON Web Keys. */
  readonly readsKeys: boolean
  /** Knows the chunks of a stream where blanks stand between them. */
  readonly readsSpaced: boolean
  /** Knows the parts of a message, whatever they stand in. */
  readonly readsParts: boolean
  /** Knows the chunks of a stream behind others of another kind, and those of some length by where they stand. */
  readonly readsLaterChunks?: boolean
  /** Knows members that hold the value of what another member or the one around names. */
  readonly readsMembers?: boolean
  /** Knows a token whose end is beyond what is looked at for words. */
  readonly leavesTokens?: boolean
  /** Knows that what tells a terminal a colour is no part of the word behind it. */
  readonly readsColours?: boolean
  /** Knows what stands in JSON strings by what it says, however it is escaped, and whatever their field is called. */
  readonly readsEscapes?: boolean
}

export const GENERATION_2: Generation = {
  checks: CHECKS,
  detectors: {},
  looksLikeToken,
  isCardNumber: isPaymentCardNumber,
  decodes: true,
  piecesMin: 2,
  readsBytes: false,
  readsKeys: false,
  readsSpaced: false,
  readsParts: false,
}
export const GENERATION_3: Generation = {
  ...GENERATION_2,
  checks: {
    ...CHECKS,
    'summed-token': isSummedToken,
    'spoken-password': isSpokenPassword3,
    'assigned-password': isAssignedPassword3,
    'assigned-token': isAssignedToken3,
  },
  detectors: {
    'international-phone': detectInternationalPhone3,
    'north-american-phone': detectNorthAmericanPhone3,
    'national-phone': detectNationalPhone3,
  },
  readsBytes: true,
  readsKeys: true,
  readsSpaced: true,
  readsParts: true,
}
export const GENERATION_4: Generation = {
  ...GENERATION_3,
  checks: { ...GENERATION_3.checks, ...LATER_CHECKS },
  readsLaterChunks: true,
  detectors: {
    ...GENERATION_3.detectors,
    'international-phone': detectInternationalPhone4,
    'national-phone': detectNationalPhone4,
    'north-american-phone': detectNorthAmericanPhone4,
    'number-run': detectKnownRun4,
    'payment-card': detectPaymentCard4,
    iban: detectIban4,
    email: detectEmail4,
    'url-userinfo': detectUrlUserinfo4,
  },
  looksLikeToken: looksLikeToken4,
  isCardNumber: isPaymentCardNumber4,
  isMaskedKey,
  isTypeName,
  readsMembers: true,
  leavesTokens: true,
  readsColours: true,
  readsEscapes: true,
}
