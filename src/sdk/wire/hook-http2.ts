import type { ClientHttp2Session, ClientHttp2Stream, ClientSessionRequestOptions, OutgoingHttpHeaders } from 'node:http2'
import { replace } from '../effects/hooks-clock.ts'
import { suspendEffects } from '../effects/real.ts'
import { currentScope, runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import { captureLimits } from '../snapshot/capture.ts'
import { isEndedAtOnce, pairsOfHeaders, targetOfStream, withDefaults } from './http2-headers.ts'
import { liveHttp2Exchange } from './live-http2.ts'
import { recordStream } from './record-http2.ts'
import { keptRequest } from './request.ts'
import { exchangeOf, type ServedExchange, unansweredExchange, type WireInterceptor, wireCall, wireInterceptor } from './served.ts'
import { ServedSession } from './served-http2.ts'
import { answerStream, servedStream } from './served-http2-stream.ts'
import { loadHttp2, sawSession, sessionPrototype } from './session-to-nowhere.ts'
import { watchWritten } from './written-body.ts'

type Connect = (...args: unknown[]) => object
type Options = ClientSessionRequestOptions | undefined
type Request = (this: unknown, headers?: OutgoingHttpHeaders, options?: Options) => ClientHttp2Stream

/** Where the sessions go that have been opened since. */
const authorities = new WeakMap<object, string>()

/**
 * `connect` of node:http2, and the requests on the sessions that it gives. Names imported from that module are bindings of their own: sync
 * them afterwards. In a replay a session is one that has no socket.
 */
export function hookHttp2(): void {
  const http2 = loadHttp2()
  const there = sessionPrototype()
  if (there !== undefined) hookRequest(there)
  const real = firstHooked(http2.connect as Connect)
  const replacement = {
    connect(...args: unknown[]): object {
      if (wireInterceptor(currentScope()) !== undefined) return servedSession(real, args)
      const session = real(...args)
      authorities.set(session, String(args[0]))
      return session
    },
  }
  replace(http2, 'connect', replacement.connect)
}

/** The first session of all shows whose requests are to be hooked: to make one for that takes longer than all else here. */
function firstHooked(connect: Connect): Connect {
  return (...args) => {
    const session = connect(...args)
    if (sessionPrototype() === undefined) {
      sawSession(session)
      hookRequest(Reflect.getPrototypeOf(session) ?? {})
    }
    return session
  }
}

function hookRequest(prototype: object): void {
  const real: unknown = Reflect.get(prototype, 'request')
  if (typeof real !== 'function') return
  const { request } = {
    request(this: ClientHttp2Session, headers: OutgoingHttpHeaders = {}, options?: Options): ClientHttp2Stream {
      return requested((given) => Reflect.apply(real as Request, this, [given, options]), this, headers, options)
    },
  }
  Object.defineProperty(prototype, 'request', { value: request, writable: true, configurable: true, enumerable: false })
}

/** On a session that has a socket. One from before a replay is answered in it all the same. */
function requested(
  real: (headers: OutgoingHttpHeaders) => ClientHttp2Stream,
  session: ClientHttp2Session,
  headers: OutgoingHttpHeaders,
  options: Options,
): ClientHttp2Stream {
  // That no request is made on it, Node says itself.
  if (session.closed || session.destroyed) return real(headers)
  const scope = currentScope()
  const interceptor = wireInterceptor(scope)
  if (interceptor !== undefined && scope !== undefined) {
    return serveRequest(interceptor, scope, withDefaults(headers, authorityOf(session)), isEndedAtOnce(headers, options), (body, onEnd) =>
      liveHttp2Exchange(real(headers), body, onEnd),
    )
  }
  const stream = real(headers)
  const { step: parent, run } = scope ?? {}
  if (run === undefined || parent === undefined || parent.spec.kind === 'wire') return stream
  const { recorder } = runtime()
  if (recorder?.options.wire !== true) return stream
  try {
    recordStream(recorder, run, parent, stream)
  } catch {
    recorder.missed(run)
  }
  return stream
}

function authorityOf(session: ClientHttp2Session): string {
  const known = authorities.get(session)
  if (known !== undefined) return known
  const { remoteAddress = 'localhost', remotePort = 80 } = session.socket
  return `${session.encrypted === true ? 'https' : 'http'}://${remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress}:${remotePort}`
}

function servedSession(real: Connect, args: readonly unknown[]): ServedSession {
  const [authority, second, third] = args
  const onConnect = [second, third].find((arg) => typeof arg === 'function')
  const connect = (): object => real(...args.filter((arg) => typeof arg !== 'function'))
  const session: ServedSession = new ServedSession(String(authority), (headers = {}, options) => {
    const scope = currentScope()
    const interceptor = wireInterceptor(scope)
    // Kept by a client for longer than the replay: from here on it is what it would have been.
    if (interceptor === undefined || scope === undefined) return session.live(connect).request(headers, options)
    return serveRequest(
      interceptor,
      scope,
      withDefaults(headers, session.origin),
      isEndedAtOnce(headers, options),
      (body, onEnd) => liveHttp2Exchange(session.live(connect).request(headers, options), body, onEnd),
      session,
    )
  })
  if (onConnect !== undefined) session.once('connect', onConnect as () => void)
  return session
}

type Live = (body: Uint8Array, onEnd: Parameters<typeof liveHttp2Exchange>[2]) => ServedExchange

function serveRequest(
  interceptor: WireInterceptor,
  scope: Scope,
  headers: OutgoingHttpHeaders,
  isEnded: boolean,
  live: Live,
  session?: ServedSession,
): ClientHttp2Stream {
  const stream = servedStream(headers, session)
  const whole = (body: Uint8Array): void =>
    void answerStream(
      stream,
      suspendEffects(() => answerTo(interceptor, scope, headers, body, live)),
    )
  const kept = watchWritten(stream, captureLimits().maxBytes, () => whole(kept.bytes()))
  if (isEnded) stream.end()
  return stream
}

function answerTo(interceptor: WireInterceptor, scope: Scope, headers: OutgoingHttpHeaders, body: Uint8Array, live: Live): ServedExchange {
  const target = targetOfStream(headers)
  if (target === undefined) return unansweredExchange(Promise.reject(new Error('a tunnel or an upgrade is not served from a recording')))
  const { method, url } = target
  const kept = keptRequest(method, url, pairsOfHeaders(headers), body.length === 0 ? undefined : body)
  const interception = interceptor.intercept(wireCall(method, url, kept, scope.token))
  if (interception.mode === 'served') return exchangeOf(interception)
  const { token, around, onEnd } = interception
  const inner: Scope = { ...scope, interceptor: undefined, token, step: undefined, run: undefined, effects: undefined }
  const begin = (): ServedExchange => live(body, onEnd)
  return runtime().scopes.run(inner, () => (around === undefined ? begin() : around(begin)))
}
