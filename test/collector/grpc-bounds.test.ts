import { connect as connectHttp2, constants } from 'node:http2'
import { connect } from 'node:net'
import { deflateSync, gzipSync } from 'node:zlib'
import { status } from '@grpc/grpc-js'
import { afterEach, describe, expect, it } from 'vitest'
import { Counters } from '../../src/collector/counters.ts'
import { type GrpcReceiver, type GrpcReceiverOptions, startGrpcReceiver } from '../../src/collector/grpc/receiver.ts'
import { ByteBudget } from '../../src/collector/http/byte-budget.ts'
import { unavailable } from '../../src/collector/http/refusal.ts'
import { createLogger } from '../../src/collector/log.ts'
import type { IntakeBody, IntakeOutcome } from '../../src/collector/pipeline/intake.ts'
import { EXPORT, framed, RawClient, rawCall, retrySeconds } from './grpc-client.ts'
import { until } from './support.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

interface Served {
  readonly receiver: GrpcReceiver
  readonly counters: Counters
  readonly budget: ByteBudget
  readonly log: string[]
  /** Bodies that were taken and are not done yet. */
  readonly waiting: { readonly body: IntakeBody; readonly done: (error?: unknown) => void }[]
  client(): RawClient
}

/** The receiver over an intake that the test holds in its hand. */
async function serve(options: Partial<GrpcReceiverOptions> & { budgetBytes?: number } = {}): Promise<Served> {
  const { budgetBytes = 10_000_000, ...rest } = options
  const counters = new Counters()
  const budget = new ByteBudget(budgetBytes)
  const log: string[] = []
  const waiting: Served['waiting'] = []
  const receiver = await startGrpcReceiver({
    host: '127.0.0.1',
    port: 0,
    intake: {
      take: async (body) =>
        await new Promise<IntakeOutcome>((resolve, reject) => {
          waiting.push({ body, done: (error) => (error === undefined ? resolve({ rejected: 0, errorMessage: '' }) : reject(error)) })
        }),
    },
    budget,
    hostPolicy: { allows: () => true },
    counters,
    log: createLogger((line) => log.push(line)),
    isClosing: () => false,
    messageMaxBytes: 1_000_000,
    greetingTimeoutMillis: 30_000,
    idleTimeoutMillis: 30_000,
    requestTimeoutMillis: 60_000,
    ...rest,
  })
  closers.push(async () => await receiver.close(0))
  const client = (): RawClient => {
    const raw = new RawClient(receiver.port)
    closers.push(() => raw.close())
    return raw
  }
  return { receiver, counters, budget, log, waiting, client }
}

describe('the bytes of requests being worked on', () => {
  it('are taken from the budget that HTTP takes from; past it: RESOURCE_EXHAUSTED, and when to try again', async () => {
    const { client, waiting, budget, counters } = await serve({ budgetBytes: 150_000 })
    const first = client().send(Buffer.alloc(100_000, 1))
    await until('the first is worked on', () => waiting.length === 1)
    // With the five bytes of its frame, which stay in front of it.
    expect(budget.usedBytes).toBe(100_005)
    const refused = await client().send(Buffer.alloc(60_000, 2))
    expect(refused.code).toBe(status.RESOURCE_EXHAUSTED)
    expect(retrySeconds(refused.statusDetails)).toBe(1)
    expect(counters.turnedAway.toRecord()).toEqual({ overloaded: 1 })
    waiting[0]!.done()
    expect(await first).toMatchObject({ code: status.OK })
    expect(budget.usedBytes).toBe(0)
  })

  it('are held until the work is done, also when the sender is gone, and are given back when it ends badly', async () => {
    const { receiver, waiting, budget } = await serve()
    const session = connectHttp2(`http://127.0.0.1:${receiver.port}`)
    closers.push(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': EXPORT.traces, 'content-type': 'application/grpc', te: 'trailers' })
    stream.on('error', () => undefined).end(framed(Buffer.alloc(5_000)))
    await until('it is worked on', () => waiting.length === 1)
    stream.close(constants.NGHTTP2_CANCEL)
    await new Promise((resolve) => stream.once('close', resolve))
    expect(budget.usedBytes).toBe(5_005)
    waiting[0]!.done(new Error('boom'))
    await until('it is given back', () => budget.usedBytes === 0)
  })

  it('come in memory that can be handed to another thread', async () => {
    const { client, waiting } = await serve()
    for (const size of [1, 10, 5_000, 200_000]) {
      const sent = client().send(Buffer.alloc(size, 7))
      await until('it is worked on', () => waiting.length === 1)
      const { body, done } = waiting.pop()!
      const moved = structuredClone(body.body, { transfer: [body.body.buffer as ArrayBuffer] })
      expect(moved.length).toBe(size)
      expect(moved.every((byte) => byte === 7)).toBe(true)
      expect(moved.buffer.byteLength).toBeLessThanOrEqual(size + 5)
      done()
      expect(await sent).toMatchObject({ code: status.OK })
    }
  })
})

describe('a compressed message', () => {
  const text = Buffer.alloc(10_000, 'again and ')

  it.each([
    ['gzip', gzipSync(text)],
    ['deflate', deflateSync(text)],
  ] as const)('of %s is left as it is for the workers', async (encoding, compressed) => {
    const { receiver, waiting, budget } = await serve()
    const sent = rawCall(receiver.port, [framed(compressed, 1)], { headers: { 'grpc-encoding': encoding } })
    await until('it is worked on', () => waiting.length === 1)
    expect(waiting[0]!.body.contentEncoding).toBe(encoding)
    expect(Buffer.from(waiting[0]!.body.body).equals(compressed)).toBe(true)
    expect(budget.usedBytes).toBe(Math.max(4096, compressed.length))
    waiting[0]!.done()
    expect(await sent).toMatchObject({ grpcStatus: 0, httpStatus: 200 })
  })

  it.each(['gzip', 'deflate'])('that is not, in a call of %s, is taken as it is', async (encoding) => {
    const { receiver, waiting } = await serve()
    void rawCall(receiver.port, [framed(Uint8Array.of(0x0a, 0x00))], { headers: { 'grpc-encoding': encoding } })
    await until('it is worked on', () => waiting.length === 1)
    expect(waiting[0]!.body).toMatchObject({ contentEncoding: 'identity' })
    expect([...waiting[0]!.body.body]).toEqual([0x0a, 0x00])
    waiting[0]!.done()
  })
})

describe('a failure', () => {
  it('that passes is UNAVAILABLE with RetryInfo; one of ours is INTERNAL and says nothing of the body', async () => {
    const { client, waiting } = await serve()
    const later = client().send(Buffer.alloc(1))
    await until('it is worked on', () => waiting.length === 1)
    waiting.pop()!.done(unavailable('store_refused', 'the store cannot take spans now; try again later', 5))
    const answer = await later
    expect([answer.code, retrySeconds(answer.statusDetails)]).toEqual([status.UNAVAILABLE, 5])
    const broken = client().send(Buffer.alloc(1))
    await until('it is worked on', () => waiting.length === 1)
    waiting.pop()!.done(new TypeError('secret'))
    expect(await broken).toMatchObject({ code: status.INTERNAL, details: expect.not.stringContaining('secret'), statusDetails: undefined })
  })
})

describe('a sender that dawdles', () => {
  const half = framed(Buffer.alloc(10_000)).subarray(0, 5_000)

  it('and is silent is told so, and keeps nothing', async () => {
    const { receiver, budget, counters } = await serve({ idleTimeoutMillis: 300 })
    expect(await rawCall(receiver.port, [half], { end: false })).toMatchObject({ grpcStatus: status.DEADLINE_EXCEEDED })
    expect(await rawCall(receiver.port, [], { end: false })).toMatchObject({ grpcStatus: status.DEADLINE_EXCEEDED })
    expect(counters.turnedAway.toRecord()).toEqual({ body_timeout: 2 })
    expect(budget.usedBytes).toBe(0)
  })

  it('but goes on is waited for', async () => {
    const { receiver, waiting } = await serve({ idleTimeoutMillis: 1_500 })
    const message = framed(Buffer.alloc(6_000, 3))
    const session = connectHttp2(`http://127.0.0.1:${receiver.port}`)
    closers.push(() => session.destroy())
    const stream = session.request({ ':method': 'POST', ':path': EXPORT.traces, 'content-type': 'application/grpc', te: 'trailers' })
    for (let at = 0; at < message.length; at += 1_000) {
      stream.write(message.subarray(at, at + 1_000))
      await new Promise((resolve) => setTimeout(resolve, 400))
    }
    stream.end()
    await until('it is worked on', () => waiting.length === 1)
    expect(waiting[0]!.body.body.length).toBe(6_000)
    waiting[0]!.done()
  })

  it('and never ends its request is told so', async () => {
    const { receiver, budget, counters, waiting } = await serve({ requestTimeoutMillis: 400 })
    expect(await rawCall(receiver.port, [framed(Buffer.alloc(100))], { end: false })).toMatchObject({
      grpcStatus: status.DEADLINE_EXCEEDED,
    })
    expect([counters.turnedAway.toRecord(), budget.usedBytes, waiting.length]).toEqual([{ request_timeout: 1 }, 0, 0])
  })

  it('and never begins is cut off', async () => {
    const { receiver, counters } = await serve({ greetingTimeoutMillis: 300 })
    const socket = connect(receiver.port, '127.0.0.1')
    closers.push(() => socket.destroy())
    await new Promise((resolve) =>
      socket
        .on('error', () => undefined)
        .resume()
        .once('close', resolve),
    )
    expect(counters.turnedAway.toRecord()).toEqual({ greeting_timeout: 1 })
  })

  it('gives way when others wait, however many there are', async () => {
    const { receiver, client, waiting, counters } = await serve()
    const slow = Array.from({ length: 40 }, async () => await rawCall(receiver.port, [half], { end: false }))
    await until('they are there', () => counters.requests === 40)
    const good = client().send(Buffer.alloc(1_000))
    await until('the good one came through', () => waiting.length === 1, 20_000)
    waiting[0]!.done()
    expect(await good).toMatchObject({ code: status.OK })
    const ended = await Promise.race(slow)
    expect(ended).toMatchObject({ grpcStatus: status.UNAVAILABLE })
    expect(counters.turnedAway.toRecord()['gave_way']).toBeGreaterThan(0)
  })

  it('and goes away leaves its place', async () => {
    const { receiver, client, waiting, counters } = await serve()
    await Promise.all(Array.from({ length: 60 }, async () => await rawCall(receiver.port, [half], { end: false, limitMillis: 50 })))
    const good = client().send(Buffer.alloc(1_000))
    await until('the good one came through', () => waiting.length === 1)
    waiting[0]!.done()
    expect(await good).toMatchObject({ code: status.OK })
    expect(counters.turnedAway.toRecord()).toEqual({ grpc: 60 })
  })
})

describe('floods', () => {
  it('of streams that are reset at once end with the connection, and others are served', async () => {
    const { receiver, client, waiting, budget } = await serve()
    const session = connectHttp2(`http://127.0.0.1:${receiver.port}`)
    let over = false
    session
      .on('error', () => undefined)
      .on('close', () => (over = true))
      .on('goaway', () => (over = true))
    closers.push(() => session.destroy())
    for (let count = 0; count < 20_000 && !over; count++) {
      const stream = session.request({ ':method': 'POST', ':path': EXPORT.traces, 'content-type': 'application/grpc', te: 'trailers' })
      stream.on('error', () => undefined)
      stream.close(constants.NGHTTP2_CANCEL)
      if (count % 100 === 99) await new Promise((resolve) => setImmediate(resolve))
    }
    expect(over).toBe(true)
    const good = client().send(Buffer.alloc(1_000))
    await until('the good one came through', () => waiting.length === 1)
    waiting[0]!.done()
    expect(await good).toMatchObject({ code: status.OK })
    expect(budget.usedBytes).toBe(0)
  })

  it('of headers are refused', async () => {
    const { receiver, client, waiting } = await serve()
    const large = await rawCall(receiver.port, [], { headers: { 'x-large': 'a'.repeat(100_000) } })
    const many = await rawCall(receiver.port, [], { headers: Object.fromEntries(Array.from({ length: 500 }, (_, at) => [`x-${at}`, 'a'])) })
    expect([large.grpcStatus, many.grpcStatus]).toEqual([undefined, undefined])
    expect(large.error ?? many.error).toBeDefined()
    const good = client().send(Buffer.alloc(1_000))
    await until('the good one came through', () => waiting.length === 1)
    waiting[0]!.done()
    expect(await good).toMatchObject({ code: status.OK })
  })
})

describe('close', () => {
  it('lets calls under way finish, takes no more, and can be called twice', async () => {
    const { receiver, client, waiting } = await serve()
    const sender = client()
    const sent = sender.send(Buffer.alloc(10))
    await until('it is worked on', () => waiting.length === 1)
    const closed = Promise.all([receiver.close(20_000), receiver.close(20_000)])
    expect(await client().send(Buffer.alloc(10))).toMatchObject({ code: status.UNAVAILABLE })
    waiting[0]!.done()
    expect(await sent).toMatchObject({ code: status.OK })
    await closed
  })

  it('cuts what is not done in time', async () => {
    const { receiver, client, waiting } = await serve()
    const sent = client().send(Buffer.alloc(10))
    await until('it is worked on', () => waiting.length === 1)
    await receiver.close(50)
    expect((await sent).code).not.toBe(status.OK)
    waiting[0]!.done()
  })

  it('refuses calls on open connections with UNAVAILABLE and RetryInfo', async () => {
    let closing = false
    const { client } = await serve({ isClosing: () => closing })
    closing = true
    const answer = await client().send(Buffer.alloc(10))
    expect([answer.code, retrySeconds(answer.statusDetails)]).toEqual([status.UNAVAILABLE, 1])
  })
})
