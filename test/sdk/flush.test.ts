import { AsyncLocalStorage } from 'node:async_hooks'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeExportResponse, encodeStatus } from '../../src/otlp/index.ts'
import { ATTR } from '../../src/schemas/index.ts'
import {
  currentRun,
  flush,
  instrument,
  model,
  type RecorderHandle,
  type RecorderOptions,
  startRecorder,
  tool,
} from '../../src/sdk/index.ts'
import { attributesOf, type FakeCollector, startFakeCollector, stepOf, stepsOf } from './fake-collector.ts'

let collector: FakeCollector
let recorder: RecorderHandle
const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
const warnings = (): string[] => stderr.mock.calls.map(([text]) => String(text)).filter((text) => text.startsWith('reprise:'))

function start(options: RecorderOptions = {}): void {
  recorder = startRecorder({ endpoint: collector.url, flushIntervalMillis: 3_600_000, flushTimeoutMillis: 2000, ...options })
}

/** A warning is given once per process; each test here is a process of its own in that regard. */
function forgetWarning(): void {
  const runtime: unknown = Reflect.get(globalThis, Symbol.for('reprise.runtime/1'))
  Reflect.set(runtime as object, 'warned', false)
  stderr.mockClear()
}

beforeEach(async () => {
  collector = await startFakeCollector()
  forgetWarning()
})
afterEach(async () => {
  collector.answer = undefined
  await recorder.stop()
  await collector.close()
})

const one = tool((value: unknown) => value, { name: 'one' })

describe('sending', () => {
  test('asks who is there first, then sends OTLP protobuf over one connection', async () => {
    start({ serviceName: 'shop' })
    one(1)
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
    one(2)
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
    expect(collector.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /api/v1/version',
      'POST /v1/traces',
      'POST /v1/traces',
    ])
    expect(collector.requests[1]?.headers['content-type']).toBe('application/x-protobuf')
    const [resourceSpans] = collector.batches[0]?.resourceSpans ?? []
    expect(attributesOf(resourceSpans!.resource)).toMatchObject({
      'service.name': 'shop',
      'telemetry.sdk.name': 'reprise',
      'process.pid': process.pid,
    })
    expect(resourceSpans!.scopeSpans[0]?.scope.name).toBe('reprise')
  })

  test('a flush with nothing to send asks nobody', async () => {
    start()
    expect(await flush()).toEqual({ sent: 0, failed: 0, dropped: 0 })
    expect(collector.requests).toEqual([])
  })

  test('exporter reprise sends without asking', async () => {
    start({ exporter: 'reprise' })
    one(1)
    await flush()
    expect(collector.requests.map(({ method }) => method)).toEqual(['POST'])
  })

  test('resolves while the program goes on making steps', async () => {
    start()
    let busy = true
    const make = (): void => {
      for (let index = 0; index < 20; index++) one('x'.repeat(10_000))
      if (busy) setImmediate(make)
    }
    make()
    const { sent } = await flush()
    busy = false
    expect(sent).toBeGreaterThanOrEqual(20)
  })

  test('what ends while it is sent is for the next flush, and not failed', async () => {
    start({ exporter: 'reprise' })
    one(1)
    setImmediate(() => one(2))
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
  })

  test('sends by itself after the interval', async () => {
    start({ flushIntervalMillis: 20 })
    one(1)
    await vi.waitFor(() => expect(stepsOf(collector)).toHaveLength(1))
  })

  test('batches stay near two mebibytes, and a large payload goes in slices as the text it is', async () => {
    start()
    const text = 'é"\n'.repeat(300_000)
    for (let index = 0; index < 6; index++) one({ index, text })
    expect(await flush()).toEqual({ sent: 6, failed: 0, dropped: 0 })
    const sizes = collector.requests.filter(({ method }) => method === 'POST').map(({ bodyBytes }) => bodyBytes)
    expect(sizes.length).toBeGreaterThan(1)
    const steps = collector.spans.map(stepOf)
    expect(steps.map(({ output }) => (output as { text: string }).text === text)).toEqual([true, true, true, true, true, true])
  })

  test('a flush never holds the event loop for long', async () => {
    start({ captureMaxBytes: 64 * 1024 * 1024 })
    one(Array.from({ length: 2000 }, (_, index) => ({ index, text: `${index} `.repeat(2000) })))
    // Warm up first, so that this measures slices and not the compiler.
    await flush()
    one(Array.from({ length: 2000 }, (_, index) => ({ index, text: `${index} `.repeat(2000) })))
    let turns = 0
    let running = true
    const count = (): void => {
      turns++
      if (running) setImmediate(count)
    }
    setImmediate(count)
    await flush()
    running = false
    // Some 20 MB of JSON: in slices of about a millisecond that is a good deal more than a handful of turns.
    expect(turns).toBeGreaterThan(10)
  })
})

describe('announcements', () => {
  test('the root of an open run is announced at a flush, with its input; its end follows under the same ids', async () => {
    start()
    const gate = Promise.withResolvers<void>()
    const running = instrument(async function slow(_input: string) {
      await tool(async () => await gate.promise, { name: 'young' })()
    })('in')
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
    const [pending] = collector.spans.map(stepOf)
    expect(pending).toMatchObject({ name: 'slow', pending: true, input: ['in'], span: { endNanos: 0n } })
    gate.resolve()
    await running
    await flush()
    const steps = stepsOf(collector)
    expect(steps.map(({ name }) => name)).toEqual(['slow', 'young'])
    expect(steps[0]?.span.spanId).toBe(pending?.span.spanId)
    expect(steps[0]?.span.endNanos).toBeGreaterThan(0n)
  })

  test('a step open for more than a second is announced once', async () => {
    start()
    const gate = Promise.withResolvers<void>()
    const running = instrument(async function run() {
      await tool(async () => await gate.promise, { name: 'old' })()
    })()
    await pause(1050)
    await flush()
    await flush()
    expect(collector.spans.map(stepOf).map(({ name, pending }) => [name, pending])).toEqual([
      ['run', true],
      ['old', true],
    ])
    gate.resolve()
    await running
  })

  test('a call that outlives its run is announced at a flush, however young', async () => {
    start()
    const gate = Promise.withResolvers<void>()
    const slow = tool(async () => await gate.promise, { name: 'slow' })
    await instrument(async function run() {
      await Promise.race([slow(), one(1)])
    })()
    await flush()
    expect(collector.spans.map(stepOf).map(({ name, pending }) => [name, pending])).toEqual([
      ['one', false],
      ['run', false],
      ['slow', true],
    ])
    gate.resolve()
  })
})

describe('when sending fails', () => {
  test.each([429, 502, 503, 504])('HTTP %i is tried again, after what Retry-After says', async (status) => {
    start()
    let tries = 0
    collector.answer = (_request, response) => {
      if (++tries === 2) collector.answer = undefined
      response.writeHead(status, { 'retry-after': '0', 'content-type': 'application/x-protobuf' }).end(encodeStatus('protobuf', 14, 'busy'))
    }
    one(1)
    expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
    expect(tries).toBe(2)
    expect(stepsOf(collector)).toHaveLength(1)
    expect(warnings()).toEqual([])
  })

  test.each([400, 401, 404, 413, 500])('HTTP %i is final: counted, said once, and noted as a gap', async (status) => {
    start()
    collector.answer = (_request, response) => {
      collector.answer = undefined
      response.writeHead(status, { 'content-type': 'application/x-protobuf' }).end(encodeStatus('protobuf', 3, 'not like this'))
    }
    one(1)
    one(2)
    expect(await flush()).toEqual({ sent: 0, failed: 0, dropped: 2 })
    expect(warnings()).toEqual([
      expect.stringContaining(`2 steps refused by ${collector.url}, not recorded: HTTP ${status}: not like this`),
    ])
    expect(collector.spans.map((span) => attributesOf(span))).toEqual([{ [ATTR.gapReason]: 'refused', [ATTR.gapCount]: 2 }])
  })

  test('an endpoint that refuses everything is not asked for ever', async () => {
    start()
    let posts = 0
    collector.answer = (_request, response) => {
      posts++
      response.writeHead(401).end()
    }
    one(1)
    await flush()
    await flush()
    expect(posts).toBe(2)
    expect(warnings()).toHaveLength(1)
  })

  test('partial success: what was rejected is counted, the rest is sent, nothing is sent twice', async () => {
    start()
    collector.answer = (_request, response) => {
      collector.answer = undefined
      response
        .writeHead(200, { 'content-type': 'application/x-protobuf' })
        .end(encodeExportResponse('protobuf', { rejectedSpans: 1, errorMessage: 'span 0: depth' }))
    }
    one(1)
    one(2)
    one(3)
    expect(await flush()).toEqual({ sent: 2, failed: 0, dropped: 1 })
    expect(warnings()).toEqual([expect.stringContaining('1 step refused by')])
  })

  test('nobody there: flush says so and keeps all of it; the collector that comes later gets it', async () => {
    const { port } = new URL(collector.url)
    await collector.close()
    start()
    one(1)
    one(2)
    expect(await flush()).toEqual({ sent: 0, failed: 2, dropped: 0 })
    expect(warnings()).toEqual([])
    collector = await startFakeCollector({ port: Number(port) })
    expect(await flush()).toEqual({ sent: 2, failed: 0, dropped: 0 })
  })

  test('a collector that accepts and never answers costs the timeout, not more', async () => {
    const sockets = new Set<import('node:net').Socket>()
    const mute = createServer((socket) => sockets.add(socket))
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
    start({ endpoint: `http://127.0.0.1:${(mute.address() as AddressInfo).port}`, flushTimeoutMillis: 50 })
    one(1)
    expect(await flush()).toEqual({ sent: 0, failed: 1, dropped: 0 })
    for (const socket of sockets) socket.destroy()
    mute.close()
  })
})

describe('the bound of the queue', () => {
  test('payloads are given up before structure, and the record says so', async () => {
    start({ queueMaxBytes: 64 * 1024 })
    await instrument(async function run() {
      for (let index = 0; index < 4; index++) one('x'.repeat(15_000))
    })()
    expect(await flush()).toEqual({ sent: 5, failed: 0, dropped: 0 })
    const steps = stepsOf(collector)
    const cut = steps.filter(({ attributes }) => attributes[ATTR.cuts] !== undefined)
    expect(cut.length).toBeGreaterThan(0)
    expect(cut[0]?.input).toBeUndefined()
    expect(JSON.parse(String(cut[0]?.attributes[ATTR.cuts]))).toEqual([{ what: 'payloads', reason: 'queue_full', count: 1 }])
  })

  test('steps that do not fit are counted in a gap of their run; errors and the root are kept', async () => {
    start({ queueMaxBytes: 64 * 1024 })
    const failing = tool(
      () => {
        throw new Error('kept')
      },
      { name: 'failing' },
    )
    let runId = ''
    await instrument(async function run() {
      runId = currentRun().id
      for (let index = 0; index < 500; index++) one(index)
      expect(() => failing()).toThrow('kept')
    })()
    const { sent, dropped } = await flush()
    const gaps = collector.spans.map((span) => attributesOf(span)).filter((attributes) => attributes[ATTR.gapReason] !== undefined)
    expect(gaps).toEqual([{ [ATTR.gapReason]: 'queue_full', [ATTR.gapCount]: dropped, [ATTR.runId]: runId }])
    const names = collector.spans.map(stepOf).map(({ name }) => name)
    expect(names).toContain('run')
    expect(names).toContain('failing')
    expect(sent + dropped).toBe(502)
  })
})

test('recording goes on after a capture that failed, and the program never hears of it', async () => {
  start()
  const hostile = model((_request: unknown) => 'fine', {
    name: 'hostile',
    model: () => {
      throw new Error('user code')
    },
  })
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  expect(hostile(revoked.proxy)).toBe('fine')
  expect(await flush()).toEqual({ sent: 1, failed: 0, dropped: 0 })
})

test('a stopped recorder records nothing more; stopping twice is harmless', async () => {
  start()
  one(1)
  const first = recorder.stop()
  expect(recorder.stop()).toBe(first)
  expect(await first).toEqual({ sent: 1, failed: 0, dropped: 0 })
  one(2)
  expect(await flush()).toEqual({ sent: 0, failed: 0, dropped: 0 })
})

test('a recorder started over another takes over; what the first held is still sent', async () => {
  start()
  one('first')
  start()
  one('second')
  await flush()
  await vi.waitFor(() =>
    expect(
      stepsOf(collector)
        .map(({ output }) => output)
        .sort(),
    ).toEqual(['first', 'second']),
  )
})

test('a step that is still open when another recorder takes over ends with that one', async () => {
  start()
  const gate = Promise.withResolvers<string>()
  const running = tool(() => gate.promise, { name: 'long' })()
  start()
  gate.resolve('late')
  await running
  await flush()
  expect(stepsOf(collector).map(({ name, output }) => [name, output])).toEqual([['long', 'late']])
})

test('what was sent is let go of, though something of the program holds on to its step', async () => {
  start()
  let held: unknown
  const step = tool(
    (_large: string) => {
      held = AsyncLocalStorage.snapshot()
      return 'x'.repeat(1000)
    },
    { name: 'held' },
  )
  step('y'.repeat(1000))
  await flush()
  const scope = (held as (fn: () => unknown) => unknown)(() => Reflect.get(globalThis, Symbol.for('reprise.runtime/1')).scopes.getStore())
  expect(scope).toMatchObject({ spec: { name: 'held' }, input: undefined, output: undefined })
})

test('a bad option is an error that names it', () => {
  start()
  expect(() => startRecorder({ endpoint: 'ftp://x' })).toThrow(/endpoint \(flag --endpoint\): expected an http:\/\/ or https:\/\/ URL/)
  expect(() => startRecorder({ otel: 'full' as never })).toThrow("otel (startRecorder): expected 'light' or 'node-sdk'")
})
