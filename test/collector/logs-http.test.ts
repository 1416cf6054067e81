import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeLogsResponse, decodeStatus, encodeLogsJson, type WireLog } from '../../src/otlp/index.ts'
import { type LogRecord, logRecordSchema } from '../../src/schemas/public.ts'
import { bareLog, bareSpan, groupOf, logGroupOf, writeLogs, writeTraces } from '../otlp/helpers.ts'
import { Bench, JSON_TYPE, NO_THREADS, PROTOBUF, post, readArtifact, readTape } from './support.ts'

const bench = new Bench(NO_THREADS)
afterEach(async () => await bench.tearDown())

async function postLogs(url: string, body: Uint8Array | string, headers: Record<string, string>): Promise<Response> {
  return await fetch(`${url}/v1/logs`, { method: 'POST', headers, body: typeof body === 'string' ? body : new Uint8Array(body) })
}

async function readLogs(folder: string): Promise<LogRecord[]> {
  const { lines } = await readTape(folder)
  return lines.map((line) => logRecordSchema.parse(JSON.parse(line)))
}

const BODIES = {
  protobuf: { encode: (logs: WireLog[]) => writeLogs(logGroupOf(logs)), headers: PROTOBUF },
  json: { encode: (logs: WireLog[]) => Buffer.from(encodeLogsJson(logGroupOf(logs))), headers: JSON_TYPE },
} as const

describe.each(['protobuf', 'json'] as const)('POST /v1/logs in %s', (encoding) => {
  const { encode, headers } = BODIES[encoding]

  it.each([
    ['as it is', {}, (body: Uint8Array) => body],
    ['as gzip', { 'content-encoding': 'gzip' }, gzipSync],
    ['as zstd', { 'content-encoding': 'zstd' }, zstdCompressSync],
  ])('%s puts the records on the tape', async (_, encodingHeader, compress) => {
    const collector = await bench.collector()
    const body = encode([bareLog({ body: 'mail jane@example.org' }), bareLog({ eventName: 'gen_ai.choice', traceId: 'ab'.repeat(16) })])
    const response = await postLogs(collector.url, compress(body), { ...headers, ...encodingHeader })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe(headers['content-type'])
    expect(decodeLogsResponse(encoding, new Uint8Array(await response.arrayBuffer()))).toEqual({ rejectedLogRecords: 0, errorMessage: '' })
    expect(collector.stats()).toMatchObject({ received: 2, accepted: 2, redactions: { email: 1 } })
    await collector.close()
    const [first, second] = await readLogs(collector.store)
    expect(await readArtifact(collector.store, first!.refs[0]!.digest)).toMatch(/^mail <email:[0-9a-f]{12}>$/)
    expect(second?.core).toMatchObject({ eventName: 'gen_ai.choice', runId: 'ab'.repeat(16) })
  })

  it('says which record it cannot keep, and keeps the others', async () => {
    const collector = await bench.collector()
    const bad = bareLog({ eventName: 'bad one', attributes: [['reprise.run.id', 'x']] })
    const response = await postLogs(collector.url, encode([bareLog(), bad, bareLog()]), headers)
    const answer = decodeLogsResponse(encoding, new Uint8Array(await response.arrayBuffer()))
    expect(answer.rejectedLogRecords).toBe(1)
    expect(answer.errorMessage).toBe('log record "bad one": attributes.reprise.run.id: expected 32 lowercase hex digits, not all zero')
    expect(collector.stats()).toMatchObject({ received: 3, accepted: 2, rejected: 1 })
  })

  it('refuses a body that makes no sense', async () => {
    const collector = await bench.collector()
    const response = await postLogs(collector.url, encoding === 'json' ? '{"resourceLogs":[' : Uint8Array.of(0x0a, 0x7f), headers)
    expect(response.status).toBe(400)
    expect(decodeStatus(encoding, new Uint8Array(await response.arrayBuffer())).code).toBe(3)
  })

  it('takes an empty request', async () => {
    const collector = await bench.collector()
    expect((await postLogs(collector.url, encoding === 'json' ? '{}' : '', headers)).status).toBe(200)
    expect((await postLogs(collector.url, '', headers)).status).toBe(200)
    expect(collector.stats()).toMatchObject({ received: 0, requests: 2 })
  })
})

it('spans and log records of one trace stand on one tape', async () => {
  const collector = await bench.collector()
  const span = bareSpan()
  await post(collector, writeTraces(groupOf([span])))
  await postLogs(collector.url, BODIES.protobuf.encode([bareLog({ traceId: span.traceId, spanId: span.spanId })]), PROTOBUF)
  await collector.close()
  const { lines } = await readTape(collector.store)
  const cores = lines.map((line) => (JSON.parse(line) as { core: Record<string, unknown> }).core)
  expect(cores.map(({ schema, runId, spanId }) => [schema, runId, spanId])).toEqual([
    ['reprise.span/1', span.traceId, span.spanId],
    ['reprise.log/1', span.traceId, span.spanId],
  ])
})
