import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { chatMessages, makeRandom } from '../../bench/redaction/corpus.ts'
import { checkText, createRedactor } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32) })

const SURVIVORS: Readonly<Record<string, readonly string[]>> = {
  'ids and digests': [
    'request 550e8400-e29b-41d4-a716-446655440000 failed',
    '41111111-1111-4111-8111-111111111111',
    'abcdefab-1234-4111-8111-123456789012',
    'commit da39a3ee5e6b4b0d3255bfef95601890afd80709',
    'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '"secret": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"'.replace('"secret"', 'secret'),
    'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'chatcmpl-9x8y7z6w5v4u3t2s1r0q call_abc123def456ghi789jkl012 msg_01XFDUDYJgAACzvnptvVoYEL',
    'toolu_01A09q90qw90lq917835lq9 run-01HZX3 org-abc123',
    'pk_live_51H8abcdefghijklmnopqrstuvwx pk-lf-0c8f9a3e-52d1-4b7e-9f60-7a1b2c3d4e5f',
    'order 20240117-000482, invoice INV-2024-0001234, isbn 978-3-16-148410-0',
    'dd.trace_id=4611686018427387904',
    'https://example.com/feature/5068609911521280',
  ],
  'keys made unreadable': [
    'AKIAXXXXXXXXXXXXXXXX',
    'sk_live_xxxxxxxxxxxxxxxxxxxxxxxx',
    'ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx',
    'apiKey: "string"',
    '{"apiKey": "string", "password": "string"}',
  ],
  numbers: [
    'CI run 1712345678, build 1234567-8, nit: use 1700000000',
    'Mon Jan  5 10:00:00 MST 2026 1767607200',
    '5 UTR at 1537162660, kt 1712345678, tax 1712345678901',
    'the card id 6799990100000000018 of message 6226576755873382245',
    'start 1700000000000000000 end 1700000000123456789',
    '1700000000000 ms, 1700000000 s, 1712345678901234 us',
    'score 0.4111111111111111 and -0.55555555555544440001',
    'pi 3.14159265358979323846, 4111111111111111.25',
    'sku 4006381333931 ean 4111111111119',
    '+4915123456789012',
    'id_4111111111111111 x4111111111111111 4111111111111111x',
    '411111111111111141111111111111114111',
    '4111111111111112',
    '1234567890123456',
    '2021 2022 2023 2024 2025',
  ],
  'addresses that are none': [
    'git@github.com:acme/app.git',
    'ssh://git@github.com/acme/app.git',
    'deploy@build.example.com:/srv/app',
    'root@ip-10-0-0-1.ec2.internal:~# ls',
    'icon@2x.png logo@3x.webp',
    'npm i @scope/pkg @types/node@24.1.0 react@19.0.0-rc.1',
    'uses: actions/checkout@v4.2.2',
    'y = x@self.weight + q@k.transpose(0, 1)',
    '@app.route("/x")\n@pytest.fixture',
    'image@sha256:e3b0c44298fc',
    '<button @click.prevent="go">',
    'user@localhost',
    'user.slice/user@1000.service/app.scope',
    'a @ b.co',
    'return this@MainActivity.finish()',
  ],
  'URLs without credentials': [
    'https://example.com/a:b@c',
    'http://localhost:4318/v1/traces',
    'https://example.com:443/@user/post',
    'postgres://${USER}:${PASSWORD}@db/app',
    'redis://:****@cache:6379',
    'postgres://user:password@localhost:5432/db',
    'mongodb+srv://USERNAME:PASSWORD@cluster0.mongodb.net/',
    'https://user:pass@host/path',
    'mysql://your_username:your_password@db.example.com/app',
    'https://medium.com/@someone/title-1234',
    'see http://a.example/x?q=1:2@3',
  ],
  'prose and code': [
    'The password reset link was sent. Passwords are hashed; the secret is safe.',
    'Basic authentication and bearer tokens are supported.',
    'Authorization: required for every endpoint',
    'password = getPassword()',
    'password: string, token: string, apiKey: process.env.OPENAI_API_KEY',
    'const secret = config.secrets.key1',
    'secret = base64.b64encode(raw)',
    'token = hashlib.sha256(data)',
    'max_tokens=4096, prompt_tokens: 1234, "token": "Hello"',
    'cookie: a small sweet biscuit',
    'Cookies are set by the server.',
    'task-based risk-averse disk-io sk-learn-based-models',
    'class="sk-folding-cube sk-circle12-wrapper"',
    'sk-internationalization npm_config_registry hf_hub_download gsk_settings',
    'SKU 12ab34cd, MSG.content.length, SG.x.y',
    '-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----',
    'the line "-----BEGIN PRIVATE KEY-----" starts a key',
    'eyJhbGciOiJ is how a token begins; eyJub3QiOiJhIGp3dCJ9.x.y',
    'xoxo-hugs, slack xoxb',
    'ghp_short AKIASHORT AIzaShort glpat-short',
    'secret: https://vault.example.com/v1/secret2',
    'private_key: ./keys/id_rsa.pem2',
    'page_token=CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA',
    'START = b"-----BEGIN OPENSSH PRIVATE KEY-----"\nEND = b"-----END OPENSSH PRIVATE KEY-----"',
    'authorization = base64.decodebytes(header)',
    'Authorization: https://tools.ietf.org/html/rfc6749',
    'SECRET = K8S_VALUE2_SECRET; exchange_token = exchangeX509Token',
  ],
}

it('takes no real password for the word for one', () => {
  for (const login of [
    'user:hunter2',
    'user:s3cret',
    'username:admin123',
    'root:password',
    'postgres:postgres',
    'user:Password1',
    'ana:pass',
  ]) {
    const { value } = redactor.redactText(`connect to https://${login}@db.example.com/app now`)
    expect(value, login).not.toContain(login.slice(login.indexOf(':')))
  }
})

describe('look-alikes survive', () => {
  for (const [kind, texts] of Object.entries(SURVIVORS)) {
    for (const text of texts) {
      it(`${kind}: ${text.slice(0, 70)}`, () => {
        expect(checkText(text)).toEqual([])
        const json = JSON.stringify({ content: text })
        expect(redactor.redactJson(json).value).toBe(json)
      })
    }
  }

  it('chat messages with code, links and ids', () => {
    for (const message of chatMessages(500_000, 2300, 0)) expect(checkText(message)).toEqual([])
  })

  it('random digests, UUIDs, base64 and embeddings', () => {
    // Chance alone makes a key of random text now and then, so the texts are the same at every run.
    const random = makeRandom(3)
    const bytes = (size: number): Buffer => Buffer.from(Uint8Array.from({ length: size }, () => Math.floor(random() * 256)))
    const uuid = (): string =>
      bytes(16)
        .toString('hex')
        .replace(/(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
    const parts: string[] = []
    for (let index = 0; index < 3000; index++) {
      parts.push(createHash('sha256').update(String(random())).digest('hex'), uuid(), String(random() - 0.5))
    }
    parts.push(bytes(200_000).toString('base64'))
    expect(checkText(parts.join(' ')).filter((finding) => finding.rule !== 'payment-card')).toEqual([])
    const vector = JSON.stringify(Array.from({ length: 20_000 }, () => random() * 2 - 1))
    expect(redactor.redactJson(vector).value).toBe(vector)
    const image = JSON.stringify({ type: 'image_url', url: `data:image/png;base64,${bytes(100_000).toString('base64')}` })
    expect(redactor.redactJson(image).value).toBe(image)
  })

  it('fields whose name only sounds secret', () => {
    for (const object of [
      { token: 'Hello', logprob: -0.1 },
      { usage: { prompt_tokens: 10, completion_tokens: 12 }, max_tokens: 4096 },
      { next_page_token: 'CiAKGjBpNDd2Nmp2Zml2cXRwYjBpOXA' },
      { properties: { password: { type: 'string' }, api_key: { type: 'string' } }, required: ['password', 'username'] },
      { password: '', secret: '********', pwd: '/home/jo', OLDPWD: 'C:\\work' },
      { cookie: './dist/helper/cookie', valid_token: 'the token is not valid', prior_authorization: 'required' },
      { has_password: true, api_key: null },
      { names: ['authorization', 'cookie', 'host'] },
    ]) {
      const json = JSON.stringify(object)
      expect(redactor.redactJson(json).value).toBe(json)
      expect(redactor.redactValue(object).value).toBe(object)
    }
  })
})
