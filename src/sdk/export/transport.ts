import { Readable } from 'node:stream'
import { setImmediate } from 'node:timers'
import type { Client } from 'undici'
import { isImmediateFaked } from '../effects/index.ts'
import type { BackgroundSockets } from './background-sockets.ts'
import { Exchange, type Reply } from './exchange.ts'

/** The kernel copies what it is given in one go, which holds the event loop: larger bodies are given to it in pieces. */
const WHOLE_BODY_MAX_BYTES = 3 * 1024 * 1024
const BODY_PIECE_BYTES = 512 * 1024
const REPLY_MAX_BYTES = 4 * 1024 * 1024

/** Keep-alive HTTP to one endpoint. undici is loaded at the first request: a program that never sends never pays for it. */
export class Transport {
  readonly #origin: string
  readonly #basePath: string
  readonly #headers: Readonly<Record<string, string>>
  #client: Promise<Client> | undefined
  #sockets: BackgroundSockets | undefined
  #keepsAlive = false
  /** Requests under way, and whether a connection may be left that one of them had. */
  #underWay = 0
  #isKept = false

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
    return await this.#request(
      'POST',
      path,
      { 'content-type': contentType, 'content-length': String(body.length) },
      body,
      timeoutMillis,
      signal,
    )
  }

  /** Whether requests under way keep the process alive. At first they do not. */
  keepAlive(keepsAlive: boolean): void {
    this.#keepsAlive = keepsAlive
    this.#sockets?.keepAlive(keepsAlive)
  }

  async close(): Promise<void> {
    const client = await this.#client
    this.#client = undefined
    await client?.destroy()
  }

  async #open(): Promise<Client> {
    const [{ Client }, { BackgroundSockets }] = await Promise.all([import('undici'), import('./background-sockets.ts')])
    this.#sockets = new BackgroundSockets()
    this.#sockets.keepAlive(this.#keepsAlive)
    return new Client(this.#origin, { connect: this.#sockets.connect, keepAliveTimeout: 10_000, maxResponseSize: REPLY_MAX_BYTES })
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array | undefined,
    timeoutMillis: number,
    signal: AbortSignal,
  ): Promise<Reply> {
    // undici waits for a `setImmediate` before it uses a connection again, and behind a stream: never, where a test has faked it.
    const isFaked = isImmediateFaked()
    if (isFaked && this.#isKept && this.#underWay === 0) await this.close()
    this.#client ??= this.#open()
    const client = await this.#client
    const exchange = new Exchange(timeoutMillis, signal)
    const whole = body === undefined || body.length <= WHOLE_BODY_MAX_BYTES || isFaked
    this.#isKept = !isFaked
    const request = {
      method,
      path: `${this.#basePath}${path}`,
      headers: { ...this.#headers, ...headers },
      body: whole ? (body ?? null) : Readable.from(piecesOf(body)),
      reset: isFaked,
    }
    this.#underWay++
    try {
      // What is wrong with the request itself, or with a client that was closed meanwhile, comes as the reply too.
      client.dispatch(request, exchange)
      return await exchange.reply
    } finally {
      this.#underWay--
    }
  }
}

async function* piecesOf(body: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < body.length; start += BODY_PIECE_BYTES) {
    yield body.subarray(start, start + BODY_PIECE_BYTES)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}
