import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONTENT_ENCODINGS, type ContentEncoding } from '../../src/collector/http/inflate.ts'
import type { Collector } from '../../src/collector/index.ts'
import { READ_BODY, type Signal } from '../../src/collector/pipeline/signals.ts'
import { encodeLogsJson, encodeTracesJson, type OtlpEncoding } from '../../src/otlp/index.ts'
import { exportRecording } from '../../src/replay/index.ts'
import { currentRun, instrument, model, startRecorder, tool } from '../../src/sdk/index.ts'
import { openStore } from '../../src/store/index.ts'
import { EXPORT, framed, rawCall } from '../collector/grpc-client.ts'
import { allFiles, Bench, JSON_TYPE, PROTOBUF, until } from '../collector/support.ts'
import { writeLogs, writeTraces } from '../otlp/helpers.ts'
import { addressOf, logsWith, secretOf, tracesWith } from './planted.ts'

// One test for every way in: a secret of its own goes down each way, in every place where a string can be, and then stands nowhere.

const BODIES: Readonly<Record<Signal, Readonly<Record<OtlpEncoding, (secret: string) => Uint8Array>>>> = {
  traces: { protobuf: (secret) => writeTraces(tracesWith(secret)), json: (secret) => Buffer.from(encodeTracesJson(tracesWith(secret))) },
  logs: { protobuf: (secret) => writeLogs(logsWith(secret)), json: (secret) => Buffer.from(encodeLogsJson(logsWith(secret))) },
}
const COMPRESS: Readonly<Record<ContentEncoding, (body: Uint8Array) => Uint8Array>> = {
  identity: (body) => body,
  gzip: (body) => gzipSync(body),
  zstd: (body) => zstdCompressSync(body),
  deflate: (body) => deflateSync(body),
}

interface Way {
  readonly name: string
  /** Sends the secret; gives what came back. */
  readonly send: (collector: Collector, secret: string) => Promise<string>
}

const signals = Object.keys(BODIES) as Signal[]
const compressions = Object.keys(COMPRESS) as ContentEncoding[]
const http: Way[] = signals.flatMap((signal) =>
  (Object.keys(BODIES[signal]) as OtlpEncoding[]).flatMap((encoding) =>
    compressions.map((compression) => ({
      name: `OTLP/HTTP ${signal} ${encoding} ${compression}`,
      send: async (collector, secret) => {
        const response = await fetch(`${collector.url}/v1/${signal}`, {
          method: 'POST',
          headers: { ...(encoding === 'json' ? JSON_TYPE : PROTOBUF), 'content-encoding': compression, 'x-note': secret },
          body: new Uint8Array(COMPRESS[compression](BODIES[signal][encoding](secret))),
        })
        expect(response.status).toBe(200)
        return await response.text()
      },
    })),
  ),
)
const grpc: Way[] = signals.flatMap((signal) =>
  compressions.map((compression) => ({
    name: `OTLP/gRPC ${signal} ${compression}`,
    send: async (collector, secret) => {
      const message = framed(COMPRESS[compression](BODIES[signal].protobuf(secret)), compression === 'identity' ? 0 : 1)
      const headers = { 'grpc-encoding': compression, 'x-note': secret }
      const end = await rawCall(collector.grpcPort ?? 0, [message], { method: EXPORT[signal], headers, end: true })
      expect(end).toMatchObject({ httpStatus: 200, grpcStatus: 0 })
      return JSON.stringify(end)
    },
  })),
)

/** A program with the secret wherever its calls can have one. */
async function runProgram(secret: string): Promise<void> {
  const half = Math.floor(secret.length / 2)
  const chat = model(
    async function* speak(request: unknown) {
      yield { delta: secret.slice(0, half) }
      yield { delta: `${secret.slice(half)} ` }
      yield { request }
    },
    { name: `chat ${secret}`, provider: 'test', model: () => `model ${secret}` },
  )
  const book = tool(
    (order: Map<string, unknown>): unknown => {
      throw Object.assign(new TypeError(`no order ${[...order.keys()].join()}`, { cause: new Error(secret) }), { detail: secret })
    },
    { name: `book ${secret}` },
  )
  const program = instrument(
    async (input: unknown) => {
      const run = currentRun()
      for await (const _chunk of chat({
        messages: [{ content: [{ type: 'text', text: `for ${secret}` }] }],
        nested: JSON.stringify({ secret }),
      }));
      try {
        book(new Map([[secret, new Set([secret, Buffer.from(`bytes ${secret}`)])]]))
      } catch {
        // Recorded with its step.
      }
      await run.step({ [secret]: secret }, async (step) => step.metric(`metric ${secret}`, 1))
      await run.artifact(`notes ${secret}`, Buffer.from(`text of ${secret}`), { mediaType: 'text/plain' })
      return { input, key: secret, [`a ${secret}`]: [secret] }
    },
    { name: `run ${secret}`, seed: `seed ${secret}` },
  )
  await program({ secret, mail: `to ${secret}` })
}

const sdk: Way = {
  name: 'SDK',
  send: async (collector, secret) => {
    const recorder = startRecorder({ endpoint: collector.url, exporter: 'reprise', serviceName: `svc ${secret}` })
    await runProgram(secret)
    const report = await recorder.stop()
    expect(report).toMatchObject({ failed: 0, dropped: 0 })
    return JSON.stringify(report)
  },
}

/** What is left in the spool stands on the disk before any collector has seen it; then the collector takes it in. */
const spool: Way = {
  name: 'SDK spool',
  send: async (collector, secret) => {
    const before = collector.stats().spool.files
    const options = {
      endpoint: 'http://127.0.0.1:9',
      exporter: 'reprise',
      spool: true,
      store: collector.store,
      flushTimeoutMillis: 200,
    } as const
    const recorder = startRecorder({ ...options, spoolFolder: join(collector.store, '..', 'aside'), serviceName: `svc ${secret}` })
    await runProgram(secret)
    await recorder.stop()
    const aside = join(collector.store, '..', 'aside')
    expect(readdirSync(aside).some((name) => name.endsWith('.spool'))).toBe(true)
    expect(whereStands(secret, contentsOf(aside))).toEqual([])
    const again = startRecorder({ ...options, serviceName: `svc ${secret}` })
    await runProgram(secret)
    await again.stop()
    await until('the spool', () => collector.stats().spool.files > before)
    return ''
  },
}

/** Requests that are refused, whose errors must not quote them. */
const refused: Way = {
  name: 'refused requests',
  send: async (collector, secret) => {
    const answers: string[] = []
    const take = async (path: string, init?: RequestInit): Promise<void> => {
      const response = await fetch(`${collector.url}${path}`, init)
      answers.push(JSON.stringify([...response.headers]), await response.text())
    }
    const quoted = encodeURIComponent(secret)
    for (const signal of signals) {
      await take(`/v1/${signal}`, { method: 'POST', headers: JSON_TYPE, body: `{"resource${signal}":[{"x":"${secret}"` })
      await take(`/v1/${signal}`, { method: 'POST', headers: { 'content-type': secret }, body: secret })
      await take(`/v1/${signal}`, { method: 'POST', headers: { ...JSON_TYPE, 'content-encoding': secret }, body: secret })
      await take(`/v1/${signal}`, { method: 'POST', headers: PROTOBUF, body: new Uint8Array(Buffer.from(`\x0a\xff${secret}`, 'latin1')) })
    }
    for (const path of [
      `/v1/${quoted}`,
      `/${quoted}`,
      `/api/v1/runs?${quoted}=1`,
      `/api/v1/runs?limit=${quoted}`,
      `/api/v1/runs/${quoted}`,
    ])
      await take(path, { headers: { authorization: `Bearer ${secret}`, cookie: `a=${secret}`, 'x-forwarded-for': secret } })
    return answers.join('\n')
  },
}

const WAYS: readonly Way[] = [...http, ...grpc, sdk, spool, refused]

/** The bytes of every file, once. */
function contentsOf(folder: string): { readonly path: string; readonly bytes: Buffer }[] {
  return allFiles(folder).map((path) => ({ path, bytes: readFileSync(path) }))
}

/** Where a text stands: as it is, in hex, in base64 at any of its three offsets, percent-encoded, or as UTF-16. */
function whereStands(text: string, contents: readonly { readonly path: string; readonly bytes: Buffer }[]): string[] {
  const bytes = Buffer.from(text)
  const forms = [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(encodeURIComponent(text)), Buffer.from(text, 'utf16le')]
  for (let shift = 0; shift < 3; shift++) {
    // Characters at both ends mix with their neighbours.
    for (const encoding of ['base64', 'base64url'] as const)
      forms.push(
        Buffer.from(
          Buffer.concat([Buffer.alloc(shift), bytes])
            .toString(encoding)
            .slice(4, -4),
        ),
      )
  }
  return contents.filter((content) => forms.some((form) => content.bytes.includes(form))).map(({ path }) => path)
}

const secretsOf = (index: number): readonly string[] => [secretOf(index), addressOf(index)]

describe('a secret', () => {
  const bench = new Bench()
  const answers = new Map<string, string>()
  const errors: string[] = []
  const seen: { path: string; bytes: Buffer }[] = []
  const look = (path: string, text: string | Uint8Array): void => void seen.push({ path, bytes: Buffer.from(text) })

  beforeAll(async () => {
    const forwarded: Buffer[] = []
    const backend = await bench.backend((_request, body, response) => {
      forwarded.push(body)
      response.writeHead(200).end()
    })
    const folder = bench.folder()
    const store = join(folder, 'store')
    const collector = await bench.collector({ store, forward: [backend.url], grpcPort: 0 })
    const stderr = process.stderr.write
    process.stderr.write = (chunk: string | Uint8Array) => errors.push(chunk.toString()) > 0
    try {
      for (const [index, way] of WAYS.entries())
        for (const secret of secretsOf(index)) answers.set(`${way.name} ${secret}`, await way.send(collector, secret))
    } finally {
      process.stderr.write = stderr
    }
    const { accepted, logs } = collector.stats()
    const sent = (): number => (collector.stats().forward[0]?.sentSpans ?? 0) + (collector.stats().forward[0]?.logs?.sentLogs ?? 0)
    // Gap records are not sent on, and an announcement gives way to its step.
    await until(
      'the forwarder',
      () => sent() > 0.8 * accepted && (collector.stats().forward[0]?.logs?.sentLogs ?? 0) === logs.accepted,
      30_000,
    )
    for (const path of ['/metrics', '/readyz', '/healthz', '/api/v1/version', '/api/v1/runs?limit=200'])
      look(path, await (await fetch(`${collector.url}${path}`)).text())
    look('stats', JSON.stringify(collector.stats()))
    await collector.close()
    for (const [name, answer] of answers) look(`answer: ${name}`, answer)
    look('log', bench.log.join('\n'))
    look('stderr', errors.join(''))
    look('forwarded', Buffer.concat(forwarded))
    expect(Buffer.concat(forwarded).length).toBeGreaterThan(100_000)

    const reader = await openStore(store, { mode: 'read' })
    await reader.index.catchUp()
    const digests = new Set<`sha256:${string}`>()
    for await (const { group, lines } of reader.tape.readGroups(0)) {
      look(`tape group ${group}`, lines.join('\n'))
      for (const line of lines)
        for (const { digest } of (JSON.parse(line) as { refs: { digest: `sha256:${string}` }[] }).refs) digests.add(digest)
    }
    for (const digest of digests) look(`payload ${digest}`, reader.blobs.read(digest))
    expect(digests.size).toBeGreaterThan(500)
    const runs = reader.index.listRuns({ limit: 1000 }).runs.filter(({ fidelity, rootSpanId }) => fidelity === 'replayable' && rootSpanId)
    for (const { id } of runs) await exportRecording(reader, id, join(folder, 'recordings', id)).catch(() => undefined)
    expect(existsSync(join(folder, 'recordings'))).toBe(true)
    await reader.close()
    seen.push(...contentsOf(folder))
  }, 120_000)
  afterAll(async () => await bench.tearDown())

  it.each(WAYS.map(({ name }, index) => [name, index] as const))('that came by %s stands nowhere', (_name, index) => {
    for (const secret of secretsOf(index)) expect(whereStands(secret, seen)).toEqual([])
  })
  it('is looked for where it would be', () => {
    expect(whereStands(secretOf(0), [{ path: 'x', bytes: Buffer.from(writeTraces(tracesWith(secretOf(0)))) }])).toEqual(['x'])
    expect(seen.length).toBeGreaterThan(500)
    expect(Buffer.concat(seen.map(({ bytes }) => bytes)).toString('latin1')).toMatch(/<openai-api-key:[0-9a-f]{12}>/)
  })
})

describe('the ways in', () => {
  it('are all of those that there are', async () => {
    expect(signals).toEqual(Object.keys(READ_BODY))
    expect(compressions).toEqual([...CONTENT_ENCODINGS])
    // Who hands a body to the pipeline, and who writes records without one: a new one needs a way above.
    const sources = readdirSync(join(import.meta.dirname, '../../src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ts'),
    )
    const filesSaying = (pattern: RegExp): string[] =>
      sources.filter((name) => pattern.test(readFileSync(join(import.meta.dirname, '../../src', name), 'utf8'))).sort()
    expect(filesSaying(/\.take\(\{\s*signal/)).toEqual([
      'collector/grpc/receiver.ts',
      'collector/http/traces-endpoint.ts',
      'collector/spool/take-spooled.ts',
    ])
    expect(filesSaying(/store\.append\(/)).toEqual([
      'collector/pipeline/intake.ts',
      'collector/senders/watch-batches.ts',
      'collector/senders/watch-senders.ts',
    ])
  })
  it('are all that answer to a sender', async () => {
    const bench = new Bench()
    const { url } = await bench.collector({})
    const api = (await (await fetch(`${url}/api/v1/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
    const guesses = ['metrics', 'profiles', 'profiling', 'events', 'batch', 'spans'].flatMap((name) => [
      `/v1/${name}`,
      `/v1development/${name}`,
    ])
    const open: string[] = []
    for (const path of [...Object.keys(api.paths), ...guesses, ...signals.map((signal) => `/v1/${signal}`), '/', '/healthz', '/metrics']) {
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const response = await fetch(`${url}${path}`, { method, headers: JSON_TYPE, body: '{}' })
        if (response.status !== 404 && response.status !== 405) open.push(`${method} ${path}`)
      }
    }
    await bench.tearDown()
    expect(open).toEqual(signals.map((signal) => `POST /v1/${signal}`))
    for (const [path, methods] of Object.entries(api.paths)) expect(Object.keys(methods), path).toEqual(['get'])
  })
})
