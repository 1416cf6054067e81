import {
  createCipheriv,
  createDecipheriv,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto'
import { RepriseError } from '../../schemas/index.ts'

// A sealed box: X25519 (RFC 7748) with a key pair for each item, HKDF-SHA256 (RFC 5869), AES-256-GCM (NIST SP 800-38D). Whoever seals
// holds the public key alone, and cannot open again what it has sealed.

const INFO = 'reprise.quarantine-item/1'
const KEY_BYTES = 32
const TAG_BYTES = 16
/** Each key is used for one message, so that the nonce need not differ. */
const NONCE = Buffer.alloc(12)
const PREFIX = 'x25519:'
/** Of an X25519 public key: all that stands before its 32 bytes (RFC 8410). */
const SPKI_HEAD = Buffer.from('302a300506032b656e032100', 'hex')
const QUARANTINE_KEY_PATTERN = /^x25519:[A-Za-z0-9_-]{43}$/

export interface QuarantineKeyPair {
  /** `x25519:` and 43 characters of base64url: not secret. */
  readonly publicKey: string
  /** PKCS #8 in PEM, as `openssl genpkey -algorithm X25519` writes it. */
  readonly privateKey: string
}

export function createQuarantineKeys(): QuarantineKeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('x25519')
  return { publicKey: textOf(publicKey), privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() }
}

const rawOf = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' }).subarray(SPKI_HEAD.length)
const textOf = (key: KeyObject): string => PREFIX + rawOf(key).toString('base64url')

/** Throws RepriseError `invalid_option`. */
export function readQuarantinePublicKey(text: string): KeyObject {
  const raw = QUARANTINE_KEY_PATTERN.test(text) ? Buffer.from(text.slice(PREFIX.length), 'base64url') : undefined
  if (raw?.length !== KEY_BYTES)
    throw new RepriseError(
      'invalid_option',
      'quarantineKey: expected x25519: and 43 characters of base64url, as `reprise quarantine keygen` prints',
    )
  return createPublicKey({ key: Buffer.concat([SPKI_HEAD, raw]), format: 'der', type: 'spki' })
}

/** Throws RepriseError `invalid_argument`; the message never quotes the text. */
export function readQuarantinePrivateKey(pem: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(pem)
  } catch {
    // Said below.
  }
  if (key?.asymmetricKeyType !== 'x25519')
    throw new RepriseError('invalid_argument', 'the key is no X25519 private key in PEM', { details: { key: 'key' } })
  return key
}

export const publicKeyOf = (privateKey: KeyObject): string => textOf(createPublicKey(privateKey))

function keyFor(own: KeyObject, other: KeyObject, ephemeral: Buffer, recipient: Buffer): Buffer {
  const shared = diffieHellman({ privateKey: own, publicKey: other })
  // Both public keys, so that the key belongs to this item and this holder.
  return Buffer.from(hkdfSync('sha256', shared, Buffer.concat([ephemeral, recipient]), INFO, KEY_BYTES))
}

/** Ephemeral public key, ciphertext, tag. What is not encrypted but belongs to it goes into `header`, which opening verifies. */
export function sealBytes(publicKey: KeyObject, header: Uint8Array, plain: Uint8Array): Buffer {
  const own = generateKeyPairSync('x25519')
  const ephemeral = rawOf(own.publicKey)
  const cipher = createCipheriv('aes-256-gcm', keyFor(own.privateKey, publicKey, ephemeral, rawOf(publicKey)), NONCE)
  cipher.setAAD(header)
  const sealed = cipher.update(plain)
  return Buffer.concat([ephemeral, sealed, cipher.final(), cipher.getAuthTag()])
}

/** Throws RepriseError `integrity` where a byte of it or of its header was changed, or the key is another one. */
export function openSealed(privateKey: KeyObject, header: Uint8Array, sealed: Uint8Array): Buffer {
  try {
    const ephemeral = Buffer.from(sealed.subarray(0, KEY_BYTES))
    const other = createPublicKey({ key: Buffer.concat([SPKI_HEAD, ephemeral]), format: 'der', type: 'spki' })
    const key = keyFor(privateKey, other, ephemeral, rawOf(createPublicKey(privateKey)))
    const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES })
    decipher.setAAD(header)
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
    return Buffer.concat([decipher.update(sealed.subarray(KEY_BYTES, sealed.length - TAG_BYTES)), decipher.final()])
  } catch (cause) {
    throw new RepriseError('integrity', 'the item was changed, or was sealed for another key', { cause })
  }
}
