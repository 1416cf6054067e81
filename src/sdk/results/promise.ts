import { AsyncLocalStorage } from 'node:async_hooks'
import { types } from 'node:util'
import type { Outcome } from '../calls/outcome.ts'
import { shadow } from './shadow.ts'

type Handler = ((value: unknown) => unknown) | null | undefined
type Then = (onFulfilled?: Handler, onRejected?: Handler) => unknown
type Resolved = (value: unknown) => unknown
type Outside = (handler: (value: unknown) => unknown, value: unknown) => unknown

/** A plain promise of this realm: `await` goes past its `then`, so only a derived promise can watch it. A proxy is none. */
export function isNativePromise(value: unknown): value is Promise<unknown> {
  if (!(types.isPromise(value) && !Object.hasOwn(value, 'then'))) return false
  return Object.getPrototypeOf(value) === Promise.prototype
}

export function isThenable(value: unknown): value is { then: Then } {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  try {
    return typeof Reflect.get(value, 'then') === 'function'
  } catch {
    return false
  }
}

/**
 * A promise derived from `promise`. It settles one microtask later with the same value or the same error object; when nobody
 * handles its rejection, the process hears of it as it would have.
 */
export function observePromise(
  promise: Promise<unknown>,
  outcome: Outcome,
  resolved: (value: unknown, outcome: Outcome) => unknown,
): Promise<unknown> {
  const derived = promise.then(
    (value) => {
      outcome.delivered()
      return resolved(value, outcome)
    },
    (error: unknown) => {
      outcome.delivered()
      outcome.fail(error, 'promise')
      throw error
    },
  )
  // Some clients hang a handle on their promise: `Object.assign(promise, { cancel })`.
  for (const key of Reflect.ownKeys(promise)) {
    const descriptor = Object.getOwnPropertyDescriptor(promise, key)
    if (descriptor !== undefined) Reflect.defineProperty(derived, key, descriptor)
  }
  return derived
}

/**
 * Watches a promise subclass or any other thenable without calling its `then`: a lazy one stays lazy. The object stays
 * itself; `then`, `catch` and `finally`, and the accessors that provider clients give beside them, are shadowed on it.
 */
export function observeThenable(thenable: { then: Then }, outcome: Outcome, resolved: Resolved): unknown {
  const watch = new Watch(outcome, resolved)
  const then = thenable.then
  const watchedThen: Then = (onFulfilled, onRejected) => {
    // A lazy one starts to work here, as a part of the step; the handlers belong to whoever hung them on.
    const outside = AsyncLocalStorage.snapshot()
    return outcome.within(() => then.call(thenable, watch.fulfilled(onFulfilled, outside), watch.rejected(onRejected, outside)))
  }
  const shadows: [string, unknown][] = [['then', watchedThen]]
  if (thenable instanceof Promise) {
    // An own `catch` or `finally` of a subclass may go past `then`; by their contract they are `then`.
    shadows.push(
      ['catch', (onRejected: Handler) => watchedThen(undefined, onRejected)],
      ['finally', (onFinally: unknown) => thenFinally(watchedThen, onFinally)],
    )
    for (const [name, pick] of ACCESSORS) {
      const accessor: unknown = Reflect.get(thenable, name)
      if (typeof accessor === 'function') shadows.push([name, watchedAccessor(accessor as (...args: unknown[]) => unknown, pick, watch)])
    }
  }
  return shadow(thenable, shadows)
}

/** ECMA-262 27.2.5.3 without the species constructor, which subclasses with arguments of their own do not bear. */
function thenFinally(then: Then, onFinally: unknown): unknown {
  if (typeof onFinally !== 'function') return then(onFinally as undefined, onFinally as undefined)
  const settled = async (): Promise<void> => {
    await (onFinally as () => unknown)()
  }
  return then(
    (value) => settled().then(() => value),
    (error) =>
      settled().then(() => {
        throw error
      }),
  )
}

/** What each accessor's result says of the call: the parsed data, or the raw response, which has no data to keep. */
const ACCESSORS: readonly (readonly [string, (result: unknown) => unknown])[] = [
  ['withResponse', (result) => (typeof result === 'object' && result !== null ? Reflect.get(result, 'data') : result)],
  ['asResponse', (result) => result],
]

function watchedAccessor(accessor: (...args: unknown[]) => unknown, pick: (result: unknown) => unknown, watch: Watch) {
  return function (this: unknown, ...args: unknown[]): unknown {
    const result = Reflect.apply(accessor, this, args)
    if (!(result instanceof Promise)) return result
    return result.then(
      (value: unknown) => {
        watch.see(pick(value))
        return value
      },
      (error: unknown) => {
        watch.seeError(error)
        throw error
      },
    )
  }
}

/** Tells the outcome once, however many handlers hang on the thenable. */
class Watch {
  readonly #outcome: Outcome
  readonly #resolved: Resolved
  #seen: { readonly value: unknown; readonly given: unknown } | undefined
  #failed = false

  constructor(outcome: Outcome, resolved: Resolved) {
    this.#outcome = outcome
    this.#resolved = resolved
  }

  see(value: unknown): unknown {
    if (this.#seen !== undefined) return this.#seen.value === value ? this.#seen.given : value
    this.#outcome.delivered()
    const given = this.#resolved(value)
    this.#seen = { value, given }
    return given
  }

  seeError(error: unknown): void {
    if (this.#failed || this.#seen !== undefined) return
    this.#failed = true
    this.#outcome.delivered()
    this.#outcome.fail(error, 'promise')
  }

  fulfilled(handler: Handler, outside: Outside): (value: unknown) => unknown {
    return (value) => {
      const given = this.see(value)
      return typeof handler === 'function' ? outside(handler, given) : given
    }
  }

  rejected(handler: Handler, outside: Outside): (error: unknown) => unknown {
    return (error) => {
      this.seeError(error)
      if (typeof handler === 'function') return outside(handler, error)
      throw error
    }
  }
}
