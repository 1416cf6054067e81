import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { exchangeCounts, recordingOf, recordWire } from './record-wire.ts'
import { expectUnmatched, replayWithoutServer, told } from './web-programs.ts'
import type { WebServer } from './web-server.ts'

const requests: WebServer['requests'] = []
const sessions = new Set<http2.ServerHttp2Session>()
const service = http2.createServer().on('session', (session) => void sessions.add(session))
service.on('stream', (stream, { ':path': path = '', ':method': method = '', authorization }) => {
  stream.on('error', () => {})
  let body = ''
  stream.setEncoding('utf8')
  stream.on('data', (text: string) => {
    body += text
  })
  stream.on('end', () => {
    const count = requests.push({ method: String(method), path: String(path), headers: {}, body })
    void answer(stream, String(path), `${method} ${body}`, count, String(authorization))
  })
})

async function answer(stream: http2.ServerHttp2Stream, path: string, asked: string, count: number, key: string): Promise<void> {
  switch (path) {
    case '/never':
      return
    case '/refused':
      stream.close(http2.constants.NGHTTP2_REFUSED_STREAM)
      return
    case '/cut':
      stream.respond({ ':status': 200, 'content-type': 'text/plain' })
      stream.write('the first half, ')
      setTimeout(() => stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR), 20)
      return
    case '/gzip':
      stream.respond({ ':status': 200, 'content-type': 'application/json', 'content-encoding': 'gzip' })
      stream.end(gzipSync(JSON.stringify({ packed: count })))
      return
    case '/lines':
      stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
      for (let line = 0; line < 4; line++) {
        if (stream.destroyed) return
        stream.write(`data: {"line":${line},"of":${count}}\n\n`)
        await new Promise((resolve) => setTimeout(resolve, 3))
      }
      stream.end()
      return
    default: {
      const status = path === '/missing' ? 404 : 200
      stream.respond(
        { ':status': status, 'content-type': 'application/json', 'x-request-id': `r${count}` },
        { endStream: asked === 'HEAD ' },
      )
      if (asked !== 'HEAD ') stream.end(JSON.stringify({ asked, count, knew: key.length }))
    }
  }
}
await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve))
const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
const server = {
  url,
  requests,
  close: async (): Promise<void> => {
    for (const session of sessions) session.destroy()
    await new Promise((resolve) => service.close(resolve))
  },
}

async function headersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  return ((await once(stream, 'response')) as [IncomingHttpHeaders])[0]
}

async function bytesOf(stream: ClientHttp2Stream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

async function ask(session: ClientHttp2Session, path: string, body?: string | readonly string[]): Promise<[number, string, string]> {
  const stream = session.request({ ':path': path, ...(body !== undefined && { ':method': 'POST' }), authorization: 'Bearer of-no-use' })
  for (const part of Array.isArray(body) ? (body as readonly string[]) : []) stream.write(part)
  if (body !== undefined) stream.end(typeof body === 'string' ? body : undefined)
  const headers = await headersOf(stream)
  return [Number(headers[':status']), String(headers['content-type']), (await bytesOf(stream)).toString()]
}

/** As clients keep one: from call to call, and from run to run. */
let kept: ClientHttp2Session | undefined

const PROGRAMS = {
  asks: instrument(async function asks() {
    const session = connect(url)
    const log: unknown[] = [
      await ask(session, '/plain'),
      await ask(session, '/parts', ['{"in":', '"parts"}']),
      await ask(session, '/missing'),
    ]
    const head = session.request({ ':method': 'HEAD', ':path': '/head' })
    log.push((await headersOf(head))[':status'], (await bytesOf(head)).length, head.sentHeaders?.[':authority'] === new URL(url).host)
    session.close()
    await once(session, 'close')
    return [...log, session.closed, session.destroyed, await told(async () => await ask(session, '/late'))]
  }),
  parallel: instrument(async function parallel() {
    const session = http2.connect(url)
    await once(session, 'connect')
    const answers = await Promise.all(Array.from({ length: 6 }, async () => (await ask(session, '/same', '{"equal":true}'))[2]))
    session.destroy()
    return answers
  }),
  packed: instrument(async function packed() {
    const session = http2.connect(url)
    const stream = session.request({ ':path': '/gzip' })
    const { 'content-encoding': encoding } = await headersOf(stream)
    const bytes = await bytesOf(stream)
    session.close()
    return JSON.parse((encoding === 'gzip' ? gunzipSync(bytes) : bytes).toString()) as unknown
  }),
  lines: instrument(async function lines() {
    const session = http2.connect(url)
    const pieces: string[] = []
    for await (const chunk of session.request({ ':path': '/lines' }).setEncoding('utf8')) pieces.push(chunk as string)
    session.close()
    return pieces
  }),
  failures: instrument(async function failures() {
    const session = http2.connect(url)
    const log = [
      await told(() => ask(session, '/refused')),
      await told(() => ask(session, '/cut')),
      await told(async () => {
        const stream = session.request({ ':path': '/never' })
        const controller = new AbortController()
        setTimeout(() => controller.abort(), 20)
        controller.signal.addEventListener('abort', () => stream.destroy(new Error('called off')))
        return await headersOf(stream)
      }),
      await new Promise((resolve) => {
        // As the AWS SDK does: what the program makes of it is decided by the event.
        const stream = session.request({ ':path': '/never' })
        stream.setTimeout(30, () => {
          stream.close()
          resolve('timed out')
        })
        stream.on('error', () => resolve('failed'))
      }),
    ]
    session.destroy()
    const nobody = http2.connect('http://127.0.0.1:9').on('error', () => {})
    return [...log, await told(() => ask(nobody, '/'))]
  }),
  left: instrument(async function left() {
    const session = http2.connect(url)
    let first = ''
    for await (const chunk of session.request({ ':path': '/lines' })) {
      first = String(chunk)
      break
    }
    const closed = session.request({ ':path': '/lines' })
    const second = await new Promise<string>((resolve) => closed.once('data', (chunk) => resolve(String(chunk))))
    closed.close(http2.constants.NGHTTP2_CANCEL)
    await once(closed, 'close')
    session.destroy()
    return [first, second, closed.rstCode, closed.destroyed]
  }),
  keeps: instrument(async function keeps() {
    if (kept === undefined || kept.destroyed) kept = http2.connect(url)
    return [await ask(kept, '/kept', 'one'), await ask(kept, '/kept', 'two')]
  }),
}

describe('node:http2', () => {
  const recorded = replayWithoutServer(PROGRAMS, server, { release: () => kept?.destroy() })
  afterAll(() => kept?.destroy())

  it('records each exchange once, and no key', () => {
    expect(exchangeCounts(recorded.all)).toEqual({ asks: 4, parallel: 6, packed: 1, lines: 1, failures: 5, left: 2, keeps: 2 })
    expect(JSON.stringify(recorded.of('asks').nodes.map(({ record }) => record))).not.toContain('of-no-use')
  })

  it('tells a request that the recording does not have', async () => {
    await expectUnmatched(recorded.of('packed'), async () => {
      const session = http2.connect(url)
      return await told(() => ask(session, '/other'))
    })
  })

  it('goes on with a socket where a client keeps its session for longer than the replay', async () => {
    let asked = 0
    const alive = http2.createServer().on('stream', (stream) => {
      asked++
      stream.respond({ ':status': 200, 'content-type': 'text/plain' })
      stream.end('alive')
    })
    const open = new Set<http2.ServerHttp2Session>()
    alive.on('session', (session) => void open.add(session))
    await new Promise<void>((resolve) => alive.listen(Number(new URL(url).port), '127.0.0.1', resolve))
    // One with a socket, from before the replay, is answered in it, too.
    const before = http2.connect(url)
    kept = before
    await once(before, 'connect')
    expectExact(await replay(recorded.of('keeps'), PROGRAMS.keeps))
    expect(asked).toBe(0)
    expect(await ask(before, '/before')).toEqual([200, 'text/plain', 'alive'])
    before.destroy()
    kept = undefined
    expectExact(await replay(recorded.of('keeps'), PROGRAMS.keeps))
    if (kept === undefined) throw new Error('no session was kept')
    expect(await ask(kept, '/after')).toEqual([200, 'text/plain', 'alive'])
    const live = await replay(
      recorded.of('packed'),
      instrument(async () => (await ask(http2.connect(url), '/live'))[2], { name: 'packed' }),
      { mode: 'cached', onMiss: 'live', record: false },
    )
    expect([live.label, live.counts.live, live.counts.socketsDenied]).toEqual(['live', 1, 0])
    const closed = once(kept, 'close')
    ;(kept as ClientHttp2Session).close()
    await closed
    for (const session of open) session.destroy()
    await new Promise((resolve) => alive.close(resolve))
  })
})

it('is recorded and served where the program loads it only while it runs', async () => {
  const late = http2.createServer().on('stream', (stream, { ':path': path }) => {
    stream.respond({ ':status': 200, 'content-type': 'text/plain' })
    stream.end(`the ${path}`)
  })
  await new Promise<void>((resolve) => late.listen(0, '127.0.0.1', resolve))
  const program = fileURLToPath(new URL('late-http2-program.ts', import.meta.url))
  const run = async (...args: string[]): Promise<unknown> => {
    const flags = ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, ...args])
    return JSON.parse(stdout)
  }
  const recorded = await recordWire(async (endpoint) => {
    const origin = `http://127.0.0.1:${(late.address() as AddressInfo).port}`
    expect(await run('record', endpoint, origin)).toEqual({ before: false })
  })
  await new Promise((resolve) => late.close(resolve))
  expect(exchangeCounts(recorded)).toEqual({ lateHttp2: 2 })
  expect(recordingOf(recorded, 'lateHttp2').rootOutput()).toEqual(['the /first', 'the /second'])
  expect(await run('replay', recordingOf(recorded, 'lateHttp2').folder)).toEqual({ before: false, label: 'exact', served: 2 })
})
