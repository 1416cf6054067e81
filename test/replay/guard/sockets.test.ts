import { spawn } from 'node:child_process'
import dgram from 'node:dgram'
import dns, { lookup as namedLookup } from 'node:dns'
import { lookup as promisedLookup } from 'node:dns/promises'
import { once } from 'node:events'
import http from 'node:http'
import https from 'node:https'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import tls from 'node:tls'
import { Agent, request as undiciRequest } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runGuarded } from '../../../src/replay/guard/guard.ts'
import { programFrames, userFrame } from '../../../src/replay/guard/user-frame.ts'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { RepriseError } from '../../../src/schemas/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { temporaryFolder } from '../temporary-folder.ts'
import { emptyRun } from './empty-run.ts'

let server: http.Server
let port = 0
let connections = 0
let requests = 0
beforeAll(async () => {
  server = http.createServer((_request, response) => {
    requests++
    response.end('alive')
  })
  server.on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const outcome = (start: (settle: (error: unknown) => void) => void): Promise<unknown> =>
  new Promise((resolve) => start((error) => resolve(error ?? 'went through')))

/** Each way out of the process, as its outcome: an error, or what came back. */
const WAYS: Record<string, () => Promise<unknown>> = {
  'net.connect': () =>
    outcome((settle) =>
      net
        .connect(port, '127.0.0.1')
        .on('error', settle)
        .on('connect', () => settle(undefined)),
    ),
  'net.connect with options': () =>
    outcome((settle) =>
      net
        .connect({ host: 'localhost', port })
        .on('error', settle)
        .on('connect', () => settle(undefined)),
    ),
  'a unix socket': () => outcome((settle) => net.connect('/tmp/reprise-no-such.sock').on('error', settle)),
  'tls.connect': () => outcome((settle) => tls.connect({ host: '127.0.0.1', port }).on('error', settle)),
  'http.get': () => outcome((settle) => http.get({ host: '127.0.0.1', port }, () => settle(undefined)).on('error', settle)),
  'http.get with agent: false': () =>
    outcome((settle) => http.get({ host: '127.0.0.1', port, agent: false }, () => settle(undefined)).on('error', settle)),
  'https.get': () => outcome((settle) => https.get({ host: '127.0.0.1', port }, () => settle(undefined)).on('error', settle)),
  fetch: () => fetch(`http://127.0.0.1:${port}/?key=secret`).catch((error: unknown) => (error as Error).cause),
  'undici.request': () => undiciRequest(`http://127.0.0.1:${port}/`).catch((error: unknown) => error),
  'dns.lookup': () => outcome((settle) => dns.lookup('example.com', settle)),
  'dns.lookup by name': () => outcome((settle) => namedLookup('example.com', settle)),
  'dns.promises.lookup': () => dns.promises.lookup('example.com').catch((error: unknown) => error),
  'dns/promises lookup by name': () => promisedLookup('example.com').catch((error: unknown) => error),
  'dns.resolve4': () => outcome((settle) => dns.resolve4('example.com', settle)),
  'dns.Resolver': () => outcome((settle) => new dns.Resolver().resolveTxt('example.com', settle)),
  'dgram send': () =>
    outcome((settle) => {
      const socket = dgram.createSocket('udp4')
      socket.send('x', 9, '127.0.0.1', (error) => {
        socket.close()
        settle(error)
      })
    }),
}

describe('the socket guard', () => {
  it.for(Object.keys(WAYS))('denies %s within a replay, counts it once, and says where', async (name) => {
    const way = WAYS[name] ?? (async () => undefined)
    const before = connections
    let result: unknown
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        result = await way()
        return 'done'
      }),
    )
    expect(RepriseError.isInstance(result) && result.code, String(result)).toBe('replay_diverged')
    expect(connections).toBe(before)
    expect(verdict.label, formatVerdict(verdict)).toBe('diverged')
    expect(verdict.counts.socketsDenied).toBe(1)
    expect(verdict.divergences[0]).toMatchObject({ reason: 'socket', path: ['leaky'] })
    // undici connects from a callback of its own, whose stack the program is not on.
    if (name !== 'undici.request') {
      expect(verdict.divergences[0]?.message).toContain('sockets.test.ts')
      expect(verdict.divergences[0]?.stack?.join()).toContain('sockets.test.ts')
    }
    expect(verdict.divergences[0]?.stack).not.toEqual([])
    expect(formatVerdict(verdict)).toContain(`      from ${verdict.divergences[0]?.stack?.[0]}`)
    expect(verdict.divergences[0]?.message).not.toContain('secret')
  })

  it('denies the reuse of a connection that was open before', async () => {
    const agent = new http.Agent({ keepAlive: true })
    const get = (): Promise<unknown> =>
      outcome((settle) =>
        http
          .get({ host: '127.0.0.1', port, agent }, (response) => response.resume().on('end', () => settle(undefined)))
          .on('error', settle),
      )
    expect(await get()).toBe('went through')
    const before = requests
    let result: unknown
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        result = await get()
        return 'done'
      }),
    )
    expect(RepriseError.isInstance(result)).toBe(true)
    expect(requests).toBe(before)
    expect(verdict.counts.socketsDenied).toBe(1)
    agent.destroy()
  })

  it('denies requests over the pool of another client, and bytes on a socket, that were open before', async () => {
    const pool = new Agent({ keepAliveTimeout: 60_000 })
    const send = async (): Promise<unknown> => {
      try {
        const { body } = await undiciRequest(`http://127.0.0.1:${port}/`, { dispatcher: pool })
        return await body.text()
      } catch (error) {
        return error
      }
    }
    const socket = net.connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    expect(await send()).toBe('alive')
    const before = [connections, requests]
    const results: unknown[] = []
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        results.push(await send(), await outcome((settle) => socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n', settle)))
        process.stdout.write('')
        return 'done'
      }),
    )
    expect(results.map((result) => RepriseError.isInstance(result) && result.code)).toEqual(['replay_diverged', 'replay_diverged'])
    expect([connections, requests]).toEqual(before)
    expect(verdict.counts.socketsDenied).toBe(2)
    await closed
    // The pool goes on for the rest of the process.
    expect(await send()).toBe('alive')
    await pool.close()
  })

  it('denies bytes on a Unix socket that was open before, and requests over one', async () => {
    const path = join(await temporaryFolder(), 'server.sock')
    let heard = ''
    const server = http.createServer((_request, response) => response.end('alive'))
    server.on('connection', (socket) => socket.on('data', (data) => (heard += data.toString())))
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const pool = new Agent({ connect: { socketPath: path }, keepAliveTimeout: 60_000 })
    const ask = async (): Promise<unknown> =>
      await undiciRequest('http://localhost/asked', { dispatcher: pool })
        .then(async ({ body }) => await body.text())
        .catch((error: unknown) => error)
    expect(await ask()).toBe('alive')
    const socket = net.connect(path)
    await once(socket, 'connect')
    const closed = new Promise((resolve) => socket.on('error', () => {}).on('close', resolve))
    heard = ''
    const results: unknown[] = []
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        results.push(await ask(), await outcome((settle) => socket.write('GET /written HTTP/1.1\r\nhost: a\r\n\r\n', settle)))
        return 'done'
      }),
    )
    expect(results.map((result) => RepriseError.isInstance(result) && result.code)).toEqual(['replay_diverged', 'replay_diverged'])
    expect(heard).toBe('')
    expect(verdict.counts.socketsDenied).toBe(2)
    expect(verdict.divergences[0]?.message).toContain('a Unix socket')
    await closed
    await pool.close()
    server.closeAllConnections()
    server.close()
  })

  it('denies datagrams over a socket that was connected before', async () => {
    const receiver = dgram.createSocket('udp4')
    await new Promise<void>((resolve) => receiver.bind(0, '127.0.0.1', resolve))
    const heard: string[] = []
    receiver.on('message', (message) => heard.push(message.toString()))
    const sender = dgram.createSocket('udp4')
    await new Promise<void>((resolve) => sender.connect(receiver.address().port, '127.0.0.1', () => resolve()))
    let result: unknown
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        result = await outcome((settle) => sender.send('within', settle))
        return 'done'
      }),
    )
    expect(RepriseError.isInstance(result) && result.code).toBe('replay_diverged')
    expect(verdict.counts.socketsDenied).toBe(1)
    sender.send('after')
    await once(receiver, 'message')
    expect(heard).toEqual(['after'])
    sender.close()
    receiver.close()
  })

  it('says where a datagram was to go, and never what it says', async () => {
    const socket = dgram.createSocket('udp4')
    const send = (...args: unknown[]): Promise<unknown> =>
      outcome((settle) => void Reflect.apply(socket.send.bind(socket) as (...args: unknown[]) => void, undefined, [...args, settle]))
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        await send('hidden', 9, '127.0.0.2')
        await send(Buffer.from('hidden'), 1, 2, 9, '127.0.0.2')
        await send(['hidden'], 9)
        return 'done'
      }),
    )
    socket.close()
    const targets = verdict.divergences.filter(({ reason }) => reason === 'socket').map(({ message }) => / to (\S+) /.exec(message)?.[1])
    expect(targets).toEqual(['127.0.0.2:9', '127.0.0.2:9', 'localhost:9'])
  })

  it('lets a server listen at an address, for which nobody is asked', async () => {
    const verdict = await replay(
      await emptyRun(),
      instrument(async function listens() {
        const listener = net.createServer().listen(0, '127.0.0.1')
        await once(listener, 'listening')
        listener.close()
        return [(await dns.promises.lookup('::1')).address, 'done'].at(-1)
      }),
    )
    expect(verdict.counts.socketsDenied, formatVerdict(verdict)).toBe(0)
  })

  it('leaves pipes to a child process alone', async () => {
    const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], { stdio: 'pipe' })
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        child.stdin.end('done')
        const [chunk] = (await once(child.stdout, 'data')) as [Buffer]
        return chunk.toString()
      }),
    )
    expect(verdict.counts.socketsDenied).toBe(0)
    expect(verdict.label, formatVerdict(verdict)).toBe('exact')
  })

  it('leaves the rest of the process alone while it is on, and everything when it is off', async () => {
    const originals = [
      net.Socket.prototype.connect,
      dns.lookup,
      globalThis.fetch,
      http.Agent.prototype,
      dgram.Socket.prototype.send,
    ] as const
    const outside = (async () => {
      await sleep(20)
      return await (await fetch(`http://127.0.0.1:${port}/`)).text()
    })()
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        await sleep(60)
        return 'done'
      }),
    )
    expect(verdict.label).toBe('exact')
    expect(await outside).toBe('alive')
    expect([net.Socket.prototype.connect, dns.lookup, globalThis.fetch, http.Agent.prototype, dgram.Socket.prototype.send]).toEqual(
      originals,
    )
    expect(namedLookup).toBe(dns.lookup)
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('alive')
  })

  it('stays on until the last of several replays has ended', async () => {
    const original = net.Socket.prototype.connect
    const watcher = { denied: () => new RepriseError('replay_diverged', 'denied') }
    const one = runGuarded(watcher, () => 1)
    const two = runGuarded(watcher, () => 2)
    one.release()
    one.release()
    expect(net.Socket.prototype.connect).not.toBe(original)
    two.release()
    expect(net.Socket.prototype.connect).toBe(original)
    expect(() =>
      runGuarded(watcher, () => {
        throw new Error('x')
      }),
    ).toThrow('x')
    expect(net.Socket.prototype.connect).toBe(original)
  })

  it('finds the frame of the program among those of others', () => {
    const stack = [
      'Error',
      '    at Socket.<anonymous> (/app/node_modules/reprise/dist/replay/guard/sockets.js:60:20)',
      '    at internalConnect (node:net:1100:10)',
      '    at Client.connect (/app/node_modules/undici/lib/client.js:1:1)',
      '    at async answer (/app/agent.ts:12:3)',
      '    at async main (/app/main.ts:1:1)',
    ].join('\n')
    expect(userFrame(stack)).toBe('async answer (/app/agent.ts:12:3)')
    expect(userFrame(undefined)).toBeUndefined()
    expect(programFrames(stack)).toEqual([
      'Client.connect (/app/node_modules/undici/lib/client.js:1:1)',
      'async answer (/app/agent.ts:12:3)',
      'async main (/app/main.ts:1:1)',
    ])
  })
})
