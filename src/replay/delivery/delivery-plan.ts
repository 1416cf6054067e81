import type { ResultShape, SpanCore } from '../../schemas/index.ts'

/** Where each part of one step's result stood in the recorded order: a number, `free` (at once), or `never`. */
export type Place = number | 'free' | 'never'

export interface DeliveryPlan {
  readonly shape: ResultShape
  /** The promise of the result, or of the stream. Absent for results given back synchronously. */
  readonly promise: Place | undefined
  readonly chunks: readonly Place[]
  /** The end of the stream, or the error that ended it; `beyond` when the consumer had left by then. */
  readonly end: Place | 'beyond' | undefined
  /** Every number of the plan, ascending. */
  readonly numbers: readonly number[]
}

export function planOf(core: SpanCore, chunkCount: number): DeliveryPlan {
  const shape = core.shape ?? 'promise'
  const numbers = expandRanges(core.deliveries ?? [])
  const stream = isStream(core)
  // Without numbers there is nothing to order by; only a step that never ended gives nothing.
  const unknown = core.deliveries === undefined && core.endNanos !== undefined && core.pending !== true
  let used = 0
  const place = (): Place => numbers[used++] ?? (unknown ? 'free' : 'never')
  const promise = startsWithPromise(shape) ? place() : undefined
  const chunks: Place[] = []
  for (let index = 0; stream && index < chunkCount; index++) chunks.push(place())
  let end: DeliveryPlan['end']
  if (stream) {
    if (core.streamEnd === 'done' || core.streamEnd === 'error') end = numbers[used++] ?? 'free'
    else end = core.streamEnd === 'cancelled' ? 'beyond' : 'never'
  }
  return { shape, promise, chunks, end, numbers }
}

/** Where a promise of the whole result stood, as `planOf` has it. */
export function placeOfPromise({ deliveries, endNanos, pending }: SpanCore): Place {
  if (deliveries !== undefined)
    for (let index = 0; index + 1 < deliveries.length; index += 2) if ((deliveries[index + 1] ?? 0) > 0) return deliveries[index] ?? 0
  return deliveries === undefined && endNanos !== undefined && pending !== true ? 'free' : 'never'
}

/**
 * For a result that is given in the place of the recorded one: it comes when that came, as far as it has as many parts.
 * @param stream whether it is a stream of `chunkCount` chunks
 */
export function planOfGiven(core: SpanCore, stream: boolean, chunkCount: number): DeliveryPlan {
  const shape = core.shape ?? 'promise'
  const numbers = expandRanges(core.deliveries ?? [])
  let used = 0
  const place = (): Place => numbers[used++] ?? 'free'
  const promise = startsWithPromise(shape) ? place() : undefined
  const chunks = Array.from({ length: stream ? chunkCount : 0 }, place)
  return { shape, promise, chunks, end: stream ? place() : undefined, numbers: numbers.slice(0, used) }
}

/** A stream that was never had (its promise was rejected) has no stream end. */
export function isStream(core: SpanCore): boolean {
  return core.streamEnd !== undefined
}

export function startsWithPromise(shape: ResultShape): boolean {
  return shape === 'promise' || shape === 'promise-async-iterable' || shape === 'promise-readable-stream'
}

/** `start, count, start, count, …` as single numbers; a recording's sum of counts is bounded when it is loaded. */
export function expandRanges(ranges: readonly number[]): number[] {
  const numbers: number[] = []
  for (let index = 0; index + 1 < ranges.length; index += 2) {
    const start = ranges[index] ?? 0
    const count = ranges[index + 1] ?? 0
    for (let offset = 0; offset < count; offset++) numbers.push(start + offset)
  }
  return numbers
}
