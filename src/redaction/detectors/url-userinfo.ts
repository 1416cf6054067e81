import type { Detector } from '../text-view.ts'
import { isMasked } from './checks.ts'
import { detectEmail } from './email.ts'
import { isPlaceholderPair } from './placeholders.ts'

/** `user:password` together; beyond this it is no URL that anything would accept. */
const USERINFO_MAX = 800
/** A password may hold `@` unescaped, but hardly more often. */
const AT_SIGNS_MAX = 4

/** `user:password` (or `:password`) between `scheme://` and `@host` (RFC 3986 section 3.2.1). Found from its `@` backwards. */
export const detectUrlUserinfo: Detector = ({ text }, anchorEnd) => {
  const at = anchorEnd - 2
  const lowest = Math.max(0, at - USERINFO_MAX)
  let start = at
  let atSigns = 0
  while (start > lowest) {
    const code = text.charCodeAt(start - 1)
    if (code === 0x40 && ++atSigns >= AT_SIGNS_MAX) return undefined
    if (STOPS[code] === 1) break
    start--
  }
  if (
    text.charCodeAt(start - 1) !== 0x2f ||
    !text.startsWith('//', start - 2) ||
    text[start - 3] !== ':' ||
    !/[A-Za-z0-9+.]/.test(text[start - 4] ?? '')
  )
    return undefined
  const userinfo = text.slice(start, at)
  const colon = userinfo.indexOf(':')
  if (colon < 0 || colon === userinfo.length - 1) return undefined
  // Left open for a value: `${USER}:${PASSWORD}`, `{{user}}:…`, `%s:%s`; or closed by somebody else.
  if (isMasked(userinfo.slice(colon + 1)) || /\$\{|\{\{|%s|\$\(/.test(userinfo)) return undefined
  return { start, end: at }
}

/** Version 4 leaves names of variables alone, and the words for a user and a password: `postgres://$USER:$PASSWORD@db`, `user:pass@`. */
export const detectUrlUserinfo4: Detector = (view, anchorEnd, anchorLength) => {
  const found = detectUrlUserinfo(view, anchorEnd, anchorLength)
  if (found === undefined) return undefined
  const userinfo = view.text.slice(found.start, found.end)
  const colon = userinfo.indexOf(':')
  if (isPlaceholderPair(userinfo.slice(0, colon), userinfo.slice(colon + 1))) return undefined
  return /:(?:\$[A-Za-z_][A-Za-z0-9_]{0,64}|%[A-Z_]{1,64}%)$/.test(userinfo) ? undefined : found
}

const LOGIN_BEFORE = /:\/\/([^\s/:@]{1,64}):$/
/** Nor does it take the password of such a URL for the beginning of an address: `://user:pass@db.example.com`. */
export const detectEmail4: Detector = (view, anchorEnd, anchorLength) => {
  const found = detectEmail(view, anchorEnd, anchorLength)
  if (found === undefined) return undefined
  const { text } = view
  const user = LOGIN_BEFORE.exec(text.slice(Math.max(0, found.start - 68), found.start))?.[1]
  return user !== undefined && isPlaceholderPair(user, text.slice(found.start, text.indexOf('@', found.start))) ? undefined : found
}

const STOPS = new Uint8Array(0x10000)
for (const char of '/ \t\n\r"\'`<>\\') STOPS[char.charCodeAt(0)] = 1
