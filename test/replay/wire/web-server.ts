import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { eventFrame } from './event-stream.ts'
import { listening } from './model-server.ts'

export interface WebServer {
  readonly url: string
  readonly requests: {
    readonly method: string
    readonly path: string
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }[]
  close(): Promise<void>
}

export const BINARY: Uint8Array = Uint8Array.from({ length: 300 }, (_, index) => (index * 37) % 256)

/** Answers in every way that HTTP knows, and never the same twice. */
export async function startWebServer(): Promise<WebServer> {
  const requests: WebServer['requests'][number][] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString('latin1')
    requests.push({ method: request.method ?? '', path: request.url ?? '', headers: request.headers, body })
    await answer(request, response, requests.length, body)
  })
  return { requests, ...(await listening(server)) }
}

async function answer(request: IncomingMessage, response: ServerResponse, number: number, body: string): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://web').pathname
  const send = (type: string, data: string | Uint8Array, headers: Record<string, string | number | string[]> = {}, status = 200): void => {
    response.writeHead(status, { 'content-type': type, ...headers }).end(data)
  }
  switch (path) {
    case '/echo':
      return send(
        'application/json',
        JSON.stringify({ number, method: request.method, type: request.headers['content-type'] ?? null, length: body.length }),
      )
    case '/pretty': {
      const text = JSON.stringify({ number, from: `ana-${number}@example.com`, of: [{ a: 'é' }, {}, []] }, null, 2)
      response.writeHead(200, { 'content-type': 'application/json' }).write(text.slice(0, 5))
      await sleep(2)
      return void response.end(`${text.slice(5)}\n`)
    }
    case '/gzip':
    case '/br':
    case '/zstd': {
      const data = Buffer.from(JSON.stringify({ number, text: 'packed '.repeat(40) }))
      const packed = path === '/gzip' ? gzipSync(data) : path === '/br' ? brotliCompressSync(data) : zstdCompressSync(data)
      return send('application/json', packed, { 'content-encoding': path.slice(1), 'content-length': packed.length, etag: '"a"' })
    }
    case '/binary':
      return send('application/vnd.amazon.eventstream', BINARY, { 'x-amzn-requestid': `r-${number}` })
    case '/events': {
      const frames = [`{"delta":"héllo ${number}"}`, '{"stop":true}'].map((payload, at) => eventFrame(at === 0 ? 'chunk' : 'end', payload))
      const bytes = Buffer.concat(frames)
      response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream' })
      // Within the lengths, within a payload, and across two frames.
      for (const [from, to] of [
        [0, 3],
        [3, 40],
        [40, (frames[0]?.length ?? 0) + 5],
        [(frames[0]?.length ?? 0) + 5, bytes.length],
      ] as const) {
        response.write(bytes.subarray(from, to))
        await sleep(2)
      }
      return void response.end()
    }
    case '/lines':
      response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      for (let at = 0; at < 5; at++) {
        response.write(`{"at":${at},"number":${number}}\n{"al`)
        await sleep(2)
        response.write(`so":${at}}\n`)
        await sleep(2)
      }
      return void response.end()
    case '/latin':
      return send('text/plain; charset=iso-8859-1', Buffer.from(`déjà ${number}`, 'latin1'))
    case '/nothing':
      response.writeHead(204, { 'x-request-id': `n-${number}` }).end()
      return
    case '/empty':
      return send('text/plain', '')
    case '/from':
      return void response.writeHead(302, { location: '/moved?n=1' }).end()
    case '/moved':
      return send('text/plain', `moved ${number}`)
    case '/cookie':
      return send('text/plain', `cookie ${number}`, {
        'set-cookie': ['session=Zx81hTQ0vLw3Rk7MfYp2'],
        'x-secret-token': 'Zx81hTQ0vLw3Rk7MfYp2',
        'x-ratelimit-remaining': 9,
      })
    case '/reset':
      return void request.socket.destroy()
    case '/cut':
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.write(`begun ${number}`)
      await sleep(10)
      return void request.socket.destroy()
    case '/slow':
      response.writeHead(200, { 'content-type': 'text/plain' })
      response.write(`slow ${number}\n`)
      await sleep(400)
      if (!response.destroyed) response.end('late')
      return
    case '/never':
      await sleep(400)
      if (!response.destroyed) response.end()
      return
    default:
      return send('text/plain', `no ${path} ${number}`, {}, 404)
  }
}
