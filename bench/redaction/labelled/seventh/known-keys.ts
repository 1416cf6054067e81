import type { Chance } from '../random.ts'
import {
  b64,
  base58,
  base58Check,
  bech32,
  bytes,
  fiveBits,
  framed,
  type Kind,
  lines,
  password,
  pem,
  stellarSeed,
  user,
  whole,
  within,
} from './shapes.ts'

const PHRASES = [
  'sketch random multiply soul pig rent move junk traffic crash awake clump',
  'vacant shove neglect mango nut right detail blame hurdle puppy decorate near',
  'physical blush pull prefer snap desk holiday half edge seed notice culture',
  'odor similar disease jeans staff rich rescue science mad kiwi own announce',
  'pink song ice mimic oxygen vocal great cool cloth gadget ability prepare li' +
    'ght depend genuine friend cook hub media mirror you usage giant deny',
  'pink violin frame alien repeat come soap mystery speed mouse either cube skill b' +
    'rain grape shoulder pledge flower sunny squeeze wet flavor divorce shaft',
]

function block(kind: string, variable: string, label: string, head: string, length: number, headers: readonly string[] = []): Kind {
  return { kind, variable, make: (c) => pem(c, label, head, length, headers) }
}

/** A file in which every `<…>` is secret. */
function file(kind: string, variable: string, rows: readonly string[]): Kind {
  return framed(kind, variable, rows.join('\n'))
}

const basic = (c: Chance): string => b64(`${user(c)}:${password(c)}`)

export const KEYS: readonly Kind[] = [
  block('RSA private key', 'TLS_KEY', 'RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEA', 1588),
  block('encrypted RSA private key', 'TLS_KEY', 'RSA PRIVATE KEY', '', 1584, [
    'Proc-Type: 4,ENCRYPTED',
    'DEK-Info: AES-256-CBC,7C1E09D2A45B83F6610FCE3D92B8A074',
  ]),
  block('PKCS8 private key', 'JWT_SIGNING_KEY', 'PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ', 1624),
  block('PKCS8 EC private key', 'APPLE_AUTH_KEY', 'PRIVATE KEY', 'MIGTAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBHkwdwIBAQQg', 200),
  block('encrypted PKCS8 private key', 'CLIENT_KEY', 'ENCRYPTED PRIVATE KEY', 'MIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQwwHAQI', 1744),
  block('EC private key', 'EC_KEY', 'EC PRIVATE KEY', 'MHcCAQEEI', 164),
  block('DSA private key', 'DSA_KEY', 'DSA PRIVATE KEY', 'MIIBvAIBAAKBgQD', 596),
  block(
    'OpenSSH Ed25519 private key',
    'DEPLOY_KEY',
    'OPENSSH PRIVATE KEY',
    'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW',
    352,
  ),
  block(
    'OpenSSH RSA private key',
    'SSH_KEY',
    'OPENSSH PRIVATE KEY',
    'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAABlwAAAAdzc2gtcn',
    1792,
  ),
  block('PGP private key', 'GPG_PRIVATE_KEY', 'PGP PRIVATE KEY BLOCK', 'lIYEZ', 900, ['Comment: release signing']),
  within('PuTTY private key', 'PPK', (c) => {
    const body = lines(c.run('B', 230), 64)
    const head =
      `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: depl` + `oy\nPublic-Lines: 2\n${lines(c.run('B', 92), 64).join('\n')}`
    return [`${head}\nPrivate-Lines: ${body.length}\n${body.join('\n')}\nPrivate-MAC: ${c.run('H', 64)}`, body[0] ?? '', ...body.slice(1)]
  }),
  within('Google service account key', 'GOOGLE_APPLICATION_CREDENTIALS_JSON', (c) => {
    const key = pem(c, 'PRIVATE KEY', 'MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQ', 1624)
    const account = {
      type: 'service_account',
      project_id: `acme-${c.digits(6)}`,
      private_key_id: c.run('H', 40),
      private_key: `${key.text}\n`,
    }
    const text = JSON.stringify(
      { ...account, client_email: `exporter@acme-${c.digits(6)}.iam.gserviceaccount.com`, client_id: `1${c.digits(20)}` },
      null,
      2,
    )
    return [text, key.secrets[0] ?? '', ...key.secrets.slice(1)]
  }),
  within('private JWK', 'JWK', (c) => {
    const secret = c.run('S', 43)
    return [
      JSON.stringify(
        { kty: 'EC', crv: 'P-256', x: c.run('S', 43), y: c.run('S', 43), d: secret, use: 'sig', kid: c.run('L', 12) },
        null,
        2,
      ),
      secret,
    ]
  }),
  whole('age identity', 'SOPS_AGE_KEY', (c) => bech32('age-secret-key-', fiveBits(bytes(c, 32))).toUpperCase()),
  whole('Bitcoin private key', 'BTC_WIF', (c) => base58Check(Uint8Array.from([128, ...bytes(c, 32), 1]))),
  whole('extended private key', 'XPRV', (c) => {
    return base58Check(
      Uint8Array.from([4, 136, 173, 228, 3, ...bytes(c, 4), 128, 0, 0, 0, ...bytes(c, 32), 0, 1 + c.below(250), ...bytes(c, 31)]),
    )
  }),
  whole('Solana keypair', 'SOLANA_SECRET_KEY', (c) => base58(Uint8Array.from([60 + c.below(190), ...bytes(c, 63)]))),
  whole('Stellar seed', 'STELLAR_SECRET', (c) => stellarSeed(c)),
  whole('Nostr private key', 'NOSTR_NSEC', (c) => bech32('nsec', fiveBits(bytes(c, 32)))),
  within('wallet seed phrase', 'WALLET_MNEMONIC', (c) => {
    const phrase = c.pick(PHRASES)
    return [`seed phrase: ${phrase}`, phrase]
  }),
  within('Basic authorization', 'CURL_HEADER', (c) => {
    const secret = basic(c)
    return [`Authorization: Basic ${secret}`, secret]
  }),
  within('proxy authorization', 'PROXY_HEADER', (c) => {
    const secret = basic(c)
    return [`Proxy-Authorization: Basic ${secret}`, secret]
  }),
  framed('Bearer authorization', 'AUTH_HEADER', 'Authorization: Bearer <{S43}>'),
  framed('Bearer authorization in hex', 'AUTH_HEADER', 'Authorization: Bearer <{H64}>'),
  framed('Token authorization', 'AUTH_HEADER', 'Authorization: Token <{H40}>'),
  framed('API key header', 'AUTH_HEADER', 'X-Api-Key: <{A40}>'),
  framed('session cookie header', 'COOKIE', 'Cookie: locale=nl-NL; sessionid=<{L32}>; theme=dark'),
  framed('SSWS authorization', 'OKTA_HEADER', 'Authorization: SSWS <00{S40}>'),
  framed('Signature V4 secret pair', 'AWS_PAIR', 'aws_access_key_id=AKIA{E16} aws_secret_access_key=<{B40}>'),
  file('netrc file', 'NETRC', [
    'machine api.heroku.com',
    '  login deploy@acme.net',
    '  password <{A26}>',
    'machine git.heroku.com',
    '  login deploy@acme.net',
    '  password <{A26}>',
  ]),
  file('pgpass file', 'PGPASS', [
    '# host:port:db:user:password',
    'db1.internal:5432:orders:svc_orders:<{A18}>',
    'db2.internal:5432:*:reporting:<{A18}>',
  ]),
  file('npmrc file', 'NPMRC', ['@acme:registry=https://npm.acme.net/', '//npm.acme.net/:_authToken=<{A36}>', 'always-auth=true']),
  file('npmrc with basic credentials', 'NPMRC', [
    '//nexus.acme.net/repository/npm/:_auth=<{B44}==>',
    '//nexus.acme.net/repository/npm/:email=ci@acme.net',
  ]),
  file('npmrc with UUID token', 'NPMRC', ['//registry.acme.net/:_authToken=<{X}>', 'save-exact=true']),
  file('pip.conf', 'PIP_CONF', [
    '# shared by the build images',
    '[global]',
    'index-url = https://builder:<{A22}>@pypi.acme.net/simple/',
    'timeout = 30',
  ]),
  within('docker config', 'DOCKER_AUTH_CONFIG', (c) => {
    const secret = basic(c)
    return [JSON.stringify({ auths: { 'registry.acme.net': { auth: secret } }, credsStore: '' }, null, 2), secret]
  }),
  within('Kubernetes secret', 'SECRET_YAML', (c) => {
    const first = b64(password(c))
    const second = b64(c.run('A', 32))
    const head = `apiVersion: v1\nkind: Secret\nmetadata:\n  name: orders-${c.run('L', 5)}\n  namespace: shop\ntype: Opaque`
    return [`${head}\ndata:\n  DB_PASSWORD: ${first}\n  JWT_SECRET: ${second}`, first, second]
  }),
  within('Kubernetes secret with plain text', 'SECRET_YAML', (c) => {
    const secret = password(c)
    return [`apiVersion: v1\nkind: Secret\nmetadata:\n  name: smtp-relay\nstringData:\n  username: relay\n  password: ${secret}`, secret]
  }),
  within('kubeconfig', 'KUBECONFIG', (c) => {
    const key = b64(
      `-----BEGIN EC PRIVATE KEY-----\n${c.run('B', 64)}\n${c.run('B', 64)}\n${c.run('B', 36)}\n-----END EC PRIVATE KEY-----\n`,
    )
    return [
      `users:\n- name: admin@shop\n  user:\n    client-certificate-data: ` +
        `${b64('-----BEGIN CERTIFICATE-----\n')}\n    client-key-data: ${key}`,
      key,
    ]
  }),
  file('AWS credentials file', 'AWS_SHARED_CREDENTIALS', [
    '# rotated monthly',
    '[default]',
    'aws_access_key_id = <AKIA{E16}>',
    'aws_secret_access_key = <{B40}>',
    'region = eu-west-1',
  ]),
  file('git credentials file', 'GIT_CREDENTIALS', ['https://builder:<{A32}>@git.acme.net', 'https://mirror-bot:<{A32}>@code.acme.io']),
  file('MySQL option file', 'MY_CNF', ['# used by the nightly dump', '[client]', 'user=backup', 'password=<{A20}>', 'host=mysql.internal']),
  file('Maven settings', 'MAVEN_SETTINGS', [
    '‹settings›‹servers›‹server›',
    '‹id›nexus-releases‹/id›',
    '‹username›builder‹/username›',
    '‹password›<{A24}>‹/password›',
    '‹/server›‹/servers›‹/settings›',
  ]),
  file('NuGet configuration', 'NUGET_CONFIG', [
    '‹packageSourceCredentials›',
    '  ‹acme›',
    '    ‹add key="Username" value="builder" /›',
    '    ‹add key="ClearTextPassword" value="<{A30}>" /›',
    '  ‹/acme›',
    '‹/packageSourceCredentials›',
  ]),
  file('gradle.properties', 'GRADLE_PROPERTIES', [
    'org.gradle.caching=true',
    'nexusUser=builder',
    'nexusPassword=<{A22}>',
    'signing.password=<{A18}>',
  ]),
  file('rclone configuration', 'RCLONE_CONF', [
    '# remote of the backups',
    '[b2]',
    'type = s3',
    'access_key_id = 004{L22}',
    'secret_access_key = <{B40}>',
  ]),
  file('cargo credentials', 'CARGO_CREDENTIALS', ['# written by cargo login', '[registries.acme]', 'token = "<{A36}>"']),
  file('composer auth file', 'COMPOSER_AUTH', [
    '{',
    '  "http-basic": {',
    '    "repo.acme.net": { "username": "builder", "password": "<{A24}>" }',
    '  }',
    '}',
  ]),
  file('WireGuard configuration', 'WG_CONF', [
    '# gateway',
    '[Interface]',
    'PrivateKey = <{B42}8=>',
    'Address = 10.20.0.7/24',
    '[Peer]',
    'PublicKey = {B42}k=',
    'PresharedKey = <{B42}M=>',
  ]),
  file('Redis configuration', 'REDIS_CONF', ['bind 0.0.0.0', 'requirepass <{A24}>', 'masterauth <{A24}>', 'appendonly yes']),
].map((kind) => ({
  ...kind,
  make: (c: Chance) => {
    const value = kind.make(c)
    return { ...value, text: value.text.replaceAll('‹', '<').replaceAll('›', '>') }
  },
}))
