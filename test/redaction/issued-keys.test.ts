import { describe, expect, it } from 'vitest'
import { createRedactor } from '../../src/redaction/index.ts'

const redactor = createRedactor({ key: new Uint8Array(32).fill(6) })
const redact = (text: string): string => (/^\s*[{[]/.test(text) ? redactor.redactJson(text) : redactor.redactText(text)).value

const MIXED = 'Qx7Lm2Rt9Kz4Wb8Nc1Vd5Gf3Hj6Ys0Tu'
const many = (length: number): string => MIXED.repeat(Math.ceil(length / MIXED.length)).slice(0, length)
const HEX_32 = '9f86d081884c7d659a2feaa0c55ad015'
const UUID = '511e9e3e-6b38-4f06-b97d-834aa5f7b043'

describe('keys that their issuers made recognisable', () => {
  it.each([
    ['aws-session-token', `IQoJb3JpZ2luX2VjE${many(340)}==`],
    ['aws-session-token', `FwoGZXIvYXdzE${many(300)}=`],
    ['rancher-token', 'token-jrkjy:zddfhzlxdivldeowiylcljvwxeshlejcyfkiiwakjfrxpsgotffbip'],
    ['salad-cloud-key', `salad_cloud_9r7mA0_${many(38)}`],
    ['login-with-amazon-token', `Atzr|IwEBI${many(200)}`],
    ['google-hmac-key', 'GOOG1ERUKHI3XBKAL3YZHV5TNHDMMK62VB226YZRK7R2XNLIRWXHIXWSO7T3F'],
    ['entra-refresh-token', `1.A${many(66)}.AgABAwEAAAB${many(420)}`],
    ['entra-refresh-token', `M.C507_BL2.0.U.-C${many(200)}`],
    ['alibaba-security-token', `CAIS8QF1${many(380)}`],
    ['convex-deploy-key', `prod:happy-animal-123|eyJ2MiI6I${many(60)}==`],
    ['k3s-token', `K10${HEX_32}${HEX_32}::server:${HEX_32}`],
    ['github-token', `ghs_1234567_eyJhbGciOiJIUzI1NiJ9.${many(90)}.${many(86)}`],
    ['slack-token', `xoxe.xoxp-1-${many(80)}+/${many(80)}`],
    ['matrix-token', 'syt_YW5hOm1hdHJpeA_jAVFRllhwvqVzvcrvttz_rmiTsp'],
    ['twitter-access-token', `185491766092575259-${many(40)}`],
    ['lark-token', 't-g1044qeGEDXTB6NDJOGV4JQCYDGHRBARFTGT1234'],
    ['asaas-key', `$aact_prod_${many(100)}`],
    ['ably-key', `xVLyHw.3-pwJA:${many(43)}`],
    ['imagekit-key', `private_${many(27)}=`],
    ['pagerduty-key', 'u+nGigH_WW4LtBP4HMcK'],
    ['zhipu-api-key', `${HEX_32}.${many(16)}`],
    ['ollama-api-key', `${HEX_32}.${many(24)}`],
    ['baseten-api-key', `Qx7Lm2Rt.${many(32)}`],
    ['openai-api-key', `sk-${'jktkhqnqgspwmkfjhzsvcoxsiiqhuzqairbcjxpompwnrmwt'}`],
    ['openai-api-key', `sk-kimi-${many(64)}`],
    ['novita-key', `sk_${many(20)}_-${many(21)}`],
    ['sanity-token', `sk${many(178)}`],
    ['openai-api-key', `sk-${many(20)}-${many(10)}_${many(16)}`],
    ['vercel-token', `vca_${many(30)}-${many(25)}`],
    ['dynatrace-token', `dt0s16.HRYYEYVN.${'3BIW4UQEIKGRYFUU'.repeat(4)}`],
    ['docker-swarm-token', `SWMKEY-1-${many(43)}`],
    ['devin-key', `cog_${'q7lm2rt4kz3wb'.repeat(4)}`],
    ['paseto', `v4.public.${many(180)}`],
  ])('%s: %s', (rule, key) => {
    const value = redact(`it is ${key}, they say`)
    expect(value).toMatch(new RegExp(`^it is <${rule}:[0-9a-f]{12}>, they say$`))
    expect(redact(value)).toBe(value)
    const json = redact(JSON.stringify({ value: key, note: `see \`${key}\`` }))
    expect(json).not.toContain(key.slice(-12))
  })

  it('tells seeds by their checksums', () => {
    expect(redact('it is SBKBVK3GIWKP7IXJA22L22M3SYXAPSWLNR4HCHEGXVBZBVGTX5QPYIHV')).toMatch(/<crypto-private-key:/)
    expect(redact('it is shpz7YjHkKZsxim6HJ3oR5jciLRFE')).toMatch(/<crypto-private-key:/)
    for (const text of ['it is SBKBVK3GIWKP7IXJA22L22M3SYXAPSWLNR4HCHEGXVBZBVGTX5QPYIHW', 'it is shpz7YjHkKZsxim6HJ3oR5jciLRFd'])
      expect(redact(text)).toBe(text)
  })

  it.each([
    [`export FAL_KEY=${UUID}:${HEX_32}`],
    [`Authorization: App ${HEX_32}-${UUID} # infobip`],
    [`https://open.feishu.cn/open-apis/bot/v2/hook/${UUID}`],
    [`https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=${UUID}`],
    [`secret-token:${many(32)}`],
  ])('tells others by what stands beside them: %s', (text) => expect(redact(text)).not.toContain(UUID.slice(-12)))

  it.each([
    [`run ${UUID}:${HEX_32}`],
    [`trace ${HEX_32}-${UUID}`],
    [`cache key ${UUID}:${HEX_32}`],
    [`${HEX_32}.chunk.js and ${HEX_32}.bundle12345678ab`],
    ['up_to_date_migration_of_2025_tables'],
    ['app-7d9c8b5f6d4c3b2a1f0e9d8c and dataset-2025-customers-cleaned'],
    ['u+encodeURIComponent(x) and u+getValue2FromTable9x'],
    ['ser.serializeStruct2WithName(name) and act.toHaveBeenCalledWith(2)'],
    ['see v2/users/12/items and v1.public.api'],
    ['document.getElementsByClassName2 and Settings.defaultConfigurationForAllUsers1a'],
    ['class="sk-fading-circle12-wrapper sk-cube-grid sk-folding-Cube1-item"'],
    ['private_key_path= and web_3f and access_control_list_for_reader_accounts'],
    ['mainnetBeaconChainGenesisTimestampInMillis and preview deployment'],
    ['GOOGLEANALYTICSTRACKING and STELLARSEEDSHAVEFIFTYSIX'],
    ['M.C1 and 1.Applications of CAIS in practice'],
    ['STS.AssumeRoleWithWebIdentity and EXODUSPLANNINGCOMMITTEEOF'],
    ['db-migrations-of-the-second-quarter and db-initialMigrationOfAccounts2'],
    ['api_live.reconnectAfterTimeouts and apk_release_build'],
    ['oauth:authorize and secret-token: none'],
    ['sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  ])('leaves %s', (text) => expect(redact(text)).toBe(text))
})

describe('places of keys without a form', () => {
  it('are found alike at the end of a sentence and of a text, in JSON too, so that a replay finds what was recorded', () => {
    const sentence = `write to us, our key is sk-proj-${many(40)}.`
    expect(redact(sentence)).toMatch(/our key is <openai-api-key:[0-9a-f]{12}>\.$/)
    expect(JSON.parse(redact(JSON.stringify({ content: sentence }))).content).toBe(redact(sentence))
    expect(redact(`my API_TOKEN is ${HEX_32}. Thanks`)).toMatch(/<credential:[0-9a-f]{12}>\. Thanks$/)
  })

  const secret = 'edc3b0daec27b8af18a5d9f5b11d1884'
  it.each([
    [`set BRAINTREE_PRIVATE_KEY to ${secret} please`],
    [`my API_TOKEN is ${secret} and it still answers 401`],
    [`name,value,updated\nMAILTRAP_API_TOKEN,${secret},2025-06-03`],
    [`DB_PASSWORD;${many(24)}${secret};x`],
    [`CLARIFAI_PAT = """${secret}"""`],
    [`mysql -h kestrel.a80o2grux8zw.eu-central-1.rds.amazonaws.com -u readwrite -p'${many(20)}' ember`],
    [`VALUES (620, 'clarifai_pat', '${secret}')`],
    [`ACCESS_TOKEN=short.${many(20)}.${many(20)}`],
    [`MYSQL_DSN=reporting:${many(20)}@tcp(db-1.internal:3306)/sales?parseTime=true`],
    [`"ana:${many(20)}@unix(/run/mysqld/mysqld.sock)/sales"`],
    [`-H 'Authorization: Bearer access_token$production$7vbrq9bw4sxyhpvi$${secret}'`],
  ])('are found: %s', (text) => {
    const value = redact(text)
    expect(value).not.toContain(secret)
    expect(value).not.toContain(many(20))
  })

  it.each([
    [`set the cache key to ${secret}`],
    [`the sort key is ${secret.slice(0, 20)}`],
    ['access_key,secret_key,session_token,region_name_2'],
    ['API_TOKEN,string,required'],
    ['primary_key,8f14e45fceea167a5a36dedd4bea2543,2025'],
    ['token=exports.findX509Error'],
    ['user:password@tcp(localhost:3306)/db'],
    ['login(user: String!, password: String!): Token!'],
    ['{"apiKey":"env:OPENAI_API_KEY"}'],
    ['password = Settings.Password'],
  ])('leaves %s', (text) => expect(redact(text)).toBe(text))
})
