import { deflateSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { decodeExportResponse, decodeStatus, encodeTracesJson } from '../../src/otlp/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { Bench, getJson, JSON_TYPE, PROTOBUF, post, rawExchange } from './support.ts'

const bench = new Bench()
let collector: Collector
let nextId = 1
const newSpan = (fields: Parameters<typeof bareSpan>[0] = {}): ReturnType<typeof bareSpan> =>
  bareSpan({ spanId: (nextId++).toString(16).padStart(16, '0'), ...fields })
const body = (count = 1): Uint8Array => writeTraces(groupOf(Array.from({ length: count }, () => newSpan())))

beforeAll(async () => {
  collector = await bench.collector({
    bodyMaxBytes: 200_000,
    decodedMaxBytes: 400_000,
    bodyIdleTimeoutMillis: 300,
    headersTimeoutMillis: 400,
  })
})
afterAll(async () => await bench.tearDown())

/** What the answer says, and that the collector is well after it. */
async function statusOf(response: Response): Promise<{ status: number; code: number; message: string }> {
  const encoding = response.headers.get('content-type') === 'application/json' ? 'json' : 'protobuf'
  const { code, message } = decodeStatus(encoding, new Uint8Array(await response.arrayBuffer()))
  expect((await post(collector, body())).status).toBe(200)
  return { status: response.status, code, message }
}

async function accepted(response: Response, spans: number, before: number): Promise<void> {
  expect(response.status).toBe(200)
  await response.arrayBuffer()
  expect(collector.stats().accepted - before).toBe(spans)
}

describe('POST /v1/traces takes', () => {
  it.each([
    ['identity', (bytes: Uint8Array) => bytes],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['deflate', deflateSync],
  ] as const)('protobuf in %s', async (encoding, pack) => {
    const before = collector.stats().accepted
    const response = await post(collector, pack(body(3)), { ...PROTOBUF, 'content-encoding': encoding })
    expect(response.headers.get('content-type')).toBe('application/x-protobuf')
    await accepted(response, 3, before)
  })

  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"'])('%s', async (type) => {
    const before = collector.stats().accepted
    const response = await post(collector, encodeTracesJson(groupOf([newSpan()])), { 'content-type': type })
    expect(response.headers.get('content-type')).toBe('application/json')
    await accepted(response, 1, before)
  })

  it('an empty body, in any encoding', async () => {
    for (const headers of [PROTOBUF, JSON_TYPE, { ...PROTOBUF, 'content-encoding': 'gzip' }]) {
      const response = await post(collector, '', headers)
      expect(response.status).toBe(200)
    }
    expect(await (await post(collector, '{}', JSON_TYPE)).text()).toBe('{}')
  })

  it('a chunked body and one after Expect: 100-continue', async () => {
    const before = collector.stats().accepted
    const bytes = body()
    const head = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nConnection: close\r\n'
    const chunk = `${bytes.length.toString(16)}\r\n${Buffer.from(bytes).toString('latin1')}\r\n0\r\n\r\n`
    expect(await rawExchange(collector, [`${head}Transfer-Encoding: chunked\r\n\r\n`, Buffer.from(chunk, 'latin1')])).toMatch(
      /^HTTP\/1\.1 200 /,
    )
    const expecting = await rawExchange(collector, [`${head}Expect: 100-continue\r\nContent-Length: ${bytes.length}\r\n\r\n`, bytes], {
      pauseMillis: 50,
    })
    expect(expecting).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
    expect(collector.stats().accepted - before).toBe(2)
  })

  it('the same span again, without an error', async () => {
    const same = body()
    expect((await post(collector, same)).status).toBe(200)
    expect((await post(collector, same)).status).toBe(200)
  })
})

describe('POST /v1/traces refuses', () => {
  it.each(['text/plain', 'application/x-www-form-urlencoded', 'application/grpc', ''])('content type %j with 415', async (type) => {
    const answer = await statusOf(await post(collector, body(), type === '' ? {} : { 'content-type': type }))
    expect(answer).toMatchObject({ status: 415, message: expect.stringContaining('application/x-protobuf or application/json') })
  })

  it.each(['br', 'gzip, gzip', 'snappy'])('content encoding %s with 415, naming what it takes', async (encoding) => {
    const response = await post(collector, body(), { ...PROTOBUF, 'content-encoding': encoding })
    expect(response.headers.get('accept-encoding')).toBe('identity, gzip, zstd, deflate')
    expect(await statusOf(response)).toMatchObject({ status: 415, message: expect.stringContaining('identity, gzip, zstd, deflate') })
  })

  it.each(['GET', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('%s with 405 and Allow', async (method) => {
    const response = await fetch(`${collector.url}/v1/traces`, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })

  it('one byte over the limit with 413, and takes one that just fits', async () => {
    const filler = (size: number): Uint8Array => {
      const make = (length: number): Uint8Array => writeTraces(groupOf([newSpan({ attributes: [['fill', 'x'.repeat(length)]] })]))
      return make(size - (make(100_000).length - 100_000))
    }
    expect(filler(200_000)).toHaveLength(200_000)
    expect((await post(collector, filler(200_000))).status).toBe(200)
    expect(await statusOf(await post(collector, filler(200_001)))).toMatchObject({
      status: 413,
      message: expect.stringContaining('200000 bytes'),
    })
    expect((await post(collector, gzipSync(filler(400_000)), { ...PROTOBUF, 'content-encoding': 'gzip' })).status).toBe(200)
    const over = await post(collector, gzipSync(filler(400_001)), { ...PROTOBUF, 'content-encoding': 'gzip' })
    expect(await statusOf(over)).toMatchObject({ status: 413, message: expect.stringContaining('400000 bytes') })
  })

  it('a chunked body as soon as it is too large', async () => {
    const head = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n'
    const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`
    expect(await rawExchange(collector, [head, ...Array.from({ length: 40 }, () => chunk)])).toMatch(/^HTTP\/1\.1 413 /)
  })

  it.each(['gzip', 'zstd', 'deflate'] as const)('a %s bomb with 413', async (encoding) => {
    const zeros = Buffer.alloc(100 * 1024 * 1024)
    const bomb = { gzip: gzipSync, zstd: zstdCompressSync, deflate: deflateSync }[encoding](zeros)
    expect(await statusOf(await post(collector, bomb, { ...PROTOBUF, 'content-encoding': encoding }))).toMatchObject({ status: 413 })
  })

  it('bytes that are not the compression they are said to be with 400', async () => {
    const answer = await statusOf(await post(collector, body(), { ...PROTOBUF, 'content-encoding': 'gzip' }))
    expect(answer).toMatchObject({ status: 400, code: 3, message: expect.stringContaining('not valid gzip') })
  })

  it.each([
    ['protobuf, cut', PROTOBUF, (): Uint8Array => body().subarray(0, 20), /byte \d+/],
    ['protobuf, noise', PROTOBUF, (): Uint8Array => Buffer.from('hello, is this OTLP?'), /byte \d+/],
    ['JSON, cut', JSON_TYPE, (): Uint8Array => Buffer.from('{"resourceSpans":[{'), /position \d+/],
    ['JSON, an array', JSON_TYPE, (): Uint8Array => Buffer.from('[]'), /body/],
    ['JSON, wrong type', JSON_TYPE, (): Uint8Array => Buffer.from('{"resourceSpans":5}'), /resourceSpans/],
    ['JSON, not UTF-8', JSON_TYPE, (): Uint8Array => Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), /UTF-8/],
  ] as const)('%s with 400 that names the place', async (_what, headers, bytes, place) => {
    const rejectedBefore = collector.stats().requestsTurnedAway['malformed_body'] ?? 0
    const response = await post(collector, bytes(), headers)
    expect(response.headers.get('content-type')).toBe(headers['content-type'])
    expect(await statusOf(response)).toMatchObject({ status: 400, code: 3, message: expect.stringMatching(place) })
    expect(collector.stats().requestsTurnedAway['malformed_body']).toBe(rejectedBefore + 1)
  })

  it('a body nested 150,000 deep, naming the bound', async () => {
    expect(await statusOf(await post(collector, '['.repeat(150_000), JSON_TYPE))).toMatchObject({
      status: 413,
      message: expect.stringContaining('levels of nesting'),
    })
  })

  it('metrics and profiles with 404 and an honest word', async () => {
    for (const [signal, word] of [
      ['metrics', 'metrics are not taken yet; '],
      ['profiles', ''],
    ] as const) {
      const response = await fetch(`${collector.url}/v1/${signal}`, { method: 'POST', headers: JSON_TYPE, body: '{}' })
      expect(await statusOf(response)).toMatchObject({
        status: 404,
        code: 12,
        message: `${word}this collector takes traces at /v1/traces and logs at /v1/logs`,
      })
    }
  })
})

describe('partial success', () => {
  it.each(['protobuf', 'json'] as const)('names the bad span and keeps the good ones (%s)', async (encoding) => {
    const spans = [
      newSpan({ name: 'good one' }),
      newSpan({ name: 'bad one', attributes: [['reprise.kind', 'nonsense']] }),
      newSpan({ name: 'good two' }),
    ]
    const before = collector.stats()
    const response =
      encoding === 'json'
        ? await post(collector, encodeTracesJson(groupOf(spans)), JSON_TYPE)
        : await post(collector, writeTraces(groupOf(spans)))
    expect(response.status).toBe(200)
    const answer = decodeExportResponse(encoding, new Uint8Array(await response.arrayBuffer()))
    expect(answer.rejectedSpans).toBe(1)
    expect(answer.errorMessage).toMatch(/"bad one" \([0-9a-f]{16}\): attributes\.reprise\.kind: expected one of run, agent/)
    expect(answer.errorMessage).not.toContain('good')
    const after = collector.stats()
    expect({
      received: after.received - before.received,
      accepted: after.accepted - before.accepted,
      rejected: after.rejected - before.rejected,
    }).toEqual({ received: 3, accepted: 2, rejected: 1 })
  })

  it('names a span whose ids the codec refused, with its index', async () => {
    const text = encodeTracesJson(groupOf([newSpan(), newSpan({ name: 'no id' })])).replaceAll(
      /"spanId":"[0-9a-f]{16}"(?!.*"spanId")/g,
      '"spanId":"0000000000000000"',
    )
    const response = await post(collector, text, JSON_TYPE)
    const answer = decodeExportResponse('json', new Uint8Array(await response.arrayBuffer()))
    expect(answer).toMatchObject({ rejectedSpans: 1, errorMessage: expect.stringMatching(/span 1 .*no id/) })
  })

  it('bounds the message and redacts the names in it', async () => {
    const spans = Array.from({ length: 150 }, (_, index) =>
      newSpan({ name: `mail someone${index}@example.org ${'n'.repeat(500)}`, attributes: [['reprise.sequence', 'x']] }),
    )
    const response = await post(collector, encodeTracesJson(groupOf(spans)), JSON_TYPE)
    const { rejectedSpans, errorMessage } = decodeExportResponse('json', new Uint8Array(await response.arrayBuffer()))
    expect(rejectedSpans).toBe(150)
    expect(errorMessage).toContain('and 140 more')
    expect(errorMessage.length).toBeLessThan(4_100)
    expect(errorMessage).not.toContain('@example.org')
  })
})

describe('who may ask', () => {
  const ask = async (lines: string[]): Promise<string> =>
    await rawExchange(collector, [`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`])

  it.each(['localhost', '127.0.0.1:4318', '[::1]:4318', 'LOCALHOST:99', 'host.docker.internal'])('Host %s is answered', async (host) => {
    expect(await ask(['GET /healthz HTTP/1.1', `Host: ${host}`])).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each(['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:4318', '[::2]', ''])(
    'Host %j is not (DNS rebinding)',
    async (host) => {
      for (const path of ['/healthz', '/api/v1/runs', '/v1/traces'])
        expect(await ask([`GET ${path} HTTP/1.1`, `Host: ${host}`])).toMatch(/^HTTP\/1\.1 403 /)
    },
  )

  it('a request without Host, and one from a page of another origin, are not', async () => {
    expect(await ask(['GET /healthz HTTP/1.0'])).toMatch(/^HTTP\/1\.1 403 /)
    expect(await ask(['GET /healthz HTTP/1.1'])).toMatch(/^HTTP\/1\.1 400 /)
    expect(await ask(['GET /api/v1/runs HTTP/1.1', 'Host: localhost', 'Origin: https://evil.example'])).toMatch(/^HTTP\/1\.1 403 /)
    expect(await ask(['GET /api/v1/runs HTTP/1.1', 'Host: localhost', 'Sec-Fetch-Site: cross-site'])).toMatch(/^HTTP\/1\.1 403 /)
    expect(
      await ask(['GET /api/v1/runs HTTP/1.1', 'Host: localhost:4318', 'Origin: http://localhost:4318', 'Sec-Fetch-Site: same-origin']),
    ).toMatch(/^HTTP\/1\.1 200 /)
  })

  it.each(['/api/v1/runs/../version', '/api/v1/artifacts/..%2f..%2fetc', '//api/v1/runs', '/api\\v1', '/api/v1/./runs'])(
    'path %s is not routed',
    async (path) => {
      expect(await ask([`GET ${path} HTTP/1.1`, 'Host: localhost'])).toMatch(/^HTTP\/1\.1 400 /)
    },
  )
})

describe('slow and broken senders', () => {
  it('headers that do not come to an end are cut off with 408', async () => {
    expect(await rawExchange(collector, ['POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nX-Slow: '], { limitMillis: 5_000 })).toMatch(
      /^HTTP\/1\.1 408 /,
    )
  })

  it('a body that stops coming is cut off with 408, and nothing of it is kept', async () => {
    const before = collector.stats()
    const head = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n'
    const answer = await rawExchange(collector, [head, '{"resourceSpans":'], { limitMillis: 8_000, enough: /\r\n\r\n/ })
    expect(answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(collector.stats().received).toBe(before.received)
    expect(collector.stats().inFlightBytes).toBe(0)
  })

  it('a sender that goes away in the middle leaves nothing behind', async () => {
    const head = `POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 100000\r\n\r\n`
    await rawExchange(collector, [head, body()], { limitMillis: 50 })
    expect((await getJson(collector, '/healthz')).status).toBe(200)
    expect(collector.stats().inFlightBytes).toBe(0)
  })

  it('headers too large, two lengths, and length beside chunks are refused by the parser', async () => {
    const start = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\n'
    expect(await rawExchange(collector, [`${start}X-Big: ${'x'.repeat(20_000)}\r\n\r\n`])).toMatch(/^HTTP\/1\.1 431 /)
    expect(await rawExchange(collector, [`${start}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello`])).toMatch(/^HTTP\/1\.1 400 /)
    expect(await rawExchange(collector, [`${start}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`])).toMatch(
      /^HTTP\/1\.1 400 /,
    )
  })
})

describe('overload', () => {
  it('turns requests away before it reads their bodies, with 429 and Retry-After, and recovers', async () => {
    const small = await bench.collector({ inFlightMaxBytes: 1_000, bodyIdleTimeoutMillis: 2_000 })
    const head = 'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 900\r\n\r\n'
    const holding = rawExchange(small, [head, 'x'], { limitMillis: 1_000 })
    const bytes = body(3)
    const deadline = Date.now() + 900
    let response = await post(small, bytes)
    while (response.status === 200 && Date.now() < deadline) response = await post(small, bytes)
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
    expect(decodeStatus('protobuf', new Uint8Array(await response.arrayBuffer()))).toMatchObject({ code: 8 })
    expect(small.stats().requestsTurnedAway['overloaded']).toBe(1)
    await holding
    expect((await post(small, bytes)).status).toBe(200)
    expect(small.stats().inFlightBytes).toBe(0)
  })
})
