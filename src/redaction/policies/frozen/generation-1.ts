import { isOtherScriptLetter } from '../../detectors/characters.ts'
import { CHECKS, type Check, isMasked } from '../../detectors/checks.ts'
import { detectEmail } from '../../detectors/email.ts'
import { detectPaymentCard, isPaymentCardNumber } from '../../detectors/payment-card.ts'
import type { Generation } from '../../scanner/generation.ts'
import type { Detector } from '../../text-view.ts'

const QUOTE = 0x22
const BRACKET = 0x5b

/** Neither quoted local parts, nor addresses for domains, nor scripts without capitals. */
const detectEmail1: Detector = (view, anchorEnd, anchorLength) => {
  const found = detectEmail(view, anchorEnd, anchorLength)
  if (found === undefined) return undefined
  const at = view.text.indexOf('@', found.start)
  const before = view.text.charCodeAt(at - 1)
  const behind = view.text.charCodeAt(at + 1)
  return before === QUOTE || behind === BRACKET || isOtherScriptLetter(before) || isOtherScriptLetter(behind) ? undefined : found
}

const hasLetter = (text: string): boolean => /[A-Za-z]/.test(text)
const hasDigit = (text: string): boolean => /[0-9]/.test(text)

/** `password=hunter2`, and not code or prose that goes on behind the same name. */
function isAssignedValue(secret: string, text: string, end: number): boolean {
  if (!hasLetter(secret) || !hasDigit(secret) || isMasked(secret)) return false
  const next = text[end]
  if (next === '(' || next === '[') return false
  if (/^[\w$]{1,128}(?:secret|token|password|passwd|key)$/i.test(secret)) return false
  if (/^[A-Za-z_$][\w$]{0,64}(?:\??\.[A-Za-z_$][\w$]{0,64}){1,8}$/.test(secret)) return false
  if (/^[a-z][a-z0-9+.-]{1,16}:\/\//i.test(secret)) return false
  if (/^(?:~|\.{1,2})?\/[a-z0-9._-]{1,64}\//.test(secret)) return false
  return !/^(?:sha[0-9]{1,3}|md5|blake[23][bs]?)[:-]/.test(secret)
}

const isAssignedToken: Check = (secret, text, end) => isAssignedValue(secret, text, end) && !/^[A-Za-z_]+[0-9]{0,3}$/.test(secret)

const looksLikeToken = (text: string): boolean => /^[A-Za-z0-9._~+/=:@|-]{16,8192}$/.test(text) && isAssignedValue(text, text, text.length)

export const GENERATION_1: Generation = {
  checks: { ...CHECKS, 'assigned-value': isAssignedValue, 'assigned-token': isAssignedToken },
  detectors: { email: detectEmail1, 'payment-card': detectPaymentCard },
  looksLikeToken,
  isCardNumber: isPaymentCardNumber,
  decodes: false,
  piecesMin: 3,
  readsBytes: false,
  readsKeys: false,
  readsSpaced: false,
  readsParts: false,
}
