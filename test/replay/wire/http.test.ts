import { once } from 'node:events'
import http, { Agent, ClientRequest, get, type IncomingMessage, type RequestOptions } from 'node:http'
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { instrument } from '../../../src/sdk/index.ts'
import { exchangeCounts } from './record-wire.ts'
import { expectUnmatched, replayWithoutServer, told } from './web-programs.ts'
import { startWebServer } from './web-server.ts'

const server = await startWebServer()
const { hostname, port } = new URL(server.url)
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

async function ask(path: string, options: RequestOptions = {}, body?: string | readonly string[]): Promise<IncomingMessage> {
  return await new Promise((resolve, reject) => {
    const request = http.request({ hostname, port, path, ...options }, resolve)
    request.on('error', reject)
    request.on('timeout', () => request.destroy(new Error('took too long')))
    for (const part of Array.isArray(body) ? body : []) request.write(part)
    request.end(typeof body === 'string' ? body : undefined)
  })
}

async function bytesOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

const PROGRAMS = {
  asks: instrument(async function asks() {
    const log: unknown[] = []
    const plain = await ask('/moved', { agent })
    plain.setEncoding('utf8')
    let text = ''
    plain.on('data', (chunk: string) => {
      text += chunk
    })
    await new Promise((resolve) => plain.on('end', resolve))
    log.push(plain.statusCode, text)
    const posted = await ask('/echo', { agent, method: 'POST', headers: { 'content-type': 'application/json' } }, ['{"in":', '"parts"}'])
    log.push(JSON.parse((await bytesOf(posted)).toString()))
    const got = await new Promise<IncomingMessage>((resolve) => get(`${server.url}/missing`, resolve))
    log.push(got.statusCode, got.headers['content-type'], (await bytesOf(got)).toString())
    const nothing = await ask('/nothing', { method: 'HEAD' })
    log.push(nothing.statusCode, (await bytesOf(nothing)).length)
    return log
  }),
  constructed: instrument(async function constructed() {
    const post = new http.ClientRequest({ hostname, port, path: '/echo', method: 'POST' }).end('of its own')
    const [posted] = (await once(post, 'response')) as [IncomingMessage]
    class Own extends http.ClientRequest {}
    const own = new Own(`${server.url}/moved`)
    const answered = once(own, 'response') as Promise<[IncomingMessage]>
    own.end()
    const [moved] = await answered
    const log: unknown[] = [own instanceof Own, own instanceof ClientRequest, own.constructor === Own]
    for (const response of [posted, moved]) log.push(response.statusCode, (await bytesOf(response)).toString())
    return log
  }),
  parallel: instrument(async function parallel() {
    return await Promise.all(
      Array.from({ length: 6 }, async () => JSON.parse((await bytesOf(await ask('/echo', { agent }))).toString()) as unknown),
    )
  }),
  packed: instrument(async function packed() {
    const log: unknown[] = []
    for (const [path, decode] of [
      ['/gzip', gunzipSync],
      ['/br', brotliDecompressSync],
      ['/zstd', zstdDecompressSync],
    ] as const) {
      const response = await ask(path)
      const bytes = await bytesOf(response)
      const text = response.headers['content-encoding'] === path.slice(1) ? decode(bytes) : bytes
      log.push(JSON.parse(text.toString()))
    }
    return log
  }),
  lines: instrument(async function lines() {
    const pieces: string[] = []
    for await (const chunk of (await ask('/lines')).setEncoding('utf8')) pieces.push(chunk as string)
    return pieces
  }),
  failures: instrument(async function failures() {
    const cut = await ask('/cut')
    return [
      await told(() => ask('/reset')),
      await told(() => ask('/moved', { port: 9 })),
      await told(async () => (await bytesOf(cut)).toString()),
      await told(() => ask('/never', { timeout: 30 })),
      await told(async () => {
        const controller = new AbortController()
        setTimeout(() => controller.abort(), 20)
        return await ask('/never', { signal: controller.signal })
      }),
    ]
  }),
  timeouts: instrument(async function timeouts() {
    return await new Promise((resolve) => {
      // As axios does: what the program makes of it is decided by the event.
      const request = http.request({ hostname, port, path: '/never', timeout: 30 })
      request.on('timeout', () => {
        resolve('timed out')
        request.destroy()
      })
      request.on('error', () => resolve('failed'))
      request.end()
    })
  }),
  broken: instrument(async function broken() {
    const cut = await ask('/cut')
    const closed = new Promise((resolve) => cut.once('close', resolve))
    await new Promise((resolve) => cut.once('aborted', resolve))
    await closed
    return [cut.complete, cut.destroyed]
  }),
  left: instrument(async function left() {
    const response = await ask('/lines')
    let first = ''
    for await (const chunk of response) {
      first = (chunk as Buffer).toString()
      break
    }
    const destroyed = await ask('/lines')
    const second = await new Promise<Buffer>((resolve) => {
      destroyed.once('data', (chunk: Buffer) => {
        destroyed.pause()
        resolve(chunk)
      })
    })
    // Not in a hurry.
    await bytesOf(await ask('/moved'))
    destroyed.destroy()
    const ignored = await ask('/lines')
    ignored.resume()
    await new Promise((resolve) => ignored.on('end', resolve))
    return [first.length > 0, second.length > 0, response.destroyed, ignored.complete]
  }),
}
describe('node:http', () => {
  const recorded = replayWithoutServer(PROGRAMS, server, { release: () => agent.destroy() })

  it('records each exchange once', () => {
    expect(exchangeCounts(recorded.all)).toEqual({
      asks: 4,
      constructed: 2,
      parallel: 6,
      packed: 3,
      lines: 1,
      failures: 5,
      timeouts: 1,
      broken: 1,
      left: 4,
    })
  })

  it('tells a program that left from a connection that broke off', () => {
    // Node aborts the request of a response that `for await` leaves, and says so by an error.
    const endsOf = (name: keyof typeof PROGRAMS): unknown[] =>
      recorded.of(name).nodes.flatMap(({ record: { core } }) => (core.kind === 'wire' ? [core.streamEnd] : []))
    expect(endsOf('left')).toEqual(['error', 'cancelled', 'done', 'done'])
    expect(endsOf('broken')).toEqual(['error'])
  })

  it('tells a request that the recording does not have', async () => {
    await expectUnmatched(recorded.of('packed'), async () => await told(() => ask('/lines')))
  })
})
