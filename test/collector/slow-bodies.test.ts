import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import type { Collector } from '../../src/collector/index.ts'
import { bareSpan, groupOf, writeTraces } from '../otlp/helpers.ts'
import { framed, RawClient, rawCall } from './grpc-client.ts'
import { Bench, post, until } from './support.ts'

const HOUR = 3_600_000
const KIB = 1024
/** Nothing but giving way frees what is held. */
const PATIENT = { bodyIdleTimeoutMillis: HOUR, requestTimeoutMillis: HOUR, headersTimeoutMillis: HOUR, inFlightMaxBytes: 1024 * KIB }

const bench = new Bench()
const sockets: Socket[] = []
const drips: NodeJS.Timeout[] = []
afterEach(async () => {
  for (const drip of drips.splice(0)) clearInterval(drip)
  for (const socket of sockets.splice(0)) socket.destroy()
  await bench.tearDown()
})

const largeBody = (bytes: number): Uint8Array => writeTraces(groupOf([bareSpan({ attributes: [['text', 'x'.repeat(bytes)]] })]))

interface Begun {
  readonly socket: Socket
  answer: string
}

/** A request that says how long it is, sends so much of it, and keeps the connection open. */
async function begin(collector: Collector, announcedBytes: number, sentBytes: number): Promise<Begun> {
  const socket = connect(collector.port, '127.0.0.1')
  sockets.push(socket)
  const begun: Begun = { socket, answer: '' }
  socket
    .on('error', () => undefined)
    .setEncoding('latin1')
    .on('data', (text: string) => {
      begun.answer += text
    })
  await once(socket, 'connect')
  const headers = ['Host: localhost', 'Content-Type: application/x-protobuf', `Content-Length: ${announcedBytes}`]
  socket.write(`POST /v1/traces HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`)
  socket.write(Buffer.alloc(sentBytes, 0xff))
  await until('the bytes to be counted', () => collector.stats().inFlightBytes > 0)
  return begun
}

/** Sends a body again and again, as a sender does that is told to, until it is kept. */
async function keepTrying(collector: Collector, body: Uint8Array): Promise<Set<number>> {
  const statuses = new Set<number>()
  await until('the request to be taken', async () => {
    const { status } = await post(collector, body)
    statuses.add(status)
    if (status !== 200) await sleep(200)
    return status === 200
  })
  return statuses
}

describe('a request that says it is long and sends next to nothing', () => {
  it('holds no more than what has come, while it may go on', async () => {
    const collector = await bench.collector(PATIENT)
    const { socket } = await begin(collector, 900 * KIB, 100)
    drips.push(setInterval(() => socket.write('x'), 50))
    expect([...(await keepTrying(collector, largeBody(600 * KIB)))].at(-1)).toBe(200)
    await until('the rest to be given back', () => collector.stats().inFlightBytes < 10 * KIB)
    expect(collector.stats()).toMatchObject({ accepted: 1 })
  })

  it('is taken when it goes on after all', async () => {
    const collector = await bench.collector(PATIENT)
    const body = largeBody(600 * KIB)
    const begun = await begin(collector, body.length, 0)
    await until('it to be believed no longer', () => collector.stats().inFlightBytes < 10 * KIB)
    begun.socket.write(body)
    await until('the answer', () => begun.answer !== '')
    expect(begun.answer).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('a request of which nearly all has come', () => {
  it('gives way to others when the rest does not come, and is told to come again', async () => {
    const collector = await bench.collector(PATIENT)
    const begun = await begin(collector, 900 * KIB, 850 * KIB)
    drips.push(setInterval(() => begun.socket.write('x'), 50))
    expect(await keepTrying(collector, largeBody(600 * KIB))).toEqual(new Set([429, 200]))
    await until('its answer', () => begun.answer !== '')
    expect(begun.answer).toMatch(/^HTTP\/1\.1 503 /)
    expect(begun.answer).toMatch(/\r\nRetry-After: 1\r\n/)
    expect(collector.stats().requestsTurnedAway).toMatchObject({ gave_way: 1 })
  })

  it('is waited for where nobody else needs the room', async () => {
    const collector = await bench.collector(PATIENT)
    const body = largeBody(850 * KIB)
    const begun = await begin(collector, body.length, 0)
    begun.socket.write(body.subarray(0, -1))
    // Longer than it would take to give way.
    for (let round = 0; round < 8; round++) {
      await sleep(250)
      expect((await post(collector, largeBody(1))).status).toBe(200)
    }
    begun.socket.write(body.subarray(-1))
    await until('the answer', () => begun.answer !== '')
    expect(begun.answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(collector.stats().requestsTurnedAway).toEqual({})
  })
})

it('a gRPC message of which nearly all has come and that stops gives way to others, over HTTP too', async () => {
  const collector = await bench.collector({ ...PATIENT, grpcPort: 0 })
  const grpcPort = collector.grpcPort ?? 0
  const half = framed(largeBody(900 * KIB)).subarray(0, 850 * KIB)
  const ended = rawCall(grpcPort, [half], { end: false })
  await until('its bytes to be counted', () => collector.stats().inFlightBytes > 600 * KIB)
  expect(await keepTrying(collector, largeBody(600 * KIB))).toEqual(new Set([429, 200]))
  expect(await ended).toMatchObject({ grpcStatus: 14 })
  expect(collector.stats().requestsTurnedAway).toMatchObject({ gave_way: 1 })
  const client = new RawClient(grpcPort)
  expect(await client.send(largeBody(600 * KIB))).toMatchObject({ code: 0 })
  client.close()
})
