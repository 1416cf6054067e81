import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { decodeTraces } from '../../src/otlp/index.ts'

/** Answers every export at once, as both a Reprise collector and any OTLP backend; counts the spans when asked. */
export async function startSink(): Promise<{ url: string; countSpans(): number; reset(): void; close(): void }> {
  let bodies: { body: Buffer; encoding: 'protobuf' | 'json' }[] = []
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end('{"schema":"reprise.version/1","name":"reprise","version":"0.0.0"}')
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const encoding = request.headers['content-type']?.includes('json') === true ? 'json' : 'protobuf'
      bodies.push({ body: Buffer.concat(chunks), encoding })
      response
        .writeHead(200, { 'content-type': request.headers['content-type'] ?? 'application/x-protobuf' })
        .end(encoding === 'json' ? '{}' : '')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    countSpans: () => bodies.reduce((sum, { body, encoding }) => sum + decodeTraces(body, encoding).accepted, 0),
    reset: () => {
      bodies = []
    },
    close: () => {
      server.close()
      server.closeAllConnections()
    },
  }
}
