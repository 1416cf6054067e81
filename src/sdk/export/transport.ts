import { clearTimeout, setTimeout } from 'node:timers'
import type { Client } from 'undici'

export interface Reply {
  readonly status: number
  /** The Retry-After header, in milliseconds. */
  readonly retryAfterMillis: number | undefined
  readonly body: Uint8Array
}

const REPLY_MAX_BYTES = 4 * 1024 * 1024

/** Keep-alive HTTP to one endpoint. undici is loaded at the first request: a program that never sends never pays for it. */
export class Transport {
  readonly #origin: string
  readonly #basePath: string
  readonly #headers: Readonly<Record<string, string>>
  #client: Promise<Client> | undefined

  constructor(endpoint: string, headers: Readonly<Record<string, string>>) {
    const url = new URL(endpoint)
    this.#origin = url.origin
    this.#basePath = url.pathname.replace(/\/+$/, '')
    this.#headers = headers
  }

  async get(path: string, timeoutMillis: number, signal: AbortSignal): Promise<Reply> {
    return await this.#request('GET', path, {}, undefined, timeoutMillis, signal)
  }

  async post(path: string, contentType: string, body: Uint8Array, timeoutMillis: number, signal: AbortSignal): Promise<Reply> {
    return await this.#request('POST', path, { 'content-type': contentType }, body, timeoutMillis, signal)
  }

  async close(): Promise<void> {
    const client = await this.#client
    this.#client = undefined
    await client?.destroy()
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | undefined,
    timeoutMillis: number,
    signal: AbortSignal,
  ): Promise<Reply> {
    this.#client ??= import('undici').then(
      ({ Client }) => new Client(this.#origin, { keepAliveTimeout: 10_000, maxResponseSize: REPLY_MAX_BYTES }),
    )
    const client = await this.#client
    // One clock for the whole try, connecting and reading included; it is stopped as soon as the answer is there.
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(new Error(`no answer within ${timeoutMillis} ms`)), timeoutMillis)
    try {
      const response = await client.request({
        method,
        path: `${this.#basePath}${path}`,
        headers: { ...this.#headers, ...headers },
        body: body ?? null,
        signal: AbortSignal.any([signal, timeout.signal]),
      })
      const bytes = new Uint8Array(await response.body.arrayBuffer())
      return { status: response.statusCode, retryAfterMillis: readRetryAfter(response.headers['retry-after']), body: bytes }
    } finally {
      clearTimeout(timer)
    }
  }
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function readRetryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
