import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Counters } from '../counters.ts'
import type { Logger } from '../log.ts'
import { ApiError, apiErrorOf, errorBody } from './api-error.ts'
import type { HostPolicy } from './host-allow-list.ts'
import { Refusal, RPC } from './refusal.ts'
import { type RequestHandler, refuse } from './traces-endpoint.ts'

export interface ServerParts {
  readonly traces: RequestHandler
  readonly logs: RequestHandler
  readonly live: (request: IncomingMessage, response: ServerResponse) => void
  readonly api: Hono
  readonly hostPolicy: HostPolicy
  readonly counters: Counters
  readonly log: Logger
  readonly headersTimeoutMillis: number
  readonly requestTimeoutMillis: number
}

const HEADERS_MAX_BYTES = 16 * 1024
const CONNECTIONS_MAX = 4_096
const KEEP_ALIVE_MILLIS = 60_000
const TARGET_MAX = 4_096
/** How often Node looks for connections past their time. */
const CHECK_MILLIS = 1_000

/** Paths that two readers could understand differently are not routed at all. */
function isPlainPath(path: string): boolean {
  return path.startsWith('/') && !/\/\/|\/\.{1,2}(?:\/|$)|%2f|%5c|%00|\\/i.test(path)
}

function answerJson(response: ServerResponse, error: ApiError): void {
  const body = JSON.stringify(errorBody(error))
  response.writeHead(error.status, {
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(body)
}

/** What is read, and never posted to. A sender that posts anywhere else has the wrong path for its spans. */
const READ_PATH = /^\/(?:api\/|healthz$|readyz$)/
const TAKEN = 'this collector takes traces at /v1/traces and logs at /v1/logs'

/** OTLP goes straight to its handler; all the rest, which is small and rare, through the router. */
export function createHttpServer(parts: ServerParts): Server {
  const { counters, log } = parts
  const api = getRequestListener(parts.api.fetch, { overrideGlobalObjects: false })

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const authority = takeOverAuthority(request)
    const target = request.url ?? '/'
    const path = target.split('?', 1)[0] ?? '/'
    const isOtlp = path.startsWith('/v1/')
    const refusedHost = parts.hostPolicy.check(request, authority)
    if (hasTwoHosts(request)) {
      // RFC 9112, section 3.2.
      answerJson(response, new ApiError(400, 'invalid_argument', 'Host: expected one such header, found more'))
    } else if (refusedHost !== undefined) {
      counters.turnedAway.add('host')
      log.warn('request-refused', { status: 403, reason: 'host' })
      if (isOtlp) refuse(request, response, otlpEncodingOf(request), new Refusal(403, RPC.permissionDenied, 'host', refusedHost))
      else answerJson(response, new ApiError(403, 'forbidden', refusedHost))
    } else if (target.length > TARGET_MAX) {
      const message = `path: expected at most ${TARGET_MAX} characters, its query included; found ${target.length}`
      answerJson(response, new ApiError(400, 'invalid_argument', message))
    } else if (!isPlainPath(path)) {
      answerJson(response, new ApiError(400, 'invalid_argument', 'path: expected plain segments, no dots, no encoded slashes'))
    } else if (path === '/v1/traces') {
      await parts.traces(request, response)
    } else if (path === '/v1/logs') {
      await parts.logs(request, response)
    } else if (isOtlp || (request.method === 'POST' && !READ_PATH.test(path))) {
      const reason = isOtlp ? 'signal' : 'path'
      counters.turnedAway.add(reason)
      // Senders of metrics mean well, and have been told.
      if (!isOtlp) log.warn('request-refused', { status: 404, reason, hint: TAKEN })
      const signal = path === '/v1/metrics' ? 'metrics are not taken yet; ' : ''
      refuse(request, response, otlpEncodingOf(request), new Refusal(404, RPC.unimplemented, reason, `${signal}${TAKEN}`))
    } else if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD')
      answerJson(response, new ApiError(405, 'method_not_allowed', 'expected GET or HEAD'))
    } else if (path === '/api/v1/live') {
      try {
        parts.live(request, response)
      } catch (error) {
        answerJson(response, apiErrorOf(error))
      }
    } else {
      await api(request, response)
    }
  }
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    response.on('error', () => undefined)
    route(request, response).catch((error: unknown) => {
      log.warn('request-failed', { error: error instanceof Error ? error.name : typeof error })
      if (!response.headersSent) answerJson(response, new ApiError(500, 'internal', 'the collector failed on this request'))
      else response.destroy()
    })
  }

  const server = createServer(
    {
      headersTimeout: parts.headersTimeoutMillis,
      // The time for headers is a part of that for the request; Node refuses anything else.
      requestTimeout: Math.max(parts.requestTimeoutMillis, parts.headersTimeoutMillis),
      connectionsCheckingInterval: Math.min(CHECK_MILLIS, parts.headersTimeoutMillis),
      keepAliveTimeout: KEEP_ALIVE_MILLIS,
      maxHeaderSize: HEADERS_MAX_BYTES,
      requireHostHeader: true,
      insecureHTTPParser: false,
      noDelay: true,
    },
    listener,
  )
  server.maxConnections = CONNECTIONS_MAX
  // `Expect: 100-continue` comes here, so that a body that is refused is never sent.
  server.on('checkContinue', listener)
  server.on('drop', () => {
    counters.turnedAway.add('connections')
    log.warn('connection-refused', { reason: 'connections', limit: CONNECTIONS_MAX })
  })
  server.on('clientError', (error: ClientError, socket: Duplex) => {
    const hint = otherProtocolOf(error)
    counters.turnedAway.add(hint === undefined ? 'http' : 'protocol')
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy()
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400
    if (hint !== undefined) log.warn('request-refused', { status, reason: 'protocol', hint })
    socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    // The peer may never close its half.
    setTimeout(() => socket.destroy(), CHECK_MILLIS).unref()
  })
  return server
}

interface ClientError extends Error {
  readonly code?: string
  readonly rawPacket?: Buffer
}

/** What speaks here that is not HTTP/1, as far as its first bytes tell: RFC 9113, section 3.4; RFC 8446, section 5.1. */
function otherProtocolOf({ rawPacket: bytes }: ClientError): string | undefined {
  if (bytes?.toString('latin1', 0, 14) === 'PRI * HTTP/2.0') return 'HTTP/2, as gRPC speaks it; OTLP/gRPC has a port of its own'
  return bytes?.[0] === 0x16 && bytes[1] === 3 ? 'TLS; this port speaks plain HTTP' : undefined
}

/** A request target may hold the whole URL (RFC 9112, section 3.2.2): its path stays the target, its authority is given. */
function takeOverAuthority(request: IncomingMessage): string | undefined {
  const [whole, authority] = /^https?:\/\/([^/?#]*)/i.exec(request.url ?? '') ?? []
  if (whole === undefined) return undefined
  const rest = (request.url ?? '').slice(whole.length)
  request.url = rest.startsWith('/') ? rest : `/${rest}`
  return authority
}

/** Node keeps the first and forgets the others. */
function hasTwoHosts({ rawHeaders }: IncomingMessage): boolean {
  let hosts = 0
  for (let name = 0; name < rawHeaders.length; name += 2) if (rawHeaders[name]?.toLowerCase() === 'host') hosts++
  return hosts > 1
}

function otlpEncodingOf(request: IncomingMessage): 'protobuf' | 'json' {
  return request.headers['content-type']?.includes('protobuf') === true ? 'protobuf' : 'json'
}
