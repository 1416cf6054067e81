import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAllowed } from '../../../src/replay/guard/allowed.ts'
import { denyNetwork, replay } from '../../../src/replay/index.ts'
import { RepriseError } from '../../../src/schemas/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { emptyRun } from './empty-run.ts'

let server: http.Server
let port = 0
beforeAll(async () => {
  server = http.createServer((_request, response) => void response.end('alive'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const byFetch = async (): Promise<unknown> =>
  await fetch(`http://localhost:${port}/`, { headers: { connection: 'close' } }).then(
    (answer) => answer.text(),
    (error: Error) => error.cause,
  )
const byHttp = async (): Promise<unknown> =>
  await new Promise((resolve) => {
    const request = http.get({ host: '127.0.0.1', port, agent: false }, (response) => {
      let text = ''
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => (text += chunk))
        .on('end', () => resolve(text))
    })
    request.on('error', resolve)
  })

describe('a process that is denied the network', () => {
  it('gets nowhere, is told so, and hears of it; afterwards all is as it was', async () => {
    const original = net.Socket.prototype.connect
    const denial = denyNetwork()
    try {
      for (const outcome of [await byFetch(), await byHttp()]) {
        expect(RepriseError.isInstance(outcome) && outcome.code, String(outcome)).toBe('replay_diverged')
      }
      expect(denial.count()).toBe(2)
      expect(denial.attempts()[0]).toContain(`fetch to http://localhost:${port} was denied`)
      expect(denial.attempts()[0]).toContain('process-wide.test.ts')
    } finally {
      denial.release()
    }
    expect(net.Socket.prototype.connect).toBe(original)
    expect(await byHttp()).toBe('alive')
  })

  it('reaches what is allowed, the names and the sockets that takes', async () => {
    for (const allow of [
      ['localhost', '127.0.0.1'],
      [`localhost:${port}`, `127.0.0.1:${port}`],
    ]) {
      const denial = denyNetwork({ allow })
      try {
        expect(await byFetch()).toBe('alive')
        expect(await byHttp()).toBe('alive')
        expect(denial.attempts()).toEqual([])
      } finally {
        denial.release()
      }
    }
    // Allowed by its name, a socket may be written to: what it is connected to has an address only.
    const byName = denyNetwork({ allow: [`localhost:${port}`] })
    try {
      expect(await byFetch()).toBe('alive')
      expect(byName.attempts()).toEqual([])
    } finally {
      byName.release()
    }
    const denial = denyNetwork({ allow: ['127.0.0.1:1'] })
    try {
      expect(RepriseError.isInstance(await byHttp())).toBe(true)
    } finally {
      denial.release()
    }
  })

  it('lets its servers answer', async () => {
    const client = net.connect(port, '127.0.0.1')
    await new Promise((resolve) => client.on('connect', resolve))
    const answered = new Promise<string>((resolve) => client.setEncoding('utf8').on('data', resolve))
    client.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
    const denial = denyNetwork()
    expect(await answered).toContain('alive')
    expect(denial.count()).toBe(0)
    denial.release()
  })

  it('counts what its replayed program attempts in the verdict alone', async () => {
    const denial = denyNetwork({ allow: ['localhost', '127.0.0.1'] })
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        await byFetch()
        return 'done'
      }),
    )
    expect(verdict.counts.socketsDenied).toBe(1)
    expect(denial.count()).toBe(0)
    denial.release()
  })

  it('keeps the first hundred attempts, and counts all', async () => {
    const denial = denyNetwork()
    for (let index = 0; index < 150; index++) await byFetch()
    expect([denial.attempts().length, denial.count()]).toEqual([100, 150])
    denial.release()
  })
})

it.each([
  [['db.local'], 'db.local', true],
  [['db.local'], 'DB.local:5432', true],
  [['db.local:5432'], 'db.local:5432', true],
  [['db.local:5432'], 'db.local:80', false],
  [['db.local:5432'], 'db.local', true],
  [['db.local'], 'evil-db.local', false],
  [['db.local'], 'db.local.evil.com', false],
  [['a', 'example.com:443'], 'https://example.com', true],
  [['example.com:80'], 'https://example.com', false],
  [['https://example.com'], 'example.com:443', true],
  [['::1'], '::1', true],
  [['[::1]:8080'], '::1:8080', true],
  [['[::1]:8080'], '::1:8081', false],
  [['[::1]'], 'http://[::1]:8080', true],
  [['/run/db.sock'], '/run/db.sock', true],
  [[], 'db.local', false],
])('%j lets %s through: %s', (allow, target, expected) => {
  expect(isAllowed(allow, target)).toBe(expected)
})
