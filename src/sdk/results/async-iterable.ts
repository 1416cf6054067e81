import type { Outcome } from '../calls/outcome.ts'
import { isNativePromise, isThenable } from './promise.ts'
import { shadow } from './shadow.ts'

type Method = (...args: unknown[]) => unknown

const NO_ARGUMENTS: readonly never[] = []

/**
 * Watches an async iterable where it is iterated: the object stays itself, and its `Symbol.asyncIterator`, or the methods
 * of the iterator when the iterable is its own, are shadowed on it. The first iteration is the recorded one.
 * @returns undefined when the object gives nothing to watch
 */
export function observeIterable(iterable: object, outcome: Outcome): object | undefined {
  if (typeof Reflect.get(iterable, 'next') === 'function') return observeIterator(iterable, outcome)
  const open: unknown = Reflect.get(iterable, Symbol.asyncIterator)
  if (typeof open !== 'function') return undefined
  let iterated = false
  const watchedOpen = (...args: unknown[]): unknown => {
    const iterator: unknown = outcome.within(() => Reflect.apply(open, iterable, args))
    if (iterated || typeof iterator !== 'object' || iterator === null) return iterator
    iterated = true
    return observeIterator(iterator, outcome) ?? iterator
  }
  return shadow(iterable, [[Symbol.asyncIterator, watchedOpen]])
}

function observeIterator(iterator: object, outcome: Outcome): object | undefined {
  const next = methodOf(iterator, 'next')
  if (next === undefined) return undefined
  const properties: [PropertyKey, unknown][] = [['next', watchedNext(iterator, next, outcome)]]
  const giveBack = methodOf(iterator, 'return')
  if (giveBack !== undefined) {
    properties.push(['return', (...args: unknown[]) => cancelled(outcome, () => Reflect.apply(giveBack, iterator, args))])
  }
  const raise = methodOf(iterator, 'throw')
  if (raise !== undefined) properties.push(['throw', (...args: unknown[]) => watchedThrow(iterator, raise, args, outcome)])
  const watched: object = shadow(iterator, properties.concat(Object.isExtensible(iterator) ? [] : [[Symbol.asyncIterator, () => watched]]))
  return watched
}

function methodOf(target: object, key: string): Method | undefined {
  const method: unknown = Reflect.get(target, key)
  return typeof method === 'function' ? (method as Method) : undefined
}

function watchedNext(iterator: object, next: Method, outcome: Outcome): Method {
  const step = (result: unknown): unknown => {
    see(result, outcome)
    return result
  }
  const failed = (error: unknown): never => {
    outcome.delivered()
    outcome.endStream('error', error)
    throw error
  }
  // Made once: nearly every call is without an argument.
  const pull = (): unknown => Reflect.apply(next, iterator, NO_ARGUMENTS)
  return (...args) => {
    let result: unknown
    try {
      result = outcome.within(args.length === 0 ? pull : () => Reflect.apply(next, iterator, args))
    } catch (error) {
      failed(error)
    }
    if (isNativePromise(result)) return result.then(step, failed)
    // The protocol lets an iterator answer without a promise, or with a promise of its own make.
    return isThenable(result) ? Promise.resolve(result).then(step, failed) : step(result)
  }
}

/** One iterator result, at the moment it is handed over. */
function see(result: unknown, outcome: Outcome): void {
  outcome.delivered()
  try {
    if (typeof result !== 'object' || result === null) return
    const { done, value } = result as Partial<IteratorResult<unknown>>
    if (done !== true) return outcome.chunk(value)
    if (value !== undefined) outcome.generatorReturned(value)
    outcome.endStream('done')
  } catch {
    // A result whose own getters throw: the consumer meets the same.
  }
}

function cancelled(outcome: Outcome, close: () => unknown): unknown {
  outcome.endStream('cancelled')
  return outcome.within(close)
}

/** `throw` on a generator that catches and goes on gives a chunk; else it is the end of the stream. */
function watchedThrow(iterator: object, raise: Method, args: unknown[], outcome: Outcome): unknown {
  const failed = (error: unknown): never => {
    outcome.delivered()
    outcome.endStream('error', error)
    throw error
  }
  let result: unknown
  try {
    result = outcome.within(() => Reflect.apply(raise, iterator, args))
  } catch (error) {
    failed(error)
  }
  const step = (settled: unknown): unknown => {
    see(settled, outcome)
    return settled
  }
  return isThenable(result) ? Promise.resolve(result).then(step, failed) : step(result)
}
