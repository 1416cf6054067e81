import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { formatVerdict, replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { emptyRun } from './empty-run.ts'

let server: http.Server
let url = ''
let connections = 0
beforeAll(async () => {
  server = http.createServer((_request, response) => void response.end('alive')).on('connection', () => connections++)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?key=secret`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const FETCHES = `
  const { parentPort, workerData } = require('node:worker_threads')
  fetch(workerData).then((answer) => answer.text(), (error) => error.cause?.code ?? String(error)).then((text) => parentPort.postMessage(text))
`
/** The same from a thread of its own. */
const NESTS = `
  const { parentPort, workerData, Worker } = require('node:worker_threads')
  new Worker(workerData.code, { eval: true, workerData: workerData.url }).on('message', (text) => parentPort.postMessage(text))
`

async function answerOf(code: string, workerData: unknown, options: { execArgv?: string[] } = {}): Promise<unknown> {
  const worker = new Worker(code, { eval: true, workerData, ...options })
  expect(worker).toBeInstanceOf(Worker)
  const [answer] = (await once(worker, 'message')) as [unknown]
  await worker.terminate()
  return answer
}

describe('threads that a replayed program starts', () => {
  it.each([
    ['as it is', () => answerOf(FETCHES, url)],
    ['with flags of its own', () => answerOf(FETCHES, url, { execArgv: ['--no-warnings'] })],
    ['from a thread', () => answerOf(NESTS, { code: FETCHES, url })],
  ])('are denied the network, and told of: %s', async (_name, ask) => {
    expect(await ask()).toBe('alive')
    const before = connections
    let answer: unknown
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        answer = await ask()
        return 'done'
      }),
    )
    expect(answer).toBe('replay_diverged')
    expect(connections).toBe(before)
    expect(verdict.label, formatVerdict(verdict)).toBe('diverged')
    expect(verdict.counts.socketsDenied).toBe(1)
    expect(verdict.divergences[0]).toMatchObject({ reason: 'socket', path: ['leaky'] })
    expect(verdict.divergences[0]?.message).toContain("a worker's fetch to http://127.0.0.1")
    expect(verdict.divergences[0]?.message).not.toContain('secret')
  })

  it('leave the threads of the rest of the process alone', async () => {
    let go = (): void => {}
    const started = new Promise<void>((resolve) => (go = resolve))
    const outside = started.then(async () => await answerOf(FETCHES, url))
    const verdict = await replay(
      await emptyRun(),
      instrument(async function leaky() {
        go()
        await new Promise((resolve) => setTimeout(resolve, 30))
        return 'done'
      }),
    )
    expect(verdict.label).toBe('exact')
    expect(await outside).toBe('alive')
  })
})
