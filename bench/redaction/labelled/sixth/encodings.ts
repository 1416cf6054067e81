import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Chance } from '../random.ts'

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
const BECH32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export const bytes = (c: Chance, length: number): Buffer => Buffer.from(Array.from({ length }, () => c.below(256)))

export const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest()

export const base64url = (data: string | Buffer): string => Buffer.from(data).toString('base64url')

/** The check that GitHub and npm put at the end of their tokens. */
export function crcBase62(text: string): string {
  let rest = crc32(text)
  let result = ''
  for (let place = 0; place < 6; place++) {
    result = BASE62[rest % 62] + result
    rest = Math.floor(rest / 62)
  }
  return result
}

export const crcHex = (text: string): string => crc32(text).toString(16).padStart(8, '0')

export const crcBase36 = (text: string): string => crc32(text).toString(36).padStart(7, '0')

export function base58(data: Buffer): string {
  let value = BigInt(`0x${data.toString('hex')}`)
  let result = ''
  for (; value > 0n; value /= 58n) result = BASE58[Number(value % 58n)] + result
  for (const byte of data) {
    if (byte !== 0) break
    result = `1${result}`
  }
  return result
}

export const base58check = (data: Buffer): string => base58(Buffer.concat([data, sha256(sha256(data)).subarray(0, 4)]))

function polymod(values: readonly number[]): number {
  let check = 1
  for (const value of values) {
    const top = check >>> 25
    check = ((check & 0x1ffffff) << 5) ^ value
    for (const [bit, term] of [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3].entries()) {
      if ((top >>> bit) & 1) check ^= term
    }
  }
  return check
}

export function fiveBits(data: Buffer): number[] {
  const result: number[] = []
  let held = 0
  let count = 0
  for (const byte of data) {
    held = (held << 8) | byte
    count += 8
    while (count >= 5) {
      count -= 5
      result.push((held >>> count) & 31)
    }
    held &= (1 << count) - 1
  }
  if (count > 0) result.push((held << (5 - count)) & 31)
  return result
}

/** `constant` is 1 for bech32 and 0x2bc830a3 for bech32m. */
export function bech32(prefix: string, values: readonly number[], constant = 1): string {
  const letters = [...prefix].map((letter) => letter.charCodeAt(0))
  const head = [...letters.map((code) => code >> 5), 0, ...letters.map((code) => code & 31)]
  const check = polymod([...head, ...values, 0, 0, 0, 0, 0, 0]) ^ constant
  const tail = Array.from({ length: 6 }, (_, index) => (check >>> (5 * (5 - index))) & 31)
  return `${prefix}1${[...values, ...tail].map((value) => BECH32[value]).join('')}`
}

export function base32(data: Buffer): string {
  return fiveBits(data)
    .map((value) => BASE32[value])
    .join('')
}

/** A key of Stellar: base32 with a CRC-16 (XModem), low byte first. */
export function stellarKey(version: number, body: Buffer): string {
  const data = Buffer.concat([Buffer.from([version]), body])
  let check = 0
  for (const byte of data) {
    check ^= byte << 8
    for (let bit = 0; bit < 8; bit++) check = check & 0x8000 ? ((check << 1) ^ 0x1021) & 0xffff : (check << 1) & 0xffff
  }
  return base32(Buffer.concat([data, Buffer.from([check & 255, check >> 8])]))
}

const ROUNDS: readonly bigint[] = (() => {
  // The constants come from a shift register of 8 bits.
  let register = 1
  return Array.from({ length: 24 }, () => {
    let constant = 0n
    for (let power = 0; power < 7; power++) {
      if (register & 1) constant |= 1n << BigInt((1 << power) - 1)
      register = register & 0x80 ? ((register << 1) ^ 0x171) & 0xff : register << 1
    }
    return constant
  })
})()
const MASK = (1n << 64n) - 1n
const turn = (lane: bigint, by: number): bigint => (by === 0 ? lane : ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & MASK)

function permute(state: bigint[]): void {
  for (const constant of ROUNDS) {
    const columns = [0, 1, 2, 3, 4].map((x) => [0, 5, 10, 15, 20].reduce((sum, y) => sum ^ state[x + y]!, 0n))
    for (let index = 0; index < 25; index++) {
      const x = index % 5
      state[index] = state[index]! ^ columns[(x + 4) % 5]! ^ turn(columns[(x + 1) % 5]!, 1)
    }
    let [x, y] = [1, 0]
    let lane = state[1]!
    for (let step = 0; step < 24; step++) {
      ;[x, y] = [y, (2 * x + 3 * y) % 5]
      const place = x + 5 * y
      const next = state[place]!
      state[place] = turn(lane, (((step + 1) * (step + 2)) / 2) % 64)
      lane = next
    }
    for (let row = 0; row < 25; row += 5) {
      const before = state.slice(row, row + 5)
      for (let place = 0; place < 5; place++) {
        state[row + place] = before[place]! ^ (~before[(place + 1) % 5]! & MASK & before[(place + 2) % 5]!)
      }
    }
    state[0] = state[0]! ^ constant
  }
}

/** Keccak-256 as Ethereum uses it; of one block, which suffices for an address. */
export function keccak256(data: Buffer): Buffer {
  const block = Buffer.alloc(136)
  data.copy(block)
  block[data.length] = 1
  block[135] = block[135]! | 0x80
  const state = Array.from({ length: 25 }, (_, index) => (index < 17 ? block.readBigUInt64LE(index * 8) : 0n))
  permute(state)
  const result = Buffer.alloc(32)
  for (let index = 0; index < 4; index++) result.writeBigUInt64LE(state[index]!, index * 8)
  return result
}

export function ethereumAddress(c: Chance): string {
  const address = bytes(c, 20).toString('hex')
  const hash = keccak256(Buffer.from(address)).toString('hex')
  return `0x${[...address].map((digit, index) => (Number.parseInt(hash[index]!, 16) > 7 ? digit.toUpperCase() : digit)).join('')}`
}

const derLength = (length: number): number[] =>
  length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255]

export const der = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...derLength(body.length)]), body])
}

export function derInteger(data: Buffer): Buffer {
  return der(2, (data[0]! & 0x80) === 0 ? data : Buffer.concat([Buffer.from([0]), data]))
}

/** An odd number with its top bit set, as a factor of a key is. */
export function bigNumber(c: Chance, length: number): Buffer {
  const result = bytes(c, length)
  result[0] = result[0]! | 0xc0
  result[length - 1] = result[length - 1]! | 1
  return result
}

export function armour(title: string, body: Buffer, width = 64, headers = ''): string {
  const lines = body.toString('base64').match(new RegExp(`.{1,${width}}`, 'g')) ?? []
  return [`-----BEGIN ${title}-----`, ...(headers === '' ? [] : [headers, '']), ...lines, `-----END ${title}-----`].join('\n')
}
