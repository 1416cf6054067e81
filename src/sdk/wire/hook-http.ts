import type { ClientRequest } from 'node:http'
import type { Duplex } from 'node:stream'
import { replace } from '../effects/hooks-clock.ts'
import { suspendEffects } from '../effects/real.ts'
import { currentScope, runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import { captureLimits } from '../snapshot/capture.ts'
import type { KeptBytes } from './fetch-request.ts'
import { headersOf, isSecureRequest, readArguments, targetOf } from './http-arguments.ts'
import { liveExchange } from './live-http.ts'
import { recordRequest } from './record-http.ts'
import { keptRequest } from './request.ts'
import { exchangeOf, type ServedExchange, unansweredExchange, type WireInterceptor, wireCall, wireInterceptor } from './served.ts'
import { answerOver, servedAgent } from './served-socket.ts'
import { watchWritten } from './written-body.ts'

type RequestFunction = (...args: unknown[]) => ClientRequest

/**
 * `request` and `get` of node:http and node:https, and `new ClientRequest()`, which those do without. Names imported from those modules
 * are bindings of their own: sync them afterwards.
 */
export function hookHttp(): void {
  for (const [module, isSecure] of [
    [process.getBuiltinModule('node:http'), false],
    [process.getBuiltinModule('node:https'), true],
  ] as const) {
    const real = module.request as RequestFunction
    const replacement = {
      request(...args: unknown[]): ClientRequest {
        return request(real, isSecure, args)
      },
      get(...args: unknown[]): ClientRequest {
        const made = request(real, isSecure, args)
        made.end()
        return made
      },
    }
    replace(module, 'request', replacement.request)
    replace(module, 'get', replacement.get)
  }
  const http = process.getBuiltinModule('node:http')
  const replacement: typeof ClientRequest = new Proxy(http.ClientRequest, {
    construct(target, args: unknown[], newTarget) {
      const real: RequestFunction = (...given) => Reflect.construct(target, given, newTarget === replacement ? target : newTarget)
      return request(real, undefined, args)
    },
  })
  Object.defineProperty(http, 'ClientRequest', { value: replacement, writable: true, configurable: true, enumerable: true })
}

/** @param isSecure undefined where it is a matter of the arguments */
function request(real: RequestFunction, isSecure: boolean | undefined, args: unknown[]): ClientRequest {
  const scope = currentScope()
  const interceptor = wireInterceptor(scope)
  if (interceptor !== undefined && scope !== undefined)
    return serveRequest(interceptor, scope, real, isSecure ?? isSecureRequest(args), args)
  const made = real(...args)
  const parent = scope?.step
  if (scope?.run === undefined || parent === undefined || parent.spec.kind === 'wire') return made
  const { recorder } = runtime()
  if (recorder?.options.wire !== true) return made
  try {
    recordRequest(recorder, scope.run, parent, made)
  } catch {
    recorder.missed(scope.run)
  }
  return made
}

function serveRequest(
  interceptor: WireInterceptor,
  scope: Scope,
  real: RequestFunction,
  isSecure: boolean,
  args: unknown[],
): ClientRequest {
  const { options, onResponse } = readArguments(args)
  let socket: Duplex | undefined
  const agent = servedAgent(isSecure, (made) => {
    socket = made
  })
  const { createConnection: _unused, socketPath: _path, ...rest } = options
  const made = real({ ...rest, agent }, onResponse)
  const url = targetOf(made)
  let body: KeptBytes | undefined
  const whole = (): void => {
    const exchange = suspendEffects(() => answerTo(interceptor, scope, real, args, made, url, body?.bytes() ?? new Uint8Array()))
    if (socket !== undefined) void answerOver(socket, made, exchange)
  }
  body = watchWritten(made, captureLimits().maxBytes, whole)
  return made
}

function answerTo(
  interceptor: WireInterceptor,
  scope: Scope,
  real: RequestFunction,
  args: readonly unknown[],
  made: ClientRequest,
  url: URL | undefined,
  bytes: Uint8Array,
): ServedExchange {
  if (url === undefined) return unansweredExchange(Promise.reject(new Error('a tunnel or an upgrade is not served from a recording')))
  const kept = keptRequest(made.method, url, headersOf(made), bytes.length === 0 ? undefined : bytes)
  const interception = interceptor.intercept(wireCall(made.method, url, kept, scope.token))
  if (interception.mode === 'served') return exchangeOf(interception)
  const { token, around, onEnd } = interception
  const inner: Scope = { ...scope, interceptor, token, effects: undefined }
  const begin = (): ServedExchange => liveExchange(real, args, bytes, onEnd)
  return runtime().scopes.run(inner, () => (around === undefined ? begin() : around(begin)))
}
