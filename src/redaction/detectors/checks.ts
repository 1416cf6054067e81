import { Buffer } from 'node:buffer'
import type { CheckName } from '../rule.ts'

/** `secret` is what would be replaced, `end` the index behind it in `text`. */
export type Check = (secret: string, text: string, end: number) => boolean

const hasLetter = (text: string): boolean => /[A-Za-z]/.test(text)
const hasDigit = (text: string): boolean => /[0-9]/.test(text)

export const CHECKS: Readonly<Record<CheckName, Check>> = {
  'letter-and-digit': (secret) => hasLetter(secret) && hasDigit(secret),
  'upper-lower-digit': (secret) => /[A-Z]/.test(secret) && /[a-z]/.test(secret) && hasDigit(secret),
  'basic-pair': (secret) => isBasicPair(secret),
  jwt: (secret) => hasJoseHeader(secret),
  'assigned-value': isAssignedSecret,
  'assigned-token': (secret, text, end) => isAssignedSecret(secret, text, end) && !/^[A-Za-z_]+[0-9]{0,3}$/.test(secret),
}

/** `****`, `xxxx`, `....`: what is left where somebody else has redacted. */
export function isMasked(text: string): boolean {
  return /^(?:[*xX.•…#_-]{1,256}|\[?redacted\]?|\(?hidden\)?)$/i.test(text)
}

/** RFC 7617: base64 of `user:password`. */
function isBasicPair(secret: string): boolean {
  const decoded = Buffer.from(secret, 'base64')
  if (decoded.length < 3 || !decoded.includes(0x3a)) return false
  return decoded.every((byte) => byte >= 0x20 && byte !== 0x7f)
}

/** RFC 7515 section 4, RFC 7516 section 4: the first part is base64url of a JSON object with `alg`. */
function hasJoseHeader(secret: string): boolean {
  const header = secret.slice(0, secret.indexOf('.'))
  try {
    const parsed: unknown = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))
    return typeof parsed === 'object' && parsed !== null && (Object.hasOwn(parsed, 'alg') || Object.hasOwn(parsed, 'enc'))
  } catch {
    return false
  }
}

/** Tells `password=hunter2` from code and prose that goes on behind the same name. */
function isAssignedSecret(secret: string, text: string, end: number): boolean {
  if (!hasLetter(secret) || !hasDigit(secret) || isMasked(secret)) return false
  const next = text[end]
  if (next === '(' || next === '[') return false
  // A name that says the same again (`X509_TOKEN = X509_TOKEN`).
  if (/^[\w$]{1,128}(?:secret|token|password|passwd|key)$/i.test(secret)) return false
  // A path of names (`config.key1`), a URL, a file path, a digest.
  if (/^[A-Za-z_$][\w$]{0,64}(?:\??\.[A-Za-z_$][\w$]{0,64}){1,8}$/.test(secret)) return false
  if (/^[a-z][a-z0-9+.-]{1,16}:\/\//i.test(secret)) return false
  if (/^(?:~|\.{1,2})?\/[a-z0-9._-]{1,64}\//.test(secret)) return false
  return !/^(?:sha[0-9]{1,3}|md5|blake[23][bs]?)[:-]/.test(secret)
}

/** The value of a field that often holds something else: does it look like a credential? */
export function looksLikeToken(text: string): boolean {
  return /^[A-Za-z0-9._~+/=:@|-]{16,8192}$/.test(text) && hasLetter(text) && hasDigit(text) && isAssignedSecret(text, text, text.length)
}
