import type { IncomingHttpHeaders } from 'node:http'
import { clearTimeout, setTimeout } from 'node:timers'
import type { Dispatcher } from 'undici'

export interface Reply {
  readonly status: number
  /** The Retry-After header, in milliseconds. */
  readonly retryAfterMillis: number | undefined
  readonly body: Uint8Array
}

/**
 * One request under one clock, connecting and reading included: for `dispatch` of undici, which costs a third of its `request`.
 * It ends when its signal is aborted, also while it waits for a connection.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  /** Rejects with what the connection, the clock or the signal says. */
  readonly reply: Promise<Reply>
  readonly #resolve: (reply: Reply) => void
  readonly #reject: (error: unknown) => void
  readonly #timer: NodeJS.Timeout
  readonly #signal: AbortSignal
  readonly #chunks: Buffer[] = []
  #controller: Dispatcher.DispatchController | undefined
  #status = 0
  #retryAfterMillis: number | undefined
  #failure: Error | undefined

  constructor(timeoutMillis: number, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    this.reply = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#signal = signal
    this.#timer = setTimeout(() => this.#abort(new Error(`no answer within ${timeoutMillis} ms`)), timeoutMillis)
    // The connection decides whether the process waits.
    this.#timer.unref()
    signal.addEventListener('abort', this.#aborted)
    if (signal.aborted) this.#aborted()
  }

  readonly #aborted = (): void => {
    const reason: unknown = this.#signal.reason
    this.#abort(reason instanceof Error ? reason : new Error(String(reason)))
  }

  #abort(error: Error): void {
    this.#failure ??= error
    this.#controller?.abort(error)
    this.#end()
    this.#reject(error)
  }

  #end(): void {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#aborted)
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#failure !== undefined) controller.abort(this.#failure)
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // What comes before the answer (RFC 9110 section 15.2) is not one.
    if (status < 200) return
    this.#status = status
    this.#retryAfterMillis = readRetryAfter(headers['retry-after'])
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    this.#end()
    this.#resolve({ status: this.#status, retryAfterMillis: this.#retryAfterMillis, body: Buffer.concat(this.#chunks) })
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#end()
    this.#reject(error)
  }
}

/** RFC 9110 section 10.2.3: seconds, or a date. */
function readRetryAfter(header: string | string[] | undefined): number | undefined {
  if (typeof header !== 'string') return undefined
  if (/^[0-9]{1,9}$/.test(header.trim())) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}
