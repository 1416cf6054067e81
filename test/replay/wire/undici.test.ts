import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  Agent,
  Client,
  type Dispatcher,
  FormData,
  getGlobalDispatcher,
  interceptors,
  MockAgent,
  Pool,
  request,
  setGlobalDispatcher,
  fetch as undiciFetch,
} from 'undici'
import { describe, expect, it } from 'vitest'
import { instrument } from '../../../src/sdk/index.ts'
import { late } from './late-undici-program.ts'
import { exchangeCounts } from './record-wire.ts'
import { expectUnmatched, replayWithoutServer, told } from './web-programs.ts'
import { startWebServer } from './web-server.ts'

const server = await startWebServer()
const at = (path: string): string => `${server.url}${path}`
const pool = new Pool(server.url, { connections: 1 })
const client = new Client(server.url)

const PROGRAMS = {
  requests: instrument(async function requests() {
    const log: unknown[] = []
    for (const body of ['text', Buffer.from('bytes'), Readable.from(['a ', 'stream']), new URLSearchParams({ b: '2' }).toString(), null]) {
      const { statusCode, headers, body: reply } = await request(at('/echo'), { method: 'POST', body, query: { page: 1 } })
      log.push(statusCode, headers['content-type'], await reply.json())
    }
    const form = new FormData()
    form.append('field', 'value')
    log.push(await (await request(at('/echo'), { method: 'POST', body: form })).body.json())
    log.push((await request(at('/nothing'))).statusCode, await (await request(at('/missing'))).body.text())
    return log
  }),
  dispatchers: instrument(async function dispatchers() {
    const log: unknown[] = []
    log.push(await (await pool.request({ path: '/echo', method: 'GET' })).body.json())
    log.push(await (await client.request({ path: '/moved', method: 'GET' })).body.text())
    const following = new Agent().compose(interceptors.redirect({ maxRedirections: 2 }))
    log.push(await (await request(at('/from'), { dispatcher: following })).body.text())
    await Promise.all([1, 2, 3].map(async () => log.push(await (await pool.request({ path: '/echo', method: 'GET' })).body.json())))
    return log
  }),
  fetches: instrument(async function fetches() {
    const log: unknown[] = [await (await undiciFetch(at('/gzip'))).json()]
    log.push(await (await undiciFetch(at('/from'))).text())
    log.push(await (await undiciFetch(at('/echo'), { method: 'POST', body: 'of fetch' })).json())
    log.push(await (await fetch(at('/echo'), { method: 'POST', body: 'of the global one' })).json())
    return log
  }),
  failures: instrument(async function failures() {
    const { body } = await request(at('/slow'))
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 20)
    return [
      await told(() => request(at('/reset'))),
      await told(() => request('http://127.0.0.1:9/')),
      await told(async () => await (await request(at('/cut'))).body.text()),
      await told(() => request(at('/never'), { signal: controller.signal })),
      await told(() => request(at('/never'), { signal: AbortSignal.timeout(30) })),
      await body.text(),
    ]
  }),
  lines: instrument(async function lines() {
    const pieces: string[] = []
    for await (const chunk of (await request(at('/lines'))).body) pieces.push(String(chunk))
    // Not the pieces: what has come by the time somebody reads it, undici gives as one.
    return pieces.join('')
  }),
  mocked: instrument(async function mocked() {
    const log: unknown[] = [await (await fetch('http://mocked.test/one')).json()]
    log.push(await (await request('http://mocked.test/two', { method: 'POST', body: '{"a":1}' })).body.text())
    return log
  }),
  late,
}

/** An exchange that no server of ours answers: the oracle here is a mock. */
async function withMocks(run: () => Promise<unknown>): Promise<void> {
  const before: Dispatcher = getGlobalDispatcher()
  const mocks = new MockAgent()
  mocks.disableNetConnect()
  const mock = mocks.get('http://mocked.test')
  mock.intercept({ path: '/one' }).reply(200, { from: 'a mock' }, { headers: { 'content-type': 'application/json' } })
  mock.intercept({ path: '/two', method: 'POST', body: '{"a":1}' }).reply(201, 'made')
  setGlobalDispatcher(mocks)
  await run()
  mocks.assertNoPendingInterceptors()
  setGlobalDispatcher(before)
}

describe('undici', () => {
  const recorded = replayWithoutServer(PROGRAMS, server, {
    run: async (name, program) => await (name === 'mocked' ? withMocks(program) : name === 'late' ? late(at('/lines')) : program()),
    release: async () => await Promise.all([pool.destroy(), client.destroy()]),
  })

  it('records each exchange once', () => {
    // A redirect that undici follows above its dispatchers is two exchanges.
    expect(exchangeCounts(recorded.all)).toEqual({ requests: 8, dispatchers: 7, fetches: 5, failures: 6, lines: 1, mocked: 2, late: 1 })
  })

  it('is served where the program loads it only while it runs', async () => {
    const program = fileURLToPath(new URL('late-undici-program.ts', import.meta.url))
    const flags = ['--conditions=reprise-source', '--disable-warning=ExperimentalWarning']
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, program, recorded.of('late').folder])
    expect(JSON.parse(stdout)).toEqual({ label: 'exact', served: 1, before: false, after: true })
  })

  it('tells a request that the recording does not have', async () => {
    await expectUnmatched(recorded.of('lines'), async () => await told(() => request(at('/other'))))
  })
})
