import { connect } from 'node:net'
import { status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector, CollectorOptions } from '../../src/collector/index.ts'
import { decodeExportResponse, decodeLogsResponse } from '../../src/otlp/index.ts'
import { bareLog, bareSpan, groupOf, logGroupOf, writeLogs, writeTraces } from '../otlp/helpers.ts'
import { EXPORT, framed, RawClient, rawCall } from './grpc-client.ts'
import { Bench, NO_THREADS, readTape } from './support.ts'

const GZIP = { 'grpc.default_compression_algorithm': 2 }
const bench = new Bench(NO_THREADS)
const clients: RawClient[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) client.close()
  await bench.tearDown()
})

function clientOf(...args: ConstructorParameters<typeof RawClient>): RawClient {
  const client = new RawClient(...args)
  clients.push(client)
  return client
}

async function serve(options: Partial<CollectorOptions> = {}): Promise<{ collector: Collector; client: RawClient; port: number }> {
  const collector = await bench.collector({ grpcPort: 0, ...options })
  const port = collector.grpcPort ?? 0
  return { collector, client: clientOf(port), port }
}

const spanIds = (count: number): string[] => Array.from({ length: count }, (_, index) => (index + 1).toString(16).padStart(16, '0'))
const spans = (count: number, text = ''): Uint8Array =>
  writeTraces(groupOf(spanIds(count).map((spanId) => bareSpan({ spanId, attributes: text === '' ? [] : [['text', text]] }))))

describe('Export', () => {
  it('of traces and of logs puts the records on the tape', async () => {
    const { collector, client } = await serve()
    expect(await client.send(spans(3))).toMatchObject({ code: status.OK, body: Buffer.alloc(0) })
    expect(await client.send(writeLogs(logGroupOf([bareLog()])), EXPORT.logs)).toMatchObject({ code: status.OK })
    expect(collector.stats()).toMatchObject({ requests: 2, received: 4, accepted: 4, inFlightBytes: 0 })
    await collector.close()
    const { spans: stored, lines } = await readTape(collector.store)
    expect([stored.length, lines.length]).toEqual([3, 4])
  })

  it('takes gzip, and a message that holds nothing', async () => {
    const { collector, port, client } = await serve()
    expect(await clientOf(port, GZIP).send(spans(50, 'again and again '.repeat(100)))).toMatchObject({ code: status.OK })
    expect(await client.send(new Uint8Array(0))).toMatchObject({ code: status.OK })
    expect(collector.stats()).toMatchObject({ accepted: 50, requests: 2 })
  })

  it('takes a message of many megabytes', async () => {
    const { collector, client } = await serve({ bodyMaxBytes: 16 * 1024 * 1024 })
    const body = spans(15, 'y'.repeat(1_000_000))
    expect(await client.send(body)).toMatchObject({ code: status.OK })
    expect(collector.stats()).toMatchObject({ accepted: 15, wireBytes: body.length, inFlightBytes: 0 })
  })

  it('says which records it cannot keep', async () => {
    const { client } = await serve()
    const bad = bareSpan({ name: 'bad one', spanId: 'ab'.repeat(8), attributes: [['reprise.kind', 'nonsense']] })
    const traces = await client.send(writeTraces(groupOf([bareSpan(), bad])))
    expect(traces.code).toBe(status.OK)
    expect(decodeExportResponse('protobuf', traces.body)).toMatchObject({
      rejectedSpans: 1,
      errorMessage: expect.stringContaining('span "bad one" (abababababababab)'),
    })
    const log = bareLog({ eventName: 'bad event', attributes: [['reprise.run.id', 'x']] })
    const logs = await client.send(writeLogs(logGroupOf([log, bareLog()])), EXPORT.logs)
    expect(decodeLogsResponse('protobuf', logs.body)).toMatchObject({
      rejectedLogRecords: 1,
      errorMessage: expect.stringContaining('log record "bad event"'),
    })
  })

  it('is refused on a message that makes no sense: never to be sent again', async () => {
    const { collector, client } = await serve()
    const answer = await client.send(Uint8Array.of(0x0a, 0x7f))
    expect(answer).toMatchObject({ code: status.INVALID_ARGUMENT, statusDetails: undefined })
    expect(answer.details).toContain('byte 1')
    expect(collector.stats().requestsTurnedAway).toEqual({ malformed_body: 1 })
  })

  it('is refused on a message over the bound, before and after decompression, without a word of trying again', async () => {
    const { client, port, collector } = await serve({ bodyMaxBytes: 100_000, decodedMaxBytes: 200_000 })
    const zip = clientOf(port, GZIP)
    const fits = 'z'.repeat(99_000)
    expect(await client.send(spans(1, fits))).toMatchObject({ code: status.OK })
    expect(await zip.send(spans(2, fits))).toMatchObject({ code: status.OK })
    expect(await client.send(spans(2, fits))).toMatchObject({ code: status.RESOURCE_EXHAUSTED, statusDetails: undefined })
    // It fits on the wire, and is a bomb.
    expect(await zip.send(spans(300, fits))).toMatchObject({ code: status.INVALID_ARGUMENT, statusDetails: undefined })
    expect(collector.stats()).toMatchObject({ requestsTurnedAway: { too_large: 2 }, inFlightBytes: 0 })
  })

  it('of other services and methods is not implemented', async () => {
    const { client } = await serve()
    const metrics = '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export'
    for (const method of [metrics, '/x', '/opentelemetry.proto.collector.trace.v1.TraceService/__proto__'])
      expect(await client.send(new Uint8Array(0), method)).toMatchObject({ code: status.UNIMPLEMENTED })
  })

  it('under a name that is not ours is refused, as over HTTP', async () => {
    const { port, collector } = await serve()
    const stranger = clientOf(port, { 'grpc.default_authority': 'evil.example:4317' })
    expect(await stranger.send(spans(1))).toMatchObject({ code: status.PERMISSION_DENIED })
    expect(await clientOf(port, { 'grpc.default_authority': 'localhost:4317' }).send(spans(1))).toMatchObject({ code: status.OK })
    expect(collector.stats()).toMatchObject({ accepted: 1, requestsTurnedAway: { host: 1 } })
  })
})

describe('what is no gRPC', () => {
  it('is told so, and harms nobody', async () => {
    const { port, client } = await serve()
    expect(await rawCall(port, [framed(spans(1))], { headers: { 'content-type': 'application/json' } })).toMatchObject({ httpStatus: 415 })
    expect(await rawCall(port, [framed(new Uint8Array(0)).subarray(0, 3)])).toMatchObject({ grpcStatus: status.UNIMPLEMENTED })
    expect(await rawCall(port, [framed(Buffer.from('no gzip'), 1)], { headers: { 'grpc-encoding': 'gzip' } })).toMatchObject({
      grpcStatus: status.INVALID_ARGUMENT,
    })
    expect(await rawCall(port, [framed(spans(1), 1)], { headers: { 'grpc-encoding': 'snappy' } })).toMatchObject({
      grpcStatus: status.UNIMPLEMENTED,
    })
    expect(await rawCall(port, [framed(spans(1)), framed(spans(1))])).toMatchObject({ grpcStatus: status.UNIMPLEMENTED })
    expect(await client.send(spans(1))).toMatchObject({ code: status.OK })
  })

  it('as HTTP/1.1 or noise ends with the connection', async () => {
    const { port, client } = await serve()
    for (const text of [
      'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n',
      '\0'.repeat(100),
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff',
    ]) {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => undefined)
      socket.resume().write(Buffer.from(text, 'latin1'))
      await new Promise((resolve) => socket.once('close', resolve))
    }
    expect(await client.send(spans(1))).toMatchObject({ code: status.OK })
  })
})

describe('the port', () => {
  it('is not served where nobody asked for it', async () => {
    expect((await bench.collector()).grpcPort).toBeUndefined()
  })

  it('that is taken is an error that names the option, and leaves nothing behind', async () => {
    const { port } = await serve()
    await expect(bench.collector({ grpcPort: port })).rejects.toMatchObject({
      code: 'port_in_use',
      details: { key: 'grpcPort', port },
      message: expect.stringContaining('--grpc-port'),
    })
  })

  it('keys of a body pollute nothing', async () => {
    const before = Object.getOwnPropertyNames(Object.prototype)
    const { client, collector } = await serve()
    const attributes = ['__proto__', 'constructor', 'prototype', '__proto__.polluted'].map(
      (key) => [key, { kvlist: [['polluted', 'yes'] as const] }] as const,
    )
    expect(await client.send(writeLogs(logGroupOf([bareLog({ attributes, body: { kvlist: attributes } })])), EXPORT.logs)).toMatchObject({
      code: 0,
    })
    expect(await client.send(writeTraces(groupOf([bareSpan({ attributes })])))).toMatchObject({ code: 0 })
    expect(collector.stats().accepted).toBe(2)
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})
