// Which headers are kept of an exchange: of a request those that a list names, of a response all but a few, since client code reads any and
// hands on all (errors, pages, upload addresses, counts of tokens). The values pass redaction like everything else.

/** Of a request. They are part of what a replay matches by, so nothing that changes from try to try is among them. */
const REQUEST_HEADERS: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'anthropic-beta',
  'anthropic-version',
  'content-type',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'openai-beta',
  'prefer',
  'range',
])

/** Of a response: what is said of the bytes as they came. It is kept elsewhere, or would not be true of a body that was redacted. */
const OF_BYTES =
  /^(?:content-(?:length|encoding|md5)|(?:content-|repr-)?digest|x-(?:amz|goog|ms)-.*(?:checksum|hash|crc|md5|sha1|sha256).*)$/

/** Of a response: names of credentials besides those below, */
const CREDENTIAL_RESPONSE =
  /token(?!s(?:-|$))|api-?key|session-?id|(?:^|-)(?:auth|jwt|csrf|xsrf|nonce|otp|assertion|bearer|principal|passcode|sid)(?:-|$)/
/** and of counts, which client code reads: `x-amzn-bedrock-input-token-count`. */
const COUNT = /^\d{1,12}$/
const COUNTED = /-(?:count|limit|remaining|used)$/

/** Of a request never kept, whatever the list says; of a response, their values. */
const CREDENTIAL_HEADER = /authoriz|authenticat|cookie|secret|credential|signature|password|(?:^|-)(?:token|key|api-?key|session)(?:-|$)/

export type HeaderPair = readonly [name: string, value: string]

/** Names in lower case, in their order, a repeated one as one value. */
export function keptRequestHeaders(headers: Iterable<HeaderPair>): Record<string, string> {
  const kept = new Map<string, string>()
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (!REQUEST_HEADERS.has(lower) || CREDENTIAL_HEADER.test(lower)) continue
    const before = kept.get(lower)
    kept.set(lower, before === undefined ? value : `${before}, ${value}`)
  }
  return Object.fromEntries([...kept].sort(([left], [right]) => (left < right ? -1 : 1)))
}

/** Of a credential the name alone: a program that hands on all headers hands on that one, too. */
export function keptResponseHeaders(headers: Iterable<HeaderPair>): HeaderPair[] {
  const kept: HeaderPair[] = []
  let cookies = 0
  for (const [name, value] of headers) {
    const lower = name.toLowerCase()
    if (OF_BYTES.test(lower)) continue
    // Two stay two, for whoever keeps one of each name.
    if (lower === 'set-cookie') kept.push([lower, `withheld-${++cookies}=withheld`])
    else kept.push([lower, isCredential(lower, value) ? 'withheld' : value])
  }
  return kept
}

function isCredential(name: string, value: string): boolean {
  if (COUNTED.test(name) && COUNT.test(value)) return false
  return CREDENTIAL_HEADER.test(name) || CREDENTIAL_RESPONSE.test(name)
}

/** Query parameters and form fields that carry a credential: their values are dropped. */
const CREDENTIAL_FIELD =
  /^(?:(?:x-)?(?:api|access|subscription|private|auth)?[-_.]?key|(?:[\w.]+[-_.])?secret|(?:access|auth|authorization|id|refresh|bearer|security|session|csrf|api|oauth)?[-_.]?token|x-(?:amz|goog)-(?:signature|credential|security-token)|sig|signature|password|passwd|pwd|credentials?|(?:client[-_])?assertion|code|code[-_]verifier|jwt|session[-_]?id)$/i

export function isCredentialField(name: string): boolean {
  return CREDENTIAL_FIELD.test(name)
}

/** An address without user, password, fragment, and the values of parameters that carry a credential. */
export function keptUrl(url: URL): string {
  const { href } = url
  // Most have none of these.
  if (url.search === '' && url.username === '' && url.password === '' && !href.includes('#')) return href
  const kept = new URL(url)
  kept.username = ''
  kept.password = ''
  kept.hash = ''
  if (kept.search === '') return kept.href
  const pairs = [...kept.searchParams]
  // Rewriting a query may write it in another way, so only one that has to be.
  if (!pairs.some(([name]) => isCredentialField(name))) return kept.href
  const search = new URLSearchParams()
  for (const [name, value] of pairs) search.append(name, isCredentialField(name) ? '' : value)
  kept.search = search.toString()
  return kept.href
}
