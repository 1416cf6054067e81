import type { DetectorName, LaterCheckName, LaterDetectorName } from '../rule.ts'
import type { Detector } from '../text-view.ts'
import { isMixedRun } from './assigned-checks.ts'
import {
  isAssignedCredential4,
  isAssignedMixed4,
  isAssignedPassword4,
  isAssignedToken4,
  isAuthRun,
  isAuthValue,
  isBasicPair4,
  isEncodedPem,
  isGivenPassword,
  isGivenSecret,
  isGrantCode,
  isHookPath,
  isJose4,
  isNamedByBlank,
  isNamedRun,
  isNoName,
  isQuotedCredential4,
  isQuotedPassword4,
  isQuotedToken,
  isRandomEnd,
  isRandomRun,
  isSaid,
  isSaidMixed,
} from './assigned-checks-4.ts'
import { detectBirthDate4 } from './birth-date-4.ts'
import type { Check } from './checks.ts'
import { detectCoinAddress } from './coin-address.ts'
import { detectKubernetesSecret } from './kubernetes-secret.ts'
import { detectNamedColumn } from './named-column.ts'
import { isNumber4 } from './national-ids-4.ts'
import { detectNumberRun4 } from './number-run-4.ts'
import { detectPassportName, detectPassportZone } from './passport-zone.ts'
import { isPaymentCardNumber4 } from './payment-card.ts'
import { detectSaid } from './said.ts'
import { isStellarSeed, isXrpSeed } from './seed-checks-4.ts'
import { detectSpelledEmail } from './spelled-email.ts'
import { detectStellarAddress } from './stellar-address.ts'
import { detectVendorValue } from './vendor-value.ts'

/** Checks that version 4 has beside those of version 3. */
export const LATER_CHECKS: Readonly<
  Record<
    | LaterCheckName
    | 'assigned-credential'
    | 'assigned-mixed'
    | 'assigned-password'
    | 'assigned-token'
    | 'basic-pair'
    | 'jwt'
    | 'mixed-run'
    | 'quoted-credential'
    | 'quoted-password',
    Check
  >
> = {
  'assigned-credential': isAssignedCredential4,
  'assigned-mixed': isAssignedMixed4,
  'assigned-password': isAssignedPassword4,
  'assigned-token': isAssignedToken4,
  'auth-run': isAuthRun,
  'auth-value': isAuthValue,
  'basic-pair': isBasicPair4,
  'card-number': (secret) => isPaymentCardNumber4(secret.replace(/[^0-9]/g, ''), ''),
  'encoded-pem': isEncodedPem,
  'given-password': isGivenPassword,
  'given-secret': isGivenSecret,
  'grant-code': isGrantCode,
  'hook-path': isHookPath,
  jwt: isJose4,
  'mixed-run': (secret, text, end) => isMixedRun(secret, text, end) || (/^[A-Za-z_-]+$/.test(secret) && isRandomRun(secret, 28)),
  'named-by-blank': isNamedByBlank,
  'named-run': isNamedRun,
  'no-name': isNoName,
  'nz-ird': (secret) => isNumber4('nz-ird', secret),
  'quoted-credential': isQuotedCredential4,
  'quoted-password': isQuotedPassword4,
  'quoted-token': isQuotedToken,
  'random-end': isRandomEnd,
  'random-run': (secret) => isRandomRun(secret, 16),
  said: isSaid,
  'said-mixed': isSaidMixed,
  'stellar-seed': isStellarSeed,
  'xrp-seed': isXrpSeed,
}

export const LATER_DETECTORS: Readonly<Record<LaterDetectorName, Detector>> = {
  'birth-date-4': detectBirthDate4,
  'coin-address': detectCoinAddress,
  'kubernetes-secret': detectKubernetesSecret,
  'named-column': detectNamedColumn,
  'number-run-4': detectNumberRun4,
  'passport-name': detectPassportName,
  'passport-zone': detectPassportZone,
  said: detectSaid,
  'spelled-email': detectSpelledEmail,
  'stellar-address': detectStellarAddress,
  'vendor-value': detectVendorValue,
}

/** Those whose findings begin before their anchor. */
export const LATER_LOOK_BACK: readonly DetectorName[] = ['kubernetes-secret', 'named-column', 'passport-zone', 'spelled-email']
