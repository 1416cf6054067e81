import { describe, expect, it } from 'vitest'
import { UNSEEN_KNOWN_MISSED, type UnseenCase, unseenCases } from '../../bench/redaction/labelled/unseen.ts'
import { createRedactor, normalizeTokens } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(6) })
const redact = (text: string): string => (/^\s*[{[]/.test(text) ? redactor.redactJson(text) : redactor.redactText(text)).value

const groups = new Map<string, UnseenCase[]>()
for (const one of unseenCases()) groups.set(one.group, [...(groups.get(one.group) ?? []), one])

describe('the third set of cases', () => {
  it.each([...groups])('%s', (group, cases) => {
    const missed = cases.filter(({ text, secrets }) => {
      const value = redact(text)
      const shown = normalizeTokens(value)
      // Of a long one, its end must not be left either.
      const isLeft = (secret: string): boolean => shown.includes(secret.length > 16 ? secret.slice(-12) : secret)
      return secrets.length === 0 ? value !== text : secrets.some(isLeft)
    })
    const known = UNSEEN_KNOWN_MISSED[group] ?? 0
    expect(missed.length, missed.map(({ text }) => text).join('\n')).toBe(known)
  })
  it('changes nothing when it is redacted again', () => {
    for (const [index, { text }] of unseenCases().entries()) {
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
