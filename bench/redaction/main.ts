/**
 * Throughput of the default policy on one core, beside a plain loop of the same rules' regular expressions.
 * Run: node --conditions=reprise-source bench/redaction/main.ts
 */
import { cpus, loadavg } from 'node:os'
import { createRedactor } from '../../src/redaction/index.ts'
import { policyDataOf } from '../../src/redaction/policy.ts'
import { chatMessages } from './corpus.ts'

const ROUNDS = 9
const MIB = 1024 * 1024

/** The same rules as anybody would write them first: one global expression each, one after the other. */
const naiveExpressions: RegExp[] = policyDataOf('default').rules.map((rule) => {
  if (rule.detector === 'email') return /[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,255}\.[A-Za-z]{2,24}/g
  if (rule.detector === 'payment-card') return /\b(?:\d[ -]?){12,18}\d\b/g
  if (rule.detector === 'private-key')
    return /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]{0,65536}?-----END [A-Z0-9 ]{0,40}-----/g
  if (rule.detector === 'url-userinfo') return /[a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/]{0,256}:[^\s@/]{1,512}@/gi
  return new RegExp(rule.pattern ?? '', `g${rule.flags ?? ''}`)
})
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
  over('naive loop, clean messages', clean.slice(0, 200), naiveLoop),
  over('naive loop, 1 in 8 with a secret', planted.slice(0, 200), naiveLoop),
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

const found = new Map<string, number>()
for (let round = 0; round < ROUNDS; round++) {
  for (const contender of contenders) {
    const begin = performance.now()
    found.set(contender.name, contender.run())
    // The first round warms up.
    if (round > 0) contender.millis.push(performance.now() - begin)
  }
}

console.log(
  `${cpus()[0]?.model ?? 'unknown'} x${cpus().length}, Node ${process.version}, load ${loadavg()[0]?.toFixed(1)}, ${ROUNDS - 1} rounds interleaved, median (best)`,
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
