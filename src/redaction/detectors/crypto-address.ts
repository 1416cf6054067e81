import { hash } from 'node:crypto'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { asWords } from '../scanner/words.ts'
import type { Detector } from '../text-view.ts'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const VALUE_OF = new Map([...BASE58].map((char, value) => [char, value]))
const RUN = /[1-9A-HJ-NP-Za-km-z]{26,112}/y
/** Bytes without the checksum: addresses of one and two version bytes, private keys, extended keys. */
const LENGTHS: ReadonlySet<number> = new Set([21, 22, 33, 34, 78])

/**
 * Base58Check (Bitcoin and the many that took its form over: addresses, WIF private keys, BIP 32 extended keys). Four bytes of
 * double SHA-256 leave no room for chance.
 */
export const detectBase58Check: Detector = ({ text }, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  RUN.lastIndex = start
  if (!RUN.test(text)) return undefined
  const end = RUN.lastIndex
  if (/[A-Za-z0-9_]/.test(text[end] ?? '')) return undefined
  const run = text.slice(start, end)
  if (!((run.length >= 26 && run.length <= 36) || (run.length >= 50 && run.length <= 53) || run.length >= 107)) return undefined
  if (!/[A-Z]/.test(run) || !/[a-z]/.test(run)) return undefined
  const bytes = decodeBase58(run)
  if (bytes === undefined || !LENGTHS.has(bytes.length - 4)) return undefined
  const payload = bytes.subarray(0, -4)
  const digest = hash('sha256', hash('sha256', payload, 'buffer'), 'buffer')
  if (!digest.subarray(0, 4).equals(bytes.subarray(-4))) return undefined
  const isKey = payload.length >= 33 && !/^[xyztuv]pub/i.test(run)
  return { start, end, rule: isKey ? 'crypto-private-key' : 'crypto-address' }
}

export function decodeBase58(text: string): Buffer | undefined {
  const bytes: number[] = []
  for (const char of text) {
    let carry = VALUE_OF.get(char)
    if (carry === undefined) return undefined
    for (let index = 0; index < bytes.length; index++) {
      carry += (bytes[index] ?? 0) * 58
      bytes[index] = carry & 0xff
      carry >>= 8
    }
    for (; carry > 0; carry >>= 8) bytes.push(carry & 0xff)
  }
  for (const char of text) {
    if (char !== '1') break
    bytes.push(0)
  }
  return Buffer.from(bytes.reverse())
}

const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BECH32_RUN = /(?:bc|tb|bcrt|ltc|cosmos|osmo|addr|stake|terra|thor|nsec|age|lnbc)1[02-9ac-hj-np-z]{20,110}/iy
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** Bech32 and Bech32m (BIP 173, BIP 350): SegWit addresses and those that took the form over. */
export const detectBech32: Detector = ({ text }, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  BECH32_RUN.lastIndex = start
  const match = BECH32_RUN.exec(text)
  if (match === null || /[A-Za-z0-9]/.test(text[BECH32_RUN.lastIndex] ?? '')) return undefined
  const address = match[0].toLowerCase()
  const split = address.indexOf('1')
  let check = 1
  const feed = (value: number): void => {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (let bit = 0; bit < 5; bit++) if ((top >>> bit) & 1) check ^= GENERATOR[bit] ?? 0
  }
  for (const char of address.slice(0, split)) feed(char.charCodeAt(0) >> 5)
  feed(0)
  for (const char of address.slice(0, split)) feed(char.charCodeAt(0) & 31)
  for (const char of address.slice(split + 1)) feed(BECH32.indexOf(char))
  if (check !== 1 && check !== 0x2bc830a3) return undefined
  return {
    start,
    end: BECH32_RUN.lastIndex,
    rule: address.startsWith('nsec') || address.startsWith('age') ? 'crypto-private-key' : 'crypto-address',
  }
}

const ETHEREUM = /0x[0-9a-fA-F]{40}(?![0-9a-zA-Z])/y
const DIGEST_WORDS = /(?:^|[^a-z])(?:sha ?1|commit|digest|checksum|hash|git|revision|blob)[ :="']{0,4}$/

/** An Ethereum address. Where its letters are of both cases, the case is its check (EIP-55). */
export const detectEthereum: Detector = (view, anchorEnd, anchorLength) => {
  const { text, field } = view
  const start = anchorEnd - anchorLength
  ETHEREUM.lastIndex = start
  const match = ETHEREUM.exec(text)
  if (match === null) return undefined
  const end = ETHEREUM.lastIndex
  const digits = match[0].slice(2)
  if (/^(.)\1*$/.test(digits) || /^0{20}/.test(digits)) return undefined
  if (/[a-f]/.test(digits) && /[A-F]/.test(digits)) return isEip55(digits) ? { start, end } : undefined
  return DIGEST_WORDS.test(asWords(text.slice(Math.max(0, start - 24), start))) || DIGEST_WORDS.test(asWords(field))
    ? undefined
    : { start, end }
}

function isEip55(digits: string): boolean {
  const lower = digits.toLowerCase()
  const digest = keccak_256(Buffer.from(lower, 'latin1'))
  for (let index = 0; index < 40; index++) {
    const nibble = ((digest[index >> 1] ?? 0) >> (index % 2 === 0 ? 4 : 0)) & 15
    const expected = nibble >= 8 ? lower[index]?.toUpperCase() : lower[index]
    if (digits[index] !== expected) return false
  }
  return true
}

const PHRASE_LENGTHS: ReadonlySet<number> = new Set([12, 15, 18, 21, 24])
const PHRASE =
  /["'`:=\s]{0,6}(?:is|are|words?)?["'`:=\s]{0,6}((?:(?:[0-9]{1,2}[.)]\s?)?[a-z]{3,8}[\s,]{1,3}){11,23}(?:[0-9]{1,2}[.)]\s?)?[a-z]{3,8})(?![A-Za-z])/y

/** A BIP 39 recovery phrase behind words that announce one. The words themselves are looked at by form and number. */
export const detectSeedPhrase: Detector = ({ text }, anchorEnd) => {
  PHRASE.lastIndex = anchorEnd
  const match = PHRASE.exec(text)
  if (match?.[1] === undefined) return undefined
  const words = match[1].split(/[\s,]+/).filter((word) => /[a-z]/.test(word))
  if (!PHRASE_LENGTHS.has(words.length) || words.some((word) => STOP_WORDS.has(word))) return undefined
  return { start: PHRASE.lastIndex - match[1].length, end: PHRASE.lastIndex }
}
const STOP_WORDS = new Set(
  'the and that this with from for are was not has have which will would should must when where what you your our their its'.split(' '),
)
