import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Context, type ContextManager, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api'
import { afterEach, describe, expect, it } from 'vitest'
import { ATTR } from '../../src/schemas/index.ts'
import { flush, instrument, type RecorderHandle, startRecorder } from '../../src/sdk/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { attackedIn } from './attacked.ts'
import { EXPORT, RawClient } from './grpc-client.ts'
import { Bench, PROTOBUF, until } from './support.ts'

const MIB = 1024 * 1024
const bench = new Bench()
const sockets: Socket[] = []
let recorder: RecorderHandle | undefined
afterEach(async () => {
  await recorder?.stop()
  recorder = undefined
  for (const socket of sockets.splice(0)) socket.destroy()
  await bench.tearDown()
})

const idOf = (index: number): string => (index + 1).toString(16).padStart(16, '0')
const bodyOf = (index: number): Uint8Array => writeTraces(groupOf([bareSpan({ spanId: idOf(index) })]))

async function postTo(url: string, index: number): Promise<number> {
  const response = await fetch(`${url}/v1/traces`, { method: 'POST', headers: PROTOBUF, body: Uint8Array.from(bodyOf(index)) })
  await response.arrayBuffer()
  return response.status
}

async function servesGrpc(port: number): Promise<void> {
  const client = new RawClient(port)
  expect(await client.send(bodyOf(0))).toMatchObject({ code: 0 })
  client.close()
}

async function opened(port: number, first: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  socket.on('error', () => undefined).resume()
  await once(socket, 'connect')
  if (first !== '') socket.write(first)
  return socket
}

describe.runIf(process.platform === 'linux')('2,000 connections that begin and do not go on', () => {
  const BEGINNINGS = [
    '',
    'POST /v1/traces HT',
    'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nX-Slow: ',
    'POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n12345',
  ]
  it('cost others nothing, and little memory, and are closed', async () => {
    const limits = { headersTimeoutMillis: 1_000, bodyIdleTimeoutMillis: 1_000, workers: 1 }
    await attackedIn(bench.folder(), limits, async ({ url, grpcPort, grownMib }) => {
      expect(await postTo(url, 0)).toBe(200)
      const { port } = new URL(url)
      let closed = 0
      for (let from = 0; from < 2_000; from += 250) {
        const some = Array.from(
          { length: 250 },
          async (_, index) => await opened(Number(port), BEGINNINGS[index % BEGINNINGS.length] ?? ''),
        )
        for (const socket of await Promise.all(some)) socket.once('close', () => closed++)
        // Somebody who goes on is served whatever they do.
        expect(await postTo(url, from + 1)).toBe(200)
      }
      // The same on the other port, with the first half of HTTP/2's greeting.
      const greetings = await Promise.all(Array.from({ length: 200 }, async () => await opened(grpcPort, 'PRI * HTTP/2.0\r\n')))
      for (const socket of greetings) socket.once('close', () => closed++)
      expect(await postTo(url, 9_000)).toBe(200)
      await servesGrpc(grpcPort)
      await until('all of them to be closed', () => closed === 2_200, 15_000)
      expect(await postTo(url, 9_001)).toBe(200)
      // 70 to 100 of Node's own sockets and parsers: a buffer of the usual 64 KiB for each would be as much again.
      expect(grownMib()).toBeLessThan(130)
    })
  }, 30_000)
})

/** RFC 9113: length, type, flags, stream. */
function frame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** Header fields as HPACK has them, literal and not indexed (RFC 7541, section 6.2.2). */
function fields(count: number): Buffer {
  const name = Buffer.from('x-flood')
  const value = Buffer.alloc(100, 'v')
  const field = Buffer.concat([Buffer.from([0, name.length]), name, Buffer.from([value.length]), value])
  return Buffer.concat(Array.from({ length: count }, () => field))
}

const HEADERS = 1
const SETTINGS = 4
const CONTINUATION = 9

/** Sends headers that never end, so many bytes at most; gives how many went out before the connection was closed, or undefined. */
async function floodWith(port: number, continuation: Buffer, maxBytes: number): Promise<number | undefined> {
  const socket = await opened(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  let closed = false
  const ended = new Promise<void>((resolve) => socket.once('close', resolve)).then(() => {
    closed = true
  })
  socket.write(Buffer.concat([frame(SETTINGS, 0, 0, Buffer.alloc(0)), frame(HEADERS, 0, 1, fields(1))]))
  const batch = Buffer.concat(Array.from({ length: Math.max(1, Math.floor(65_536 / continuation.length)) }, () => continuation))
  let sent = 0
  while (!closed && sent < maxBytes) {
    sent += batch.length
    if (!socket.write(batch)) await Promise.race([ended, new Promise((resolve) => socket.once('drain', resolve))])
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 300))])
  return closed ? sent : undefined
}

describe.runIf(process.platform === 'linux')('headers that go on and on (CONTINUATION frames)', () => {
  const FLOODS: readonly [string, Buffer][] = [
    ['with fields', frame(CONTINUATION, 0, 1, fields(140))],
    ['of nothing', frame(CONTINUATION, 0, 1, Buffer.alloc(0))],
  ]
  it.each(FLOODS)(
    '%s end the connection that sends them, and no other',
    async (_what, continuation) => {
      await attackedIn(bench.folder(), { workers: 1 }, async ({ url, grpcPort, grownMib }) => {
        const floods = Array.from({ length: 16 }, async () => await floodWith(grpcPort, continuation, 32 * MIB))
        await servesGrpc(grpcPort)
        const sent = await Promise.all(floods)
        expect(sent.filter((bytes) => bytes === undefined)).toEqual([])
        await servesGrpc(grpcPort)
        expect(await postTo(url, 1)).toBe(200)
        expect(grownMib()).toBeLessThan(60)
      })
    },
    30_000,
  )

  it('are seen to be endless by what sends them', async () => {
    // Somebody who takes everything: the same flood is not closed.
    const patient: Server = createServer((socket) => void socket.on('error', () => undefined).resume())
    await new Promise<void>((resolve) => patient.listen(0, '127.0.0.1', resolve))
    expect(await floodWith((patient.address() as AddressInfo).port, FLOODS[0]?.[1] ?? Buffer.alloc(9), 2 * MIB)).toBe(undefined)
    for (const socket of sockets.splice(0)) socket.destroy()
    await new Promise((resolve) => patient.close(resolve))
  })
})

/** As much of a context manager as a synchronous call needs. */
class OneContext implements ContextManager {
  #active: Context = ROOT_CONTEXT
  active(): Context {
    return this.#active
  }
  with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    given: Context,
    run: F,
    self?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const before = this.#active
    this.#active = given
    try {
      return run.apply(self, args)
    } finally {
      this.#active = before
    }
  }
  bind<T>(_context: Context, target: T): T {
    return target
  }
  enable(): this {
    return this
  }
  disable(): this {
    return this
  }
}

describe('10,000 entries of baggage', () => {
  const entries = Array.from({ length: 10_000 }, (_, index) => `key${index}=value${index}`)

  it('in the headers of HTTP and of gRPC are refused, and others are served', async () => {
    const collector = await bench.collector({ grpcPort: 0 })
    const grpcPort = collector.grpcPort ?? 0
    const before = collector.stats().received
    for (const lines of [[`baggage: ${entries.join(',')}`], entries.map((entry) => `baggage: ${entry}`)]) {
      const socket = await opened(collector.port, '')
      let answer = ''
      socket.setEncoding('latin1').on('data', (text: string) => {
        answer += text
      })
      const body = bodyOf(1)
      socket.write(
        [
          'POST /v1/traces HTTP/1.1',
          'Host: localhost',
          ...lines,
          'Content-Type: application/x-protobuf',
          `Content-Length: ${body.length}`,
          '',
          '',
        ].join('\r\n'),
      )
      socket.write(body)
      await until('an answer', () => answer !== '' || socket.destroyed)
      expect(answer).toMatch(/^HTTP\/1\.1 431 /)
    }
    const session = connectHttp2(`http://127.0.0.1:${grpcPort}`).on('error', () => undefined)
    const end = await new Promise<string>((resolve) => {
      const stream = session.request({
        ':method': 'POST',
        ':path': EXPORT.traces,
        'content-type': 'application/grpc',
        te: 'trailers',
        baggage: entries,
      })
      stream
        .on('response', (found) => resolve(`status ${String(found['grpc-status'])}`))
        .on('error', (error: Error & { code?: string }) => resolve(error.code ?? error.message))
        .on('close', () => resolve('closed'))
        .end()
    })
    session.destroy()
    expect(end).not.toBe('status 0')
    expect(collector.stats().received).toBe(before)
    expect(await postTo(collector.url, 2)).toBe(200)
    await servesGrpc(grpcPort)
  })

  it('as attributes of a span reject that span alone, where the option says how many are too many', async () => {
    const collector = await bench.collector({ attributeMaxCount: 1_024 })
    const attributes = entries.map((entry) => entry.split('=') as [string, string])
    const spans = [bareSpan({ spanId: idOf(1), attributes }), bareSpan({ spanId: idOf(2), attributes: attributes.slice(0, 1_024) })]
    const response = await fetch(`${collector.url}/v1/traces`, {
      method: 'POST',
      headers: PROTOBUF,
      body: Uint8Array.from(writeTraces(groupOf(spans))),
    })
    expect(response.status).toBe(200)
    expect(collector.stats()).toMatchObject({ accepted: 1, rejected: 1 })
  })

  it('around a recorded call stay out of what is sent, and out of its headers', async () => {
    context.setGlobalContextManager(new OneContext())
    try {
      let headerBytes = 0
      let bodyText = ''
      const backend = await bench.backend((request, body, response) => {
        headerBytes = Math.max(headerBytes, request.rawHeaders.join('').length)
        bodyText += body.toString('latin1')
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
      })
      recorder = startRecorder({ endpoint: backend.url, exporter: 'reprise' })
      const baggage = propagation.createBaggage(Object.fromEntries(entries.map((entry) => [entry.split('=')[0], { value: 'a value' }])))
      const value = context.with(propagation.setBaggage(context.active(), baggage), () => instrument(() => 42, { name: 'laden' })())
      expect(value).toBe(42)
      expect((await flush()).failed).toBe(0)
      expect(bodyText).toContain(ATTR.runId)
      expect(bodyText).not.toContain('key9999')
      expect(headerBytes).toBeGreaterThan(0)
      expect(headerBytes).toBeLessThan(2_000)
    } finally {
      context.disable()
    }
  })
})
