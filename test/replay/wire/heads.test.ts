import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { replay } from '../../../src/replay/index.ts'
import { instrument } from '../../../src/sdk/index.ts'
import { expectExact } from '../expect-exact.ts'
import { listening } from './model-server.ts'
import { recordingOf, recordWire } from './record-wire.ts'

const COOKIE = 'Zx81hTQ0vLw3Rk7MfYp2'

async function startServer(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    response.setHeader('x-total-count', '42')
    response.setHeader('set-cookie', [`session=${COOKIE}`, `other=${COOKIE}2`])
    response.setHeader('x-csrf-token', COOKIE)
    if (request.url === '/packed') {
      const packed = gzipSync(`{"text":"${'packed '.repeat(40)}"}`)
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip', 'content-length': packed.length })
      return void response.end(packed)
    }
    if (request.url === '/short') {
      response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 1000 })
      response.write('only this')
      await sleep(10)
      return void response.destroy()
    }
    if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': 77 }).end()
    response.end('whole')
  })
  return await listening(server)
}

async function fetched(url: string, init: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, init)
  const { headers } = response
  const cookies = headers.getSetCookie()
  const text = await response.text().catch((error: Error) => error.message)
  // The values of credentials are nobody's business.
  const shown = [...headers].map(([name, value]) => (/cookie|token|date/.test(name) ? name : [name, value]))
  return [response.status, shown, cookies.length, cookies[0] === cookies[1], text]
}

async function asked(url: string, method = 'GET'): Promise<unknown> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpRequest(url, { method }, resolve).on('error', reject).end()
  })
  const { 'x-total-count': count, 'content-length': length, 'set-cookie': cookies = [] } = response.headers
  const head = [response.statusCode, count, length, cookies.length]
  let text = ''
  try {
    for await (const chunk of response) text += String(chunk)
    return [...head, response.complete, text]
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    return [...head, response.complete, text, message, code]
  }
}

describe('what a response says before its body', () => {
  it('is there in a replay: any header, how the body was packed, and how long it would have been', async () => {
    const { url, close } = await startServer()
    const programs = {
      fetches: instrument(async function fetches() {
        return [await fetched(`${url}/packed`), await fetched(`${url}/short`), await fetched(url), await fetched(url, { method: 'HEAD' })]
      }),
      asks: instrument(async function asks() {
        return [await asked(`${url}/short`), await asked(url), await asked(url, 'HEAD')]
      }),
    }
    const results = new Map<string, unknown>()
    const recordings = await recordWire(async () => {
      for (const [name, program] of Object.entries(programs)) results.set(name, await program())
    })
    await close()
    for (const [name, program] of Object.entries(programs)) expectExact(await replay(recordingOf(recordings, name), program))
    expect(results.get('fetches')).toMatchObject([
      [
        200,
        expect.arrayContaining([['content-encoding', 'gzip'], ['x-total-count', '42'], 'set-cookie', 'x-csrf-token']),
        2,
        false,
        expect.any(String),
      ],
      [200, expect.arrayContaining([['content-length', '1000']]), 2, false, 'terminated'],
      [200, expect.arrayContaining([['connection', 'keep-alive']]), 2, false, 'whole'],
      [200, expect.arrayContaining([['content-length', '77']]), 2, false, ''],
    ])
    expect(results.get('asks')).toEqual([
      [200, '42', '1000', 2, false, 'only this', 'aborted', 'ECONNRESET'],
      [200, '42', '5', 2, true, 'whole'],
      [200, '42', '77', 2, true, ''],
    ])
    for (const recording of recordings.values()) {
      for (const { record } of recording.nodes.filter(({ record }) => record.core.kind === 'wire')) {
        const payload = recording.payloadOf(record, 'output')
        expect(payload.state === 'present' && Buffer.from(payload.data).toString('latin1')).not.toContain(COOKIE)
      }
    }
  })
})
