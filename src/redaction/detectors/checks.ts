import { Buffer } from 'node:buffer'
import { parseJson } from '../../schemas/index.ts'
import {
  isAssignedCredential,
  isAssignedMixed,
  isAssignedPassword,
  isAssignedToken,
  isConnectionPassword,
  isFlagValue,
  isMixedRun,
  isNoPlaceholder,
  isQuotedCredential,
  isQuotedMixed,
  isQuotedPassword,
  isSpokenPassword,
} from './assigned-checks.ts'

/** `secret` is what would be replaced, `end` the index behind it in `text`. */
export type Check = (secret: string, text: string, end: number) => boolean

const hasLetter = (text: string): boolean => /[A-Za-z]/.test(text)
const hasDigit = (text: string): boolean => /[0-9]/.test(text)

export const CHECKS: Readonly<Record<string, Check>> = {
  'letter-and-digit': (secret) => hasLetter(secret) && hasDigit(secret),
  'upper-lower-digit': (secret) => /[A-Z]/.test(secret) && /[a-z]/.test(secret) && hasDigit(secret),
  'basic-pair': (secret) => isBasicPair(secret),
  jwt: (secret) => hasJoseHeader(secret),
  'three-digits': (secret) => (secret.match(/[0-9]/g)?.length ?? 0) >= 3,
  'mixed-run': isMixedRun,
  'not-placeholder': isNoPlaceholder,
  'quoted-password': isQuotedPassword,
  'quoted-mixed': isQuotedMixed,
  'quoted-credential': isQuotedCredential,
  'assigned-password': isAssignedPassword,
  'assigned-mixed': isAssignedMixed,
  'assigned-credential': isAssignedCredential,
  'assigned-token': isAssignedToken,
  'flag-value': isFlagValue,
  'spoken-password': isSpokenPassword,
  'connection-password': isConnectionPassword,
}

/** `****`, `xxxx`, `....`: what is left where somebody else has redacted. */
export function isMasked(text: string): boolean {
  return /^(?:[*xX.•…#_-]{1,256}|\[?redacted\]?|\(?hidden\)?)$/i.test(text)
}

/** RFC 7617: base64 of `user:password`. */
export function isBasicPair(secret: string): boolean {
  const decoded = Buffer.from(secret, 'base64')
  if (decoded.length < 3 || !decoded.includes(0x3a)) return false
  return decoded.every((byte) => byte >= 0x20 && byte !== 0x7f)
}

/** RFC 7515 section 4, RFC 7516 section 4: the first part is base64url of a JSON object with `alg`. */
function hasJoseHeader(secret: string): boolean {
  const header = secret.slice(0, secret.indexOf('.'))
  try {
    const parsed: unknown = parseJson(Buffer.from(header, 'base64url').toString('utf8'))
    return typeof parsed === 'object' && parsed !== null && (Object.hasOwn(parsed, 'alg') || Object.hasOwn(parsed, 'enc'))
  } catch {
    return false
  }
}

/** The value of a field that often holds something else: does it look like a credential? */
export function looksLikeToken(text: string): boolean {
  return /^[A-Za-z0-9._~+/=:@|-]{16,8192}$/.test(text) && hasLetter(text) && hasDigit(text) && isAssignedCredential(text, text, text.length)
}
