// Reads bodies that were rewritten, damaged or sent by strangers with our reader and with the reference, for as long as asked.
//   npm run test:fuzz -- --seconds 60 --seed 7
// Prints a receipt; at the first disagreement the input as base64, and exits 1. The same seed makes the same inputs.
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { encodeLogsJson, encodeTracesJson } from '../src/otlp/index.ts'
import { logGroups, resourceSpans } from '../test/otlp/arbitraries.ts'
import { compare, compareVariant, Disagreement } from '../test/otlp/differential.ts'
import { writeLogs, writeTraces } from '../test/otlp/helpers.ts'
import { variantOf } from '../test/otlp/json-variants.ts'
import { mutations, randomOf, reshape } from '../test/otlp/mutations.ts'
import type { SignalName } from '../test/otlp/reference.ts'

const BATCH = 50

interface Sample {
  readonly signal: SignalName
  readonly protobuf: Uint8Array
  readonly json: string
}

function samplesOf(seed: number): Sample[] {
  const options = { seed, numRuns: BATCH }
  return [
    ...fc.sample(resourceSpans, options).map((groups) => ({
      signal: 'traces' as const,
      protobuf: writeTraces(groups),
      json: encodeTracesJson(groups),
    })),
    ...fc
      .sample(logGroups, options)
      .map((groups) => ({ signal: 'logs' as const, protobuf: writeLogs(groups), json: encodeLogsJson(groups) })),
  ]
}

/** Each way of treating a sample, with the input that came out of it. */
function* casesOf(sample: Sample, seed: number): Generator<{ name: string; input: Uint8Array | string; run: () => string }> {
  const { signal, json } = sample
  const random = randomOf(seed)
  const rewritten = reshape(sample.protobuf, random)
  yield { name: 'rewritten', input: rewritten, run: () => compare(rewritten, signal) }
  const [changes = []] = fc.sample(mutations, { seed, numRuns: 1 })
  for (const [name, from] of [
    ['damaged', sample.protobuf],
    ['rewritten and damaged', rewritten],
  ] as const) {
    const damaged = changes.reduce<Buffer>((bytes, change) => change(bytes), Buffer.from(from))
    yield { name, input: damaged, run: () => compare(damaged, signal) }
  }
  const variant = variantOf(JSON.parse(json), random)
  yield { name: 'JSON of others', input: variant, run: () => compareVariant(json, variant, signal) }
}

function commitOf(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=12'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}

function main(): void {
  const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } } })
  const seconds = Number(values.seconds)
  const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed)
  if (!(seconds > 0) || !Number.isSafeInteger(seed)) throw new Error('expected --seconds above 0 and a whole --seed')
  const prototypeKeys = Object.getOwnPropertyNames(Object.prototype).join()
  const counts: Record<string, number> = {}
  const endsAt = performance.now() + seconds * 1000
  let inputs = 0
  for (let batch = seed; performance.now() < endsAt; batch++) {
    for (const [index, sample] of samplesOf(batch).entries()) {
      for (const { name, input, run } of casesOf(sample, batch * 1_000 + index)) {
        try {
          const key = `${sample.signal}, ${name}: ${run()}`
          counts[key] = (counts[key] ?? 0) + 1
          if (Object.getOwnPropertyNames(Object.prototype).join() !== prototypeKeys) throw new Disagreement('Object.prototype has changed')
        } catch (error) {
          console.error(
            `seed ${batch}, sample ${index}, ${sample.signal}, ${name}: ${error instanceof Error ? error.message : String(error)}`,
          )
          console.error(Buffer.from(input).toString('base64'))
          process.exitCode = 1
          return
        }
        inputs++
      }
    }
  }
  console.log(
    JSON.stringify({ test: 'fuzz', commit: commitOf(), node: process.version, seed, seconds, inputs, disagreements: 0, counts }, null, 2),
  )
}

main()
