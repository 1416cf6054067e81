// npm run bench -- redaction: recall and false alarms on the labelled set, throughput, and how time grows with hostile text.
import { cpus, loadavg } from 'node:os'
import { createRedactor } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'
import type { DetectorName } from '../../src/redaction/rule.ts'
import { chatMessages } from './corpus.ts'
import { benchHostile } from './hostile.ts'
import { scoreLabelledSet } from './labelled/score.ts'

const MIB = 1024 * 1024

/** The same rules as anybody would write them first: one global expression each, one after the other. */
const NAIVE: Readonly<Record<DetectorName, RegExp>> = {
  email: /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}/g,
  'payment-card': /\b(?:\d[ -]?){12,18}\d\b/g,
  'private-key': /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,65536}?-----END [A-Z0-9 ]{0,40}-----/g,
  'url-userinfo': /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,256}:[^\s@/]{1,512}@/gi,
  'number-run': /\b\d{9,18}\b/g,
  iban: /\b[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}[ -]?[A-Z0-9]{1,4}\b/g,
  'international-phone': /\+\d{1,3}[ .()-]{0,2}(?:\d[ .()-]{0,2}){6,12}\d/g,
  'north-american-phone': /\b(?:1[ .-]?)?(?:\(\d{3}\)[ .-]?|\d{3}[ .-]?)\d{3}[ .-]?\d{4}\b/g,
  'national-phone': /\b0\d{1,4}[ ./-](?:\d{2,4}[ .-]?){2,4}\b/g,
  ipv4: /\b(?:\d{1,3}\.){3}\d{1,3}\b/g,
  ipv6: /\b(?:[0-9a-f]{1,4}:){2,7}:?[0-9a-f]{1,4}\b/gi,
  mac: /\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b/gi,
  'base58-check': /\b[1-9A-HJ-NP-Za-km-z]{26,112}\b/g,
  bech32: /\b(?:bc|tb|ltc|nsec)1[02-9ac-hj-np-z]{20,90}\b/gi,
  ethereum: /\b0x[0-9a-f]{40}\b/gi,
  'seed-phrase': /(?:seed|recovery|mnemonic)[^a-z]{1,4}(?:[a-z]{3,8}\s){11,23}[a-z]{3,8}/gi,
  'birth-date': /(?:dob|birth|born)\D{1,12}\d{1,4}[-./]\d{1,2}[-./]\d{1,4}/gi,
  coordinates: /[-+]?\d{1,2}\.\d{3,}\s?,\s?[-+]?\d{1,3}\.\d{3,}/g,
  'decimal-degrees': /\d{1,3}\.\d{2,10}°\s?[NSEW]/g,
  degrees: /\d{1,3}°\s?\d{1,2}['′]/g,
  'birth-date-4': /(?:né|nacid[oa]|urodzon[ya]|рождения|生年月日|出生日期)\D{1,6}\d{1,4}[-./]\d{1,2}[-./]\d{1,4}/gi,
  'coin-address': /\b[1-9A-HJ-NP-Za-km-z]{32,106}\b/g,
  'kubernetes-secret': /kind: Secret/g,
  'number-run-4': /\b\d{9,16}\b/g,
  'passport-name': /\b[PVACI][A-Z<][A-Z<]{3}[A-Z0-9<]{25,39}/g,
  'passport-zone': /\b[A-Z0-9<]{13}\d{7}[MFX<]\d{7}[A-Z0-9<]{8,16}/g,
  'stellar-address': /\bG[A-D][A-Z2-7]{54}\b/g,
  'named-column': /(?:password|token|secret)[ ]?[|,;][^\n]{0,256}\n/gi,
  said: /(?:пароль|密码|パスワード|비밀번호)\s?[:：]\s?\S{6,128}/gi,
  'spelled-email': /[\w.]{1,64}\s?[([]at[)\]]\s?[\w.]{1,64}/gi,
  'vendor-value': /\w{2,64}\s?[:=]\s?["']?[\w.-]{14,512}/g,
  jwk: /"kty"\s{0,4}:\s{0,4}"(?:RSA|EC|OKP|oct)"/g,
}
const naiveExpressions: RegExp[] = policyDataOf('default').rules.map((rule) =>
  rule.detector === undefined ? new RegExp(rule.pattern ?? '(?!)', `g${rule.flags ?? ''}`) : NAIVE[rule.detector],
)
function naiveLoop(text: string): number {
  let matches = 0
  for (const expression of naiveExpressions) {
    expression.lastIndex = 0
    while (expression.exec(text) !== null) matches++
  }
  return matches
}

interface Contender {
  readonly name: string
  readonly bytes: number
  run(): number
  millis: number[]
}

const redactor = createRedactor({ key: new Uint8Array(32).fill(1) })
const clean = chatMessages(2 * MIB, 2300, 0)
const planted = chatMessages(2 * MIB, 2300, 8)
const [cleanWhole = ''] = [Buffer.from(clean.join('\n')).toString()]
const [plantedWhole = ''] = [Buffer.from(planted.join('\n')).toString()]
const asJson = (messages: readonly string[]): string[] => messages.map((content) => JSON.stringify([{ role: 'user', content }]))
const cleanJson = asJson(clean)
const plantedJson = asJson(planted)
const cleanJsonBytes = cleanJson.map((text) => Buffer.from(text))
const embeddings = JSON.stringify(Array.from({ length: 1536 * 40 }, (_, index) => Math.sin(index * 12.9898) / 10))

const sizeOf = (texts: readonly (string | Uint8Array)[]): number => texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0)
const countsOf = (counts: Readonly<Record<string, number>> | undefined): number =>
  Object.values(counts ?? {}).reduce((sum, count) => sum + count, 0)
const over = (name: string, texts: readonly string[], redact: (text: string) => number): Contender => ({
  name,
  bytes: sizeOf(texts),
  run: () => texts.reduce((sum, text) => sum + redact(text), 0),
  millis: [],
})
const text = (message: string): number => countsOf(redactor.redactText(message).counts)
const json = (message: string): number => countsOf(redactor.redactJson(message).counts)

const contenders: Contender[] = [
  over('naive loop, clean messages', clean.slice(0, 12), naiveLoop),
  over('naive loop, 1 in 8 with a secret', planted.slice(0, 12), naiveLoop),
  over('redactText, clean messages', clean, text),
  over('redactText, 1 in 8 with a secret', planted, text),
  over('redactText, clean, one text of 2 MiB', [cleanWhole], text),
  over('redactText, secrets, one text of 2 MiB', [plantedWhole], text),
  over('redactJson, clean messages', cleanJson, json),
  over('redactJson, 1 in 8 with a secret', plantedJson, json),
  over('redactJson, 61,440 floats', [embeddings], json),
  {
    name: 'redactPayload, clean JSON bytes',
    bytes: sizeOf(cleanJsonBytes),
    run: () => cleanJsonBytes.reduce((sum, bytes) => sum + countsOf(redactor.redactPayload('application/json', bytes).counts), 0),
    millis: [],
  },
]

export async function benchRedaction(rounds: number): Promise<void> {
  printScore()
  await Promise.resolve()
  printThroughput(rounds + 1)
  benchHostile()
}

function printThroughput(rounds: number): void {
  const found = new Map<string, number>()
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      const begin = performance.now()
      found.set(contender.name, contender.run())
      // The first round warms up.
      if (round > 0) contender.millis.push(performance.now() - begin)
    }
  }

  console.log(
    `${cpus()[0]?.model ?? 'unknown'} x${cpus().length}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}, ${rounds - 1} rounds interleaved, median (best)`,
  )
  const rateOf = (contender: Contender, millis: number): number => contender.bytes / 1e3 / millis
  const medianOf = (millis: readonly number[]): number => [...millis].sort((a, b) => a - b)[millis.length >> 1] ?? Number.NaN
  const naiveClean = rateOf(contenders[0] as Contender, medianOf(contenders[0]?.millis ?? []))
  for (const contender of contenders) {
    const median = rateOf(contender, medianOf(contender.millis))
    const best = rateOf(contender, Math.min(...contender.millis))
    console.log(
      `${contender.name.padEnd(40)} ${median.toFixed(0).padStart(5)} MB/s (${best.toFixed(0)})  ${(median / naiveClean).toFixed(1)}x naive  ${found.get(contender.name)} hits`,
    )
  }
}

/** Formats per kind, and bytes of each kind of clean traffic. */
const PER_FORMAT = 6
const CLEAN_BYTES = 500_000

function printScore(): void {
  const { detectors, falseAlarms } = scoreLabelledSet(PER_FORMAT, CLEAN_BYTES)
  const totals = new Map<string, { cases: number; found: number; extra: number }>()
  console.log('detector                        cases  recall  precision')
  for (const [name, { kind, found, missed, extra }] of detectors) {
    const cases = found + missed.length
    console.log(
      `${name.padEnd(30)} ${String(cases).padStart(6)}  ${(found / cases).toFixed(3)}   ${(found / (found + extra || 1)).toFixed(3)}`,
    )
    const total = totals.get(kind) ?? { cases: 0, found: 0, extra: 0 }
    totals.set(kind, { cases: total.cases + cases, found: total.found + found, extra: total.extra + extra })
  }
  for (const [kind, { cases, found, extra }] of totals)
    console.log(
      `all ${kind.padEnd(26)} ${String(cases).padStart(6)}  ${(found / cases).toFixed(4)}  ${(found / (found + extra || 1)).toFixed(4)}`,
    )
  for (const [kind, { bytes, alarms }] of falseAlarms)
    console.log(`false alarms in ${kind.padEnd(18)} ${(bytes / 1000).toFixed(0).padStart(5)} KB  ${alarms.length}`)
}
