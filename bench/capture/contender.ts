// One contender, one case, one process: prints its figures as the last line.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { flush, instrument, model, startRecorder } from 'reprise'
import { percentile } from '../rounds.ts'
import { CASES } from './cases.ts'

export type CaptureResult = {
  pathMicrosP50: number
  pathMicrosP99: number
  cpuMicrosPerCall: number
  stallMillisMax: number
  heapKiBPerCall: number
}

const [contender, caseName, endpoint] = process.argv.slice(2)
const chosen = CASES.find(({ name }) => name === caseName)
if (chosen === undefined || endpoint === undefined) throw new Error('usage: contender.ts bare|opentelemetry|reprise CASE ENDPOINT')

type Call = (request: unknown) => Promise<unknown>

async function consume(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result
  let count = 0
  for await (const chunk of result as AsyncIterable<unknown>) if (chunk !== undefined) count++
  return count
}

async function prepare(): Promise<{ call: Call; within: (body: () => Promise<void>) => Promise<void>; flushed: () => Promise<void> }> {
  const { answer, stream } = chosen!
  if (contender === 'bare')
    return { call: async (request) => await consume(await answer(request)), within: (body) => body(), flushed: async () => {} }
  if (contender === 'opentelemetry') {
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` })
    // The queue is opened wide, since by default this SDK drops all that is over 2,048 spans.
    const processor = new BatchSpanProcessor({ exporter, maxQueueSize: 1_000_000, maxExportBatchSize: 512, scheduledDelayMillis: 500 })
    const provider = new TracerProvider({ spanProcessors: [processor] })
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    trace.setGlobalTracerProvider(provider)
    const tracer = trace.getTracer('bench')
    const call: Call = (request) =>
      tracer.startActiveSpan('chat extractor-1', async (span) => {
        span.setAttribute('gen_ai.operation.name', 'chat')
        span.setAttribute('gen_ai.request.model', 'extractor-1')
        span.setAttribute('gen_ai.input.messages', JSON.stringify(request))
        const output = await answer(request)
        if (!stream) span.setAttribute('gen_ai.output.messages', JSON.stringify(output))
        else {
          const chunks: unknown[] = []
          for await (const chunk of output as AsyncIterable<unknown>) chunks.push(chunk)
          span.setAttribute('gen_ai.output.messages', JSON.stringify(chunks))
        }
        span.end()
        return output
      })
    return {
      call,
      within: (body) =>
        tracer.startActiveSpan('run', async (span) => {
          await body()
          span.end()
        }),
      flushed: () => provider.forceFlush(),
    }
  }
  startRecorder({ endpoint: endpoint!, exporter: 'reprise', queueMaxBytes: 2 ** 30 })
  const wrapped = model(answer, { name: 'chat', provider: 'bench', model: 'extractor-1' })
  return {
    call: async (request) => await consume(await wrapped(request)),
    within: async (body) => await instrument(body, { name: 'run' })(),
    flushed: async () => void (await flush()),
  }
}

const { call, within, flushed } = await prepare()
const requests = Array.from({ length: Math.min(chosen.calls, 512) }, (_, index) => chosen.request(index))

// On the path: calls one after another with a pause now and then, as a program makes them; the flush runs beside.
const times: number[] = []
await within(async () => {
  for (let index = 0; index < Math.min(2000, chosen.calls); index++) {
    const request = requests[index % requests.length]
    const started = performance.now()
    await call(request)
    times.push((performance.now() - started) * 1000)
    if (index % 50 === 49) await new Promise((resolve) => setImmediate(resolve))
  }
})
await settle()

// A pass that does not count: the compiler's work for a program's first seconds is no cost of a call.
await pass()
await settle()

const delay = monitorEventLoopDelay({ resolution: 1 })
delay.enable()
const cpuBefore = process.cpuUsage()
await pass()
await flushed()
const cpu = process.cpuUsage(cpuBefore)
delay.disable()

// The heap apart: the collection that it has to begin with throws away what the compiler has learnt.
globalThis.gc?.()
const heapBefore = process.memoryUsage().heapUsed
let heapPeak = heapBefore
await pass(() => {
  heapPeak = Math.max(heapPeak, process.memoryUsage().heapUsed)
})

async function pass(atPause: () => void = () => {}): Promise<void> {
  await within(async () => {
    for (let index = 0; index < chosen!.calls; index++) {
      await call(requests[index % requests.length])
      if (index % 100 === 99) {
        atPause()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
  })
}

async function settle(): Promise<void> {
  await flushed()
  await new Promise((resolve) => setTimeout(resolve, 50))
}

const result: CaptureResult = {
  pathMicrosP50: percentile(times.slice(times.length / 4), 50),
  pathMicrosP99: percentile(times.slice(times.length / 4), 99),
  cpuMicrosPerCall: (cpu.user + cpu.system) / chosen.calls,
  stallMillisMax: delay.max / 1e6,
  heapKiBPerCall: (heapPeak - heapBefore) / 1024 / chosen.calls,
}
await flushed()
console.log(JSON.stringify(result))
process.exit(0)
