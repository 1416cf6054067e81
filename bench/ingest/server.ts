// The server under load: `collector STORE`, or `sink`, which reads each body and answers at once. Prints its URL.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startCollector } from 'reprise/collector'

const [kind, store] = process.argv.slice(2)
if (kind === 'collector' && store !== undefined) {
  const collector = await startCollector({ store, port: 0 })
  console.log(collector.url)
  process.once('SIGTERM', () => void collector.close().then(() => process.exit(0)))
} else {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())
  })
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  process.once('SIGTERM', () => process.exit(0))
}
