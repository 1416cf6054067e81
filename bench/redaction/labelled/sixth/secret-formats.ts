import { createECDH, createHmac, createPrivateKey, sign } from 'node:crypto'
import type { Chance } from '../random.ts'
import { CONNECTION_KINDS } from './connections.ts'
import * as e from './encodings.ts'
import { PLATFORM_FORMATS } from './formats-platforms.ts'
import { SERVICE_FORMATS } from './formats-services.ts'
import { KEY_FILE_KINDS } from './key-files.ts'
import { fill, marked, type SecretKind, token, word } from './kinds.ts'

const json = (value: unknown): string => e.base64url(JSON.stringify(value))

const b64 = (value: unknown): string => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64')

const claims = (c: Chance): Record<string, unknown> => {
  const issued = 1748000000 + c.below(20000000)
  return c.pick<Record<string, unknown>>([
    { sub: c.uuid(), iss: `https://login.${word(c)}.io/`, iat: issued, exp: issued + 3600, scope: 'read write' },
    { uid: c.below(90000) + 1000, role: 'editor', iat: issued, exp: issued + 86400 },
    { aud: `api://${word(c)}`, sub: `user_${c.run('L', 16)}`, iat: issued, jti: c.uuid() },
  ])
}

function jwt(c: Chance, algorithm: 'HS256' | 'RS256' | 'ES256' | 'EdDSA', payload: Record<string, unknown>): string {
  const head = json(algorithm === 'RS256' ? { alg: algorithm, typ: 'JWT', kid: c.run('S', 20) } : { alg: algorithm, typ: 'JWT' })
  const body = `${head}.${json(payload)}`
  if (algorithm === 'HS256') return `${body}.${createHmac('sha256', e.bytes(c, 32)).update(body).digest('base64url')}`
  if (algorithm === 'RS256') return `${body}.${e.base64url(e.bytes(c, 256))}`
  if (algorithm === 'ES256') return `${body}.${e.base64url(e.bytes(c, 64))}`
  const key = createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), e.bytes(c, 32)]),
    format: 'der',
    type: 'pkcs8',
  })
  return `${body}.${sign(null, Buffer.from(body), key).toString('base64url')}`
}

const checked = (prefix: string, c: Chance): string => {
  const body = c.run('A', 30)
  return prefix + body + e.crcBase62(body)
}

/** GitLab's token with a routing payload: `o:1\np:abc` and random bytes, its length and a check in base 36. */
function routable(c: Chance): string {
  const body = e.base64url(Buffer.concat([Buffer.from(`o:1\np:${c.run('L', 2)}\nu:${c.run('L', 4)}`), e.bytes(c, 17)]))
  const head = `glpat-${body}.01.${body.length.toString(36).padStart(2, '0')}`
  return head + e.crcBase36(head)
}

function grafanaAccount(c: Chance): string {
  const head = `glsa_${c.run('A', 32)}`
  return `${head}_${e.crcHex(head)}`
}

function extendedKey(c: Chance): string {
  const head = Buffer.concat([Buffer.from('0488ade4', 'hex'), Buffer.from([c.below(4)]), e.bytes(c, 4), Buffer.from([0, 0, 0, c.below(9)])])
  return e.base58check(Buffer.concat([head, e.bytes(c, 32), Buffer.from([0]), e.bytes(c, 32)]))
}

function ethereumKeystoreFree(c: Chance): string {
  const pair = createECDH('secp256k1')
  pair.setPrivateKey(Buffer.concat([Buffer.from([1]), e.bytes(c, 31)]))
  return `0x${pair.getPrivateKey('hex')}`
}

function bedrockSigned(c: Chance): string {
  const day = `2025${c.pick(['06', '08', '11'])}1${c.below(10)}`
  const query = [
    'bedrock.amazonaws.com/?Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=ASIA${c.run('E', 16)}%2F${day}%2Fus-east-1%2Fbedrock%2Faws4_request`,
    `X-Amz-Date=${day}T101112Z&X-Amz-Expires=43200&X-Amz-SignedHeaders=host&X-Amz-Signature=${c.run('H', 64)}&Version=1`,
  ].join('&')
  return `bedrock-api-key-${b64(query)}`
}

const COMPUTED: readonly SecretKind[] = [
  token('github personal token', (c) => checked('ghp_', c)),
  token('github oauth token', (c) => checked('gho_', c)),
  token('github user-to-server token', (c) => checked('ghu_', c)),
  token('github server token', (c) => checked('ghs_', c)),
  token('github refresh token', (c) => {
    const body = c.run('A', 70)
    return `ghr_${body}${e.crcBase62(body)}`
  }),
  token('github fine-grained token', (c) => {
    const body = `${c.run('A', 22)}_${c.run('A', 53)}`
    return `github_pat_${body}${e.crcBase62(body)}`
  }),
  token('npm token', (c) => checked('npm_', c)),
  token('gitlab routable token', routable),
  token('grafana service account token', grafanaAccount),
  token('grafana api key', (c) => b64({ k: c.run('A', 32), n: `${word(c)}-ci`, id: c.below(30) + 1 })),
  token('sentry organization token', (c) => {
    const payload = { iat: 1748000000 + c.below(9999999) + 0.5, url: 'https://sentry.io', region_url: 'https://us.sentry.io', org: word(c) }
    return `sntrys_${b64(payload)}_${e.bytes(c, 32).toString('base64').slice(0, 43)}`
  }),
  token('1password service account token', (c) => {
    const key = { alg: 'A256GCM', ext: true, k: c.run('S', 43), key_ops: ['decrypt', 'encrypt'], kty: 'oct', kid: c.run('L', 26) }
    return `ops_${json({
      signInAddress: `${word(c)}.1password.com`,
      userAuth: { method: 'SRPg-4096', alg: 'PBES2g-HS256', iterations: 650000, salt: c.run('S', 22) },
      email: `${c.run('L', 13)}@1passwordserviceaccounts.com`,
      srpX: c.run('H', 64),
      muk: key,
      secretKey: `A3-${c.run('U', 6)}-${c.run('U', 6)}-${c.run('U', 5)}-${c.run('U', 5)}-${c.run('U', 5)}-${c.run('U', 5)}`,
    })}`
  }),
  token('1password secret key', (c) => c.fill('A3-{U6}-{U6}-{U5}-{U5}-{U5}-{U5}')),
  token('cloudflare tunnel token', (c) => b64({ a: c.run('H', 32), t: c.uuid(), s: e.bytes(c, 32).toString('base64') })),
  token('discord bot token', (c) => {
    const id = Buffer.from(`1${c.run('D', 18)}`)
      .toString('base64')
      .replace(/=+$/, '')
    return `${id}.G${c.run('S', 5)}.${c.run('S', 38)}`
  }),
  token('bedrock long-term key', (c) => `ABSK${b64(`BedrockAPIKey-${c.run('L', 4)}-at-${c.run('D', 12)}:${c.run('B', 44)}`)}`),
  token('bedrock short-term key', bedrockSigned),
  token('jwt hs256', (c) => jwt(c, 'HS256', claims(c))),
  token('jwt rs256', (c) => jwt(c, 'RS256', claims(c))),
  token('jwt es256', (c) => jwt(c, 'ES256', claims(c))),
  token('jwt eddsa', (c) => jwt(c, 'EdDSA', claims(c))),
  token('supabase service role key', (c) =>
    jwt(c, 'HS256', { iss: 'supabase', ref: c.run('l', 20), role: 'service_role', iat: 1717000000 + c.below(9999999), exp: 2047000000 }),
  ),
  token('turso database token', (c) => jwt(c, 'EdDSA', { a: 'rw', iat: 1748000000 + c.below(9999999), id: c.uuid() })),
  token('kubernetes service account token', (c) =>
    jwt(c, 'RS256', {
      iss: 'kubernetes/serviceaccount',
      'kubernetes.io/serviceaccount/namespace': word(c),
      'kubernetes.io/serviceaccount/service-account.uid': c.uuid(),
      sub: `system:serviceaccount:${word(c)}:deployer`,
    }),
  ),
  token('n8n api key', (c) => jwt(c, 'HS256', { sub: c.uuid(), iss: 'n8n', aud: 'public-api', iat: 1748000000 + c.below(9999999) })),
  token('mapbox secret token', (c) => `sk.${json({ u: `${word(c)}-maps`, a: `cm${c.run('L', 23)}` })}.${c.run('S', 22)}`),
  token('teamcity token', (c) => `eyJ0eXAiOiAiVENWMiJ9.${c.run('S', 36)}.${e.base64url(c.uuid())}`),
  token('age secret key', (c) => e.bech32('age-secret-key-', e.fiveBits(e.bytes(c, 32))).toUpperCase()),
  token('nostr secret key', (c) => e.bech32('nsec', e.fiveBits(e.bytes(c, 32)))),
  token('bitcoin wif compressed', (c) => e.base58check(Buffer.concat([Buffer.from([128]), e.bytes(c, 32), Buffer.from([1])]))),
  token('bitcoin wif uncompressed', (c) => e.base58check(Buffer.concat([Buffer.from([128]), e.bytes(c, 32)]))),
  token('bitcoin extended private key', extendedKey),
  token('stellar secret seed', (c) => e.stellarKey(18 << 3, e.bytes(c, 32))),
  marked('ethereum private key', 'line', (c) => `export PRIVATE_KEY=⟨${ethereumKeystoreFree(c)}⟩`),
  token('xrp seed', (c) => {
    const seed = e.base58check(Buffer.concat([Buffer.from([33]), e.bytes(c, 16)]))
    const ripple = 'rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz'
    return [...seed].map((letter) => ripple['123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'.indexOf(letter)]).join('')
  }),
]

/** Credentials whose issuers give them a form of their own. */
export const SECRET_KINDS: readonly SecretKind[] = [
  ...[...PLATFORM_FORMATS, ...SERVICE_FORMATS].map(([name, format]) => token(name, (c) => fill(c, format))),
  ...COMPUTED,
  ...KEY_FILE_KINDS,
  ...CONNECTION_KINDS,
]
