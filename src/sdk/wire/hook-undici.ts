import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Module, { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { types } from 'node:util'
import { suspendEffects } from '../effects/real.ts'
import { moduleUrl } from '../module-url.ts'
import { currentScope, runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import { captureLimits } from '../snapshot/capture.ts'
import { bodyOf } from './fetch-request.ts'
import { keptRequest, type RequestBody } from './request.ts'
import { readWhole, watchBody } from './sent-body.ts'
import { exchangeOf, unansweredExchange, type WireInterceptor, wireCall, wireInterceptor } from './served.ts'
import { answerHandler, recordingWatches, watchedHandler } from './undici-handlers.ts'
import { type DispatchOptions, readDispatch, sentBodyOf } from './undici-request.ts'
import { WireStep } from './wire-step.ts'

type Dispatch = (options: DispatchOptions, handler: object) => boolean

const HOOKED = Symbol.for('reprise.wire.dispatch/1')
const GLOBAL_DISPATCHERS = ['undici.globalDispatcher.1', 'undici.globalDispatcher.2']

/**
 * `dispatch` of the undici that this package depends on, which is the program's too where their versions agree, and of the copies that
 * have set a global dispatcher. What the global `fetch` dispatches is part of an exchange already.
 */
export function hookUndici(): void {
  for (const dispatcher of [...ownCopy(), ...GLOBAL_DISPATCHERS.map((name): unknown => Reflect.get(globalThis, Symbol.for(name)))]) {
    if (typeof dispatcher !== 'object') continue
    for (let owner: object | null = dispatcher; owner !== null; owner = Reflect.getPrototypeOf(owner)) hookDispatch(owner)
  }
}

function ownCopy(): object[] {
  try {
    const require = createRequire(moduleUrl(import.meta.url))
    if (!isLoaded(require)) {
      hookOnceLoaded(require)
      return []
    }
    const { Agent, MockAgent } = require('undici') as typeof import('undici')
    return [Agent.prototype, MockAgent.prototype]
  } catch {
    // Bundled away: the copies that have a global dispatcher are left.
    return []
  }
}

/** Loading it takes a tenth of a second, and most programs have another client. */
function isLoaded(require: NodeJS.Require): boolean {
  // Somebody else's module system (Jest's) tells nothing here: there it is loaded now.
  if (require.cache !== Reflect.get(Module, '_cache')) return true
  const files = Object.keys(require.cache)
  // To look for its entry takes longer than all else here.
  if (files.length === 0) return false
  const entry = require.resolve('undici')
  const folder = dirname(entry) + sep
  // Under way is not loaded; a part of it that was loaded by itself has the same classes.
  const whole = require.cache[entry]
  return whole === undefined ? files.some((file) => file.startsWith(folder)) : whole.loaded
}

const LOADED = 'tracing:module.require:end'
let isAwaited = false

/** Node tells of each CommonJS module that has been loaded, whoever imports or requires it, before that goes on. */
function hookOnceLoaded(require: NodeJS.Require): void {
  if (isAwaited) return
  isAwaited = true
  let entry: string | undefined
  const look = (): void => {
    entry ??= entryOf(require)
    if (require.cache[entry]?.loaded !== true) return
    unsubscribe(LOADED, look)
    isAwaited = false
    hookUndici()
  }
  subscribe(LOADED, look)
}

/** '' where it was bundled away: no file is called so. */
function entryOf(require: NodeJS.Require): string {
  try {
    return require.resolve('undici')
  } catch {
    return ''
  }
}

function hookDispatch(owner: object): void {
  const real: unknown = Object.getOwnPropertyDescriptor(owner, 'dispatch')?.value
  // The base class of all of them has a `dispatch` that only throws.
  if (typeof real !== 'function' || HOOKED in real || isAbstract(owner)) return
  const { dispatch } = {
    dispatch(this: object, options: DispatchOptions, handler: object): boolean {
      return dispatched((given, to) => Reflect.apply(real as Dispatch, this, [given, to]), this, options, handler)
    },
  }
  Object.defineProperty(dispatch, HOOKED, { value: true })
  Object.defineProperty(owner, 'dispatch', { value: dispatch, writable: true, configurable: true, enumerable: false })
}

function isAbstract(owner: object): boolean {
  return 'compose' in owner && Object.hasOwn(owner, 'compose')
}

/** Handlers that stand for an exchange which is recorded or made already: an agent dispatches to a pool, and a pool to a client. */
const known = new WeakSet<object>()
let isNested = false

function dispatched(real: Dispatch, dispatcher: object, options: DispatchOptions, handler: object): boolean {
  const scope = currentScope()
  const isPlain = scope === undefined || isNested || typeof handler !== 'object' || handler === null || known.has(handler)
  if (isPlain || typeof options !== 'object' || options === null) return real(options, handler)
  const interceptor = wireInterceptor(scope)
  if (interceptor !== undefined) return serveDispatch(interceptor, scope, real, dispatcher, options, handler)
  return recordDispatch(scope, real, dispatcher, options, handler)
}

/** The same place in the program, where nobody keeps what is read of time and chance. */
function scopeWithout({ interceptor, token, step, run, otelContext }: Scope): Scope {
  return { interceptor, token, step, run, otelContext, effects: undefined }
}

function withinOf(scope: Scope): <T>(fn: () => T) => T {
  return (fn) => runtime().scopes.run(scope, fn)
}

function nested(real: Dispatch, options: DispatchOptions, handler: object): boolean {
  known.add(handler)
  isNested = true
  try {
    return real(options, handler)
  } finally {
    isNested = false
  }
}

function recordDispatch(scope: Scope, real: Dispatch, dispatcher: object, options: DispatchOptions, handler: object): boolean {
  const { step: parent, run } = scope
  const { recorder } = runtime()
  if (parent === undefined || run === undefined || parent.spec.kind === 'wire' || recorder?.options.wire !== true)
    return real(options, handler)
  let given = options
  let watched: object
  try {
    const target = readDispatch(dispatcher, options)
    if (target === undefined) return real(options, handler)
    const { method, url, headers } = target
    const { maxBytes } = recorder.limits
    const sent = sentBodyOf(options.body, maxBytes)
    const body = sent.how === 'watched' ? sent : watchBody(sent, maxBytes)
    if ('instead' in body) given = Object.create(options, { body: { value: body.instead, enumerable: true } }) as DispatchOptions
    const isGrowing = sent.how !== 'known'
    const request = () => keptRequest(method, url, headers, body.read())
    watched = watchedHandler(
      handler,
      recordingWatches(WireStep.start(recorder, run, parent, { method, url, isGrowing, request })),
      withinOf(scope),
    )
  } catch {
    recorder.missed(run)
    return real(given, handler)
  }
  // Its timers are undici's business, and not the program's.
  return runtime().scopes.run(scopeWithout(scope), () => nested(real, given, watched))
}

function serveDispatch(
  interceptor: WireInterceptor,
  scope: Scope,
  real: Dispatch,
  dispatcher: object,
  options: DispatchOptions,
  handler: object,
): boolean {
  const target = readDispatch(dispatcher, options)
  if (target === undefined) return real(options, handler)
  const { method, url, headers } = target
  const answer = (value: RequestBody): boolean => {
    const call = wireCall(method, url, keptRequest(method, url, headers, value), scope.token)
    const interception = suspendEffects(() => interceptor.intercept(call))
    if (interception.mode === 'run') {
      const { token, around, onEnd } = interception
      const told = {
        onComplete: () => onEnd({ ok: true, value: undefined }),
        onResponseEnd: () => onEnd({ ok: true, value: undefined }),
        onError: (error: unknown) => onEnd({ ok: false, error }),
        onResponseError: (_controller: unknown, error: unknown) => onEnd({ ok: false, error }),
      }
      const given = types.isUint8Array(value) ? { ...options, body: value } : options
      const live = (): boolean => nested(real, given, watchedHandler(handler, told, withinOf(scope)))
      return runtime().scopes.run({ ...scopeWithout(scope), token }, () => (around === undefined ? live() : around(live)))
    }
    void answerHandler(handler, exchangeOf(interception))
    return true
  }
  const body = isNodeReadable(options.body) ? ({ how: 'stream', source: options.body } as const) : bodyOf(options.body)
  if (body.how === 'known') return answer(body.value)
  void readWhole(body, captureLimits().maxBytes).then(answer, (error: unknown) =>
    answerHandler(handler, unansweredExchange(Promise.reject(error))),
  )
  return true
}

function isNodeReadable(body: unknown): body is AsyncIterable<unknown> {
  return typeof body === 'object' && body !== null && 'pipe' in body && Symbol.asyncIterator in body
}
