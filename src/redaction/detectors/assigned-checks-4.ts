import { Buffer } from 'node:buffer'
import { VENDORS } from '../rules/vendors.ts'
import {
  isAssignedCredential,
  isAssignedMixed,
  isAssignedPassword3,
  isAssignedToken3,
  isQuotedCredential,
  isQuotedMixed,
  isQuotedPassword,
} from './assigned-checks.ts'
import { CHECKS, isBasicPair, looksLikeToken } from './checks.ts'
import { isPlaceholder, isTypeName, randomness } from './placeholders.ts'

/** Checks of version 4 of the default policy, see scanner/generation.ts. */

const count = (text: string, pattern: RegExp): number => text.match(pattern)?.length ?? 0
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
/** How often the kind of character changes: a name in camel case has a few capitals, chance a change at every second place. */
const changes = (text: string): number => count(text, /[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])|[A-Z](?=[a-z])/g)

/** `x509Transport`, `s.ReadUint16LengthPrefixed` */
const NAME_WITH_NUMBER = /^(?:[a-z]{1,16}\.)?[a-z]{0,16}(?:[A-Z][a-z]{2,15})*[0-9]{1,4}(?:[A-Z][a-z]{2,15}){1,4}$/

/** Behind a mark of two characters: letters of either case and digits, that are no name. */
export const isNoName = (secret: string): boolean =>
  /[A-Z]/.test(secret) &&
  /[a-z]/.test(secret) &&
  (/[0-9]/.test(secret) || changes(secret) >= secret.length * 0.4) &&
  !NAME_WITH_NUMBER.test(secret)

/** What stands behind the last sign of several random parts: of these, hex alone may be a digest and the rest its file's ending. */
export const isRandomEnd = (secret: string): boolean => isNoName(secret.slice(secret.lastIndexOf('.') + 1))

/** Characters that nobody would write as a name: letters and digits thoroughly mixed. */
export function isRandomRun(secret: string, lengthMin: number): boolean {
  const core = secret.replace(/[=.,;:]+$/, '')
  if (core.length < lengthMin || isPlaceholder(core)) return false
  const digits = count(core, /[0-9]/g)
  if (!/[A-Za-z]/.test(core)) return false
  // Of letters alone, in either case: more often than words do they change it.
  if (digits < 2)
    return (
      core.length >= 20 &&
      (core.length < 32 ? /^[A-Za-z0-9]+$/ : /^[A-Za-z0-9_-]+$/).test(core) &&
      changes(core) >= core.length * 0.4 &&
      randomness(core) >= 3.4
    )
  if (/^(?:sha[0-9]{1,3}|md5|blake[23][bs]?)[-:]/i.test(core) || /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(core)) return false
  // Names in parts, versions, paths.
  if (/^[a-z]+[0-9]{0,3}(?:[-_./:][a-z0-9]{1,12}){1,12}$/i.test(core) && changes(core) < core.length / 3) return false
  if (NAME_WITH_NUMBER.test(core)) return false
  if (/^[0-9a-f]+$/i.test(core)) return core.length >= Math.max(20, lengthMin) && randomness(core) >= 2.5
  return changes(core) >= core.length / 6 && randomness(core) >= 3
}

/** Too short for the rest to tell: letters of either case and digits, which change at nearly every second place. */
const isShortRandom = (secret: string): boolean =>
  /^(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9]{12,19}$/.test(secret) &&
  changes(secret) >= secret.length * 0.4 &&
  !isPlaceholder(secret)

const NAME_OF_ID =
  /(?:^|[^a-z])(?:ids?|uuid|guid|hash|sha[0-9]*|digest|checksum|commit|revision|rev|ref|trace|span|request|run|build|release|version|model|url|uri|host|endpoint|domain|region|project|org|organization|account|price|product|customer|plan|channel|index|table|bucket|topic|queue|cursor|page|next|cache|etag|public|publishable|pub|primary|foreign|partition|sort|group|row|object|path|file|name|user|username|email|site|sid|arn|image|tag|slug|fingerprint|client id|app id|key id|keyid|alias|continuation|sync|nonce|state|session id|token count|tokens|max|type)(?:[^a-z]|$)/
const LOOK_BACK = 64
/** The words before a value on its line, in lower case. */
function wordsBefore(text: string, start: number): string {
  const before = text.slice(Math.max(0, start - LOOK_BACK), start)
  return before
    .slice(before.lastIndexOf('\n') + 1)
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[_\-.]+/g, ' ')
    .toLowerCase()
}

/**
 * Behind a word alone, as in `token 9f…`: nothing but a value is written so. A lone `key` may be that of a cache, so that a digest is none
 * unless somebody is named who gives out keys.
 */
export function isNamedByBlank(secret: string, text: string, end: number): boolean {
  if (!isRandomRun(secret, 16)) return false
  const start = end - secret.length
  // The end of another id, and no name: `x7Qp2Lm9kEY 4f…`.
  const name = /[A-Za-z0-9]{0,48}[^A-Za-z0-9\r\n]{0,4}$/.exec(text.slice(Math.max(0, start - LOOK_BACK), start))?.[0] ?? ''
  if (isRandomRun(name.replace(/[^A-Za-z0-9]+$/, ''), 12)) return false
  const words = wordsBefore(text, start)
  const isWeak =
    !words.split(/[^a-z0-9]+/).some((word) => VENDORS.has(word)) &&
    !/(?:secret|token|passw|private|credential|bearer|(?:api|access|auth|service|account|admin|client|license|user|app) ?key|apikey)[a-z0-9]{0,4}[^a-z]{0,6}(?:(?:is|to|was) )?$/.test(
      words,
    )
  if (UUID.test(secret) || /^[0-9a-f]+$/.test(secret)) return !isWeak
  return !isWeak || (/[a-z]/.test(secret) && /[A-Z]/.test(secret) && secret.length >= 20) || secret.length >= 28
}

/** `exports.findX509Error`: where a part is a plain word, all are names, unless one is random (`hawk.Pb4YFzdSi7…`). */
const isPathOfNames = (secret: string): boolean => {
  if (!secret.includes('.')) return false
  const parts = secret.split('.')
  return parts.some((part) => /^[A-Za-z]{0,32}$/.test(part) && changes(part) < part.length / 3) && !parts.some((part) => isRandomPart(part))
}

/** Longer than a name, and its letters, digits and cases change at nearly every second place. */
const isRandomPart = (part: string): boolean => part.length >= 20 && isNoName(part) && changes(part) >= part.length * 0.5

const isBehindComma = (secret: string, text: string, end: number): boolean =>
  /,\s{0,3}\\?["'`]$/.test(text.slice(Math.max(0, end - secret.length - 8), end - secret.length))

/** Between the strings of code (`",label:"`, `'.$p['`); selectors; names of cloud resources; what stands for a value in HTML and in a shell. */
const isBesideStrings = (secret: string): boolean =>
  (/^[,;.)\]}+&|]/.test(secret) && /[:=(,+[{&|]\s{0,8}$/.test(secret)) ||
  isTypeName(secret) ||
  /^[#.][a-z]{2,24}(?:[-_][a-z]{1,24}){0,4}$|^arn:[a-z-]{3,12}:|^&lt;[^&]{0,80}&gt;$|^'?\$[A-Z_]{2,64}'?$/.test(secret)

/** `Harbor.Maple63`: two words and a number; a property of an object would hardly be numbered with two digits. */
const isWordsAndNumber = (secret: string, text: string, end: number): boolean =>
  /^[A-Z][a-z]{2,15}\.[A-Z][a-z]{2,15}[0-9]{2,4}[!?#*$%]?$/.test(secret) && !/[([.]/.test(text[end] ?? '')

export const isAssignedPassword4 = (secret: string, text: string, end: number): boolean =>
  !isBesideStrings(secret) && (isAssignedPassword3(secret, text, end) || isWordsAndNumber(secret, text, end))

/** Version 4 takes what merely stands behind a comma for a password only where it looks like one: `pbkdf2('password', 'salt')`. */
export function isQuotedPassword4(secret: string, text: string, end: number): boolean {
  if (isBesideStrings(secret) || !isQuotedPassword(secret, text, end)) return false
  if (!isBehindComma(secret, text, end)) return true
  return isQuotedMixed(secret, text, end) && !/^[A-Z0-9-]{1,16}$|^https?:|^[a-z]{1,12}[0-9]?$/.test(secret)
}

/** The same of a key; of letters alone, elements of a list are names. */
export function isQuotedCredential4(secret: string, text: string, end: number): boolean {
  if (isBesideStrings(secret) || !isQuotedCredential(secret, text, end)) return false
  return !isBehindComma(secret, text, end) || isRandomRun(secret, 8) || isShortRandom(secret) || /[!@#$%^&*]/.test(secret)
}

/** Version 4 wants of base64 that it does not read as a word (`Basic Operations`). */
export const isBasicPair4 = (secret: string): boolean => /[0-9+/=]|[a-z][A-Z]/.test(secret) && isBasicPair(secret)

/** Version 4 takes two random parts with a dot between them for no path in code, and names of secrets in a cloud for none. */
export function isAssignedCredential4(secret: string, text: string, end: number): boolean {
  if (
    /arn:aws[a-z-]{0,12}:[a-z]{2,20}:[a-z0-9-]{0,24}:[0-9]{0,12}:secret:$/.test(
      text.slice(Math.max(0, end - secret.length - 80), end - secret.length),
    )
  )
    return false
  if (isBehindComma(secret, text, end) && NAME_WITH_NUMBER.test(secret)) return false
  // `X509Credential`: the name of a type.
  if (/^[A-Z][A-Za-z0-9]{0,40}(?:Secret|Token|Password|Credential|Key)s?$/.test(secret)) return false
  // `tenant_4711_profile_v2`: words and numbers.
  if (/^[a-z]{2,}(?:[-_.](?:[a-z]{2,}[0-9]{0,3}|v?[0-9]{1,6})){1,8}$/.test(secret)) return false
  return isAssignedCredential(secret, text, end) || (isRandomRun(secret, 24) && !isPathOfNames(secret))
}

const METHODS = /^(?:oauth|http|sha|md|base|hs|rs|es|ps|x|v|ed|aes|tls|ssl|sslv|tlsv|ntlmv|basic|level|type|mode)-?[0-9][0-9._-]{0,6}$/i
/** Version 4 takes what says how something is done for no password: `auth=oauth2`. */
export const isAssignedMixed4 = (secret: string, text: string, end: number): boolean =>
  isAssignedMixed(secret, text, end) && !METHODS.test(secret)

/** A token between quotes may have any sign; what is told by its randomness alone. */
export const isQuotedToken = (secret: string): boolean =>
  /^[!-~]+$/.test(secret) &&
  !CODE.test(secret) &&
  !/(?:secret|token|password|passwd|key|credentials?)s?[0-9]{0,2}$/i.test(secret) &&
  (isRandomRun(secret.replace(/[=+](?=[A-Za-z])/g, '0'), 14) || isShortRandom(secret))

export function isAssignedToken4(secret: string, text: string, end: number): boolean {
  if (isAssignedToken3(secret, text, end) || (isRandomRun(secret, 24) && !isPathOfNames(secret))) return true
  if (/["'`]/.test(text[end - secret.length - 1] ?? '') && isQuotedToken(secret)) return true
  // `IPINFO_TOKEN = "a090f29e2032d7"`
  const isShort = /^[A-Za-z0-9]{12,15}$/.test(secret) && count(secret, /[0-9]/g) >= 3 && changes(secret) >= 4 && !isPlaceholder(secret)
  if (!isShort && !isShortRandom(secret)) return false
  return /[A-Z0-9]_TOKEN["'`\])]{0,3}\s{0,3}[:=]\s{0,3}["'`]?$/.test(text.slice(Math.max(0, end - secret.length - 48), end - secret.length))
}

/** The value of an Authorization header, scheme included: what stands for one stays. */
export function isAuthValue(secret: string): boolean {
  const value = secret.slice(secret.search(/[^\s]{1,16384}$/))
  return !isPlaceholder(value) && !/^(?:\$|%|YOUR[-_A-Z]{0,40}$|[A-Z]{2,20}(?:_[A-Z]{2,20}){1,4}$)/.test(value)
}

/** A scheme that is not among the usual ones: its value must look like one. */
export function isAuthRun(secret: string): boolean {
  const value = secret.slice(secret.search(/[^\s="']{1,16384}$/))
  return isRandomRun(value, 16) || UUID.test(value.replace(/:.*$/, ''))
}

const CODE = /\$\{|\{\{|\$\(|<%|^\$[A-Za-z_{]|^%[A-Za-z_]|^[<[({].*[>\])}]$|\($/
/** Behind an option or a word that takes nothing but a password. */
export function isGivenPassword(secret: string): boolean {
  if (isPlaceholder(secret) || CODE.test(secret) || /^[-/.~@]/.test(secret)) return false
  return /[0-9!@#$%^&*?+=]/.test(secret) && /\p{L}/u.test(secret) && !/^(?:[a-z]+(?:[-_.][a-z]+)+|[a-z]{1,3}[0-9]{1,2})$/.test(secret)
}

/** Handed to a call that takes a secret there. */
export function isGivenSecret(secret: string): boolean {
  if (isPlaceholder(secret) || CODE.test(secret) || /\s/.test(secret) || secret.length < 6) return false
  return /[0-9]/.test(secret) && /[A-Za-z]/.test(secret) && !/^[a-z]+(?:[-_./:][a-z0-9]+){1,8}$/.test(secret)
}

/** Said in a sentence or behind a name in another tongue. */
export function isSaid(secret: string): boolean {
  if (isPlaceholder(secret) || CODE.test(secret)) return false
  return /[0-9!@#$%^&*]/.test(secret) && /\p{L}/u.test(secret) && !/^[a-z]+(?:-[a-z]+)+$/i.test(secret) && !/^https?:/i.test(secret)
}

/** One part at least of what stands behind a webhook's address is random. */
export const isHookPath = (secret: string): boolean =>
  secret.split(/[/@?]/).some((part) => UUID.test(part) || isRandomRun(part, 16)) ||
  /^[0-9]{5,9}\/(?=[a-z0-9]*[0-9])[a-z0-9]{6,8}\/?$/.test(secret)

/** Base64 of PEM armour around a private key. */
export const isEncodedPem = (secret: string): boolean =>
  /-BEGIN [A-Z0-9 ]{0,24}PRIVATE KEY/.test(Buffer.from(secret.slice(0, 80), 'base64').toString('latin1'))

/** `code` of an answer that an authorization server sends to a client, beside `state`. */
export const isGrantCode = (secret: string, text: string, end: number): boolean =>
  isRandomRun(secret, 20) && /[?&](?:state|scope|session_state)=/.test(text.slice(Math.max(0, end - secret.length - 256), end + 128))

/** Of a JSON Object Signing header that was cut or damaged, what is left must still tell. */
export const isJose4: typeof isNamedRun = (secret, text, end) =>
  CHECKS['jwt']?.(secret, text, end) === true ||
  /"(?:alg|enc)"\s?:/.test(Buffer.from(secret.slice(0, secret.indexOf('.')), 'base64url').toString('latin1'))

/** Values of members that are named a token: of those shorter than others, only such that nobody would write as a name. */
export const looksLikeToken4 = (text: string): boolean =>
  looksLikeToken(text) ||
  isShortRandom(text) ||
  (/^[A-Za-z0-9]{12,15}$/.test(text) && count(text, /[0-9]/g) > 2 && changes(text) > 5 && !isPlaceholder(text))

/** What the many vendors' names are not about. */
export const isNameOfId = (name: string): boolean => NAME_OF_ID.test(name)

/** A value under the name of another member: `{ name: X, value: … }`. */
export const isNamedRun = (secret: string, text: string, end: number): boolean =>
  isAssignedCredential4(secret, text, end) &&
  (isRandomRun(secret, 12) || isShortRandom(secret) || UUID.test(secret) || /[^A-Za-z0-9_.-]/.test(secret))

/** In a sentence, where a word with a digit (`base64`, `step-2`) is no password. */
export const isSaidMixed = (secret: string): boolean =>
  !/^[A-Za-z0-9]+-(?:encoded|hashed|encrypted|protected|based|only|free)$/i.test(secret) &&
  ((/^[A-Za-z]{8,32}$/.test(secret) && changes(secret) >= secret.length / 3 && !isPlaceholder(secret)) || isSaidWithSigns(secret))

const isSaidWithSigns = (secret: string): boolean =>
  isSaid(secret) &&
  !/^[A-Za-z]?[a-z]+[-_]?[0-9]{1,3}$/.test(secret) &&
  (/[!@#$%^&*]/.test(secret) || /[A-Z].*[0-9]|[0-9].*[A-Z]/.test(secret) || /[0-9].*[0-9].*[a-z]|[a-z].*[0-9].*[0-9]/.test(secret))
