import * as crypto from 'node:crypto'
import { createRequire } from 'node:module'
import { RepriseError } from './errors.ts'

/** `sha256:` and 64 lowercase hex digits, over the exact bytes. */
export type Digest = `sha256:${string}`

const DIGEST = /^sha256:[0-9a-f]{64}$/
const HEX_64 = /^[0-9a-f]{64}$/

type Sha256Hex = (data: Uint8Array | string) => string
type OneShot = (algorithm: 'sha256', data: Uint8Array | string, encoding: 'hex') => string

/**
 * SHA-256 in plain JavaScript, about ten times slower. Loaded only where it is needed: every program that is recorded
 * would pay for it at its start. Not with `await import`: that would keep the package from being `require`d.
 */
function portableSha256Hex(): Sha256Hex {
  const require = createRequire(import.meta.url)
  const { sha256 } = require('@noble/hashes/sha2.js') as typeof import('@noble/hashes/sha2.js')
  const { bytesToHex, utf8ToBytes } = require('@noble/hashes/utils.js') as typeof import('@noble/hashes/utils.js')
  return (data) => bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data))
}

/** Given a `node:crypto`, its one-shot SHA-256 (Node 20.12 and later), or @noble/hashes where it has none. */
export function chooseSha256Hex(available: { readonly hash?: OneShot | undefined }): Sha256Hex {
  const { hash } = available
  return hash === undefined ? portableSha256Hex() : (data) => hash('sha256', data, 'hex')
}

/** SHA-256 as 64 lowercase hex digits. A string stands for its UTF-8 bytes. */
export const sha256Hex: Sha256Hex = chooseSha256Hex(crypto)

/** The digest of a blob: of its uncompressed exact bytes, as `sha256sum` prints it. A string stands for its UTF-8 bytes. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${sha256Hex(bytes)}`
}

export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && DIGEST.test(value)
}

/**
 * What a hashed core says of a payload: sha256(salt bytes, UTF-8 of the digest string), as hex. Without the salt nothing
 * can be guessed from it. Both parts have a fixed length, so no framing is needed. Throws `invalid_argument`.
 */
export function commitmentOf(saltHex: string, digest: Digest): string {
  if (!HEX_64.test(saltHex)) throw new RepriseError('invalid_argument', 'salt: expected 64 lowercase hex digits')
  if (!isDigest(digest)) throw new RepriseError('invalid_argument', 'digest: expected sha256: and 64 lowercase hex digits')
  const input = Buffer.allocUnsafe(32 + digest.length)
  input.write(saltHex, 0, 'hex')
  input.write(digest, 32, 'latin1')
  return sha256Hex(input)
}
