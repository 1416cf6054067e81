import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Transport } from '../../src/sdk/export/transport.ts'

// One request ends once, whatever ends it; nothing of it is left to reject where nobody listens.

const LARGE = new Uint8Array(8 * 1024 * 1024).fill(7)
const TYPE = 'application/x-protobuf'
const unhandled: unknown[] = []
const onUnhandled = (error: unknown): void => void unhandled.push(error)
let server: Server
let url = ''
let answer: 'at once' | 'never' | 'early' = 'at once'
let transport: Transport

beforeEach(async () => {
  answer = 'at once'
  unhandled.length = 0
  process.on('unhandledRejection', onUnhandled).on('uncaughtException', onUnhandled)
  server = createServer((request, response) => {
    if (answer === 'early') return void response.writeHead(503, { 'retry-after': '2', connection: 'close' }).end('busy')
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
    })
    request.on('end', () => {
      if (answer === 'at once') response.writeHead(200, { 'content-length': String(String(bytes).length) }).end(String(bytes))
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  transport = new Transport(url, {})
  transport.keepAlive(true)
})
afterEach(async () => {
  await transport.close()
  server.closeAllConnections()
  server.close()
  await pause(20)
  process.off('unhandledRejection', onUnhandled).off('uncaughtException', onUnhandled)
  expect(unhandled).toEqual([])
})

const post = async (body: Uint8Array, signal = new AbortController().signal, timeoutMillis = 5000): Promise<string> => {
  try {
    const reply = await transport.post('/v1/traces', TYPE, body, timeoutMillis, signal)
    return `${reply.status} ${Buffer.from(reply.body).toString()} ${reply.retryAfterMillis ?? ''}`.trim()
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`
  }
}

for (const [name, body] of [
  ['a body sent whole', LARGE.subarray(0, 1000)],
  ['a body sent in pieces', LARGE],
] as const) {
  test(`${name} arrives, again and again`, async () => {
    expect([await post(body), await post(body)]).toEqual([`200 ${body.length}`, `200 ${body.length}`])
  })

  test(`${name}: aborted before, while it is under way, and after`, async () => {
    const aborted = AbortSignal.abort(new Error('gone before'))
    expect(await post(body, aborted)).toBe('failed: gone before')
    answer = 'never'
    const during = new AbortController()
    const running = post(body, during.signal)
    await pause(30)
    during.abort(new Error('gone meanwhile'))
    expect(await running).toBe('failed: gone meanwhile')
    answer = 'at once'
    const after = new AbortController()
    expect(await post(body, after.signal)).toBe(`200 ${body.length}`)
    after.abort()
  })

  test(`${name}: no answer in time`, async () => {
    answer = 'never'
    expect(await post(body, undefined, 60)).toBe('failed: no answer within 60 ms')
  })

  test(`${name}: nobody there, and a connection that is reset`, async () => {
    const resetting = createTcpServer((socket) => socket.on('error', () => {}).once('data', () => socket.resetAndDestroy())).listen(
      0,
      '127.0.0.1',
    )
    await once(resetting, 'listening')
    const { port } = resetting.address() as AddressInfo
    await transport.close()
    transport = new Transport(`http://127.0.0.1:${port}`, {})
    transport.keepAlive(true)
    expect(await post(body)).toMatch(/^failed: .*(ECONNRESET|EPIPE|closed|hang up)/)
    await new Promise((resolve) => resetting.close(resolve))
    expect(await post(body)).toMatch(/^failed: .*ECONNREFUSED/)
  })
}

test('an answer that comes before the body was read: its status, or the connection that it closed', async () => {
  answer = 'early'
  expect(await post(LARGE)).toMatch(/^(503 busy 2000|failed: )/)
  expect(await post(LARGE.subarray(0, 10))).toBe('503 busy 2000')
})

test('a header that cannot be sent, and a transport that was closed', async () => {
  const bad = new Transport(url, { 'x-key': 'line\nbreak' })
  await expect(bad.post('/v1/traces', TYPE, LARGE, 100, new AbortController().signal)).rejects.toThrow(/header/i)
  await bad.close()
  await pause(150)
})
