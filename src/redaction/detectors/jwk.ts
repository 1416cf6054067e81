import type { Detector } from '../text-view.ts'

/** RFC 7518 section 6, RFC 8037 section 2: what of a key is private, by its member's name. */
export const PRIVATE_MEMBERS: ReadonlySet<string> = new Set(['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'])
const MEMBER_VALUE = /^[A-Za-z0-9_-]{16,4096}$/
/** Whether a member of an object with `kty` is private key material. */
export const isPrivateMember = (name: string, value: string): boolean => PRIVATE_MEMBERS.has(name) && MEMBER_VALUE.test(value)

const KEY_TYPE = /kty\\{0,3}["']\s{0,4}:\s{0,4}\\{0,3}["'](?:RSA|EC|OKP|oct)\\{0,3}["']/y
const MEMBER = /["'](?:d|p|q|dp|dq|qi|k)\\{0,3}["']\s{0,4}:\s{0,4}\\{0,3}["']([A-Za-z0-9_-]{16,4096})/g
/** The longest keys in use (RSA of 8192 bits) take some 6,000 characters, the type among the first or the last. */
const OBJECT_MAX = 6_500

/** A JSON Web Key in a text that is not JSON as a whole: from its first private member's value to the end of the last one's. */
export const detectJwk: Detector = ({ text }, anchorEnd, anchorLength) => {
  const at = anchorEnd - anchorLength
  KEY_TYPE.lastIndex = at
  if (!KEY_TYPE.test(text)) return undefined
  const lowest = Math.max(0, at - OBJECT_MAX)
  const open = text.slice(lowest, at).lastIndexOf('{')
  if (open < 0) return undefined
  const start = lowest + open
  const close = text.slice(at, at + OBJECT_MAX).indexOf('}')
  const object = text.slice(start, close < 0 ? at + OBJECT_MAX : at + close)
  let first = -1
  let last = -1
  for (const match of object.matchAll(MEMBER)) {
    const end = match.index + match[0].length
    if (first < 0) first = end - (match[1] ?? '').length
    last = end
  }
  return first < 0 ? undefined : { start: start + first, end: start + last }
}
