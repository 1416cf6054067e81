import type { ClientSessionRequestOptions, IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http2'
import type { HeaderPair } from './headers.ts'

/** Without the pseudo-headers (RFC 9113 section 8.3). */
export function pairsOfHeaders(headers: OutgoingHttpHeaders | IncomingHttpHeaders): HeaderPair[] {
  return Object.entries(headers)
    .filter(([name, value]) => !name.startsWith(':') && value !== undefined)
    .flatMap(([name, value]) => [value ?? []].flat().map((one): HeaderPair => [name, String(one)]))
}

/** As Node completes what it sends on a session to `authority`. */
export function withDefaults(headers: OutgoingHttpHeaders, authority: string): OutgoingHttpHeaders {
  const { protocol, host } = new URL(authority)
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  return { ':method': 'GET', ':path': '/', ':scheme': protocol.slice(0, -1), ':authority': lower['host'] ?? host, ...lower }
}

/** Where a request goes, undefined for what is no exchange of a request and an answer: a tunnel, a call of gRPC, whose end is in trailers. */
export function targetOfStream(headers: OutgoingHttpHeaders): { method: string; url: URL } | undefined {
  const { ':method': method, ':scheme': scheme, ':authority': authority, ':path': path } = headers
  if (method === 'CONNECT' || /^application\/grpc\b/i.test(String(headers['content-type'] ?? ''))) return undefined
  const href = `${String(scheme)}://${String(authority)}${String(path)}`
  return URL.canParse(href) ? { method: String(method), url: new URL(href) } : undefined
}

/** Methods whose requests Node ends by itself unless it is told otherwise. */
export function isEndedAtOnce(headers: OutgoingHttpHeaders, options: ClientSessionRequestOptions | undefined): boolean {
  return options?.endStream ?? /^(?:GET|HEAD|DELETE)$/.test(String(headers[':method'] ?? 'GET'))
}

/** As Node gives the headers of a response: by lower-case name, `set-cookie` as a list, others joined (RFC 9110 section 5.3). */
export function headersObject(status: number, pairs: readonly HeaderPair[]): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = Object.assign(Object.create(null), { ':status': status })
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    const before = headers[key]
    if (key === 'set-cookie') headers[key] = [...(Array.isArray(before) ? before : []), value]
    else headers[key] = before === undefined ? value : `${String(before)}, ${value}`
  }
  return headers
}
