import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { runtime } from './runtime.ts'
import type { Scope } from './scope.ts'

const RESOURCE = 'reprise'
/** No frame is this. */
const NONE: unknown = {}

/** The async context in force, as something that can be told from another; undefined where the engine does not show it. */
type FrameKey = symbol | undefined

/**
 * Under which key an AsyncResource keeps the async context in which it was made. Node documents no such key: it is looked for, and what
 * is found has to show in a trial that it is one object for one context and another for another, and that the resource brings it back.
 */
function findFrameKey(): FrameKey {
  const trial = new AsyncLocalStorage<number>()
  const key = Object.getOwnPropertySymbols(new AsyncResource(RESOURCE)).find(({ description }) => description === 'context_frame')
  if (key === undefined) return undefined
  const resource = trial.run(1, () => new AsyncResource(RESOURCE))
  const [first, again] = trial.run(2, () => [frameUnder(key), frameUnder(key)])
  const isTelling = typeof first === 'object' && first === again && first !== Reflect.get(resource, key)
  return isTelling && resource.runInAsyncScope(() => trial.getStore()) === 1 && trial.getStore() === undefined ? key : undefined
}

function frameUnder(key: symbol): unknown {
  return Reflect.get(new AsyncResource(RESOURCE), key)
}

let found: { readonly key: FrameKey } | undefined

/**
 * Runs functions within one scope, again and again, as the pulls of a stream are. `AsyncLocalStorage.run` makes the whole context anew
 * when it enters and when it leaves, which is a good part of what a chunk costs; here it is made once for as long as the context
 * around it, with whatever others keep in it, stays the same.
 */
export class RepeatedScope {
  readonly #scope: Scope
  readonly #key: FrameKey
  #outer: unknown = NONE
  #inner: AsyncResource | undefined

  constructor(scope: Scope) {
    this.#scope = scope
    this.#key = (found ??= { key: findFrameKey() }).key
  }

  run<T>(fn: () => T): T {
    if (this.#key === undefined) return runtime().scopes.run(this.#scope, fn)
    if (this.#inner === undefined || frameUnder(this.#key) !== this.#outer) {
      this.#inner = runtime().scopes.run(this.#scope, () => new AsyncResource(RESOURCE))
      // What `run` leaves behind is as the context before it, and another object.
      this.#outer = frameUnder(this.#key)
    }
    return this.#inner.runInAsyncScope(fn)
  }
}
