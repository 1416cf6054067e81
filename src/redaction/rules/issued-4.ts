import type { RuleData } from '../rule.ts'
import { ALNUM, BASE64, HEX, prefixed, RUN_START, shaped, URL_SAFE, UUID, WORD } from './prefixed.ts'

/** Keys whose issuers made them recognisable and that none of the older files has. Since version 4. */

/** The end of 32 of hex, and what a digest has no such ending as. */
const HEX_AND_DOT = `${HEX.repeat(4)}.${URL_SAFE.repeat(10)}`
/** Of that many letters and digits, two at least are digits. */
const TWO_DIGITS = (length: number): string => `(?=[A-Za-z]{0,${length - 2}}[0-9][A-Za-z]{0,${length - 2}}[0-9])`
/** Has a rule of its own, which need not be tried twice. */
const KNOWN_BY_PREFIX = '(?!(?:ant|proj|svcacct|admin|service|None|or|lf|helicone|let)-)'
/** What is told from the ids of requests and of cached things by a word alone. */
const WORDS_OF_KEYS = ['api key', 'apikey', 'key', 'token', 'secret', 'credential*', 'auth*', 'bearer']
const WORDS_OF_CACHES = ['cache*', 'primary', 'object', 'row', 'partition*', 'idempotency', 'dedup*', 'trace*', 'span']

const CLOUDS: readonly RuleData[] = [
  {
    // Base64 of the length and the word `origin_ec` or `aws` that the session's region begins with.
    name: 'aws-session-token',
    anchors: ['IQoJb3JpZ2lu', 'FwoGZXIvYXdz', 'FQoGZXIvYXdz', 'FwoDYXdz', 'FQoDYXdz', 'AQoDYXdz'],
    pattern: `${RUN_START}(?:IQoJb3JpZ2lu|F[wQ]o[GD]|AQoDYXdz)(?:[A-Za-z0-9+/]|%2[BbFf]){90,4096}(?:=|%3[Dd]){0,2}`,
    tail: '[A-Za-z0-9+/=]',
  },
  prefixed('aws-sso-token', ['aoaAAAAA', 'aorAAAAA'], '[A-Za-z0-9+/=:_-]', 60, 2048),
  shaped('rancher-token', ['token-'], '[a-z0-9]{5}:[a-z0-9]{54}'),
  prefixed('salad-cloud-key', ['salad_cloud_'], WORD, 36, 100, 'upper-lower-digit'),
  shaped('aws-appsync-key', ['da2-'], '[a-z0-9]{26}', 'letter-and-digit'),
  prefixed('login-with-amazon-token', ['amzn1.oa2-cs.v1.'], HEX, 64, 64),
  {
    name: 'login-with-amazon-token',
    anchors: ['Atz[ar]\\|', 'Atz[ar]%7[Cc]', 'Atnr\\|', 'Atc\\|'],
    after: 'word-boundary',
    pattern: 'At(?:z[ar]|nr|c)(?:\\||%7[Cc])(?:[A-Za-z0-9_+/-]|%2[BbFf]){60,4096}={0,2}',
    tail: '[A-Za-z0-9+/=_-]',
  },
  {
    name: 'google-hmac-key',
    anchors: ['GOOG1E', 'GOOG[A-Z0-9][A-Z0-9][A-Z0-9][A-Z0-9][A-Z0-9][A-Z0-9]'],
    after: 'word-boundary',
    pattern: 'GOOG(?:1E[A-Z0-9]{55}|(?!LE)[A-Z0-9]{20})(?![A-Za-z0-9_])',
  },
  {
    // The secret beside the id, as in a line of `gsutil hmac create`.
    name: 'google-hmac-key',
    anchors: ['GOOG1E'],
    after: 'word-boundary',
    pattern: `GOOG1E[A-Z0-9]{55}[\\s:;,|/"'\\\\]{1,6}(?<secret>${BASE64}{40})(?![A-Za-z0-9+/=])`,
    check: 'upper-lower-digit',
  },
  shaped('google-oauth-code', ['4/0A', '4/1A'], `${URL_SAFE}{60,90}`, 'upper-lower-digit'),
  prefixed('firebase-refresh-token', ['AMf-v'], URL_SAFE, 120, 600, 'upper-lower-digit'),
  {
    name: 'entra-refresh-token',
    anchors: ['[01].A[A-Za-z0-9_-][A-Za-z0-9_-][A-Za-z0-9_-][A-Za-z0-9_-]'],
    after: 'word-boundary',
    pattern: `[01]\\.A${URL_SAFE}{40,200}(?:\\.[0-9])?\\.Ag${URL_SAFE}{200,4096}(?:\\.A${URL_SAFE}{150,2048})?`,
    tail: URL_SAFE,
  },
  {
    // Of accounts that are nobody's employer's.
    name: 'entra-refresh-token',
    anchors: ['M.[CR][0-9]'],
    after: 'word-boundary',
    pattern: 'M\\.[CR][0-9]{1,4}_[A-Z0-9]{2,4}\\.(?:[0-9]\\.[A-Z]\\.)?-?[A-Za-z0-9!*$_-]{90,2048}',
    tail: '[A-Za-z0-9!*$_-]',
  },
  {
    name: 'microsoft-access-token',
    anchors: ['Ew[A-Za-z0-9+/][A-Za-z0-9+/]A8l6BAA'],
    after: 'word-boundary',
    pattern: 'Ew[A-Za-z0-9+/]{2}A8l6BAA[A-Za-z0-9+/%]{200,4096}={0,2}',
    tail: '[A-Za-z0-9+/=%]',
  },
  {
    name: 'alibaba-security-token',
    anchors: ['CAIS[A-Za-z0-9+/]'],
    pattern: `${RUN_START}CAIS(?:[A-Za-z0-9+/]|%2[BbFf]){250,2048}(?:=|%3[Dd]){0,2}`,
    check: 'upper-lower-digit',
    tail: '[A-Za-z0-9+/=]',
  },
  shaped('yandex-access-key', ['YCB', 'YCO'], `${URL_SAFE}{35,38}`, 'upper-lower-digit'),
  prefixed('confluent-secret', ['cflt'], '[A-Za-z0-9+/]', 60, 60, 'upper-lower-digit'),
  prefixed('elastic-api-key', ['essu_'], '[A-Za-z0-9+/=_-]', 40, 400),
  {
    name: 'convex-deploy-key',
    anchors: ['\\|eyJ2MiI6'],
    back: { chars: '[a-z0-9:-]', max: 96 },
    pattern: '[a-z0-9:-]{0,96}\\|eyJ2MiI6[A-Za-z0-9+/=_-]{20,400}',
    tail: '[A-Za-z0-9+/=_-]',
  },
  prefixed('retool-key', ['retool_01'], '[A-Za-z0-9]', 20, 40),
  // `K10`, the digest of a certificate, and the token that lets a machine join a cluster.
  { ...shaped('k3s-token', ['K10'], `${HEX}{64}::[a-z]{2,16}:[A-Za-z0-9._-]{16,200}`), anchors: [`K10${HEX.repeat(8)}`] },
  shaped('boundary-token', ['at_'], `${ALNUM}{10}_${ALNUM}{60,400}`),
  prefixed('lnd-macaroon', ['0201036c6e64'], HEX, 100, 2048),
]

const SOURCES: readonly RuleData[] = [
  // Since 2026 tokens of an installation hold a JSON Web Token.
  shaped('github-token', ['ghs_', 'ghu_'], `[0-9]{1,14}_eyJ${URL_SAFE}{10,400}\\.${URL_SAFE}{20,2048}\\.${URL_SAFE}{20,700}`),
  prefixed('buildkite-token', ['bkct_', 'bkaj_'], URL_SAFE, 30, 100),
  shaped('stackhawk-key', ['hawk.'], `${URL_SAFE}{20}\\.${URL_SAFE}{20}`),
  prefixed('depot-token', ['depot_project_', 'depot_org_', 'depot_user_', 'depot_pull_'], ALNUM, 40, 128),
  prefixed('chromatic-token', ['chpt_'], HEX, 12, 32),
  prefixed('percy-token', ['web_', 'auto_', 'app_'], HEX, 64, 64),
  prefixed('teamcity-token', ['eyJ0eXAiOiAiVENWMiJ9.'], '[A-Za-z0-9_.=-]', 60, 200),
  prefixed('socket-token', ['sktsec_'], WORD, 30, 100),
  prefixed('aikido-secret', ['AIK_SECRET_', 'AIK_CI_'], ALNUM, 20, 100, 'letter-and-digit'),
  prefixed('censys-token', ['censys_'], WORD, 24, 80, 'upper-lower-digit'),
  prefixed('sentry-token', ['sntryi_', 'sntrya_'], HEX, 40, 80),
  {
    name: 'dynatrace-token',
    anchors: ['dt0[a-z][0-9][0-9].'],
    after: 'word-boundary',
    pattern: 'dt0[a-z][0-9]{2}\\.[A-Z0-9]{8,24}\\.[A-Z0-9]{40,64}',
    tail: '[A-Z0-9]',
  },
  shaped('honeycomb-key', ['hcamk_', 'hcalk_', 'hcaik_'], `[a-z0-9]{26}:${ALNUM}{32}`),
  {
    name: 'pagerduty-key',
    anchors: [`u+${URL_SAFE.repeat(6)}`],
    pattern: `${RUN_START}u\\+${URL_SAFE}{18}(?![A-Za-z0-9_+/=.([-])`,
    check: 'no-name',
  },
  prefixed('coralogix-key', ['cxtp_', 'cxup_'], ALNUM, 28, 40, 'upper-lower-digit'),
  {
    name: 'uptimerobot-key',
    anchors: ['u[0-9][0-9][0-9][0-9][0-9][0-9]', 'ur[0-9][0-9][0-9][0-9][0-9][0-9]', 'm[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]'],
    after: 'word-boundary',
    pattern: `(?:ur?[0-9]{6,10}|m[0-9]{9,10})-${HEX}{24}(?![A-Za-z0-9-])`,
    check: 'letter-and-digit',
  },
  {
    name: 'optimizely-token',
    anchors: [`2:${URL_SAFE.repeat(12)}`],
    after: 'word-boundary',
    pattern: `2:${URL_SAFE}{62}(?![A-Za-z0-9_-])`,
    check: 'random-run',
  },
  shaped('flagsmith-key', ['ser.'], `${ALNUM}{22}(?!\\()`, 'no-name'),
  prefixed('netbird-token', ['nbp_'], ALNUM, 36, 40),
  prefixed('workos-key', ['sk_a2V5Xz', 'sk_live_a2V5Xz', 'sk_test_a2V5Xz'], '[A-Za-z0-9+/=]', 30, 120),
  { ...shaped('portainer-token', ['ptr_'], `${BASE64}{43}=`), pattern: `ptr_${BASE64}{43}=` },
  { ...shaped('imagekit-key', ['private_'], `${BASE64}{27}=`, 'upper-lower-digit'), pattern: `private_${BASE64}{27}=` },
]

const SERVICES: readonly RuleData[] = [
  prefixed('slack-token', ['xoxe.xoxp-1-', 'xoxe.xoxb-1-', 'xoxe-1-'], '[A-Za-z0-9+/=_%-]', 60, 400),
  // User, twenty letters, and a checksum of six.
  shaped('matrix-token', ['syt_', 'syr_', 'syl_'], '[A-Za-z0-9_=+/-]{2,120}_[A-Za-z]{20}_[A-Za-z0-9]{6}'),
  shaped('matrix-token', ['mat_', 'mar_', 'mct_', 'mcr_'], `${ALNUM}{30}_${ALNUM}{6}`),
  {
    name: 'twitter-access-token',
    anchors: [`[0-9]-${ALNUM.repeat(20)}`],
    back: { chars: '[0-9]', max: 19 },
    pattern: `${RUN_START}[0-9]{7,20}-${ALNUM}{40}(?![A-Za-z0-9_-])`,
    check: 'upper-lower-digit',
  },
  shaped('tiktok-token', ['act.', 'rft.'], '[A-Za-z0-9_-]{40,120}![0-9]{1,5}(?:\\.[a-z0-9]{1,4}){0,2}'),
  {
    name: 'lark-token',
    anchors: ['[tua]-g[0-9][0-9][0-9][0-9A-Za-z][0-9A-Za-z][0-9A-Za-z]'],
    after: 'word-boundary',
    pattern: `${RUN_START}[tua]-g[0-9]{3,4}[A-Za-z0-9]{28,44}(?![A-Za-z0-9_-])`,
    check: 'letter-and-digit',
  },
  {
    // Robots of Lark, DingTalk and WeCom, whose addresses let whoever has them post.
    name: 'webhook-url',
    anchors: ['/bot/v2/hook/', '/bot/hook/', '/flow/api/trigger-webhook/', '/webhook/send\\?key='],
    pattern: '/(?:bot/(?:v2/)?hook/|flow/api/trigger-webhook/|webhook/send\\?key=)(?<secret>[A-Za-z0-9_-]{16,256})',
    check: 'hook-path',
    tail: '(?!)',
  },
  prefixed('vk-token', ['vk1.a.'], URL_SAFE, 80, 400),
  shaped('twitch-token', ['oauth:'], '[a-z0-9]{30}', 'letter-and-digit'),
  shaped('riot-key', ['RGAPI-'], UUID),
  prefixed('lichess-token', ['lip_', 'lio_'], WORD, 20, 60, 'upper-lower-digit'),
  prefixed('thunderstore-token', ['tss_'], URL_SAFE, 30, 80, 'upper-lower-digit'),
  prefixed('oculus-token', ['OC|'], '[0-9A-Za-z|_-]', 30, 120, 'letter-and-digit'),
  prefixed('roblox-cookie', ['_|WARNING:-DO-NOT-SHARE-THIS.'], '[A-Za-z0-9_.|,!-]', 60, 2048),
  prefixed('square-token', ['sandbox-sq0csb-', 'sandbox-sq0atb-', 'sq0csb-', 'sq0atb-'], URL_SAFE, 22, 64),
  prefixed('shopify-token', ['prtapi_'], HEX, 32, 64),
  prefixed('asaas-key', ['$aact_', 'aact_prod_', 'aact_hmlg_'], '[A-Za-z0-9+/=:_-]', 32, 300),
  prefixed('ramp-token', ['ramp_sec_', 'ramp_tok_', 'ramp_business_tok_'], ALNUM, 32, 80),
  prefixed('brex-token', ['bxt_'], ALNUM, 30, 80, 'upper-lower-digit'),
  {
    name: 'blockfrost-key',
    anchors: ['mainnet', 'testnet', 'preview', 'preprod', 'ipfs'].map((net) => net + ALNUM.repeat(9)),
    after: 'word-boundary',
    pattern: `(?:mainnet|testnet|preview|preprod|ipfs)${TWO_DIGITS(32)}${ALNUM}{32}(?![A-Za-z0-9_.(-])`,
    check: 'upper-lower-digit',
  },
  // Access tokens of organisations at Mollie.
  shaped('mollie-token', ['access_', 'refresh_'], `${ALNUM}{30,40}(?![_-])`, 'no-name'),
  prefixed('revolut-token', ['oa_prod_', 'oa_sand_'], URL_SAFE, 40, 64, 'upper-lower-digit'),
  shaped('tickettailor-key', ['sk_'], `[0-9]{4,6}_[0-9]{5,8}_${HEX}{32}`),
  shaped('courier-key', ['pk_prod_', 'pk_test_'], '[A-Z0-9]{28}', 'letter-and-digit'),
  prefixed('onesignal-key', ['os_v2_app_', 'os_v2_org_'], '[A-Za-z0-9]', 80, 130),
  shaped('emailoctopus-key', ['eo_'], `${HEX}{64}`),
  shaped('smtp2go-key', ['api-'], '[0-9A-F]{32}', 'letter-and-digit'),
  prefixed('gitbook-token', ['gb_api_'], ALNUM, 32, 64, 'upper-lower-digit'),
  {
    name: 'ably-key',
    anchors: [`.${URL_SAFE.repeat(6)}:${URL_SAFE.repeat(8)}`],
    back: { chars: URL_SAFE, max: 6 },
    pattern: `${RUN_START}${ALNUM}{6}\\.${URL_SAFE}{6}:${URL_SAFE}{43}(?![A-Za-z0-9_-])`,
    check: 'random-run',
  },
  {
    name: 'shutterstock-token',
    anchors: [`v2/${BASE64.repeat(8)}`],
    pattern: `${RUN_START}v2/${BASE64}{150,500}={0,2}(?![A-Za-z0-9_.?-])`,
    check: 'random-run',
    tail: '(?!)',
  },
  {
    name: 'sanity-token',
    anchors: [`sk${ALNUM.repeat(13)}`],
    after: 'word-boundary',
    pattern: `${RUN_START}sk${ALNUM}{120,200}(?![A-Za-z0-9+/=_-])`,
    check: 'upper-lower-digit',
  },
  {
    // 32 of hex and a UUID: an id beside a trace's looks no other.
    name: 'infobip-key',
    anchors: [`${HEX}-${HEX.repeat(8)}-${HEX}`],
    back: { chars: HEX, max: 31 },
    pattern: `${RUN_START}${HEX}{32}-${UUID}(?![A-Za-z0-9-])`,
    near: ['infobip*', 'app', ...WORDS_OF_KEYS],
    unless: WORDS_OF_CACHES,
  },
  // RFC 8959
  {
    name: 'secret-token-uri',
    anchors: ['secret-token:[A-Za-z0-9]'],
    fold: true,
    flags: 'i',
    pattern: 'secret-token:(?<secret>[A-Za-z0-9._~%!$&*+,;=:@/-]{16,512})',
    check: 'random-run',
    tail: '(?!)',
  },
  {
    // Tokens of PASETO, each version's of either purpose.
    name: 'paseto',
    anchors: ['v[1-4].local.', 'v[1-4].public.'],
    after: 'word-boundary',
    pattern: `v[1-4]\\.(?:local|public)\\.${URL_SAFE}{60,8192}(?:\\.${URL_SAFE}{2,1024})?`,
    check: 'upper-lower-digit',
    tail: URL_SAFE,
  },
  {
    name: 'crypto-private-key',
    anchors: [`S[A-D]${'[A-Z2-7]'.repeat(12)}`],
    after: 'word-boundary',
    pattern: 'S[A-D][A-Z2-7]{54}(?![A-Za-z0-9_])',
    check: 'stellar-seed',
  },
  {
    name: 'crypto-private-key',
    anchors: [`s${ALNUM.repeat(12)}`],
    after: 'word-boundary',
    pattern: `(?<![-_])s${ALNUM}{25,30}(?![A-Za-z0-9_])`,
    check: 'xrp-seed',
  },
  prefixed('crypto-private-key', ['suiprivkey1'], '[a-z0-9]', 50, 70),
  prefixed('crypto-private-key', ['ed25519-priv-0x', 'secp256k1-priv-0x'], '[0-9A-Fa-f]', 64, 64),
]

const MODELS: readonly RuleData[] = [
  // Letters alone: forty-eight in a row are no word.
  shaped('openai-api-key', ['sk-'], '(?!xxxx|abcdef)[A-Za-z]{48}(?![-_.])', 'not-placeholder'),
  // `sk-`, and who gave it out: `sk-kimi-…`, `sk-let-…`.
  {
    name: 'openai-api-key',
    anchors: ['sk-[a-z]'],
    after: 'word-boundary',
    pattern: `sk-${KNOWN_BY_PREFIX}[a-z][a-z0-9]{1,11}-(?=[A-Za-z0-9_-]{0,200}[A-Z])(?=[A-Za-z0-9_-]{0,200}[0-9])[A-Za-z0-9_-]{24,300}={0,2}`,
    check: 'random-run',
    tail: '[A-Za-z0-9_=-]',
  },
  prefixed('letta-key', ['sk-let-'], '[A-Za-z0-9+/=_-]', 60, 140),
  prefixed('xai-api-key', ['xai-token-'], ALNUM, 60, 200, 'upper-lower-digit'),
  {
    name: 'zhipu-api-key',
    anchors: [HEX_AND_DOT],
    back: { chars: HEX, max: 28 },
    pattern: `${RUN_START}${HEX}{32}\\.${ALNUM}{16}(?![A-Za-z0-9_.(-])`,
    check: 'random-end',
  },
  {
    name: 'ollama-api-key',
    anchors: [HEX_AND_DOT],
    back: { chars: HEX, max: 28 },
    pattern: `${RUN_START}${HEX}{32}\\.${URL_SAFE}{24}(?![A-Za-z0-9_.(-])`,
    check: 'random-end',
  },
  {
    name: 'baseten-api-key',
    anchors: [`.${ALNUM.repeat(20)}`],
    back: { chars: ALNUM, max: 8 },
    pattern: `${RUN_START}(?<!\\.)${ALNUM}{8}\\.${TWO_DIGITS(32)}${ALNUM}{32}(?![A-Za-z0-9_.(-])`,
    check: 'random-end',
  },
  {
    // A UUID and 32 of hex: so look a run and its trace, too.
    name: 'fal-key',
    anchors: [`-${HEX.repeat(12)}:${HEX.repeat(8)}`],
    back: { chars: '[0-9a-f-]', max: 23 },
    pattern: `${RUN_START}(?<!:)${UUID}:${HEX}{32}(?![A-Za-z0-9:-])`,
    near: ['fal', ...WORDS_OF_KEYS],
    unless: WORDS_OF_CACHES,
  },
  prefixed('runpod-api-key', ['rpa_'], ALNUM, 40, 60, 'letter-and-digit'),
  shaped('runway-key', ['key_'], `${HEX}{128}`),
  shaped('retell-key', ['key_'], `${HEX}{28}`, 'letter-and-digit'),
  shaped('upstage-key', ['up_'], `${ALNUM}{29}`, 'no-name'),
  shaped('predibase-token', ['pb_'], `${ALNUM}{22}`, 'no-name'),
  shaped('dify-key', ['app-', 'dataset-'], `${ALNUM}{24}(?![-_.])`, 'no-name'),
  shaped('coze-token', ['pat_', 'sat_'], `${ALNUM}{64}`, 'upper-lower-digit'),
  shaped('playht-key', ['ak-'], `${HEX}{32}(?!-)`, 'letter-and-digit'),
  {
    // Behind `sk_`, 43 of base64url: 32 bytes.
    name: 'novita-key',
    anchors: [`sk_${URL_SAFE}`],
    after: 'word-boundary',
    pattern: `sk_(?=${URL_SAFE}{0,40}[A-Z])(?=${URL_SAFE}{0,40}[a-z])${URL_SAFE}{43}(?![A-Za-z0-9_-])`,
    check: 'random-run',
  },
  prefixed('heygen-key', ['sk_V2_'], WORD, 40, 120, 'upper-lower-digit'),
  prefixed('prime-intellect-key', ['pit_'], HEX, 64, 64),
  prefixed('hyperbrowser-key', ['hb_'], HEX, 24, 40, 'letter-and-digit'),
  shaped('scrapegraph-key', ['sgai-'], UUID),
]

/** More forms of issuers that are known. */
const MORE_FORMS: readonly RuleData[] = [
  {
    // By itself: 42 characters are no digest in base64, and hex has no capitals beside small letters.
    name: 'okta-token',
    anchors: [`00${URL_SAFE.repeat(12)}`],
    after: 'word-boundary',
    pattern: `${RUN_START}(?<![.=])00(?=${URL_SAFE}{0,39}[A-Z])(?=${URL_SAFE}{0,39}[a-z])${URL_SAFE}{40}(?![A-Za-z0-9_+/=-]|\\.[A-Za-z0-9])`,
    check: 'random-run',
    tail: '(?!)',
  },
  shaped('alibaba-access-key-id', ['STS.'], `${ALNUM}{20,64}(?![(.])`, 'no-name'),
  shaped('exoscale-key', ['EXO'], `${ALNUM}{24,30}`, 'no-name'),
  prefixed('docker-swarm-token', ['SWMKEY-1-'], BASE64, 40, 60),
  prefixed('neon-api-key', ['napi_'], ALNUM, 40, 80, 'letter-and-digit'),
  shaped('vercel-token', ['vcp_', 'vck_', 'vca_', 'vcr_', 'vci_'], `${URL_SAFE}{56}`),
  prefixed('cloudsmith-key', ['csa_'], ALNUM, 36, 40, 'letter-and-digit'),
  shaped('checkout-key', ['sk_', 'sk_test_'], UUID),
  prefixed('mailersend-key', ['mlsn.'], ALNUM, 30, 100, 'letter-and-digit'),
  prefixed(
    'onfido-token',
    ['api_live.', 'api_live_us.', 'api_live_ca.', 'api_sandbox.', 'api_sandbox_us.', 'api_sandbox_ca.'],
    URL_SAFE,
    20,
    80,
    'upper-lower-digit',
  ),
  prefixed('polar-token', ['polar_at_', 'polar_rt_'], URL_SAFE, 24, 100, 'upper-lower-digit'),
  shaped('telnyx-key', ['KEY0'], `${URL_SAFE}{54}`, 'upper-lower-digit'),
  {
    // Of 32 bytes and more in base64url.
    name: 'openai-api-key',
    anchors: [`sk-${ALNUM}`],
    after: 'word-boundary',
    pattern: `sk-${KNOWN_BY_PREFIX}(?=${URL_SAFE}{0,63}[A-Z])(?=${URL_SAFE}{0,63}[a-z])(?=${URL_SAFE}{0,63}[0-9])${URL_SAFE}{40,64}(?![A-Za-z0-9_-])`,
    check: 'random-run',
  },
  // Others that newer public lists of rules have.
  shaped('gc-notify-key', ['gcntfy-'], `[a-z0-9_-]{1,64}-${UUID}-${UUID}`),
  shaped('configcat-key', ['configcat-sdk-1/'], `${URL_SAFE}{22}/${URL_SAFE}{22}`),
  shaped('databento-key', ['db-'], `${ALNUM}{29}`, 'no-name'),
  prefixed('devin-key', ['apk_user_', 'apk_'], BASE64, 80, 200),
  shaped('devin-key', ['cog_'], '[a-z2-7]{52}', 'letter-and-digit'),
  prefixed('mercury-token', ['mercury_production_', 'mercury_sandbox_'], WORD, 44, 100, 'upper-lower-digit'),
  prefixed('paddle-key', ['pdl_ntfset_'], '[A-Za-z0-9_+/]', 30, 100),
  prefixed('mergify-key', ['mergify_application_key_'], URL_SAFE, 40, 200),
  shaped('rainforest-key', ['apikey_'], `${HEX}{64}`),
  shaped('redirect-pizza-token', ['rpa_'], `${ALNUM}{30}`, 'upper-lower-digit'),
  prefixed('upcloud-token', ['ucat_'], ALNUM, 24, 40, 'letter-and-digit'),
  shaped('pixie-key', ['px-dep-', 'px-api-'], UUID),
]

export const ISSUED_RULES_4: readonly RuleData[] = [...CLOUDS, ...SOURCES, ...SERVICES, ...MODELS, ...MORE_FORMS]
