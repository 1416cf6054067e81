import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { isTracingSuppressed } from '@opentelemetry/core'
import { AlwaysOffSampler, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { agent, instrument, model, tool } from '../../src/sdk/index.ts'
import { withoutTracing } from '../../src/sdk/run/otel.ts'
import { attributesOf } from './fake-collector.ts'
import { useRecording } from './recording.ts'

const recording = useRecording()
const exporter = new InMemorySpanExporter()

function registerSdk({ sampled = true } = {}): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(!sampled && { sampler: new AlwaysOffSampler() }),
  })
  trace.setGlobalTracerProvider(provider)
}

function unregister(): void {
  trace.disable()
  context.disable()
  propagation.disable()
}

beforeEach(unregister)
afterEach(() => {
  unregister()
  exporter.reset()
})

const idsOf = (span: ReadableSpan | undefined) => ({
  traceId: span?.spanContext().traceId,
  spanId: span?.spanContext().spanId,
  parentSpanId: span?.parentSpanContext?.spanId ?? '',
})
const spanNamed = (name: string): ReadableSpan | undefined => exporter.getFinishedSpans().find((span) => span.name === name)

const chat = model(async (_request: { model: string }) => ({ secret: 'only in the record' }), {
  name: 'chat',
  provider: 'openai',
  model: (request) => request.model,
})

test('nothing global is registered by recording', async () => {
  await instrument(async () => await chat({ model: 'm' }), { name: 'plain' })()
  await recording.steps()
  const api = Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1')) as { trace?: unknown; context?: unknown } | undefined
  expect(api?.trace).toBeUndefined()
  expect(api?.context).toBeUndefined()
})

describe('beside an OpenTelemetry SDK of the user', () => {
  test('registered after this package was loaded, its tracer makes the spans; the record goes out under the same ids', async () => {
    registerSdk()
    await instrument(async () => await chat({ model: 'm' }), { name: 'run' })()
    const [run, step] = await recording.steps()
    const [theirRun, theirStep] = [spanNamed('run'), spanNamed('chat m')]
    expect(idsOf(theirRun)).toEqual({ traceId: run?.span.traceId, spanId: run?.span.spanId, parentSpanId: '' })
    expect(idsOf(theirStep)).toEqual({ traceId: step?.span.traceId, spanId: step?.span.spanId, parentSpanId: run?.span.spanId })
    expect(run?.attributes[ATTR.runId]).toBe(run?.span.traceId)
  })

  test('their span gets what is light, never a payload', async () => {
    registerSdk()
    await instrument(async () => await chat({ model: 'm' }), { name: 'run' })()
    expect(spanNamed('chat m')?.attributes).toEqual({
      [ATTR.kind]: 'model',
      [ATTR.runId]: (await recording.step('chat')).attributes[ATTR.runId],
      'gen_ai.operation.name': 'chat',
      'gen_ai.provider.name': 'openai',
      'gen_ai.request.model': 'm',
    })
    expect(JSON.stringify(exporter.getFinishedSpans().map(({ attributes, events, status }) => [attributes, events, status]))).not.toContain(
      'secret',
    )
  })

  test('an error marks their span, without its message', async () => {
    registerSdk()
    const failing = tool(
      () => {
        throw new TypeError('the message is content')
      },
      { name: 'failing' },
    )
    expect(() => failing()).toThrow()
    const span = spanNamed('execute_tool failing')
    expect(span?.status).toEqual({ code: 2 })
    expect(span?.attributes['error.type']).toBe('TypeError')
    expect(span?.events).toEqual([])
  })

  test('what their sampler drops is recorded all the same, under one trace', async () => {
    registerSdk({ sampled: false })
    await instrument(async () => await chat({ model: 'm' }), { name: 'run' })()
    expect(exporter.getFinishedSpans()).toEqual([])
    const [run, step] = await recording.steps()
    expect(step?.output).toEqual({ secret: 'only in the record' })
    expect(step?.span).toMatchObject({ traceId: run?.span.traceId, parentSpanId: run?.span.spanId })
  })

  test('their spans nest under our steps, and our steps under their spans', async () => {
    registerSdk()
    const tracer = trace.getTracer('theirs')
    const lookUp = tool(async () => 1, { name: 'look_up' })
    const planner = agent(
      async () =>
        await tracer.startActiveSpan('GET /index', async (span) => {
          const result = await lookUp()
          span.end()
          return result
        }),
      { name: 'planner' },
    )
    await instrument(async () => await planner(), { name: 'run' })()
    const steps = await recording.steps()
    const [, plannerStep, lookUpStep] = steps
    const http = spanNamed('GET /index')
    expect(http?.parentSpanContext?.spanId).toBe(plannerStep?.span.spanId)
    expect(lookUpStep?.span.parentSpanId).toBe(http?.spanContext().spanId)
    // The record still says which recorded step it stands under.
    expect(lookUpStep?.attributes['reprise.parent.step']).toBe(plannerStep?.span.spanId)
    expect(plannerStep?.attributes['reprise.parent.step']).toBeUndefined()
    expect(new Set(steps.map(({ span }) => span.traceId)).size).toBe(1)
  })

  test('a run inside their trace joins the trace and has an id of its own', async () => {
    registerSdk()
    await trace.getTracer('theirs').startActiveSpan('request', async (span) => {
      await instrument(async () => {}, { name: 'run' })()
      span.end()
    })
    const run = await recording.step('run')
    expect(idsOf(spanNamed('request'))).toMatchObject({ traceId: run.span.traceId, spanId: run.span.parentSpanId })
    expect(run.attributes[ATTR.runId]).not.toBe(run.span.traceId)
    expect(run.attributes[ATTR.runId]).toMatch(/^[0-9a-f]{32}$/)
  })

  test('steps inside their trace but outside of any run belong to the run that the trace is, in call order', async () => {
    registerSdk()
    await trace.getTracer('theirs').startActiveSpan('request', async (span) => {
      await chat({ model: 'a' })
      await chat({ model: 'b' })
      span.end()
    })
    const steps = await recording.steps()
    expect(steps.map(({ sequence }) => sequence)).toEqual([0, 1])
    expect(steps.map(({ attributes, span }) => attributes[ATTR.runId] === span.traceId)).toEqual([true, true])
  })

  test('a stream keeps their span open until it ends', async () => {
    registerSdk()
    const stream = model(
      async function* () {
        yield 1
      },
      { name: 'stream' },
    )()
    expect(exporter.getFinishedSpans()).toEqual([])
    for await (const _ of stream);
    expect(exporter.getFinishedSpans()).toHaveLength(1)
  })

  test('registered in the middle of a run, it takes over from there', async () => {
    await instrument(
      async () => {
        registerSdk()
        await chat({ model: 'late' })
      },
      { name: 'run' },
    )()
    const [run, step] = await recording.steps()
    expect(idsOf(spanNamed('chat late'))).toEqual({ traceId: run?.span.traceId, spanId: step?.span.spanId, parentSpanId: run?.span.spanId })
  })

  test('a span processor or a sampler of theirs that throws is not thrown from our call', async () => {
    const fails = (): never => {
      throw new Error('theirs')
    }
    const processor = { onStart: () => {}, onEnd: fails, forceFlush: async () => {}, shutdown: async () => {} }
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }))
    expect(tool(() => 1, { name: 'ends' })()).toBe(1)
    expect((await recording.step('ends')).output).toBe(1)
    trace.disable()
    trace.setGlobalTracerProvider(new TracerProvider({ sampler: { shouldSample: fails } }))
    expect(tool(() => 2, { name: 'starts' })()).toBe(2)
    await recording.steps()
    const gaps = recording.collector.spans
      .map((span) => attributesOf(span))
      .filter((attributes) => attributes[ATTR.gapReason] !== undefined)
    expect(gaps).toEqual([{ [ATTR.gapReason]: 'capture_failed', [ATTR.gapCount]: 1 }])
  })

  test('where their tracing is suppressed our record stands on its own', async () => {
    registerSdk()
    const { suppressTracing } = await import('@opentelemetry/core')
    await context.with(suppressTracing(ROOT_CONTEXT), async () => await chat({ model: 'm' }))
    expect(exporter.getFinishedSpans()).toEqual([])
    expect((await recording.step('chat')).span.parentSpanId).toBe('')
  })
})

test('with a context manager alone, others see our span in their context', async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  let seen: string | undefined
  await instrument(
    async () => {
      await Promise.resolve()
      seen = trace.getActiveSpan()?.spanContext().spanId
    },
    { name: 'run' },
  )()
  expect(seen).toBe((await recording.step('run')).span.spanId)
  expect(trace.getActiveSpan()).toBeUndefined()
})

test('what an earlier @opentelemetry/api registered is used as well, and our own requests are no part of its traces', async () => {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const manager = new AsyncLocalStorageContextManager().enable()
  // What version 1.9 leaves there. The copy here, which is newer, takes nothing from it.
  Reflect.set(globalThis, Symbol.for('opentelemetry.js.api.1'), { version: '1.9.1', trace: provider, context: manager })
  try {
    expect(trace.getTracer('test').startSpan('mine').isRecording()).toBe(false)
    const tracer = provider.getTracer('theirs')
    const outer = tracer.startSpan('outer')
    await manager.with(trace.setSpan(ROOT_CONTEXT, outer), async () => {
      await instrument(async () => tracer.startSpan('inner', {}, manager.active()).end(), { name: 'run' })()
    })
    outer.end()
    const run = await recording.step('run')
    const { traceId, spanId, parentSpanId } = run.span
    expect(idsOf(spanNamed('run'))).toEqual({ traceId, spanId, parentSpanId })
    expect({ traceId, parentSpanId }).toEqual({ traceId: outer.spanContext().traceId, parentSpanId: outer.spanContext().spanId })
    expect(idsOf(spanNamed('inner')).parentSpanId).toBe(spanId)
    expect(withoutTracing(() => isTracingSuppressed(manager.active()))).toBe(true)
  } finally {
    manager.disable()
    Reflect.deleteProperty(globalThis, Symbol.for('opentelemetry.js.api.1'))
  }
})
