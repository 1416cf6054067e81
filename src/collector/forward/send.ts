import type { Dispatcher } from 'undici'
import type { OtlpEncoding } from '../../otlp/index.ts'
import { VERSION } from '../version.ts'
import { retryAfterMillis } from './retry.ts'
import type { Destination } from './target.ts'

export type SendOutcome =
  /** Taken; `rejected` of the records for good not. */
  | { readonly type: 'sent'; readonly rejected: number }
  /** The same request can succeed later. */
  | { readonly type: 'retry'; readonly reason: string; readonly afterMillis: number | undefined }
  /** It never will. `divisible`: a part of it might. */
  | { readonly type: 'dead'; readonly reason: string; readonly divisible: boolean }

/** OTLP: a response is read up to 4 MiB, whatever its headers say. */
const RESPONSE_MAX_BYTES = 4 * 1024 * 1024
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504])
const TRY_TIMEOUT_MILLIS = 30_000

/** The number of records that an answer of this signal says are not kept. Throws for what is no such answer. */
export type ReadRejected = (encoding: OtlpEncoding, answer: Buffer) => number

export interface Sender {
  send(body: Uint8Array, signal: AbortSignal): Promise<SendOutcome>
  close(): Promise<void>
}

/** One destination's own connections: a slow one holds up nobody else. */
export async function openSender(
  destination: Destination,
  readRejected: ReadRejected,
  timeoutMillis: number = TRY_TIMEOUT_MILLIS,
): Promise<Sender> {
  // Loaded only where there is something to forward.
  const { Agent } = await import('undici')
  const agent = new Agent({
    connections: 2,
    connect: { timeout: timeoutMillis },
    headersTimeout: timeoutMillis,
    bodyTimeout: timeoutMillis,
  })
  return {
    send: async (body, signal) =>
      await sendOnce(agent, destination, readRejected, body, AbortSignal.any([signal, AbortSignal.timeout(timeoutMillis)])),
    close: async () => await agent.destroy(),
  }
}

async function sendOnce(
  agent: Dispatcher,
  { url, headers }: Destination,
  readRejected: ReadRejected,
  body: Uint8Array,
  signal: AbortSignal,
): Promise<SendOutcome> {
  try {
    // A Dispatcher follows no redirects: credentials and spans go to the address that the operator named, or nowhere.
    const response = await agent.request({
      origin: url.origin,
      path: `${url.pathname}${url.search}`,
      method: 'POST',
      headers: { 'user-agent': `reprise/${VERSION}`, ...headers, 'content-type': 'application/x-protobuf' },
      body,
      signal,
    })
    const { statusCode } = response
    const answer = await readBounded(response.body)
    if (statusCode >= 200 && statusCode < 300)
      return { type: 'sent', rejected: rejectedIn(readRejected, answer, headerOf(response.headers, 'content-type')) }
    if (RETRYABLE.has(statusCode)) {
      return {
        type: 'retry',
        reason: `http_${statusCode}`,
        afterMillis: retryAfterMillis(headerOf(response.headers, 'retry-after'), Date.now()),
      }
    }
    // 400 and 422 can be the fault of one span, 413 of too many; 401 or 404 concern them all alike.
    return { type: 'dead', reason: `http_${statusCode}`, divisible: statusCode === 400 || statusCode === 413 || statusCode === 422 }
  } catch (error) {
    return { type: 'retry', reason: errorCodeOf(error), afterMillis: undefined }
  }
}

async function readBounded(body: Dispatcher.ResponseData['body']): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let size = 0
  // Leaving the loop destroys the stream.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > RESPONSE_MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

function headerOf(headers: Readonly<Record<string, string | string[] | undefined>>, name: string): string | undefined {
  const value = headers[name]
  return Array.isArray(value) ? value[0] : value
}

/** A 2xx answer that is no OTLP is taken for success: the status says so, and plenty of backends answer `ok`. */
function rejectedIn(readRejected: ReadRejected, answer: Buffer | undefined, contentType: string | undefined): number {
  const encoding: OtlpEncoding | undefined = contentType?.includes('protobuf')
    ? 'protobuf'
    : contentType?.includes('json')
      ? 'json'
      : undefined
  if (answer === undefined || encoding === undefined) return 0
  try {
    return readRejected(encoding, answer)
  } catch {
    return 0
  }
}

/** A word for logs and counters: a code, never a message, which may quote anything. */
function errorCodeOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && /^[A-Z0-9_]{2,60}$/.test(cause.code)) return cause.code
    if (cause.name === 'TimeoutError') return 'TIMEOUT'
    if (cause.name === 'AbortError') return 'ABORTED'
  }
  return 'NETWORK'
}
