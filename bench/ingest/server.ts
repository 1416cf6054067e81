// The server under load: `collector STORE`, `usual FOLDER` (the yardstick), or `sink`, which reads each body and answers at
// once. Prints its URL; at its end, what it says it has kept.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startCollector } from 'reprise/collector'
import { createUsualStack } from './usual-stack.ts'

/** The last line of a collector. */
export type ServerReceipt = { accepted: number; rejected: number; refused: number; turnedAway: Record<string, number>; withheld: Record<string, number> }

const [kind, folder, workers] = process.argv.slice(2)

function listen(server: Server): void {
  server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  process.once('SIGTERM', () => process.exit(0))
}

if (kind === 'collector' && folder !== undefined) {
  const collector = await startCollector({ store: folder, port: 0, ...(workers !== undefined && { workers: Number(workers) }) })
  console.log(collector.url)
  process.once('SIGTERM', () => {
    const { accepted, rejected, refused, requestsTurnedAway: turnedAway, withheld } = collector.stats()
    void collector.close().then(() => {
      console.log(JSON.stringify({ accepted, rejected, refused, turnedAway, withheld } satisfies ServerReceipt))
      process.exit(0)
    })
  })
} else if (kind === 'usual' && folder !== undefined) listen(createUsualStack(folder))
else {
  listen(
    createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())
    }),
  )
}
