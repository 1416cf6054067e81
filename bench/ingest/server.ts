// A server to compare with: `usual FOLDER` (the yardstick), or `sink`, which reads each body and answers at once. Prints its URL.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createUsualStack } from './usual-stack.ts'

const [kind, folder] = process.argv.slice(2)
const server =
  kind === 'usual' && folder !== undefined
    ? createUsualStack(folder)
    : createServer((request, response) => {
        request.resume().on('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end())
      })
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
process.once('SIGTERM', () => process.exit(0))
