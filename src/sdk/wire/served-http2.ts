import { EventEmitter } from 'node:events'
import type { ClientHttp2Session, ClientHttp2Stream, ClientSessionRequestOptions, OutgoingHttpHeaders } from 'node:http2'
import { endedSession } from './session-to-nowhere.ts'

type Request = (headers?: OutgoingHttpHeaders, options?: ClientSessionRequestOptions) => ClientHttp2Stream
type Callback = (...args: unknown[]) => void

/** RFC 9113 section 6.5.2, and what Node begins with. */
const SETTINGS = { headerTableSize: 4096, enablePush: true, initialWindowSize: 65_535, maxFrameSize: 16_384, maxConcurrentStreams: 100 }

/** A session of a client without a socket, as `http2.connect` gives one: requests on it are answered by `request`. */
export class ServedSession extends EventEmitter {
  readonly origin: string
  readonly request: Request
  closed = false
  destroyed = false
  connecting = true
  readonly encrypted: boolean
  readonly alpnProtocol: string
  readonly originSet: readonly string[]
  readonly localSettings: Readonly<Record<string, unknown>> = SETTINGS
  readonly remoteSettings: Readonly<Record<string, unknown>> = SETTINGS
  readonly pendingSettingsAck: boolean = false
  readonly type: number = 1
  readonly state: Readonly<Record<string, unknown>> = {}
  readonly socket: object
  readonly #open = new Set<ClientHttp2Stream>()
  #live: ClientHttp2Session | undefined

  constructor(authority: string, request: Request) {
    super()
    const { origin, protocol, hostname, port } = new URL(authority)
    this.origin = origin
    this.originSet = [origin]
    this.encrypted = protocol === 'https:'
    this.alpnProtocol = this.encrypted ? 'h2' : 'h2c'
    this.socket = { remoteAddress: hostname, remotePort: Number(port), encrypted: this.encrypted, authorized: this.encrypted }
    this.request = (headers, options) => {
      // What comes of it is a matter of Node's version.
      if (this.destroyed || this.closed) return endedSession().request(headers, options)
      const stream = request(headers, options)
      this.#open.add(stream)
      stream.once('close', () => {
        this.#open.delete(stream)
        if (this.closed && this.#open.size === 0) this.destroy()
      })
      return stream
    }
    process.nextTick(() => {
      if (this.destroyed) return
      this.connecting = false
      this.emit('connect', this, this.socket)
      this.emit('remoteSettings', SETTINGS)
    })
  }

  /** One with a socket, for a request that is made after all. What becomes of it becomes of this one. */
  live(connect: () => object): ClientHttp2Session {
    if (this.#live !== undefined) return this.#live
    const live = connect() as ClientHttp2Session
    this.#live = live
    live.once('error', (error) => {
      if (this.listenerCount('error') > 0) this.emit('error', error)
    })
    live.once('goaway', (...args) => this.emit('goaway', ...args))
    live.once('close', () => this.destroy())
    return live
  }

  close(onClose?: Callback): void {
    if (onClose !== undefined) this.once('close', onClose)
    if (this.closed) return
    this.closed = true
    this.#live?.close()
    if (this.#open.size === 0) this.destroy()
  }

  destroy(error?: Error, _code?: number): void {
    if (this.destroyed) return
    this.destroyed = true
    this.closed = true
    this.connecting = false
    for (const stream of this.#open) stream.destroy(error)
    this.#live?.destroy()
    process.nextTick(() => {
      if (error !== undefined) this.emit('error', error)
      this.emit('close')
    })
  }

  ping(...args: unknown[]): boolean {
    const done = args.find((arg) => typeof arg === 'function') as Callback | undefined
    process.nextTick(() => done?.(null, 0, Buffer.alloc(8)))
    return !this.destroyed
  }

  settings(given: Readonly<Record<string, unknown>>, done?: Callback): void {
    process.nextTick(() => {
      const settings = { ...SETTINGS, ...given }
      this.emit('localSettings', settings)
      done?.(null, settings, 0)
    })
  }

  setTimeout(_millis: number, onTimeout?: Callback): this {
    if (onTimeout !== undefined) this.once('timeout', onTimeout)
    return this
  }

  goaway(): void {}
  setLocalWindowSize(): void {}
  ref(): void {
    this.#live?.ref()
  }
  unref(): void {
    this.#live?.unref()
  }
}
