import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { Counters } from '../../src/collector/counters.ts'
import { createApi } from '../../src/collector/http/api.ts'
import { ByteBudget } from '../../src/collector/http/byte-budget.ts'
import { createHostPolicy } from '../../src/collector/http/host-allow-list.ts'
import { createHttpServer } from '../../src/collector/http/server.ts'
import { createOtlpEndpoint } from '../../src/collector/http/traces-endpoint.ts'
import { createLogger } from '../../src/collector/log.ts'
import { Intake } from '../../src/collector/pipeline/intake.ts'
import { decodeStatus, encodeTracesJson } from '../../src/otlp/index.ts'
import { RepriseError } from '../../src/schemas/index.ts'
import { openStore, type Store } from '../../src/store/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, PROTOBUF, post, readTape, spansIn, until } from './support.ts'

const bench = new Bench()
const servers: Server[] = []
const children: ChildProcess[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
  await bench.tearDown()
})

const spanOf = (number: number): ReturnType<typeof bareSpan> => bareSpan({ spanId: number.toString(16).padStart(16, '0') })
const body = (...numbers: number[]): Uint8Array => writeTraces(groupOf(numbers.map(spanOf)))

/** The HTTP side over a store that the test holds in its hand. */
async function serveOver(store: Store): Promise<{ url: string; counters: Counters; lines: string[] }> {
  const counters = new Counters()
  const lines: string[] = []
  const log = createLogger((line) => lines.push(line))
  const traces = createOtlpEndpoint({
    signal: 'traces',
    intake: new Intake({ store, namespace: 'local', decodedMaxBytes: 1_000_000, counters, log, threads: 0 }),
    limits: { maxBytes: 1_000_000, idleTimeoutMillis: 1_000 },
    budget: new ByteBudget(10_000_000),
    counters,
    log,
    isClosing: () => false,
  })
  const server = createHttpServer({
    traces,
    logs: traces,
    live: () => undefined,
    api: createApi({
      store,
      storeFolder: store.dir,
      namespace: 'local',
      tellFolder: true,
      stats: () => counters.snapshot([], { files: 0, bodies: 0, bad: 0 }),
      problems: () => [],
      log,
    }),
    hostPolicy: createHostPolicy({ host: '127.0.0.1', anyHost: false, allowedHosts: [] }),
    counters,
    log,
    headersTimeoutMillis: 1_000,
    requestTimeoutMillis: 5_000,
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, counters, lines }
}

const sendTo = async (url: string, bytes: Uint8Array): Promise<Response> =>
  await fetch(`${url}/v1/traces`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(bytes) })

describe('a store that is closed while senders go on', () => {
  it('is answered with 503 and Retry-After, nothing is acknowledged, and all is counted', async () => {
    const folder = join(bench.folder(), 'store')
    const store = await openStore(folder, { mode: 'write' })
    const { url, counters, lines } = await serveOver(store)
    expect((await sendTo(url, body(1, 2))).status).toBe(200)
    const racing = Array.from({ length: 20 }, (_, index) => sendTo(url, body(100 + index)))
    await store.close()
    const statuses = await Promise.all(racing.map(async (response) => (await response).status))
    const refused = await sendTo(url, body(3))
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(decodeStatus('protobuf', new Uint8Array(await refused.arrayBuffer()))).toMatchObject({ code: 14 })
    expect((await fetch(`${url}/api/v1/runs`)).status).toBe(503)
    expect((await fetch(`${url}/healthz`)).status).toBe(200)
    expect(counters.accepted).toBe(2 + statuses.filter((status) => status === 200).length)
    expect(counters.received).toBe(counters.accepted + counters.rejected + counters.refused)
    expect(lines.filter((line) => line.includes('store-refused'))).toHaveLength(1)
    expect((await readTape(folder)).spans).toHaveLength(counters.accepted)
  })
})

describe('a store that cannot write for a while', () => {
  it('is answered with 503, and the same request is taken when it can again', async () => {
    const real = await openStore(join(bench.folder(), 'store'), { mode: 'write' })
    let full = true
    const store = new Proxy(real, {
      get(target, key) {
        if (key === 'append' && full)
          return () => Promise.reject(new RepriseError('store_write_failed', 'no space left', { retryable: true }))
        const value: unknown = Reflect.get(target, key, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
    const { url, counters } = await serveOver(store)
    const bytes = body(1, 2, 3)
    expect((await sendTo(url, bytes)).status).toBe(503)
    expect(counters).toMatchObject({ received: 3, accepted: 0, refused: 3, storeFailure: 'store_write_failed' })
    full = false
    expect((await sendTo(url, bytes)).status).toBe(200)
    expect(counters).toMatchObject({ received: 6, accepted: 3, refused: 3, storeFailure: undefined })
    await real.close()
  })
})

describe('many senders at once, good and bad', () => {
  it('each span received is accepted, rejected or refused, and what is accepted is on the tape', async () => {
    const collector = await bench.collector({ inFlightMaxBytes: 30_000 })
    let next = 1
    let acknowledged = 0
    const sendOne = async (index: number): Promise<void> => {
      const spans = Array.from({ length: 1 + (index % 7) }, () => spanOf(next++))
      if (index % 5 === 0) spans.push(bareSpan({ spanId: (next++).toString(16).padStart(16, '0'), attributes: [['reprise.kind', 'x']] }))
      const response =
        index % 11 === 0
          ? await post(collector, 'broken', { 'content-type': 'application/json' })
          : await post(
              collector,
              index % 2 === 0 ? writeTraces(groupOf(spans)) : encodeTracesJson(groupOf(spans)),
              index % 2 === 0 ? PROTOBUF : { 'content-type': 'application/json' },
            )
      expect([200, 400, 429]).toContain(response.status)
      if (response.status === 200) acknowledged += spans.filter((span) => span.attributes.length === 0).length
      await response.arrayBuffer()
    }
    await Promise.all(Array.from({ length: 300 }, (_, index) => sendOne(index)))
    const stats = collector.stats()
    expect(stats.received).toBe(stats.accepted + stats.rejected + stats.refused)
    expect(stats.accepted).toBe(acknowledged)
    expect(stats.inFlightBytes).toBe(0)
    await collector.close()
    expect((await readTape(collector.store)).spans).toHaveLength(acknowledged)
  })
})

/** A collector in a process of its own, which four senders keep busy until it dies. */
async function killUnderLoad(
  store: string,
  forward: string[],
  firstId: number,
  enough: (acknowledged: number) => boolean,
): Promise<string[]> {
  const script = fileURLToPath(new URL('./run-collector.ts', import.meta.url))
  const args = ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning', script, store, ...forward]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  children.push(child)
  const closed = once(child, 'close')
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const url = line.trim()
  const acknowledged: string[] = []
  let next = firstId
  const sending = Array.from({ length: 4 }, async () => {
    for (;;) {
      const number = ++next
      try {
        const response = await sendTo(url, body(number))
        if (response.status === 200) acknowledged.push(spanOf(number).spanId)
        await response.arrayBuffer()
      } catch {
        return
      }
    }
  })
  await until('some spans', () => enough(acknowledged.length))
  child.kill('SIGKILL')
  await Promise.all(sending)
  await closed
  return acknowledged
}

describe('a collector that is killed', () => {
  it('has everything that it acknowledged, and starts again', async () => {
    const store = join(bench.folder(), 'store')
    for (let cycle = 0; cycle < 3; cycle++) {
      const acknowledged = await killUnderLoad(store, [], cycle * 10_000, (count) => count > 30)
      const kept = new Set((await readTape(store)).spans.map((record) => record.core.spanId))
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
    }
  })

  it('sends on, after the next start, what it had not, and at most its last request again', async () => {
    const store = join(bench.folder(), 'store')
    const requests: string[][] = []
    const backend = await bench.backend((_request, bytes, response) => {
      requests.push(spansIn(bytes).map((span) => span.spanId))
      response.writeHead(200).end()
    })
    const acknowledged = await killUnderLoad(store, [backend.url], 0, (count) => count > 30 && requests.length > 3)
    const before = requests.flat()
    const lastRequest = new Set(requests.at(-1))
    const collector = await bench.collector({ store, forward: [backend.url] })
    await until('all spans', () => {
      const seen = new Set(requests.flat())
      return acknowledged.every((id) => seen.has(id))
    })
    await until('the forwarder to rest', () => collector.stats().forward[0]!.state === 'idle')
    const again = requests
      .flat()
      .slice(before.length)
      .filter((id) => before.includes(id))
    expect(again.filter((id) => !lastRequest.has(id))).toEqual([])
  })
})
