import type { ResultShape } from '../../schemas/index.ts'
import type { Outcome } from '../calls/outcome.ts'
import { observeIterable } from './async-iterable.ts'
import { isNativePromise, isThenable, observePromise, observeThenable } from './promise.ts'
import { observeReadableStream } from './readable-stream.ts'

type StreamKind = 'async-iterable' | 'readable-stream'

/**
 * Tells `outcome` how the result of a call turns out, and gives back what the caller is to have: the same value, or its
 * stand-in where only a stand-in can be watched (native promises, web streams, frozen iterables). Never throws.
 */
export function observeResult(result: unknown, outcome: Outcome): unknown {
  if (isNativePromise(result)) return observePromise(result, outcome, observeResolved)
  const stream = streamKind(result)
  if (stream !== undefined) return observeStream(result as object, stream, stream, outcome)
  if (isThenable(result)) return observeThenable(result, outcome, (value) => observeResolved(value, outcome))
  outcome.settle(result, 'value')
  return result
}

/** The value of a promise: may itself be a stream. */
function observeResolved(value: unknown, outcome: Outcome): unknown {
  const stream = streamKind(value)
  if (stream !== undefined) return observeStream(value as object, stream, `promise-${stream}`, outcome)
  outcome.settle(value, 'promise')
  return value
}

function observeStream(stream: object, kind: StreamKind, shape: ResultShape, outcome: Outcome): unknown {
  let observed: unknown
  try {
    observed =
      kind === 'readable-stream' ? observeReadableStream(stream as ReadableStream<unknown>, outcome) : observeIterable(stream, outcome)
  } catch {
    observed = undefined
  }
  if (observed === undefined) {
    // Locked, or its own traps refuse: it passes through unseen, and the record names it.
    outcome.settle(stream, shape.startsWith('promise') ? 'promise' : 'value')
    return stream
  }
  outcome.openStream(shape)
  return observed
}

function streamKind(value: unknown): StreamKind | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  try {
    // Jest's `jsdom` has none.
    if (typeof ReadableStream === 'function' && value instanceof ReadableStream) return 'readable-stream'
    return typeof Reflect.get(value, Symbol.asyncIterator) === 'function' ? 'async-iterable' : undefined
  } catch {
    return undefined
  }
}
