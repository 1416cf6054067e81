import { createECDH } from 'node:crypto'
import type { Chance } from '../random.ts'
import { armour, bigNumber, bytes, der, derInteger } from './encodings.ts'
import { block, marked, type SecretKind, word } from './kinds.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')

/** Nine numbers in the order and of the sizes of PKCS #1. */
function rsaKey(c: Chance, size: number): Buffer {
  const half = size / 2
  const sizes = [size, 0, size, half, half, half, half, half]
  const numbers = sizes.map((length) => derInteger(length === 0 ? hex('010001') : bigNumber(c, length)))
  return der(0x30, hex('020100'), ...numbers)
}

const pkcs8Rsa = (c: Chance): Buffer => der(0x30, hex('020100300d06092a864886f70d0101010500'), der(4, rsaKey(c, 256)))

function ecKey(c: Chance): Buffer {
  const pair = createECDH('prime256v1')
  const secret = Buffer.concat([Buffer.from([c.below(250) + 1]), bytes(c, 31)])
  pair.setPrivateKey(secret)
  return der(0x30, hex('020101'), der(4, secret), hex('a00a06082a8648ce3d030107'), der(0xa1, der(3, Buffer.from([0]), pair.getPublicKey())))
}

function dsaKey(c: Chance): Buffer {
  return der(0x30, hex('020100'), ...[128, 20, 128, 128, 20].map((length) => derInteger(bigNumber(c, length))))
}

/** As SSH writes a number whose top bit is set. */
const unsigned = (data: Buffer): Buffer => field(Buffer.concat([Buffer.from([0]), data]))

const field = (data: Buffer | string): Buffer => {
  const body = Buffer.from(data)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(body.length)
  return Buffer.concat([length, body])
}

function openssh(c: Chance, type: 'ssh-ed25519' | 'ssh-rsa'): string {
  const point = bytes(c, 32)
  const modulus = Buffer.concat([Buffer.from([0]), bigNumber(c, 384)])
  const shared = type === 'ssh-rsa' ? [field(hex('010001')), field(modulus)] : [field(point)]
  const check = bytes(c, 4)
  const secret =
    type === 'ssh-rsa'
      ? [field(modulus), field(hex('010001')), ...[384, 192, 192, 192].map((length) => unsigned(bigNumber(c, length)))]
      : [field(point), field(Buffer.concat([bytes(c, 32), point]))]
  const inner = Buffer.concat([check, check, field(type), ...secret, field(`${c.pick(['deploy', 'ci', 'ops'])}@${word(c)}`)])
  const padded = Buffer.concat([inner, Buffer.from(Array.from({ length: (8 - (inner.length % 8)) % 8 }, (_, index) => index + 1))])
  const head = Buffer.concat([Buffer.from('openssh-key-v1\0'), field('none'), field('none'), field(''), hex('00000001')])
  return armour('OPENSSH PRIVATE KEY', Buffer.concat([head, field(Buffer.concat([field(type), ...shared])), field(padded)]), 70)
}

function encrypted(c: Chance): Buffer {
  const scheme = hex('06092a864886f70d01050d')
  const derivation = der(0x30, hex('06092a864886f70d01050c'), der(0x30, der(4, bytes(c, 8)), hex('02020800')))
  const cipher = der(0x30, hex('060960864801650304012a'), der(4, bytes(c, 16)))
  return der(0x30, der(0x30, scheme, der(0x30, derivation, cipher)), der(4, bytes(c, 1232)))
}

function crc24(data: Buffer): number[] {
  let check = 0xb704ce
  for (const byte of data) {
    check ^= byte << 16
    for (let bit = 0; bit < 8; bit++) check = check & 0x800000 ? (check << 1) ^ 0x1864cfb : check << 1
  }
  return [(check >> 16) & 255, (check >> 8) & 255, check & 255]
}

function pgp(c: Chance): string {
  const body = Buffer.concat([hex('9503c604'), bytes(c, 960), hex('b424'), Buffer.from(`${word(c)} release signing`), bytes(c, 300)])
  const check = Buffer.from(crc24(body)).toString('base64')
  const lines = body.toString('base64').match(/.{1,64}/g) ?? []
  return ['-----BEGIN PGP PRIVATE KEY BLOCK-----', '', ...lines, `=${check}`, '-----END PGP PRIVATE KEY BLOCK-----'].join('\n')
}

function putty(c: Chance): string {
  const open =
    bytes(c, 279)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  const closed =
    bytes(c, 720)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [
    'PuTTY-User-Key-File-3: ssh-rsa',
    'Encryption: none',
    `Comment: rsa-key-2025${c.pick(['02', '05', '09'])}1${c.below(9)}`,
    `Public-Lines: ${open.length}`,
    ...open,
    `Private-Lines: ${closed.length}`,
    ...closed,
    `Private-MAC: ${c.run('H', 64)}`,
  ].join('\n')
}

function serviceAccount(c: Chance): string {
  const project = `${word(c)}-${word(c)}-${c.run('D', 5)}`
  return JSON.stringify(
    {
      type: 'service_account',
      project_id: project,
      private_key_id: c.run('H', 40),
      private_key: `${armour('PRIVATE KEY', pkcs8Rsa(c))}\n`,
      client_email: `ci-deploy@${project}.iam.gserviceaccount.com`,
      client_id: `1${c.run('D', 20)}`,
      token_uri: 'https://oauth2.googleapis.com/token',
    },
    null,
    2,
  )
}

const inBase64 = (text: string): string => Buffer.from(`${text}\n`).toString('base64')

export const KEY_FILE_KINDS: readonly SecretKind[] = [
  block('pem rsa private key', (c) => armour('RSA PRIVATE KEY', rsaKey(c, 256))),
  block('pem rsa 1024 private key', (c) => armour('RSA PRIVATE KEY', rsaKey(c, 128))),
  block('pem pkcs8 private key', (c) => armour('PRIVATE KEY', pkcs8Rsa(c))),
  block('pem ec private key', (c) => armour('EC PRIVATE KEY', ecKey(c))),
  block('pem dsa private key', (c) => armour('DSA PRIVATE KEY', dsaKey(c))),
  block('pem ed25519 private key', (c) => armour('PRIVATE KEY', Buffer.concat([hex('302e020100300506032b657004220420'), bytes(c, 32)]))),
  block('pem encrypted pkcs8 key', (c) => armour('ENCRYPTED PRIVATE KEY', encrypted(c))),
  block('pem legacy encrypted rsa key', (c) =>
    armour('RSA PRIVATE KEY', bytes(c, 1192), 64, `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${c.run('h', 32)}`),
  ),
  block('openssh ed25519 private key', (c) => openssh(c, 'ssh-ed25519')),
  block('openssh rsa private key', (c) => openssh(c, 'ssh-rsa')),
  block('pgp private key block', pgp),
  {
    name: 'putty private key',
    shape: 'block',
    make: (c) => {
      const text = putty(c)
      const secret = text.slice(text.indexOf('Private-Lines:')).split('\n')
      return { text, secrets: [secret[1]!, secret[secret.length >> 1]!] }
    },
  },
  {
    name: 'google service account file',
    shape: 'block',
    make: (c) => {
      const text = serviceAccount(c)
      const lines = (JSON.parse(text) as { private_key: string }).private_key.split('\n')
      return { text, secrets: [lines[1]!, lines[13]!] }
    },
  },
  {
    name: 'pem in one line of base64',
    shape: 'token',
    make: (c) => {
      const text = inBase64(armour('RSA PRIVATE KEY', rsaKey(c, 128)))
      return { text, secrets: [text] }
    },
  },
  marked('kubeconfig client key', 'line', (c) => `    client-key-data: ⟨${inBase64(armour('EC PRIVATE KEY', ecKey(c)))}⟩`),
  marked('wireguard private key', 'line', (c) => `PrivateKey = ⟨${bytes(c, 32).toString('base64')}⟩`),
]
