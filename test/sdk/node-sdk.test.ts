import { afterEach, beforeEach, expect, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { attributesOf, type FakeCollector, startFakeCollector, stepsOf } from './fake-collector.ts'
import { runProgram } from './program.ts'

let collector: FakeCollector
beforeEach(async () => {
  collector = await startFakeCollector()
})
afterEach(async () => {
  await collector.close()
})

const CALLS = `
  const chat = model(async () => 'hi', { name: 'chat', model: 'm' })
  await instrument(async function main() { return await chat() })()`

const REGISTER = `
  const { NodeSDK } = await import('@opentelemetry/sdk-node')
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-proto')
  const sdk = new NodeSDK({ serviceName: 'theirs', traceExporter: new OTLPTraceExporter({ url: process.env.REPRISE_ENDPOINT + '/v1/traces' }) })
  sdk.start()`

/** The two senders, by the scope and the payloads of what they sent. */
function senders(): { ours: string[]; theirs: string[] } {
  const ours = stepsOf(collector).filter(({ attributes }) => attributes[ATTR.fidelity] !== undefined)
  const theirs = collector.spans.filter((span) => attributesOf(span)[ATTR.fidelity] === undefined)
  return { ours: ours.map(({ span }) => span.spanId).sort(), theirs: theirs.map(({ spanId }) => spanId).sort() }
}

test.each([
  ['before', `${REGISTER}; const { instrument, model, flush } = await import('reprise'); ${CALLS}; await flush(); await sdk.shutdown()`],
  ['after', `const { instrument, model, flush } = await import('reprise'); ${REGISTER}; ${CALLS}; await flush(); await sdk.shutdown()`],
])('a NodeSDK started %s this package: two senders, one set of spans', async (_, source) => {
  const end = await runProgram(source, { REPRISE_ENDPOINT: collector.url })
  expect(end).toMatchObject({ code: 0, stderr: '' })
  const { ours, theirs } = senders()
  expect(ours).toHaveLength(2)
  expect(theirs).toEqual(ours)
})

test("startRecorder({ otel: 'node-sdk' }) gives a program the standard SDK, and both are flushed at its end", async () => {
  const source = `
    import { trace } from '@opentelemetry/api'
    import { instrument, model, startRecorder, flush } from 'reprise'
    const recorder = startRecorder({ otel: 'node-sdk', serviceName: 'whole' })
    await recorder.ready
    ${CALLS}
    trace.getTracer('theirs').startSpan('their own').end()
    await recorder.stop()`
  const end = await runProgram(source, { REPRISE_ENDPOINT: collector.url })
  expect(end).toMatchObject({ code: 0, stderr: '' })
  const { ours, theirs } = senders()
  expect(ours).toHaveLength(2)
  expect(theirs).toEqual(expect.arrayContaining(ours))
  expect(collector.spans.map(({ name }) => name)).toContain('their own')
  const services = collector.batches.flatMap(({ resourceSpans }) =>
    resourceSpans.map(({ resource }) => attributesOf(resource)['service.name']),
  )
  expect(new Set(services)).toEqual(new Set(['whole']))
})

test('without a stop, the spans of the SDK that was set up are still sent at the end', async () => {
  const source = `
    import { instrument, model, startRecorder } from 'reprise'
    await startRecorder({ otel: 'node-sdk' }).ready
    ${CALLS}`
  const end = await runProgram(source, { REPRISE_ENDPOINT: collector.url })
  expect(end).toMatchObject({ code: 0, stderr: '' })
  const { ours, theirs } = senders()
  expect(theirs).toEqual(ours)
  expect(ours).toHaveLength(2)
})

test('the standard SDK is not loaded unless it is asked for', async () => {
  const source = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ resolve(specifier, context, next) { loaded.push(specifier); return next(specifier, context) } })
    const { instrument, flush } = await import('reprise')
    await instrument(async () => 1, { name: 'run' })()
    const before = loaded.includes('undici')
    await flush()
    console.log(JSON.stringify({ before, after: loaded.includes('undici'), sdk: loaded.some((name) => /sdk-node|exporter-trace/.test(name)) }))`
  const end = await runProgram(source, { REPRISE_ENDPOINT: collector.url })
  expect(JSON.parse(end.stdout)).toEqual({ before: false, after: true, sdk: false })
})
