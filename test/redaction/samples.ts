import { Buffer } from 'node:buffer'

/** Made-up secrets in the formats that their issuers publish, written independently of the rules. */
export interface Sample {
  readonly rule: string
  /** What must not be left in the text. */
  readonly secret: string
  /** A text that holds it, where the rule needs one around it. */
  readonly text?: string
}

const UPPER = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'
const LOWER = UPPER.toLowerCase()
const DIGITS = '0123456789'
const BASE62 = UPPER + LOWER + DIGITS
const HEX = `${DIGITS}abcdef`

/** A run that looks random and is the same each time: a linear congruential walk over the alphabet. */
export function run(alphabet: string, length: number, seed = 1): string {
  let state = (seed * 2654435761) >>> 0
  let text = ''
  while (text.length < length) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    text += alphabet[(state >>> 16) % alphabet.length]
  }
  return text
}
/** The same with a digit, an upper and a lower case letter for sure. */
const mixed = (length: number, seed = 1): string => `a7K${run(BASE62, length - 3, seed)}`
const url64 = (length: number, seed = 1): string => `a7K${run(`${BASE62}-_`, length - 4, seed)}x`
const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export const JWT = `${base64url({ alg: 'HS256', typ: 'JWT' })}.${base64url({ sub: '1234567890', name: 'Jo Doe', iat: 1516239022 })}.${url64(43)}`
export const pem = (kind: string, lines = 6, newline = '\n'): string =>
  [
    `-----BEGIN ${kind}-----`,
    ...Array.from({ length: lines }, (_, line) => run(`${BASE62}+/`, 64, line + 3)),
    `${run(BASE62, 30)}==`,
    `-----END ${kind}-----`,
  ].join(newline)

const plain = (rule: string, ...secrets: readonly string[]): Sample[] => secrets.map((secret) => ({ rule, secret }))
const within = (rule: string, secret: string, ...texts: readonly string[]): Sample[] => texts.map((text) => ({ rule, secret, text }))

export const SAMPLES: readonly Sample[] = [
  ...plain('vercel-token', `vci_${mixed(40)}`),
  ...plain('databricks-token', `dapi${run(HEX, 32).toUpperCase()}`, `dapi${run(HEX, 32)}-3`),
  ...plain('shopify-token', `shpat_${mixed(32)}`, `shpca_${mixed(38)}`),
  ...plain('xai-api-key', `xai-${mixed(40)}_${mixed(39)}`),
  ...plain('nkey-seed', `SUAML${run(`${UPPER}234567`, 53)}`),
  ...plain('wundergraph-key', `cosmo_${run(HEX, 32)}`),
  ...plain('posthog-key', `phr_${mixed(48)}`),
  ...plain('laravel-token', `49|${mixed(40)}`, `1|${mixed(48)}`),
  ...plain('truenas-key', `8-${mixed(64)}`),
  ...within(
    'vault-key',
    `${mixed(43)}=`,
    `Unseal Key 2: ${mixed(43)}=`,
    `Recovery Key 1: ${mixed(43)}=`,
    `vault operator unseal ${mixed(43)}=`,
  ),
  ...within('jenkins-crumb', run(HEX, 32), `-H 'Jenkins-Crumb:${run(HEX, 32)}'`),
  ...within('codeclimate-token', run(HEX, 64), `CC_TEST_REPORTER_ID: ${run(HEX, 64)}`),
  ...within('sonarqube-token', run(HEX, 40), `-Dsonar.login=${run(HEX, 40)}`, `SONAR_LOGIN = "${run(HEX, 40)}"`),
  ...plain('vault-token', `s.CAES${url64(90)}`, `b.AAAAAQ${url64(120)}`),
  ...plain('telegram-bot-token', `4839574813:AA${url64(32)}`),
  ...plain('anthropic-api-key', `sk-ant-api03-${url64(93)}AA`, `sk-ant-admin01-${url64(93)}AA`, `sk-ant-oat01-${url64(80)}`),
  ...plain('openrouter-api-key', `sk-or-v1-${run(HEX, 64)}`),
  ...plain('langfuse-secret-key', 'sk-lf-0c8f9a3e-52d1-4b7e-9f60-7a1b2c3d4e5f'),
  ...plain('helicone-api-key', `sk-helicone-${run(LOWER + DIGITS, 7)}-${run(LOWER + DIGITS, 7)}-${run(LOWER + DIGITS, 7)}`),
  ...plain(
    'openai-api-key',
    `sk-${mixed(20)}T3BlbkFJ${mixed(20, 2)}`,
    `sk-proj-${url64(48)}T3BlbkFJ${url64(48)}`,
    `sk-svcacct-${url64(120)}`,
    `sk-admin-${url64(60)}`,
    `sk-${run(HEX, 32)}`,
  ),
  ...plain('openai-session-key', `sess-${mixed(40)}`),
  ...plain('google-api-key', `AIza${url64(35)}`, `AQ.Ab8RN6${url64(44)}`),
  ...plain('google-oauth-token', `ya29.${url64(120)}`, `1//0${url64(60)}`),
  ...plain('google-oauth-secret', `GOCSPX-${url64(28)}`),
  ...plain('firebase-server-key', `AAAA${url64(7)}:APA91b${url64(134)}`),
  ...plain('groq-api-key', `gsk_${mixed(52)}`),
  ...plain('huggingface-token', `hf_${run(UPPER + LOWER, 34)}`, `api_org_${run(UPPER + LOWER, 34)}`),
  ...plain('replicate-api-token', `r8_${mixed(37)}`),
  ...plain('perplexity-api-key', `pplx-${mixed(48)}`),
  ...plain('xai-api-key', `xai-${mixed(80)}`),
  ...plain('nvidia-api-key', `nvapi-${url64(64)}`),
  ...plain('fireworks-api-key', `fw_${mixed(24)}`),
  ...plain('together-api-key', `tgp_v1_${url64(43)}`),
  ...plain('cerebras-api-key', `csk-${run(LOWER + DIGITS, 48)}`),
  ...plain('voyage-api-key', `pa-${url64(43)}`),
  ...plain('jina-api-key', `jina_${run(HEX, 32)}${mixed(28)}`),
  ...plain('llamacloud-api-key', `llx-${mixed(48)}`),
  ...plain('pinecone-api-key', `pcsk_${mixed(6)}_${mixed(63)}`),
  ...plain(
    'langsmith-api-key',
    `lsv2_pt_${run(HEX, 32)}_${run(HEX, 10)}`,
    `lsv2_sk_${run(HEX, 32)}_${run(HEX, 10)}`,
    `ls__${run(HEX, 32)}`,
  ),
  ...plain('tavily-api-key', `tvly-${mixed(32)}`, `tvly-dev-${mixed(32)}`),
  ...plain('firecrawl-api-key', `fc-${run(HEX, 32)}`),
  ...plain('elevenlabs-api-key', `sk_${run(HEX, 48)}`),
  ...plain('e2b-api-key', `e2b_${run(HEX, 40)}`),
  ...plain('apify-api-token', `apify_api_${mixed(36)}`),
  ...plain('anyscale-api-key', `esecret_${run(LOWER + DIGITS, 26)}`),
  ...plain('databricks-token', `dapi${run(HEX, 32)}`, `dapi${run(HEX, 32)}-2`),
  ...plain('aws-access-key-id', `AKIA${run(`${UPPER}234567`, 16)}`, `ASIA${run(`${UPPER}234567`, 16)}`, 'AKIAIOSFODNN7EXAMPLE'),
  ...within(
    'aws-secret-access-key',
    'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'export AWS_SECRET_ACCESS_KEY="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
    "secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',",
    '"SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"',
    'AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'AKIAIOSFODNN7EXAMPLE,wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
    'the secret access key is wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY.',
  ),
  ...within('aws-session-token', `IQoJb3JpZ2luX2Vj${mixed(200)}==`, `aws_session_token=IQoJb3JpZ2luX2Vj${mixed(200)}==`),
  ...within(
    'azure-storage-key',
    `${mixed(86)}==`,
    `DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=${mixed(86)}==;EndpointSuffix=core.windows.net`,
  ),
  ...within(
    'azure-storage-key',
    `${mixed(43)}=`,
    `Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${mixed(43)}=`,
  ),
  ...plain('azure-client-secret', `abc8Q~${mixed(34)}`),
  ...plain('azure-openai-key', `${mixed(52)}JQQJ99${mixed(26)}`),
  ...within(
    'signed-url',
    `${mixed(43)}%3D`,
    `https://acme.blob.core.windows.net/c/f.txt?sv=2022-11-02&se=2026-01-01&sr=b&sp=r&sig=${mixed(43)}%3D`,
  ),
  ...within('signed-url', run(HEX, 64), `https://b.s3.amazonaws.com/k?X-Amz-Date=20260101T000000Z&X-Amz-Signature=${run(HEX, 64)}`),
  ...plain('alibaba-access-key-id', `LTAI5t${mixed(18)}`),
  ...plain('tencent-secret-id', `AKID${mixed(32)}`),
  ...plain('digitalocean-token', `dop_v1_${run(HEX, 64)}`),
  ...plain('heroku-api-key', `HRKU-AA${url64(58)}`),
  ...plain('cloudflare-origin-key', `v1.0-${run(HEX, 24)}-${run(HEX, 146)}`),
  ...plain('vault-token', `hvs.CAESI${url64(90)}`, `hvb.${url64(150)}`),
  ...plain('terraform-token', `${mixed(14)}.atlasv1.${url64(67)}`),
  ...plain('doppler-token', `dp.pt.${mixed(43)}`, `dp.st.dev_backend.${mixed(43)}`),
  ...plain('pulumi-token', `pul-${run(HEX, 40)}`),
  ...plain('supabase-key', `sbp_${run(HEX, 40)}`, `sb_secret_${mixed(22)}_${mixed(8)}`),
  ...plain('planetscale-token', `pscale_tkn_${mixed(43)}`, `pscale_pw_${mixed(43)}`),
  ...plain('tailscale-key', `tskey-auth-${mixed(12)}CNTRL-${mixed(32)}`),
  ...plain('vercel-token', `vcp_${mixed(56)}`),
  ...plain('netlify-token', `nfp_${mixed(36)}`),
  ...plain('flyio-token', `fm2_${run(`${BASE62}+/`, 300)}`),
  ...plain(
    'github-token',
    `ghp_${mixed(36)}`,
    `gho_${mixed(36)}`,
    `ghu_${mixed(36)}`,
    `ghs_${mixed(36)}`,
    `ghr_${mixed(36)}`,
    `github_pat_11${run(UPPER + DIGITS, 20)}_${mixed(59)}`,
  ),
  ...plain('gitlab-token', `glpat-${url64(20)}`, `glptt-${run(HEX, 40)}`, `gldt-${url64(20)}`, `glrt-${url64(20)}`),
  ...plain('atlassian-token', `ATATT3xFfGF0${url64(170)}=${run(`${UPPER}${DIGITS}`, 8)}`, `ATBB${mixed(32)}`),
  ...plain('npm-token', `npm_${mixed(36)}`),
  ...plain('pypi-token', `pypi-AgEIcHlwaS5vcmc${url64(150)}`),
  ...plain('rubygems-key', `rubygems_${run(HEX, 48)}`),
  ...plain('crates-io-token', `cio${mixed(32)}`),
  ...plain('docker-token', `dckr_pat_${url64(27)}`),
  ...plain('buildkite-token', `bkua_${run(HEX, 40)}`),
  ...plain('circleci-token', `CCIPAT_${mixed(22)}_${run(HEX, 40)}`),
  ...plain('sonarqube-token', `squ_${run(HEX, 40)}`),
  ...plain('sentry-token', `sntrys_${mixed(80)}_${mixed(43)}`, `sntryu_${run(HEX, 64)}`),
  ...plain('grafana-token', `glsa_${mixed(32)}_${run(HEX, 8)}`, `glc_${mixed(100)}==`),
  ...plain('newrelic-key', `NRAK-${run(UPPER + DIGITS, 27)}`),
  ...plain('dynatrace-token', `dt0c01.${run(UPPER + DIGITS, 24)}.${run(UPPER + DIGITS, 64)}`),
  ...plain('postman-key', `PMAK-${run(HEX, 24)}-${run(HEX, 34)}`),
  ...plain(
    'slack-token',
    `xoxb-123456789012-1234567890123-${mixed(24)}`,
    `xoxp-123456789012-123456789012-123456789012-${run(HEX, 32)}`,
    `xapp-1-A012BCDEFGH-1234567890123-${run(HEX, 64)}`,
  ),
  ...within('slack-webhook', `T01234567/B01234567/${mixed(24)}`, `curl https://hooks.slack.com/services/T01234567/B01234567/${mixed(24)}`),
  ...within('discord-webhook', `123456789012345678/${url64(68)}`, `https://discord.com/api/webhooks/123456789012345678/${url64(68)}`),
  ...plain('discord-bot-token', `${Buffer.from('123456789012345678').toString('base64')}.GaBcDe.${url64(38)}`),
  ...within(
    'teams-webhook',
    '@',
    'https://acme.webhook.office.com/webhookb2/0c8f9a3e-52d1-4b7e-9f60-7a1b2c3d4e5f@1c8f9a3e-52d1-4b7e-9f60-7a1b2c3d4e5f/IncomingWebhook/abc/def',
  ),
  ...plain('telegram-bot-token', `1234567890:AA${url64(33)}`),
  ...plain('stripe-key', `sk_live_${mixed(24)}`, `rk_live_${mixed(24)}`, `sk_test_${mixed(99)}`),
  ...plain('stripe-webhook-secret', `whsec_${mixed(32)}`),
  ...plain('sendgrid-api-key', `SG.${url64(22)}.${url64(43)}`),
  ...plain('twilio-api-key', `SK${run(HEX, 32)}`),
  ...plain('mailchimp-api-key', `${run(HEX, 32)}-us14`),
  ...plain('brevo-api-key', `xkeysib-${run(HEX, 64)}-${mixed(16)}`),
  ...plain('resend-api-key', `re_${mixed(8)}_${mixed(24)}`),
  ...plain('shopify-token', `shpat_${run(HEX, 32)}`),
  ...plain('square-token', `sq0atp-${url64(22)}`),
  ...plain('linear-api-key', `lin_api_${mixed(40)}`),
  ...plain('notion-token', `ntn_${mixed(46)}`, `secret_${mixed(43)}`),
  ...plain('figma-token', `figd_${url64(40)}`),
  ...plain('dropbox-token', `sl.${url64(136)}`),
  ...plain('onepassword-token', `ops_eyJ${url64(300)}`),
  ...plain('age-secret-key', `AGE-SECRET-KEY-1${run(`${UPPER}${DIGITS}`, 58)}`),

  ...plain(
    'private-key',
    pem('RSA PRIVATE KEY'),
    pem('PRIVATE KEY'),
    pem('EC PRIVATE KEY', 2),
    pem('OPENSSH PRIVATE KEY'),
    pem('ENCRYPTED PRIVATE KEY'),
    pem('PGP PRIVATE KEY BLOCK', 20),
    pem('RSA PRIVATE KEY', 4, '\\n'),
    pem('PRIVATE KEY', 4, '\r\n'),
  ),
  ...plain(
    'private-key',
    `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,${run(HEX, 32).toUpperCase()}\n\n${run(BASE62, 64)}\n${run(BASE62, 20)}=\n-----END RSA PRIVATE KEY-----`,
    `---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: "x"\n${run(BASE62, 70)}\n---- END SSH2 ENCRYPTED PRIVATE KEY ----`,
  ),
  ...plain(
    'jwt',
    JWT,
    `${base64url({ alg: 'none' })}.${base64url({ sub: 'x' })}.`,
    `${base64url({ alg: 'RSA-OAEP', enc: 'A256GCM' })}.${url64(100)}.${url64(16)}.${url64(80)}.${url64(22)}`,
  ),
  ...within(
    'auth-header',
    `Bearer ${mixed(30)}`,
    `Authorization: Bearer ${mixed(30)}`,
    `-H "authorization: Bearer ${mixed(30)}" https://x.example`,
    `{'Authorization': 'Bearer ${mixed(30)}'}`,
  ),
  ...within('auth-header', 'Basic YWxhZGRpbjpvcGVuc2VzYW1l', 'Proxy-Authorization: Basic YWxhZGRpbjpvcGVuc2VzYW1l'),
  ...within(
    'auth-header',
    `AWS4-HMAC-SHA256 Credential=x/y/z, SignedHeaders=host, Signature=${run(HEX, 64)}`,
    `authorization: AWS4-HMAC-SHA256 Credential=x/y/z, SignedHeaders=host, Signature=${run(HEX, 64)}\nhost: x`,
  ),
  ...within(
    'cookie',
    'session=a8f5f167f44f4964e6c998dee827110c; theme=dark',
    'Cookie: session=a8f5f167f44f4964e6c998dee827110c; theme=dark\nHost: x',
    'set-cookie: session=a8f5f167f44f4964e6c998dee827110c; theme=dark',
  ),
  ...within('bearer-token', mixed(40), `the header was Bearer ${mixed(40)} I think`, `bearer%20${mixed(40)}&x=1`),
  ...within('basic-credentials', 'YWxhZGRpbjpvcGVuc2VzYW1l', 'auth Basic YWxhZGRpbjpvcGVuc2VzYW1l sent'),
  ...within(
    'url-credentials',
    'admin:S3cr3tP4ss',
    'postgres://admin:S3cr3tP4ss@db.example.com:5432/app',
    'https://admin:S3cr3tP4ss@10.0.0.1/x?y=1',
    'mongodb+srv://admin:S3cr3tP4ss@cluster0.example.net',
    "redis_url='rediss://admin:S3cr3tP4ss@cache:6379'",
  ),
  ...within('url-credentials', ':S3cr3tP4ss', 'redis://:S3cr3tP4ss@cache:6379/0'),
  ...within('url-credentials', 'admin:p@ss:w@rd1', 'amqp://admin:p@ss:w@rd1@mq.example.com/vhost'),
  ...within(
    'password',
    'hunter2x',
    'password=hunter2x',
    'PASSWORD: hunter2x',
    '{"db_password": "hunter2x"}',
    "passwd = 'hunter2x'",
    '?user=jo&password=hunter2x&next=/',
    '--password=hunter2x --verbose',
  ),
  ...within(
    'credential',
    'k3yV4lu3Abc',
    'api_key=k3yV4lu3Abc',
    'API-Key: k3yV4lu3Abc',
    'clientSecret: "k3yV4lu3Abc"',
    'WANDB_API_KEY=k3yV4lu3Abc',
    'x-api-key: k3yV4lu3Abc',
  ),
  ...within('credential', `${run(HEX, 40)}`, `access_token=${run(HEX, 40)}&scope=all`, `HF_TOKEN: "${run(HEX, 40)}"`),

  ...plain(
    'email',
    'bob@example.com',
    'jane.doe+tag@mail.example.co.uk',
    "o'brien@example.ie",
    'user_name-1@sub-domain.example.museum',
    'x@y.io',
    'jürgen@müller.example',
    'JOHN@EXAMPLE.COM',
    'a.b%40example.com',
  ),
  ...plain(
    'payment-card',
    ...[
      '4111111111111111',
      '4111 1111 1111 1111',
      '4111-1111-1111-1111',
      '5555555555554444',
      '2223003122003222',
      '378282246310005',
      '3782 822463 10005',
      '371449635398431',
    ],
    ...[
      '30569309025904',
      '3056 930902 5904',
      '6011111111111117',
      '3530111333300000',
      '6200000000000005',
      '6759649826438453',
      '2200 0000 0000 0053',
      '5105105105105100',
    ],
  ),
  ...within('payment-card', '4222222222222', 'card number: 4222222222222', 'Visa 4222222222222'),
  ...within('payment-card', '6304 0000 0000 0000 000', 'maestro 6304 0000 0000 0000 000'),
]
