import type { RuleData } from '../rule.ts'
import { ALNUM, HEX, prefixed, shaped, URL_SAFE, UUID, WORD } from './prefixed.ts'

const TOKEN = '[A-Za-z0-9._~+/=:|-]'

/** Keys, headers, addresses and armour that version 3 did not know. */
export const MARKED_RULES_4: readonly RuleData[] = [
  prefixed('vercel-token', ['vercel_blob_rw_'], WORD, 24, 100),
  shaped('databricks-token', ['dapi'], `${HEX}{32}-[0-9]{1,2}`),
  prefixed('adafruit-key', ['aio_'], ALNUM, 26, 32, 'upper-lower-digit'),
  prefixed('supabase-key', ['sb_secret_'], URL_SAFE, 20, 100),
  prefixed('dropbox-token', ['sl.u.'], URL_SAFE, 100, 2048),
  prefixed('openpipe-key', ['opk_', 'opk-'], HEX, 32, 64),
  prefixed('woocommerce-key', ['cs_', 'ck_'], HEX, 40, 40),
  prefixed('honeybadger-token', ['hbp_', 'hba_'], ALNUM, 30, 48),
  prefixed('canva-secret', ['cnvca'], URL_SAFE, 40, 80, 'upper-lower-digit'),
  prefixed('miro-token', ['eyJtaXJvLm9yaWdpbiI6'], '[A-Za-z0-9_.=-]', 20, 200),
  prefixed('live-or-test-key', ['live_', 'test_'], HEX, 32, 48, 'letter-and-digit'),
  prefixed('docker-swarm-token', ['SWMTKN-1-'], '[a-z0-9-]', 60, 90),
  shaped('kubeadm-token', ['--token '], '[a-z0-9]{6}\\.[a-z0-9]{16}'),
  {
    name: 'auth-header',
    anchors: ['authorization[:="\'\\\\`]', 'authorization [:=]'],
    fold: true,
    flags: 'i',
    pattern: `authorization["'\`\\\\]{0,4}\\s{0,4}(?::=|=>|[:=]{1,2})\\s{0,4}["'\`\\\\]{0,4}(?<secret>[A-Za-z][A-Za-z0-9_-]{1,30}\\s{1,3}(?:(?:token|key|auth|api_?key|credential)=["']?)?${TOKEN}{16,16384})`,
    check: 'auth-run',
  },
  {
    name: 'auth-header',
    anchors: ['authorization: ', 'authorization:[dDhHsSoO]'],
    fold: true,
    flags: 'i',
    pattern:
      'authorization:\\s{0,3}(?<secret>(?:digest|hawk|signature|oauth|mac)\\s(?:[A-Za-z0-9_-]{1,32}=(?:"[^"\\r\\n]{0,512}"|[^\\s,"]{1,512}),?\\s{0,2}){1,20})',
    tail: '(?!)',
  },
  {
    // Addresses that let whoever has them post.
    name: 'webhook-url',
    anchors: [
      '/webhook/[A-Za-z0-9]',
      '/webhookb2/',
      '/webhooks/[A-Za-z0-9]',
      '//hooks.[a-z0-9]',
      '//hook.[a-z0-9]',
      '/with/key/',
      '/IncomingWebhook/',
    ],
    pattern:
      '(?:/(?:webhookb?2?|webhooks)/(?:(?:incoming|in|v[0-9])/)?|//hooks?\\.[a-z0-9.-]{3,64}/(?:(?:services|hooks|catch|v[0-9]|workflows)/){0,3}|/with/key/|/IncomingWebhook/)(?<secret>[A-Za-z0-9_@/-]{12,256})',
    check: 'hook-path',
    tail: '(?!)',
  },
  {
    name: 'oauth-code',
    anchors: ['[?&]code=[A-Za-z0-9]'],
    pattern: '[?&]code=(?<secret>[A-Za-z0-9_.~/%-]{20,1024})',
    check: 'grant-code',
    tail: '(?!)',
  },
  {
    name: 'basic-credentials',
    anchors: ['_auth[:=]', '"auth"'],
    pattern: '"?_?auth\\\\?"?\\s{0,3}[:=]\\s{0,3}\\\\?["\']?(?<secret>[A-Za-z0-9+/]{12,1024}={0,2})(?![A-Za-z0-9+/=])',
    check: 'basic-pair',
  },
  // Private keys.
  {
    name: 'private-key',
    anchors: ['Private-Lines: [0-9]'],
    pattern:
      'Private-Lines: [0-9]{1,4}(?:\\s|\\\\[nr]){1,4}(?<secret>[A-Za-z0-9+/=\\s\\\\]{24,32768}?)(?=\\s{0,2}(?:\\\\[nr]){0,2}Private-MAC|[^A-Za-z0-9+/=\\s\\\\]|$)',
    tail: '(?!)',
  },
  {
    name: 'private-key',
    anchors: ['LS0tLS1CRUdJTi'],
    pattern: 'LS0tLS1CRUdJTi(?=[A-Za-z0-9+/]{1,40}?(?:UFJJVkFURSBLRVk|BSSVZBVEUgS0VZ|QUklWQVRFIEtFW))[A-Za-z0-9+/]{40,65536}={0,2}',
    check: 'encoded-pem',
    tail: '[A-Za-z0-9+/=]',
  },
  {
    name: 'private-key',
    anchors: ['RWRTY0Iy'],
    after: 'word-boundary',
    pattern: 'RWRTY0Iy[A-Za-z0-9+/]{140,260}={0,2}',
    tail: '[A-Za-z0-9+/=]',
  },
  {
    name: 'private-key',
    anchors: ['<[DPQ]>[A-Za-z0-9+/]', '<D[PQ]>[A-Za-z0-9+/]', '<InverseQ>[A-Za-z0-9+/]'],
    pattern: '<(?:D|P|Q|DP|DQ|InverseQ)>(?<secret>[A-Za-z0-9+/]{40,1400}={0,2})</',
    tail: '(?!)',
  },
  {
    name: 'private-key',
    anchors: ['BEGIN OpenVPN Static key'],
    pattern: 'BEGIN OpenVPN Static key V[0-9]-----(?<secret>(?:\\s|\\\\[nr]){1,4}[0-9a-f][0-9a-f\\s\\\\nr]{60,1400})',
    tail: '(?!)',
  },
  { name: 'kubernetes-secret', anchors: ['kind: Secret[\n\r\\\\ ]', 'kind: "Secret"'], detector: 'kubernetes-secret' },
  prefixed('onepassword-token', ['ops_eyJ'], '[A-Za-z0-9+/=_-]', 100, 4096),
  prefixed('gitlab-token', ['_gitlab_session='], '[0-9a-z]', 32, 32),
  shaped('flutterwave-key', ['FLWPUBK_TEST-', 'FLWPUBK-'], '[a-h0-9]{32}-X'),
  {
    name: 'authress-key',
    anchors: ['\\.acc[_-][a-z0-9-]'],
    back: { chars: '[a-z0-9._]', max: 48 },
    pattern: '(?:scauth|authress|sc|ext)_[a-z0-9]{5,30}\\.[a-z0-9]{4,6}\\.acc[_-][a-z0-9-]{10,32}\\.[A-Za-z0-9+/_=-]{30,120}',
    tail: '[A-Za-z0-9+/_=-]',
  },
  {
    name: 'facebook-token',
    anchors: ['[0-9][0-9][0-9]\\|[A-Za-z0-9_-][A-Za-z0-9_-]'],
    back: { chars: '[0-9]', max: 18 },
    pattern: `[0-9]{15,16}\\|${URL_SAFE}{28,40}(?![A-Za-z0-9_-])`,
    check: 'letter-and-digit',
  },
  shaped('deepl-key', ['DeepL-Auth-Key '], `${UUID}(?::fx)?`),
]
