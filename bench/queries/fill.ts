import { createHash } from 'node:crypto'
import { canonicalJson, STEP_KINDS } from '../../src/schemas/index.ts'
import type { AppendBatch, PreparedRecord, Store } from '../../src/store/index.ts'

/** Runs of this many steps, interleaved as many programs at once would send them. */
export interface FillPlan {
  readonly runs: number
  readonly stepsPerRun: number
  /** Runs that are being recorded at the same time. */
  readonly atOnce: number
  readonly salt: string
}

const BATCH = 500
const START = 1_790_000_000_000_000_000n
const MODELS = ['gpt-5.1', 'claude-sonnet-4.5', 'gemini-3-flash', 'llama-4-70b']

export function hexOf(length: number, ...parts: (string | number)[]): string {
  return createHash('sha256').update(parts.join(' ')).digest('hex').slice(0, length)
}

export function runIdOf(salt: string, run: number): string {
  return hexOf(32, salt, 'run', run)
}

/** Resource, scope and policy as the collector writes them, the same for all spans of a program. */
const RESOURCE = canonicalJson({
  attributes: {
    'host.name': 'worker-17.eu-west-1',
    'process.pid': 41_532,
    'process.runtime.name': 'nodejs',
    'process.runtime.version': 'v24.21.0',
    'service.instance.id': hexOf(32, 'instance'),
    'service.name': 'support-agent',
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.name': 'reprise',
    'telemetry.sdk.version': '0.1.0',
  },
})
const POLICY = canonicalJson({ id: 'default', version: '1', digest: `sha256:${hexOf(64, 'policy')}` })

/** A span of a program with a model, a tool and a retriever: what an agent's step looks like on the tape. */
function recordOf(salt: string, run: number, step: number, stepsPerRun: number): PreparedRecord {
  const runId = runIdOf(salt, run)
  const spanId = hexOf(16, salt, run, step)
  const kind = step === 0 ? (run % 7 === 0 ? 'training.run' : 'run') : (STEP_KINDS[1 + (step % 9)] ?? 'custom')
  const start = START + BigInt(run) * 1_000_000_000n + BigInt(step) * 1_000_000n
  const end = start + BigInt(step === 0 ? stepsPerRun : 1) * 900_000n
  const name = step === 0 ? `program-${run % 23}` : `${kind}-${step % 11}`
  const attributes =
    kind === 'model'
      ? `{"gen_ai.conversation.id":"session-${run % 997}","gen_ai.operation.name":"chat","gen_ai.output.type":"text","gen_ai.provider.name":"openai","gen_ai.request.max_tokens":1024,"gen_ai.request.model":"${MODELS[(run + step) % 4]}","gen_ai.request.temperature":0.2,"gen_ai.request.top_p":0.9,"gen_ai.response.finish_reasons":["stop"],"gen_ai.response.id":"chatcmpl-${spanId}","gen_ai.response.model":"${MODELS[(run + step) % 4]}-2026-01-01","gen_ai.usage.cost":0.0021,"gen_ai.usage.input_tokens":${800 + step},"gen_ai.usage.output_tokens":${100 + (step % 50)},"server.address":"api.example.com","server.port":443}`
      : `{"gen_ai.operation.name":"${kind}","gen_ai.tool.call.id":"call_${spanId}","gen_ai.tool.name":"${name}","reprise.tag.env":"${run % 3 === 0 ? 'prod' : 'dev'}","thread.id":1}`
  const digest = hexOf(64, spanId, 'digest')
  const salted = hexOf(64, spanId, 'salt')
  const parent = step === 0 ? '' : `,"parentSpanId":"${hexOf(16, salt, run, step < 10 ? 0 : step - (step % 10))}"`
  const error = step % 97 === 96 ? 'error' : 'ok'
  const core = `{"attributes":${attributes},"endNanos":"${end}","events":[],"fidelity":"replayable","kind":"${kind}","links":[],"name":"${name}","namespace":"local","operation":"chat"${parent},"payloads":[{"commitment":"${salted}","mediaType":"application/json","role":"input","sizeBytes":${1200 + step}},{"commitment":"${digest}","mediaType":"application/json","role":"output","sizeBytes":800}],"policy":${POLICY},"redactions":{"email":1},"resource":${RESOURCE},"runId":"${runId}","schema":"reprise.span/1","scope":{"name":"reprise","version":"0.1.0"},"sequence":${step},"shape":"promise","spanId":"${spanId}","spanKind":"client","startNanos":"${start}","status":{"code":"${error}"},"stepName":"${name}","traceId":"${runId}"}`
  const refs = `[{"digest":"sha256:${digest}","role":"input","salt":"${salted}"},{"digest":"sha256:${salted}","role":"output","salt":"${digest}"}]`
  return { core, line: `{"core":${core},"refs":${refs}}` }
}

/** Children first, the root last, as programs end. */
export async function fillStore(store: Store, plan: FillPlan): Promise<void> {
  let batch: PreparedRecord[] = []
  let appended: Promise<unknown> = Promise.resolve()
  const send = async (): Promise<void> => {
    const full: AppendBatch = { records: batch, blobs: [] }
    batch = []
    await appended
    appended = store.append(full)
  }
  for (let first = 0; first < plan.runs; first += plan.atOnce) {
    for (let step = plan.stepsPerRun - 1; step >= 0; step--) {
      for (let run = first; run < Math.min(plan.runs, first + plan.atOnce); run++) {
        batch.push(recordOf(plan.salt, run, step, plan.stepsPerRun))
        if (batch.length === BATCH) await send()
      }
    }
  }
  await send()
  await appended
}
