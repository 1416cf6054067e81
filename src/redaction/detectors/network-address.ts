import { asWords } from '../scanner/words.ts'
import type { Detector } from '../text-view.ts'
import { isAlnum, isDigit, isHexDigit } from './characters.ts'

const IPV4 = /(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(?:\.(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])){3}/y
const VERSION_BEFORE =
  /(?:^|[^a-z])(?:v|ver|version|release|build|rev|firmware|sdk|kernel|driver|section|chapter|clause|update|upgrade|from v|to v|oid|assembly[a-z]*|fileversion|chrome|safari|firefox|edge?|electron)\.?["']?\s{0,2}[:=]?\s{0,2}["'(]?$/i
const ADDRESS_WORDS =
  /(?:^|[^a-z])(?:ip|ips|ipv4|addr[a-z]*|host[a-z]*|server|client|peer|remote|source|src|dst|dest[a-z]*|gateway|dns|ping|ssh|nameserver|subnet|login|connect[a-z]*|request[a-z]*|forwarded|visitor|user|x real|from|at)(?![a-z])/

/**
 * An IPv4 address that can be somebody's: none of this host, link, private network or multicast (RFC 6890), since those say
 * nothing of a person and stand in every log and configuration; and no version number.
 */
export const detectIpv4: Detector = (view, anchorEnd, anchorLength) => {
  const { text } = view
  const start = anchorEnd - anchorLength
  IPV4.lastIndex = start
  const match = IPV4.exec(text)
  if (match === null) return undefined
  const end = IPV4.lastIndex
  const after = text.charCodeAt(end)
  if (isAlnum(after) || after === 0x5f || (after === 0x2e && isDigit(text.charCodeAt(end + 1)))) return undefined
  if (after === 0x2d && isAlnum(text.charCodeAt(end + 1))) return undefined
  const before = text[start - 1]
  if (before === '-' || before === '@' || before === '^' || before === '~' || (before === '=' && /[=<>~!]/.test(text[start - 2] ?? ''))) {
    if (before !== '@' || !/[A-Za-z0-9]@$/.test(text.slice(start - 2, start))) return undefined
  }
  // `Chrome/120.0.6099.1`; but `http://…` and `X-Forwarded-For/…` have another character there.
  if (before === '/' && /[A-Za-z]/.test(text[start - 2] ?? '')) return undefined
  const octets = match[0].split('.').map(Number)
  if (!isSomebodys(octets)) return undefined
  const lead = text.slice(Math.max(0, start - 24), start)
  if (VERSION_BEFORE.test(lead) || /version|revision|release|build/i.test(view.field)) return undefined
  // As a version or a chapter would be: small numbers throughout, or a last one of zero.
  const looksLikeVersion = octets.every((octet) => octet < 30) || (octets[2] === 0 && octets[3] === 0)
  if (looksLikeVersion && !/^[:/][0-9]/.test(text.slice(end, end + 2))) {
    const words = `${asWords(view.field)} ${asWords(lead)}`
    if (!ADDRESS_WORDS.test(words)) return undefined
  }
  return { start, end }
}

function isSomebodys([a = 0, b = 0, c = 0, d = 0]: readonly number[]): boolean {
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false
  if ((a === 172 && b >= 16 && b <= 31) || (a === 192 && b === 168) || (a === 169 && b === 254) || (a === 100 && b >= 64 && b <= 127))
    return false
  // RFC 2544, for measurements: what stands where a surrogate has been put.
  if (a === 198 && (b === 18 || b === 19)) return false
  return !(a === 255 || (a === 192 && b === 0 && c === 0) || (d === 0 && c === 0 && b === 0))
}

const IPV6_MAX = 45
/** IPv6 (RFC 4291, RFC 5952), under the same exceptions. Found at its first colon or group. */
export const detectIpv6: Detector = (view, anchorEnd, anchorLength) => {
  const { text } = view
  const start = anchorEnd - anchorLength
  // A time of day.
  if (isClock(text, start)) return undefined
  let end = start
  while (end - start <= IPV6_MAX && (isHexDigit(text.charCodeAt(end)) || text[end] === ':' || text[end] === '.')) end++
  if (isAlnum(text.charCodeAt(end)) || text[end] === '_') return undefined
  while (end > start && (text[end - 1] === '.' || (text[end - 1] === ':' && text[end - 2] !== ':'))) end--
  const before = text[start - 1] ?? ''
  if (before === ':' || before === '.') return undefined
  const address = text.slice(start, end).toLowerCase()
  if (!isIpv6(address)) return undefined
  // This host, link-local, unique local, multicast; and what a clock or a module path looks like.
  if (/^(?:::1?$|fe[89ab]|f[cd]|ff)/.test(address)) return undefined
  const groups = address.split(':').filter((group) => group !== '')
  if (address.includes('::') && (groups.length < 3 || !/[0-9]/.test(address))) return undefined
  return { start, end }
}

function isClock(text: string, start: number): boolean {
  for (let index = 0; index < 8; index++) {
    const code = text.charCodeAt(start + index)
    if (index % 3 === 2 ? code !== 0x3a : !isDigit(code)) return false
  }
  return text.charCodeAt(start + 8) !== 0x3a
}

function isIpv6(address: string): boolean {
  const halves = address.split('::')
  if (halves.length > 2) return false
  const groups = halves.flatMap((half) => (half === '' ? [] : half.split(':')))
  let count = groups.length
  const last = groups.at(-1) ?? ''
  if (last.includes('.')) {
    IPV4.lastIndex = 0
    if (IPV4.exec(last)?.[0] !== last) return false
    groups.pop()
    count++
  }
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return false
  return halves.length === 2 ? count <= 7 && count > 0 : count === 8
}

const MAC = /[0-9A-Fa-f]{2}([:-])[0-9A-Fa-f]{2}(?:\1[0-9A-Fa-f]{2}){4}/y
/** A MAC address (IEEE 802, EUI-48): six pairs, alone. Longer rows are fingerprints. */
export const detectMac: Detector = ({ text }, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  MAC.lastIndex = start
  const match = MAC.exec(text)
  if (match === null) return undefined
  const end = MAC.lastIndex
  const separator = match[1] ?? ':'
  if (isAlnum(text.charCodeAt(end)) || (text[end] === separator && isHexDigit(text.charCodeAt(end + 1)))) return undefined
  if (text[start - 1] === separator && isHexDigit(text.charCodeAt(start - 2))) return undefined
  const pairs = match[0].toLowerCase().split(separator)
  // Broadcast and nothing; and dates with times, which have no letters.
  if (new Set(pairs).size === 1 || (separator === '-' && !/[a-f]/.test(match[0].toLowerCase()))) return undefined
  return { start, end }
}
