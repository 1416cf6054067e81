import http from 'node:http'
import nock from 'nock'
import { type Dispatcher, getGlobalDispatcher, MockAgent, setGlobalDispatcher, request as undiciRequest } from 'undici'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Recording, replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { exchangeCounts, recordingOf, recordWire } from './record-wire.ts'

// Mocks answer in the place of servers: whoever stands there, what the program is given is what is recorded, and a replay asks none of them.

const got = async (url: string): Promise<string> =>
  await new Promise((resolve, reject) => {
    const request = http.get(url, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString())).on('end', () => resolve(text))
    })
    request.on('error', reject)
  })

const PROGRAMS = {
  nocked: instrument(async function nocked() {
    const posted = await fetch('http://mocked.test/one', { method: 'POST', body: '{"a":1}' })
    return [posted.status, await posted.json(), await got('http://mocked.test/two')]
  }),
  stubbed: instrument(async function stubbed() {
    const response = await fetch('http://stubbed.test/')
    return [response.status, response.headers.get('x-request-id'), await response.text()]
  }),
  agent: instrument(async function agent() {
    return [await (await fetch('http://agent.test/')).text(), await (await undiciRequest('http://agent.test/')).body.text()]
  }),
}

const real: Dispatcher = getGlobalDispatcher()
function mockAgent(): MockAgent {
  const agent = new MockAgent()
  agent.disableNetConnect()
  setGlobalDispatcher(agent)
  return agent
}

let recordings: Map<string, Recording>

beforeAll(async () => {
  recordings = await recordWire(async () => {
    // Loaded before this package, nock gives back a fetch from before it, too.
    nock.activate()
    nock('http://mocked.test').post('/one', { a: 1 }).reply(201, { from: 'nock' }).get('/two').reply(200, 'two')
    await PROGRAMS.nocked()
    expect(nock.isDone()).toBe(true)
    nock.restore()
    const stub = vi.fn<typeof fetch>(async () => new Response('stubbed', { headers: { 'x-request-id': 's1' } }))
    vi.stubGlobal('fetch', stub)
    await PROGRAMS.stubbed()
    // Still the user's mock to the user's assertions.
    expect(fetch).toHaveBeenCalledWith('http://stubbed.test/', undefined)
    vi.unstubAllGlobals()
    const agent = mockAgent()
    agent.get('http://agent.test').intercept({ path: '/' }).reply(200, 'from an agent').times(2)
    await PROGRAMS.agent()
    agent.assertNoPendingInterceptors()
    setGlobalDispatcher(real)
  })
})
nock.restore()

afterEach(() => {
  nock.restore()
  vi.unstubAllGlobals()
  setGlobalDispatcher(real)
})

describe('exchanges that mocks answered', () => {
  it('are recorded once each, as far as the program sees them', () => {
    expect(exchangeCounts(recordings)).toEqual({ nocked: 2, stubbed: 1, agent: 2 })
  })

  it.for(Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])('are served without them: %s', async (name) => {
    expectExact(await replay(recordingOf(recordings, name), PROGRAMS[name]))
  })

  it('are served where nock stands and knows of nothing', async () => {
    nock.activate()
    nock.disableNetConnect()
    for (const name of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])
      expectExact(await replay(recordingOf(recordings, name), PROGRAMS[name]))
    nock.enableNetConnect()
  })

  it('are served where a function or an agent stands that would say something else', async () => {
    const other = vi.fn<typeof fetch>(async () => new Response('something else'))
    vi.stubGlobal('fetch', other)
    mockAgent().get('http://agent.test').intercept({ path: '/' }).reply(500, 'something else').persist()
    for (const name of Object.keys(PROGRAMS) as (keyof typeof PROGRAMS)[])
      expectExact(await replay(recordingOf(recordings, name), PROGRAMS[name]))
    expect(other).not.toHaveBeenCalled()
    // For the rest of the process it stands.
    expect(await (await fetch('http://stubbed.test/')).text()).toBe('something else')
  })
})
