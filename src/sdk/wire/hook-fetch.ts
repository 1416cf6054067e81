import { replace } from '../effects/hooks-clock.ts'
import { suspendEffects } from '../effects/real.ts'
import { observePromise } from '../results/promise.ts'
import { currentScope, runtime } from '../run/runtime.ts'
import type { Scope } from '../run/scope.ts'
import { captureLimits } from '../snapshot/capture.ts'
import { type FetchInit, type FetchInput, type FetchRequest, isExchange, readFetch } from './fetch-request.ts'
import { canDress, headOf, servedResponse, watchedResponse } from './fetch-response.ts'
import { keptRequest, type RequestBody } from './request.ts'
import { readWhole, watchBody } from './sent-body.ts'
import { type ServedExchange, unansweredExchange, type WireInterceptor, wireCall, wireInterceptor } from './served.ts'
import { WireStep } from './wire-step.ts'

/**
 * In the place of the global `fetch`: outside of a run, and where no exchange is recorded or served, it does what that did. Again where
 * somebody, a mock as a rule, has put another one in its place or taken ours away: of two of ours that stand on one another the inner
 * one does nothing.
 */
export function hookFetch(): void {
  const realFetch = globalThis.fetch
  if (typeof realFetch !== 'function' || hooked.has(realFetch)) return
  const replacement = {
    fetch(this: unknown, input: FetchInput, init: FetchInit = undefined): Promise<Response> {
      const scope = currentScope()
      const plainly = (given: FetchInit = init): Promise<Response> => Reflect.apply(realFetch, this, [input, given])
      if (scope === undefined) return plainly()
      if (!isExchange(input)) return withoutEffects(scope, plainly)
      const interceptor = wireInterceptor(scope)
      if (interceptor !== undefined) return serveFetch(interceptor, scope, input, init, plainly)
      return scope.step === undefined ? plainly() : recordFetch(scope, input, init, plainly)
    },
  }
  replace(globalThis, 'fetch', replacement.fetch)
  hooked.add(replacement.fetch)
}

const HOOKED = Symbol.for('reprise.wire.fetch/2')
/** Of all loaded copies of this package. */
const hooked = sharedSet()

function sharedSet(): WeakSet<object> {
  const found: unknown = Reflect.get(globalThis, HOOKED)
  if (found instanceof WeakSet) return found
  const set = new WeakSet()
  Object.defineProperty(globalThis, HOOKED, { value: set, configurable: true, enumerable: false, writable: false })
  return set
}

/**
 * What is no exchange: `data:`, `blob:`, and what is refused. The clocks that fetch reads for it are not the program's, and clients that ask
 * once in a process what it can do would read them in one run and not in the next.
 */
function withoutEffects(scope: Scope, plainly: () => Promise<Response>): Promise<Response> {
  return runtime().scopes.run({ ...scope, effects: undefined }, () => plainly())
}

function recordFetch(
  scope: Scope,
  input: FetchInput,
  init: FetchInit,
  plainly: (init?: FetchInit) => Promise<Response>,
): Promise<Response> {
  const { recorder } = runtime()
  const { step: parent, run } = scope
  if (recorder?.options.wire !== true || parent === undefined || run === undefined || parent.spec.kind === 'wire') return plainly()
  let step: WireStep
  let given = init
  try {
    const request = suspendEffects(() => readFetch(input, init))
    if (request === undefined) return plainly()
    const body = watchBody(request.body, recorder.limits.maxBytes)
    // Inherits the rest, getters too.
    if (body.instead !== undefined) given = Object.create(init ?? null, { body: { value: body.instead, enumerable: true } })
    const { method, url, headers } = request
    const isGrowing = request.body.how !== 'known'
    step = WireStep.start(recorder, run, parent, { method, url, isGrowing, request: () => keptRequest(method, url, headers, body.read()) })
  } catch {
    recorder.missed(run)
    return plainly(given)
  }
  let promise: Promise<Response>
  try {
    promise = step.within(() => plainly(given))
  } catch (error) {
    step.fail(error, 'value')
    throw error
  }
  return observePromise(promise, step, (value) => observeResponse(value, step)) as Promise<Response>
}

function observeResponse(value: unknown, step: WireStep): unknown {
  try {
    if (!(value instanceof Response)) {
      step.answered({ status: 0, statusText: '', headers: [], url: undefined, hasBody: false })
      return value
    }
    const head = headOf(value)
    if (value.body === null || !canDress(value.status)) {
      step.answered({ ...head, hasBody: false })
      return value
    }
    const watched = watchedResponse(value, step)
    step.answered(head)
    return watched
  } catch {
    return value
  }
}

function serveFetch(
  interceptor: WireInterceptor,
  scope: Scope,
  input: FetchInput,
  init: FetchInit,
  plainly: (init?: FetchInit) => Promise<Response>,
): Promise<Response> {
  const request = suspendEffects(() => readFetch(input, init))
  if (request === undefined) return plainly()
  const { body } = request
  const answer = (value: RequestBody): Promise<Response> => {
    const { method, url, headers } = request
    const call = wireCall(method, url, keptRequest(method, url, headers, value), scope.token)
    const interception = suspendEffects(() => interceptor.intercept(call))
    if (interception.mode === 'run') {
      const { token, around, onEnd } = interception
      const inner: Scope = { ...scope, interceptor, token, effects: undefined }
      const apply = (): Promise<Response> => plainly()
      const promise = runtime().scopes.run(inner, () => (around === undefined ? apply() : around(apply)))
      promise.then(
        (response) => onEnd({ ok: true, value: response.status }),
        (error: unknown) => onEnd({ ok: false, error }),
      )
      return promise
    }
    if ('threw' in interception) return Promise.reject(interception.threw)
    const { returned } = interception
    // A request is used up by being sent.
    if (input instanceof Request && !input.bodyUsed) void input.body?.cancel().catch(() => undefined)
    return answered(returned instanceof Promise ? unansweredExchange(returned as Promise<never>) : (returned as ServedExchange), request)
  }
  return body.how === 'known' ? answer(body.value) : readWhole(body, captureLimits().maxBytes).then(answer)
}

async function answered(exchange: ServedExchange, { url, signal }: FetchRequest): Promise<Response> {
  const onAbort = (): void => exchange.abort(signal?.reason)
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const head = await exchange.head
    return servedResponse(head, exchange, url.href, signal)
  } catch (error) {
    // A refusal comes as any failure of the network does.
    throw isRefusal(error) ? new TypeError('fetch failed', { cause: error }) : error
  }
}

function isRefusal(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'code' in error &&
    (error.code === 'replay_diverged' || error.code === 'artifact_missing')
  )
}
