import { describe, expect, it } from 'vitest'
import type { FilledCase } from '../../bench/redaction/labelled/template.ts'
import { THIRD_KNOWN_MISSED, thirdCases } from '../../bench/redaction/labelled/third/cases.ts'
import { createRedactor, createRedactorFor, normalizeTokens } from '../../src/redaction/index.ts'
import { parsePolicy } from '../../src/redaction/policies/schema.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(6) })
const redact = (text: string): string => (/^\s*[{[]/.test(text) ? redactor.redactJson(text) : redactor.redactText(text)).value

const groups = new Map<string, FilledCase[]>()
for (const one of thirdCases()) groups.set(one.group, [...(groups.get(one.group) ?? []), one])

describe('the third set of cases', () => {
  it.each([...groups])('%s', (group, cases) => {
    const missed = cases.filter(({ text, secrets }) => {
      const value = redact(text)
      const shown = normalizeTokens(value)
      // Of a long one, its end must not be left either.
      const isLeft = (secret: string): boolean => shown.includes(secret.length > 16 ? secret.slice(-12) : secret)
      return secrets.length === 0 ? value !== text : secrets.some(isLeft)
    })
    const known = THIRD_KNOWN_MISSED[group] ?? 0
    expect(missed.length, missed.map(({ text }) => text).join('\n')).toBe(known)
  })
  it('changes nothing when it is redacted again', () => {
    for (const [index, { text }] of thirdCases().entries()) {
      if (index % 4 > 0) continue
      const once = redact(text)
      expect(redact(once)).toBe(once)
    }
  })
})

describe('what is taken for no secret', () => {
  it.each([
    ["pbkdf2(sha256, 'password', 'salt', { c: 1 })"],
    ["onError(token, 'IMPLICIT_KEY', 'Implicit keys need to be on a single line')"],
    ['const credential = exports.findX509OAuthError'],
    ['bits = e[6]+4294967296'],
    ['see Basic Operations for more'],
    ['arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/db-7PGyrE'],
    ['postgres://$USER:$PASS@db/test'],
    ['Authorization: Bearer YOUR_TOKEN'],
    ['mkdir -p /srv/app2 && ls -a x1 && tar -k y2'],
    ['the cache key 8f14e45fceea167a5a36dedd4bea2543 is stale'],
    ['token authentication with refresh tokens, secret management, key rotation'],
    ['kind: Secret\nmetadata:\n  name: db\ndata: {}\n'],
    ['kind: SecretStore\ndata:\n  config: abcdef1234567890\n'],
    ['the password was reset to its default, password has expired'],
    ['look at me dot com was a boom'],
    ['{"coordinates":[12,48],"otp":"enabled","auth":"basic","key":"user:1"}'],
    ['/repos/acme/hooks/events and src/services/user-service-v2.ts'],
    ['GITHUB_SHA=8f14e45fceea167a5a36dedd4bea2543abcdef12'],
    ['STRIPE_PRICE_ID=price_1OaB2cD3eF4gH5iJ6kL7mN8o'],
    ['code: 404123 in the error code table'],
  ])('%s', (text) => expect(redact(text)).toBe(text))
})

describe('forms that published rules of others know', () => {
  it.each([
    [`ops_eyJ${'aB3+/kLm9'.repeat(20)}==`],
    ['_gitlab_session=cf02jxrimeqsg0fxtay3us0thhqrgag0'],
    ['FLWPUBK_TEST-3e4ea7a946c40f61405ec2daf7bf381a-X'],
    ['sc_5h8mb930xs9e4l.64ddd.acc_i29xbtml72v9fva4y94zkxu1.k0qse+b5td10/kmkwyabcdefg1234567'],
    ['208719593923570|nuhsm9lcm4d2xhhkumlbz_43segpzQ7x'],
  ])('%s', (secret) => {
    const value = redact(`it is ${secret}, they say`)
    expect(value).toMatch(/^it is \S*<[a-z-]+:[0-9a-f]{12}>, they say$/)
    expect(redact(value)).toBe(value)
  })
  it.each([['src/api.acc-test.example.long-name.ts'], ['12345678901234|a-b'], ['sc_small.acc_one.two']])('leaves %s', (text) =>
    expect(redact(text)).toBe(text),
  )
})

describe('what a terminal is told a colour by', () => {
  const secrets = ['sk-615ef152bf865a131f88b23571dc4ee6', 'AKIAQ3EGRIDZ5JXKLMNO', 'ghp_x7Qp2Lm9Rt4kZ8wB1nC5vD3fG6hJ0sA2yE4u']
  it.each(['\u001b[93m', '\u001b[1;32m', '\u001b[38;5;214m', 'plain \u001b[0m\u001b[32m'])('is no part of a key: %j', (colour) => {
    for (const secret of secrets) {
      const text = `${colour}${secret}\u001b[0m`
      expect(redact(text)).toMatch(/^(?:plain )?(?:\u001b\[[0-9;]*m)+<[a-z-]+:[0-9a-f]{12}>\u001b\[0m$/)
      expect(redact(JSON.stringify({ out: text }))).not.toContain(secret)
    }
  })
  it('wherever it stands', () => {
    for (let at = 0; at < 3000; at += 37) {
      const text = `${'a word '.repeat(500).slice(0, at)}\u001b[38;5;214m${secrets[1]} and ${'more '.repeat(300)}`
      expect(redact(text)).not.toContain(secrets[1])
    }
  })
  it('and nothing else is', () => {
    for (const text of [`\u001b93m${secrets[1]}x`, `b[93m${secrets[1]}`, `\u001b[9am${secrets[1]}`]) expect(redact(text)).toBe(text)
  })
})

describe('names and values in columns', () => {
  it.each([
    ['api_key        = "Zk3v9Qw8Lr2Tx7Pb"', 'Zk3v9Qw8Lr2Tx7Pb'],
    ['secret_key     = 8fG2kLmQ9sXv4Tz1', '8fG2kLmQ9sXv4Tz1'],
    ['password                                 = hunter22secret', 'hunter22secret'],
    ['db_password    : "s3cr3tPassw0rd"', 's3cr3tPassw0rd'],
    ['API_KEY\t\t\t=\tZk3v9Qw8Lr2Tx7PbAa', 'Zk3v9Qw8Lr2Tx7PbAa'],
    ['password:            correct9horse', 'correct9horse'],
    ['fbApiKey:            "171e84fd57f430fc59afa8fad3dbda2a",', '171e84fd57f430fc59afa8fad3dbda2a'],
    ['deployKey       = "TVAWji0p7uDI6OP9DyWvmV"', 'TVAWji0p7uDI6OP9DyWvmV'],
    ['| apiKey|e9e0f062f587b423bb6cc6328eb786d75b45783e|', 'e9e0f062f587b423bb6cc6328eb786d75b45783e'],
    ['const fastlyKey string = "TVAWji0p7uDI6OP9DyWvmV-vgoUoXIuf"', 'TVAWji0p7uDI6OP9DyWvmV-vgoUoXIuf'],
    ["sumoKey1 = 'CzrMhR8zzy1eH1F0XlY1tu5ywqa2yaSFoWGg2cqE43XkfnUV'", 'CzrMhR8zzy1eH1F0XlY1tu5ywqa2yaSFoWGg2cqE43XkfnUV'],
    ['beeboleAuth := bn6htprmfpukfalts4muwalxh9j15ucvnrfdme8t', 'bn6htprmfpukfalts4muwalxh9j15ucvnrfdme8t'],
    ['codemagic_key: "PSIYbVgfkbEPQoqJfzHpACTtihONkQ_cKmOpNDPNiCU"', 'PSIYbVgfkbEPQoqJfzHpACTtihONkQ_cKmOpNDPNiCU'],
    ['const hs = new HubSpotAPI("76a836c8-469d-4426-8a3b-194ca930b7a1");', '76a836c8-469d-4426-8a3b-194ca930b7a1'],
    ['wandb.login(key="1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b")', '1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b'],
    ['algoliaAdmin := "a7K9x2Qp4Lm8Rt6Zk1wB3nC5"', 'a7K9x2Qp4Lm8Rt6Zk1wB3nC5'],
    ['numverify KEY 1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d', '1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d'],
    ['CREATE USER u IDENTIFIED BY SqLpa5sW0rD;', 'SqLpa5sW0rD'],
    ["IDENTIFIED WITH 'mysql_native_password' AS '*92FD05ADCA2EC9D1E10C096DEB1618BC2470E409'", '92FD05ADCA2EC9D1E10C096DEB1618BC2470E409'],
    ['ConvertTo-SecureString -String "P@ssw0rd!9" -AsPlainText -Force', 'P@ssw0rd!9'],
    ['curl_easy_setopt(curl, CURLOPT_PASSWORD, "KiASRCRi9FLPDiIdZZLB");', 'KiASRCRi9FLPDiIdZZLB'],
    ['password: &quot;g1re0g1Pa5$w0Rd&quot;', 'g1re0g1Pa5$w0Rd'],
    ['{&quot;token&quot;:&quot;g1re0g1T0keN3zWx&quot;}', 'g1re0g1T0keN3zWx'],
    ['curl -X POST --header "Api-Token: Sk94HG7f6KB"', 'Sk94HG7f6KB'],
    ['curl -u "d2LkV78zLx!t:" https://localhost:9200', 'd2LkV78zLx!t'],
    ['curl -X POST \\\n-u client:5uC5Y4Mcvdl5rB56rBmxnvB4DZgiIpcy', '5uC5Y4Mcvdl5rB56rBmxnvB4DZgiIpcy'],
  ])('are found: %s', (text, secret) => expect(redact(text)).not.toContain(secret))

  it.each([
    ['password        resets happen here'],
    ['token           budget: 4096'],
    ['api_key         string'],
    ['tokens          = 4096'],
    ['secretName      = kubernetes'],
    ['| token | count |'],
    ['usernameLabel:"Username or email:",passwordLabel:"Password:",rememberMeLabel:"Remember me:"'],
    ['this.addPassword = "#add-password";'],
    ['IAMUserChangePassword = "arn:aws:iam::aws:policy/IAMUserChangePassword"'],
    ["echo 'password = '.$p['config']['daemon_password'].\"\\n\";"],
    ['"password": "&lt;YOURPASSWORD&gt;"'],
    ["- echo 'export DATABASE_PASSWORD=\"'$PRECOMPILE_PASSWORD'\"' >> .env"],
    ['IDENTIFIED BY another scheme'],
    ['token=&amp;page=2'],
    ['cache key = 1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b'],
    ['key = "1a2b3c4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f9a0b"'],
    ['of x7Qp2Lm9Rt4kEY 4fK2mQ9sXv4Tz1Lr8Zk3'],
    ['sortKey1 = "TVAWji0p7uDI6OP9DyWvmV"'],
    ['useAuth("admin-panel-settings")'],
    ['const api = OpenAI("https://api.example.com/v1")'],
  ])('leaves %s', (text) => expect(redact(text)).toBe(text))
})

describe('personal data in more forms', () => {
  it.each([
    ['Ring 0917-123-4567 back', '0917-123-4567'],
    ['0 532 123 45 67', '0 532 123 45 67'],
    ['Cep no: 05321234567', '05321234567'],
    ['Telepono: 09171234567', '09171234567'],
    ['My Israeli number is 09-7625400', '09-7625400'],
    ['My passport number is M123A4567', 'M123A4567'],
    ['pasaporte español AAA123456', 'AAA123456'],
    ['여권번호는 M123A4567입니다', 'M123A4567'],
    ['My GSTIN is 27ABCDE1234F1Z5', '27ABCDE1234F1Z5'],
    ['FO999512018AA1AB', 'FO999512018AA1AB'],
    ['eGK-Nummer M123456785 bitte angeben', 'M123456785'],
    ['เลขบัตรประชาชน 1101700230708', '1101700230708'],
  ])('is found: %s', (text, value) => expect(redact(text)).not.toContain(value))

  it.each([
    ['part no. 0917-123-4567'],
    ['AA 12 34 56 H'],
    ['FQ 00 00 00 C'],
    ['order A12345678 is late'],
    ['27ABCDE1234F1Z5 is the model'],
  ])('leaves %s', (text) => expect(redact(text)).toBe(text))
})

describe('phone numbers in East Asian sentences', () => {
  it.each([
    ['電話番号は090-4821-7736です', '090-4821-7736'],
    ['携帯電話が 080-4821-7736 です', '080-4821-7736'],
    ['手机号：13947265183', '13947265183'],
    ['我的手机号是 13947265183 谢谢', '13947265183'],
    ['연락처는 010-4726-8391입니다', '010-4726-8391'],
  ])('are found: %s', (text, number) => expect(normalizeTokens(redact(text))).toBe(text.replace(number, '<phone#1>')))

  it.each([['订单号：13947265183'], ['型号是 13947265183'], ['注文番号は090-4821-7736です'], ['주문번호는 010-4726-8391입니다']])(
    'are told by their words: %s',
    (text) => expect(redact(text)).toBe(text),
  )
})

it('knows the name that Rails gives its secret', () => {
  const secret = '8f2a9c1d8b7e4c6d9a5f1e2d3c4b5a698f2a9c1d8b7e4c6d9a5f1e2d3c4b5a69'
  for (const name of ['SECRET_KEY_BASE', 'secret_key_base', 'secretKeyBase', 'RAILS_SECRET_KEY_BASE'])
    expect(redact(JSON.stringify({ env: { [name]: secret } }))).not.toContain(secret)
  const path = JSON.stringify({ secret_key_base: 'config/secrets.yml' })
  expect(redact(path)).toBe(path)
})

it('masks the data of a manifest once', () => {
  const masking = createRedactorFor({
    policy: parsePolicy({ schema: 'reprise.redaction-policy/2', id: 'own', version: '1', action: 'mask' }),
    key: new Uint8Array(32).fill(6),
  })
  const { value } = masking.redactText(`kind: Secret\ndata:\n  config: IVDdzCEgwDpX4AffCTS5QZ74jweGIzjWgp2hySvoxopn\n`)
  expect(value).toBe('kind: Secret\ndata:\n  config: [redacted]\n')
})
