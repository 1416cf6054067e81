import type { Agent, ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WireHead } from './exchange.ts'
import type { ServedExchange } from './served.ts'

// Both modules are there when somebody makes a request; this file is loaded before.
type Http = typeof import('node:http')
type Stream = typeof import('node:stream')

/** Takes what Node's HTTP client writes, and gives it an answer to parse: the real client runs above it. */
function servedSocket(isSecure: boolean): Duplex {
  const { Duplex }: Stream = process.getBuiltinModule('node:stream')
  const socket: Duplex = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done() })
  const same = (): Duplex => socket
  const methods = { setTimeout: same, setNoDelay: same, setKeepAlive: same, ref: same, unref: same, getPeerCertificate: () => ({}) }
  return Object.assign(socket, methods, {
    connecting: false,
    encrypted: isSecure,
    authorized: isSecure,
    remoteAddress: '127.0.0.1',
    remotePort: 0,
  })
}

/** An agent that gives each request a socket of that kind, at once. */
export function servedAgent(isSecure: boolean, onSocket: (socket: Duplex) => void): Agent {
  const { Agent }: Http = process.getBuiltinModule('node:http')
  const agent = new Agent()
  // What `http.ClientRequest` asks of its agent.
  const addRequest = (request: ClientRequest): void => {
    const socket = servedSocket(isSecure)
    onSocket(socket)
    request.onSocket(socket as never)
  }
  return Object.assign(agent, { addRequest, protocol: isSecure ? 'https:' : 'http:', defaultPort: isSecure ? 443 : 80 })
}

/** Answers a request of node:http over its socket. Never rejects. */
export async function answerOver(socket: Duplex, request: ClientRequest, exchange: ServedExchange): Promise<void> {
  let over = false
  socket.once('close', () => {
    if (over) return
    exchange.abort(new Error('the request was closed by the program'))
    exchange.leave()
  })
  const fail = (error: unknown): void => {
    over = true
    if (exchange.timedOut) request.emit('timeout')
    if (!request.destroyed) request.destroy(error instanceof Error ? error : new Error(String(error)))
  }
  let head: WireHead
  try {
    head = await exchange.head
  } catch (error) {
    return fail(error)
  }
  const isFramed = !head.headers.some(([name]) => name === 'content-length')
  const hasNoBody = request.method === 'HEAD' || head.status === 204 || head.status === 304
  socket.push(headText(head, isFramed && !hasNoBody))
  try {
    for (let taken = 0; ; taken++) {
      // The program closes the socket when it leaves.
      if (taken === exchange.leftAfter) return
      const chunk = await exchange.pull()
      if (chunk === undefined) break
      if (socket.destroyed) return
      if (chunk.length === 0) continue
      if (isFramed) socket.push(`${chunk.length.toString(16)}\r\n`)
      socket.push(chunk)
      if (isFramed) socket.push('\r\n')
    }
    over = true
    if (isFramed && !hasNoBody) socket.push('0\r\n\r\n')
  } catch (error) {
    over = true
    // What Node says of a connection that breaks off, it says by itself.
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ECONNRESET') socket.destroy()
    else socket.destroy(error instanceof Error ? error : new Error(String(error)))
  }
}

function headText({ status, statusText, headers }: WireHead, isFramed: boolean): string {
  // Framing is ours, whatever it was.
  const said = headers.filter(([name]) => name !== 'transfer-encoding')
  const lines = said.map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}\r\n`)
  if (isFramed) lines.push('transfer-encoding: chunked\r\n')
  return `HTTP/1.1 ${status} ${statusText.replaceAll(/[\r\n]/g, ' ')}\r\n${lines.join('')}\r\n`
}
