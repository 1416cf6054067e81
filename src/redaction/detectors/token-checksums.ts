import { crc32 } from 'node:zlib'
import { isPlaceholder } from './placeholders.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const RANDOM_LENGTH = 30
const CHECKSUM_LENGTH = 6
const SUMMED = /^(?:gh[pousr]|npm)_([A-Za-z0-9]{36})$/

/** Six base62 digits of the CRC-32 of what stands before them, as GitHub and npm put them at the end of their tokens. */
export function isChecksumValid(body: string): boolean {
  let rest = crc32(body.slice(0, RANDOM_LENGTH))
  let digits = ''
  while (digits.length < CHECKSUM_LENGTH) {
    digits = (BASE62[rest % 62] ?? '') + digits
    rest = Math.floor(rest / 62)
  }
  return body.slice(RANDOM_LENGTH) === digits
}

/**
 * A right checksum proves a token. A wrong one proves little: tokens in tests, and those that somebody has changed by a character, are as
 * random as real ones, and a real one may be of a make that has no such sum. So it only lets go what nobody could take for random:
 * placeholders, and a few characters over and over.
 */
export function isSummedToken(token: string): boolean {
  const body = SUMMED.exec(token)?.[1]
  if (body === undefined || isChecksumValid(body)) return true
  return !isPlaceholder(body) && new Set(body.toLowerCase()).size >= 10
}
