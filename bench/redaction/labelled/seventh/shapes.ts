import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Chance } from '../random.ts'

export type Value = { text: string; secrets: string[] }
export type Kind = { kind: string; variable: string; make: (c: Chance) => Value }
export type Case = { group: string; kind: string; place: string; text: string; secrets: string[] }

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** One string that is the secret as a whole. */
export function whole(kind: string, variable: string, make: string | ((c: Chance) => string)): Kind {
  return {
    kind,
    variable,
    make: (c) => {
      const text = typeof make === 'string' ? c.fill(make) : make(c)
      return { text, secrets: [text] }
    },
  }
}

/** A text of which only some parts are secret. */
export function within(kind: string, variable: string, make: (c: Chance) => [string, ...string[]]): Kind {
  return {
    kind,
    variable,
    make: (c) => {
      const [text, ...secrets] = make(c)
      return { text, secrets }
    },
  }
}

/** The secret stands where the format has `<…>`. */
export function framed(kind: string, variable: string, format: string): Kind {
  return within(kind, variable, (c) => {
    const secrets: string[] = []
    const text = c.fill(format).replace(/<([^>]*)>/g, (_, secret: string) => {
      secrets.push(secret)
      return secret
    })
    return [text, ...secrets]
  })
}

export const b64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')
export const b64url = (text: string | Uint8Array): string => Buffer.from(text).toString('base64url')

export function bytes(c: Chance, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => c.below(256))
}

export function based(number: bigint, alphabet: string, width: number): string {
  let text = ''
  for (let rest = number; rest > 0n; rest /= BigInt(alphabet.length)) text = alphabet[Number(rest % BigInt(alphabet.length))] + text
  return text.padStart(width, alphabet[0])
}

/** Six characters of base 62 with the CRC32 of what goes before. */
export function withChecksum(prefix: string, body: string): string {
  return prefix + body + based(BigInt(crc32(body)), BASE62, 6)
}

export function routable(prefix: string, c: Chance): string {
  const payload = c.run('A', 2 * (14 + c.below(16)))
  const head = `${prefix}${payload}.01.${payload.length.toString(36).padStart(2, '0')}`
  return head + crc32(head).toString(36).padStart(7, '0')
}

export function base58Check(payload: Uint8Array): string {
  const sha = (data: Uint8Array): Uint8Array => createHash('sha256').update(data).digest()
  const all = Buffer.concat([payload, sha(sha(payload)).subarray(0, 4)])
  const zeros = all.findIndex((byte) => byte !== 0)
  return '1'.repeat(zeros) + based(BigInt(`0x${all.toString('hex')}`), BASE58, 1)
}

export function base58(data: Uint8Array): string {
  return based(BigInt(`0x${Buffer.from(data).toString('hex')}`), BASE58, 1)
}

function polymod(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  let sum = 1
  for (const value of values) {
    const top = sum >>> 25
    sum = ((sum & 0x1ffffff) << 5) ^ value
    for (let bit = 0; bit < 5; bit++) if ((top >>> bit) & 1) sum ^= generator[bit] ?? 0
  }
  return sum >>> 0
}

export function fiveBits(data: Uint8Array): number[] {
  const words: number[] = []
  let held = 0
  let count = 0
  for (const byte of data) {
    held = (held << 8) | byte
    count += 8
    while (count >= 5) {
      words.push((held >>> (count - 5)) & 31)
      count -= 5
    }
    held &= (1 << count) - 1
  }
  if (count > 0) words.push((held << (5 - count)) & 31)
  return words
}

export function bech32(prefix: string, words: readonly number[], constant = 1): string {
  const expanded = [...prefix]
    .map((sign) => sign.charCodeAt(0) >> 5)
    .concat(
      0,
      [...prefix].map((sign) => sign.charCodeAt(0) & 31),
    )
  const sum = polymod([...expanded, ...words, 0, 0, 0, 0, 0, 0]) ^ constant
  const check = [0, 1, 2, 3, 4, 5].map((at) => (sum >>> (5 * (5 - at))) & 31)
  return `${prefix}1${[...words, ...check].map((word) => BECH32[word]).join('')}`
}

/** A Stellar seed: version byte, 32 bytes, CRC16 in little-endian order, in base 32. */
export function stellarSeed(c: Chance): string {
  const payload = Uint8Array.from([18 << 3, ...bytes(c, 32)])
  let crc = 0
  for (const byte of payload) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff
  }
  return fiveBits(Uint8Array.from([...payload, crc & 255, crc >> 8]))
    .map((word) => BASE32[word])
    .join('')
}

export function lines(text: string, width: number): string[] {
  return text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []
}

/** Every line of the body is secret but the one that is the same in all keys of the kind. */
export function pem(c: Chance, label: string, head: string, length: number, headers: readonly string[] = []): Value {
  const body = lines(`${head}${c.run('B', length - head.length)}${length % 4 === 0 ? '' : '='.repeat(4 - (length % 4))}`, 64)
  const top = headers.length === 0 ? [] : [...headers, '']
  return {
    text: [`-----BEGIN ${label}-----`, ...top, ...body, `-----END ${label}-----`].join('\n'),
    secrets: body.filter((line, at) => line.length > 20 && (at > 0 || head.length < line.length)),
  }
}

export function jwt(c: Chance, algorithm: string, claims: Record<string, unknown>, header: Record<string, unknown> = {}): string {
  const signature = { HS256: 43, RS256: 342, ES256: 86, EdDSA: 86 }[algorithm] ?? 43
  return [b64url(JSON.stringify({ alg: algorithm, typ: 'JWT', ...header })), b64url(JSON.stringify(claims)), c.run('A', signature)].join(
    '.',
  )
}

const WORDS = ['Harbor', 'tulip', 'Vesper', 'quartz', 'Maple', 'otter', 'Falcon', 'cinder', 'Juniper', 'walrus', 'Saffron', 'pebble']

/** A password as people and generators write it, safe in URLs and quotes. */
export function password(c: Chance): string {
  const style = c.below(4)
  if (style === 0) return `${c.pick(WORDS)}${c.pick(['-', '_', '.'])}${c.pick(WORDS)}${10 + c.below(89)}${c.pick(['!', '', '~'])}`
  if (style === 1) return c.run('A', 16 + c.below(9))
  if (style === 2) return c.run('L', 20)
  return `${c.run('A', 7)}${c.pick(['!', '-', '*', '_'])}${c.run('A', 8)}`
}

const USERS = ['svc_orders', 'reporting', 'app_rw', 'etl', 'billing_api', 'migrator', 'grafana_ro', 'backend', 'ingest']
export const user = (c: Chance): string => c.pick(USERS)

const NAMES = ['orders', 'ledger', 'inventory', 'accounts', 'telemetry', 'catalog', 'shipments', 'payroll']
export const database = (c: Chance): string => c.pick(NAMES)

export function host(c: Chance, domain: string): string {
  return `${c.pick(['db', 'pg', 'core', 'eu', 'prod', 'data'])}-${c.run('L', 5)}.${domain}`
}
