import type { Detector } from '../text-view.ts'
import { isAlnum } from './characters.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const ACCOUNT = /G[A-D][A-Z2-7]{54}|M[A-Z2-7]{68}/y

/** An account of Stellar: base32 of a version, a key and their CRC-16/XMODEM, low byte first (SEP-23). */
export const detectStellarAddress: Detector = ({ text }, anchorEnd, anchorLength) => {
  const start = anchorEnd - anchorLength
  ACCOUNT.lastIndex = start
  if (!ACCOUNT.test(text)) return undefined
  const end = ACCOUNT.lastIndex
  if (isAlnum(text.charCodeAt(end))) return undefined
  const bytes = decodeBase32(text.slice(start, end))
  const sum = (bytes.at(-2) ?? 0) + (bytes.at(-1) ?? 0) * 256
  return crc16(bytes.slice(0, -2)) === sum ? { start, end } : undefined
}

function decodeBase32(text: string): number[] {
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const char of text) {
    held = ((held << 5) | ALPHABET.indexOf(char)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 0xff)
  }
  return bytes
}

function crc16(bytes: readonly number[]): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021
    crc &= 0xffff
  }
  return crc
}
