import { hash } from 'node:crypto'
import { decodeBase58 } from './crypto-address.ts'

/** Secret seeds of accounts, told by their checksums. Since version 4 of the default policy. */

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const SEED_VERSION = 18 << 3

/** Stellar's key encoding (SEP-23): a version, 32 bytes, and their CRC-16 (XModem), the lower byte first. */
export function isStellarSeed(secret: string): boolean {
  const bytes: number[] = []
  let bits = 0
  let count = 0
  for (const char of secret) {
    bits = ((bits << 5) | BASE32.indexOf(char)) & 0xfff
    count += 5
    if (count >= 8) bytes.push((bits >> (count -= 8)) & 0xff)
  }
  if (bytes.length !== 35 || bytes[0] !== SEED_VERSION) return false
  let sum = 0
  for (const byte of bytes.slice(0, 33)) {
    sum ^= byte << 8
    for (let bit = 0; bit < 8; bit++) sum = sum & 0x8000 ? ((sum << 1) ^ 0x1021) & 0xffff : sum << 1
  }
  return bytes[33] === (sum & 0xff) && bytes[34] === sum >> 8
}

const BITCOIN = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const RIPPLE = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'

/** Seeds of the XRP Ledger: base58 with an alphabet of its own, 16 bytes behind a version of one byte or of three (Ed25519). */
export function isXrpSeed(secret: string): boolean {
  const bytes = decodeBase58([...secret].map((char) => BITCOIN[RIPPLE.indexOf(char)] ?? '0').join(''))
  if (bytes === undefined || (bytes.length !== 21 && bytes.length !== 23)) return false
  const digest = hash('sha256', hash('sha256', bytes.subarray(0, -4), 'buffer'), 'buffer')
  return digest.subarray(0, 4).equals(bytes.subarray(-4))
}
