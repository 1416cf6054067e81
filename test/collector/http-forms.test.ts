import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { Bench, NO_THREADS, post, rawExchange, until } from './support.ts'

const bench = new Bench(NO_THREADS)
let collector: Collector

beforeAll(async () => {
  collector = await bench.collector({ bodyMaxBytes: 1_000, inFlightMaxBytes: 2_000 })
})
afterAll(async () => await bench.tearDown())

const ask = async (...lines: string[]): Promise<string> =>
  await rawExchange(collector, [`${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`])
const JSON_POST = ['Host: localhost', 'Content-Type: application/json']

describe('Expect: 100-continue', () => {
  const headOf = (bytes: number): string =>
    ['POST /v1/traces HTTP/1.1', ...JSON_POST, 'Expect: 100-continue', `Content-Length: ${bytes}`, '', ''].join('\r\n')

  it('is answered with 413 alone where the body would be too large', async () => {
    expect(await rawExchange(collector, [headOf(1_001)])).toMatch(/^HTTP\/1\.1 413 /)
  })

  it('is answered with 429 alone where there is no room for the body', async () => {
    const holding = rawExchange(collector, [headOf(1_000)], { limitMillis: 2_000 })
    await until('the other body to be waited for', () => collector.stats().inFlightBytes > 0)
    expect(await rawExchange(collector, [headOf(1_000)])).toMatch(/^HTTP\/1\.1 429 /)
    expect(await holding).toMatch(/^HTTP\/1\.1 100 /)
  })
})

describe('a request target that is a whole URL (RFC 9112, section 3.2.2)', () => {
  it('is that path', async () => {
    expect(await ask('GET http://localhost:4318/healthz HTTP/1.1', 'Host: localhost')).toMatch(/^HTTP\/1\.1 200 /)
    expect(await ask('GET http://127.0.0.1/api/v1/runs?limit=1 HTTP/1.1', 'Host: localhost')).toMatch(/^HTTP\/1\.1 200 /)
    const post = ['POST HTTP://LOCALHOST/v1/traces?a=b HTTP/1.1', ...JSON_POST, 'Content-Length: 0']
    expect(await ask(...post)).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('is refused where its name, or the Host header, is none of ours', async () => {
    expect(await ask('GET http://evil.example/healthz HTTP/1.1', 'Host: localhost')).toMatch(/^HTTP\/1\.1 403 /)
    expect(await ask('GET http://localhost/healthz HTTP/1.1', 'Host: evil.example')).toMatch(/^HTTP\/1\.1 403 /)
    expect(await ask('GET http://localhost@evil.example/healthz HTTP/1.1', 'Host: localhost')).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('the Host header', () => {
  it.each([[['Host: localhost', 'Host: evil.example']], [['Host: localhost', 'host: localhost']]])(
    '%j is refused with 400',
    async (hosts) => {
      const answer = await ask('GET /healthz HTTP/1.1', ...hosts)
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer).toContain('Host: expected one such header')
    },
  )

  it.each(['localhost:4318, evil.example', 'localhost:evil.example', '[::1].evil.example'])('%s is no name of ours', async (host) => {
    expect(await ask('GET /healthz HTTP/1.1', `Host: ${host}`)).toMatch(/^HTTP\/1\.1 403 /)
  })
})

it('a transfer coding beside chunked is refused by name', async () => {
  const body = '2\r\n{}\r\n0\r\n\r\n'
  const answer = await rawExchange(collector, [
    `${['POST /v1/traces HTTP/1.1', ...JSON_POST, 'Transfer-Encoding: gzip, chunked'].join('\r\n')}\r\n\r\n${body}`,
  ])
  expect(answer).toMatch(/^HTTP\/1\.1 501 /)
  expect(answer).toContain('Transfer-Encoding: expected chunked alone')
})

it.each(['/', '/v1/traces/v1/traces', '/V1/Traces', '/otlp'])('a POST to %s is told where spans go', async (path) => {
  const before = collector.stats().requestsTurnedAway
  const response = await fetch(`${collector.url}${path}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  expect(response.status).toBe(404)
  expect(await response.json()).toMatchObject({ message: 'this collector takes traces at /v1/traces and logs at /v1/logs' })
  const reason = path.startsWith('/v1/') ? 'signal' : 'path'
  expect(collector.stats().requestsTurnedAway[reason]).toBe((before[reason] ?? 0) + 1)
})

it.each([
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TLS', Buffer.from('16030100050100000100', 'hex')],
])('what speaks %s is logged as that', async (protocol, bytes) => {
  const log: string[] = []
  const own = await bench.collector({ log: (line) => log.push(line) })
  expect(await rawExchange(own, [bytes])).toMatch(/^HTTP\/1\.1 400 /)
  expect(log).toEqual([expect.stringMatching(`request-refused status=400 reason=protocol hint="${protocol}[,;] `)])
  expect((await post(own, new Uint8Array())).status).toBe(200)
})
