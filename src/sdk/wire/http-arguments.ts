import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { urlToHttpOptions } from 'node:url'
import type { HeaderPair } from './headers.ts'

type OnResponse = (response: IncomingMessage) => void

/** The arguments of `http.request` as Node reads them: (url, options?, callback?) or (options, callback?). */
export function readArguments(args: readonly unknown[]): { options: RequestOptions; onResponse: OnResponse | undefined } {
  const [first, second, third] = args
  let options: RequestOptions = {}
  let rest: readonly unknown[] = [second, third]
  if (typeof first === 'string') options = urlToHttpOptions(new URL(first))
  else if (first instanceof URL) options = urlToHttpOptions(first)
  else rest = [first, second]
  if (typeof rest[0] === 'object' && rest[0] !== null) options = { ...options, ...rest[0] }
  const callback = typeof rest[0] === 'function' ? rest[0] : rest[1]
  return { options, onResponse: typeof callback === 'function' ? (callback as OnResponse) : undefined }
}

/** Of `new ClientRequest()`, which speaks to its agent in the agent's protocol. */
export function isSecureRequest(args: readonly unknown[]): boolean {
  const { agent, protocol } = readArguments(args).options
  const spoken: unknown = typeof agent === 'object' ? Reflect.get(agent, 'protocol') : protocol
  return spoken === 'https:'
}

/** Where a request goes, undefined for what is no exchange of a request and an answer: a tunnel, an upgrade. */
export function targetOf(request: ClientRequest): URL | undefined {
  if (request.method === 'CONNECT' || request.getHeader('upgrade') !== undefined) return undefined
  // To a proxy goes the whole address.
  if (/^https?:/i.test(request.path) && URL.canParse(request.path)) return new URL(request.path)
  const host = request.getHeader('host')
  const href = `${request.protocol}//${typeof host === 'string' ? host : request.host}${request.path}`
  return URL.canParse(href) ? new URL(href) : undefined
}

export function headersOf(request: ClientRequest): HeaderPair[] {
  return request
    .getHeaderNames()
    .flatMap((name) => [request.getHeader(name) ?? []].flat().map((value): HeaderPair => [name, String(value)]))
}

/** `rawHeaders`, as undici and Node give them: name, value, name, value, … */
export function pairsOf(raw: readonly (string | Uint8Array)[]): HeaderPair[] {
  const pairs: HeaderPair[] = []
  const text = (part: string | Uint8Array | undefined): string =>
    typeof part === 'string' ? part : Buffer.from(part ?? []).toString('latin1')
  for (let index = 0; index + 1 < raw.length; index += 2) pairs.push([text(raw[index]), text(raw[index + 1])])
  return pairs
}

export function encodingOf(headers: readonly HeaderPair[]): string | undefined {
  return headers.find(([name]) => name.toLowerCase() === 'content-encoding')?.[1]
}
