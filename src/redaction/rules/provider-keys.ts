import type { CheckName, RuleData } from '../rule.ts'

const ALNUM = '[A-Za-z0-9]'
const WORD = '[A-Za-z0-9_]'
const URL = '[A-Za-z0-9_-]'
const HEX = '[0-9a-f]'
const BASE64 = '[A-Za-z0-9+/]'

/** A key that is one literal prefix and a run of one character class. */
function prefixed(name: string, prefixes: readonly string[], body: string, min: number, max: number, check?: CheckName): RuleData {
  const alternatives = prefixes.map((prefix) => prefix.replaceAll('.', '\\.'))
  return {
    name,
    anchors: prefixes,
    after: 'word-boundary',
    pattern: `(?:${alternatives.join('|')})${body}{${min},${max}}`,
    tail: body,
    ...(check === undefined ? {} : { check }),
  }
}

/**
 * Keys whose format their issuer has made recognisable. Lengths are a little wider than today's keys, since issuers
 * lengthen them without notice; the prefix is what makes a false alarm unlikely.
 */
export const PROVIDER_KEY_RULES: readonly RuleData[] = [
  // Model providers and the tools around them.
  prefixed('anthropic-api-key', ['sk-ant-'], URL, 20, 300),
  prefixed('openrouter-api-key', ['sk-or-'], URL, 32, 300),
  prefixed('langfuse-secret-key', ['sk-lf-'], URL, 30, 100),
  prefixed('helicone-api-key', ['sk-helicone-'], URL, 16, 100),
  {
    name: 'openai-api-key',
    anchors: ['sk-proj-', 'sk-svcacct-', 'sk-admin-', 'sk-service-', 'sk-None-'],
    after: 'word-boundary',
    pattern: `sk-(?:proj|svcacct|admin|service|None)-${URL}{20,300}`,
  },
  // Also the form that several other providers gave their keys (`sk-` and hex or base62).
  { name: 'openai-api-key', anchors: [`sk-${ALNUM}`], after: 'word-boundary', pattern: `sk-${ALNUM}{20,300}`, check: 'letter-and-digit' },
  { name: 'openai-session-key', anchors: ['sess-'], after: 'word-boundary', pattern: `sess-${ALNUM}{40,100}`, check: 'letter-and-digit' },
  prefixed('google-api-key', ['AIza'], URL, 30, 45),
  { name: 'google-api-key', anchors: ['AQ.A'], after: 'word-boundary', pattern: `AQ\\.A${URL}{35,100}`, check: 'upper-lower-digit' },
  prefixed('google-oauth-token', ['ya29.'], '[A-Za-z0-9_.-]', 20, 2048),
  prefixed('google-oauth-token', ['1//0'], URL, 30, 512),
  prefixed('google-oauth-secret', ['GOCSPX-'], URL, 20, 64),
  { name: 'firebase-server-key', anchors: [':APA91b'], back: { chars: URL, max: 32 }, pattern: `AAAA${URL}{7,28}:APA91b${URL}{80,300}` },
  prefixed('groq-api-key', ['gsk_'], ALNUM, 32, 200),
  prefixed('huggingface-token', ['hf_', 'api_org_'], ALNUM, 30, 100),
  prefixed('replicate-api-token', ['r8_'], ALNUM, 30, 64),
  prefixed('perplexity-api-key', ['pplx-'], ALNUM, 32, 100),
  prefixed('xai-api-key', ['xai-'], ALNUM, 40, 200),
  prefixed('nvidia-api-key', ['nvapi-'], URL, 40, 200),
  prefixed('fireworks-api-key', ['fw_'], ALNUM, 22, 64, 'letter-and-digit'),
  prefixed('together-api-key', ['tgp_v1_'], URL, 30, 100),
  prefixed('cerebras-api-key', ['csk-'], ALNUM, 40, 100),
  prefixed('voyage-api-key', ['pa-'], URL, 40, 64, 'upper-lower-digit'),
  prefixed('jina-api-key', ['jina_'], URL, 40, 100),
  prefixed('llamacloud-api-key', ['llx-'], URL, 40, 100),
  prefixed('pinecone-api-key', ['pcsk_'], WORD, 40, 128),
  prefixed('langsmith-api-key', ['lsv2_pt_', 'lsv2_sk_', 'ls__'], WORD, 32, 100),
  prefixed('tavily-api-key', ['tvly-'], URL, 24, 100, 'letter-and-digit'),
  { name: 'firecrawl-api-key', anchors: [`fc-${HEX}${HEX}`], after: 'word-boundary', pattern: `fc-${HEX}{32}(?![A-Za-z0-9])` },
  { name: 'elevenlabs-api-key', anchors: [`sk_${HEX}${HEX}`], after: 'word-boundary', pattern: `sk_${HEX}{48}(?![A-Za-z0-9])` },
  prefixed('e2b-api-key', ['e2b_'], HEX, 32, 64),
  prefixed('apify-api-token', ['apify_api_'], ALNUM, 30, 64),
  prefixed('anyscale-api-key', ['esecret_'], ALNUM, 24, 64),
  prefixed('databricks-token', ['dapi'], HEX, 32, 40),
  {
    name: 'databricks-token',
    anchors: ['dose', 'dkea'].map((prefix) => prefix + HEX),
    after: 'word-boundary',
    pattern: `(?:dose|dkea)${HEX}{32}(?![A-Za-z0-9])`,
  },

  // Clouds.
  {
    name: 'aws-access-key-id',
    anchors: ['AKIA', 'ASIA', 'ABIA', 'ACCA'],
    after: 'word-boundary',
    pattern: '(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Za-z0-9])',
  },
  {
    name: 'aws-secret-access-key',
    anchors: ['secret_access_key', 'secret-access-key', 'secret access key', 'secretaccesskey', 'aws_secret', 'aws.secret', 'awssecret'],
    fold: true,
    flags: 'i',
    pattern:
      '(?:aws[_.]?)?secret[_. -]?(?:access)?[_. -]?(?:key)?(?:_id)?["\'`\\\\*>\\])]{0,6}\\s{0,4}(?:[:=,|]|=>|:=|is|are|<string>|<value>){0,2}\\s{0,4}["\'`\\\\*>([]{0,6}' +
      `(?<secret>${BASE64}{40})(?![A-Za-z0-9+/])`,
  },
  // The secret beside the id: `AKIA…:secret`, `AKIA…,secret`, two lines of a credentials file.
  {
    name: 'aws-secret-access-key',
    anchors: ['AKIA', 'ASIA'],
    after: 'word-boundary',
    pattern: `(?:AKIA|ASIA)[A-Z0-9]{16}[\\s:;,|/"'\\\\]{1,6}(?<secret>${BASE64}{40})(?![A-Za-z0-9+/=])`,
    check: 'upper-lower-digit',
  },
  {
    name: 'aws-session-token',
    anchors: ['session_token', 'sessiontoken', 'security-token', 'session-token'],
    fold: true,
    flags: 'i',
    pattern:
      '(?:session|security)[_-]?token["\'`\\\\>]{0,4}\\s{0,4}[:=]{1,2}\\s{0,4}["\'`\\\\]{0,4}(?<secret>(?:[A-Za-z0-9+/]|%2[BF]|\\\\/){80,4096}={0,2})',
  },
  {
    name: 'azure-storage-key',
    anchors: ['accountkey=', 'sharedaccesskey='],
    fold: true,
    flags: 'i',
    pattern: `(?:Account|SharedAccess)Key=\\s{0,2}(?<secret>${BASE64}{40,120}={0,2})`,
  },
  {
    name: 'azure-client-secret',
    anchors: ['[0-9]Q~'],
    back: { chars: '[A-Za-z0-9_~.-]', max: 3 },
    pattern: '[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}',
  },
  { name: 'azure-openai-key', anchors: ['JQQJ99'], back: { chars: ALNUM, max: 60 }, pattern: `${ALNUM}{40,60}JQQJ99${ALNUM}{20,60}` },
  {
    name: 'signed-url',
    anchors: ['[?&;]sig=', '[?&;]signature=', 'amz-signature=', 'goog-signature=', 'amz-security-token='],
    fold: true,
    flags: 'i',
    pattern: '(?:[?&;]sig(?:nature)?|(?:amz|goog)-signature|amz-security-token)=(?<secret>[A-Za-z0-9%+/_-]{30,4096}={0,2})',
  },
  prefixed('alibaba-access-key-id', ['LTAI'], ALNUM, 16, 24, 'letter-and-digit'),
  {
    name: 'tencent-secret-id',
    anchors: ['AKID'],
    after: 'word-boundary',
    pattern: `AKID${ALNUM}{32}(?![A-Za-z0-9])`,
    check: 'letter-and-digit',
  },
  prefixed('digitalocean-token', ['dop_v1_', 'doo_v1_', 'dor_v1_'], HEX, 40, 64),
  prefixed('heroku-api-key', ['HRKU-'], URL, 30, 100),
  { name: 'cloudflare-origin-key', anchors: [`v1.0-${HEX}${HEX}`], after: 'word-boundary', pattern: `v1\\.0-${HEX}{24}-${HEX}{100,160}` },
  prefixed('vault-token', ['hvs.', 'hvb.', 'hvr.'], URL, 24, 300),
  {
    name: 'terraform-token',
    anchors: ['.atlasv1.'],
    back: { chars: ALNUM, max: 20 },
    pattern: `${ALNUM}{10,20}\\.atlasv1\\.${URL}{40,100}`,
  },
  prefixed('doppler-token', ['dp.pt.', 'dp.st.', 'dp.ct.', 'dp.sa.', 'dp.scim.', 'dp.audit.'], '[A-Za-z0-9_.-]', 30, 100),
  prefixed('pulumi-token', ['pul-'], HEX, 40, 40),
  prefixed('supabase-key', ['sbp_', 'sb_secret_'], WORD, 20, 100),
  prefixed('planetscale-token', ['pscale_tkn_', 'pscale_pw_', 'pscale_oauth_'], '[A-Za-z0-9_.=-]', 30, 100),
  prefixed('tailscale-key', ['tskey-'], URL, 20, 120),
  prefixed('vercel-token', ['vcp_', 'vck_', 'vca_', 'vcr_'], ALNUM, 24, 100),
  prefixed('netlify-token', ['nfp_', 'nfo_', 'nfc_'], ALNUM, 30, 64),
  prefixed('flyio-token', ['fm1r_', 'fm2_', 'fo1_'], '[A-Za-z0-9+/=_,-]', 40, 2048),

  // Source hosting, CI, registries.
  prefixed('github-token', ['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'], WORD, 30, 255),
  prefixed('github-token', ['github_pat_'], WORD, 22, 255),
  prefixed(
    'gitlab-token',
    ['glpat-', 'glptt-', 'gldt-', 'glrt-', 'glrtr-', 'glcbt-', 'glsoat-', 'glft-', 'glimt-', 'glagent-', 'gloas-', 'glffct-', 'glwt-'],
    '[A-Za-z0-9_.-]',
    20,
    300,
  ),
  prefixed('atlassian-token', ['ATATT3', 'ATCTT3', 'ATBB'], '[A-Za-z0-9_=-]', 24, 300, 'letter-and-digit'),
  prefixed('npm-token', ['npm_'], ALNUM, 36, 64),
  prefixed('pypi-token', ['pypi-AgEI', 'pypi-AgEN'], URL, 40, 512),
  prefixed('rubygems-key', ['rubygems_'], HEX, 40, 64),
  {
    name: 'crates-io-token',
    anchors: [`cio${ALNUM}${ALNUM}`],
    after: 'word-boundary',
    pattern: `cio${ALNUM}{32}(?![A-Za-z0-9])`,
    check: 'upper-lower-digit',
  },
  prefixed('docker-token', ['dckr_pat_', 'dckr_oat_'], URL, 24, 64),
  prefixed('buildkite-token', ['bkua_'], ALNUM, 30, 64),
  prefixed('circleci-token', ['CCIPAT_', 'CCIPRJ_'], WORD, 30, 120),
  prefixed('sonarqube-token', ['sqp_', 'squ_', 'sqa_'], HEX, 40, 40),
  prefixed('sentry-token', ['sntrys_', 'sntryu_'], '[A-Za-z0-9+/=_-]', 40, 512),
  prefixed('grafana-token', ['glc_', 'glsa_'], '[A-Za-z0-9+/=_]', 32, 512),
  prefixed('newrelic-key', ['NRAK-', 'NRJS-', 'NRIQ-'], ALNUM, 18, 64),
  prefixed('dynatrace-token', ['dt0c01.', 'dt0s01.', 'dt0s02.'], '[A-Z0-9.]', 40, 128),
  prefixed('postman-key', ['PMAK-'], '[0-9a-f-]', 40, 80),

  // Chat, mail, payment, productivity.
  prefixed('slack-token', ['xoxb-', 'xoxp-', 'xoxa-', 'xoxe-', 'xoxo-', 'xoxr-', 'xoxs-', 'xoxc-', 'xoxd-'], '[A-Za-z0-9%+/=-]', 10, 400),
  prefixed('slack-token', ['xapp-', 'xoxe.xoxp-', 'xoxe.xoxb-', 'xwfp-'], URL, 20, 400),
  {
    name: 'slack-webhook',
    anchors: ['hooks.slack.com'],
    pattern: 'hooks\\.slack\\.com/(?:services|workflows|triggers)/(?<secret>[A-Za-z0-9+/_-]{20,160})',
  },
  {
    name: 'discord-webhook',
    anchors: ['/webhooks/[0-9]'],
    pattern: `/webhooks/(?<secret>[0-9]{15,22}/${URL}{50,120})`,
  },
  {
    // base64 of a numeric user id, whose alphabet at each place is narrow.
    name: 'discord-bot-token',
    anchors: ['[MNO][DTjz][AEIMQUYcgk][w-z0-5][MNO][DTjz]'],
    after: 'word-boundary',
    pattern: `[MNO][A-Za-z0-9]{22,30}\\.${URL}{5,7}\\.${URL}{25,64}`,
  },
  { name: 'teams-webhook', anchors: ['webhook.office.com'], pattern: 'webhook\\.office\\.com/webhookb2/(?<secret>[A-Za-z0-9@/-]{40,300})' },
  {
    name: 'telegram-bot-token',
    anchors: ['[0-9][0-9][0-9][0-9]:[A-Za-z_-]'],
    back: { chars: '[0-9]', max: 8 },
    pattern: `[0-9]{8,12}:${URL}{35}(?![A-Za-z0-9_-])`,
    check: 'upper-lower-digit',
  },
  prefixed('stripe-key', ['sk_live_', 'sk_test_', 'sk_prod_', 'rk_live_', 'rk_test_', 'rk_prod_'], WORD, 10, 300),
  prefixed('stripe-webhook-secret', ['whsec_'], '[A-Za-z0-9+/=]', 24, 100),
  { name: 'sendgrid-api-key', anchors: [`SG.${URL}`], after: 'word-boundary', pattern: `SG\\.${URL}{16,32}\\.${URL}{16,64}` },
  { name: 'twilio-api-key', anchors: [`SK${HEX}${HEX}${HEX}${HEX}`], after: 'word-boundary', pattern: `SK${HEX}{32}(?![A-Za-z0-9])` },
  {
    name: 'mailchimp-api-key',
    anchors: [`${HEX}-us[0-9]`],
    back: { chars: HEX, max: 31 },
    pattern: `${HEX}{32}-us[0-9]{1,2}(?![A-Za-z0-9])`,
  },
  prefixed('brevo-api-key', ['xkeysib-', 'xsmtpsib-'], '[A-Za-z0-9-]', 40, 120),
  {
    name: 'resend-api-key',
    anchors: [`re_${ALNUM}`],
    after: 'word-boundary',
    pattern: `re_${ALNUM}{6,12}_${ALNUM}{18,40}(?![A-Za-z0-9])`,
    check: 'upper-lower-digit',
  },
  prefixed('shopify-token', ['shpat_', 'shpca_', 'shppa_', 'shpss_'], '[0-9A-Fa-f]', 32, 64),
  prefixed('square-token', ['sq0atp-', 'sq0csp-', 'sq0idp-'], URL, 22, 64),
  prefixed('linear-api-key', ['lin_api_', 'lin_oauth_'], ALNUM, 32, 100),
  prefixed('notion-token', ['ntn_'], ALNUM, 40, 64),
  {
    name: 'notion-token',
    anchors: [`secret_${ALNUM}`],
    after: 'word-boundary',
    pattern: `secret_${ALNUM}{43}(?![A-Za-z0-9])`,
    check: 'letter-and-digit',
  },
  prefixed('figma-token', ['figd_', 'figo_', 'figu_'], URL, 36, 100),
  prefixed('dropbox-token', ['sl.'], URL, 120, 2048),
  prefixed('onepassword-token', ['ops_eyJ'], URL, 100, 2048),
  prefixed('age-secret-key', ['AGE-SECRET-KEY-1'], '[A-Z0-9]', 50, 64),
]
