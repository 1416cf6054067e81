import { decodeValue, RepriseError, type ResultShape, valueToError } from '../../schemas/index.ts'
import type { Interception, Restore } from '../../sdk/index.ts'
import type { DeliveryScheduler } from '../delivery/delivery.ts'
import { type DeliveryPlan, expandRanges, isStream, type Place, placeOfPromise, planOf, planOfGiven } from '../delivery/delivery-plan.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { type Recording, readReturned, type StepPayload, wasCut } from '../recording/recording.ts'
import { serveExchange } from '../wire/serve-exchange.ts'
import { iterableOf, type RecordedEnd, readableOf, StreamCursor, type StreamEvents } from './served-stream.ts'

/** A recorded result that can be given back, or the reason why the recording does not hold it. */
export type RecordedResult =
  | {
      readonly state: 'value'
      readonly value: unknown
      /** What a generator returned, its chunks being the value. */
      readonly returned?: unknown
    }
  | { readonly state: 'error'; readonly error: unknown; readonly chunks: readonly unknown[] }
  | { readonly state: 'missing'; readonly reason: string }

/** Decodes afresh at each call: the program may change what it gets. */
export function readResult(recording: Recording, { record }: LineageNode): RecordedResult {
  const error = recording.payloadOf(record, 'error')
  const output = recording.payloadOf(record, 'output')
  if (error.state === 'gone') return { state: 'missing', reason: `its error was ${error.reason}` }
  if (output.state === 'gone') return { state: 'missing', reason: `its result was ${output.reason}` }
  if (wasCut(record, 'output')) return { state: 'missing', reason: 'its result was cut when it was recorded' }
  const returned = readReturned(recording, record)
  if (returned.state === 'gone') return { state: 'missing', reason: `what its generator returned was ${returned.reason}` }
  try {
    const value = decode(output)
    if (error.state === 'absent') {
      return { state: 'value', value, ...(returned.state === 'present' && { returned: decode(returned) }) }
    }
    return { state: 'error', error: valueToError(decode(error)), chunks: Array.isArray(value) ? value : [] }
  } catch (cause) {
    return { state: 'missing', reason: `its result cannot be read: ${RepriseError.isInstance(cause) ? cause.message : 'it is damaged'}` }
  }
}

/** Lets the user make instances of what was recorded of them. Decoded chunks and errors are restored each by itself. */
export function restored(result: RecordedResult, { record: { core } }: LineageNode, restore: Restore | undefined): RecordedResult {
  if (restore === undefined || result.state === 'missing') return result
  const chunksOf = (chunks: readonly unknown[]): unknown[] => chunks.map((chunk) => restore(chunk, 'chunk'))
  try {
    if (result.state === 'error') return { ...result, error: restore(result.error, 'error'), chunks: chunksOf(result.chunks) }
    if (!isStream(core)) return { ...result, value: restore(result.value, 'result') }
    return { ...result, value: Array.isArray(result.value) ? chunksOf(result.value) : result.value }
  } catch (cause) {
    return { state: 'missing', reason: `\`restore\` of ${core.stepName} threw ${cause instanceof Error ? String(cause) : typeof cause}` }
  }
}

function decode(payload: StepPayload): unknown {
  return payload.state === 'present' ? decodeValue(payload.mediaType, payload.data) : undefined
}

interface ServeEvents extends StreamEvents {
  /** Gives the chunks cut elsewhere; undefined where they stay as they are. */
  recut?(chunks: readonly unknown[]): readonly unknown[] | undefined
  onOpened(cursor: StreamCursor): void
}

/**
 * Gives the program a recorded result in its recorded shape; what is asynchronous comes in its recorded turn.
 *
 * @param isGiven the result is not the recorded one
 * @param eventsOf asked for where the result comes in parts
 */
export function serveResult(
  node: LineageNode,
  result: Exclude<RecordedResult, { state: 'missing' }>,
  scheduler: DeliveryScheduler,
  isGiven: boolean,
  eventsOf: () => ServeEvents,
): Interception {
  const { core } = node.record
  const failure = result.state === 'error' ? { value: result.error } : undefined
  if (!isGiven && core.kind !== 'wire' && !isStream(core) && (core.shape ?? 'promise') === 'promise') {
    const value = result.state === 'value' ? result.value : undefined
    return { mode: 'served', returned: promised(placeOfPromise(core), scheduler, failure, () => value) }
  }
  const events = eventsOf()
  if (core.kind === 'wire') return serveExchange(node, result.state === 'error' ? result.chunks : result.value, failure, scheduler, events)
  const chunks = result.state === 'error' ? result.chunks : Array.isArray(result.value) ? (result.value as unknown[]) : []
  const whole = core.streamEnd === 'done' || core.streamEnd === 'error'
  const recut = isGiven || !whole ? undefined : events.recut?.(chunks)
  if (recut !== undefined) return serveRecut(node, result, recut, scheduler, events)
  const streams = isGiven ? core.shape !== undefined && core.shape !== 'value' && core.shape !== 'promise' : isStream(core)
  const plan = isGiven ? planOfGiven(core, streams, chunks.length) : planOf(core, streams ? chunks.length : 0)
  // What is given may have fewer parts than what was recorded.
  if (isGiven) for (const number of expandRanges(core.deliveries ?? []).slice(plan.numbers.length)) scheduler.skip(number)
  if (!streams) {
    const value = result.state === 'value' ? result.value : undefined
    if (plan.promise !== undefined) return { mode: 'served', returned: promised(plan.promise, scheduler, failure, () => value) }
    scheduler.touch()
    return failure === undefined ? { mode: 'served', returned: value } : { mode: 'served', threw: failure.value }
  }
  return serveStream(plan, chunks, result, scheduler, events)
}

/** A stream whose chunks were cut elsewhere: as many of them as were recorded come in their recorded turn, more at once. */
function serveRecut(
  { record: { core } }: LineageNode,
  result: Exclude<RecordedResult, { state: 'missing' }>,
  chunks: readonly unknown[],
  scheduler: DeliveryScheduler,
  events: ServeEvents,
): Interception {
  const recorded = result.state === 'error' ? result.chunks.length : (result.value as unknown[]).length
  const plan = planOf(core, recorded)
  for (const place of plan.chunks.slice(chunks.length)) if (typeof place === 'number') scheduler.skip(place)
  const places = Array.from(chunks, (_, index): Place => plan.chunks[index] ?? 'free')
  return serveStream({ ...plan, chunks: places }, chunks, result, scheduler, events)
}

function serveStream(
  plan: DeliveryPlan,
  chunks: readonly unknown[],
  result: Exclude<RecordedResult, { state: 'missing' }>,
  scheduler: DeliveryScheduler,
  events: ServeEvents,
): Interception {
  const end: RecordedEnd = result.state === 'error' ? { error: result.error } : { returned: result.returned }
  const cursor = new StreamCursor(plan, chunks, end, scheduler, events)
  events.onOpened(cursor)
  const stream = (): unknown => (isReadable(plan.shape) ? readableOf(cursor, chunks) : iterableOf(cursor))
  if (plan.promise === undefined) {
    scheduler.touch()
    return { mode: 'served', returned: stream() }
  }
  return { mode: 'served', returned: promised(plan.promise, scheduler, undefined, stream) }
}

function promised(
  place: Place,
  scheduler: DeliveryScheduler,
  failure: { readonly value: unknown } | undefined,
  value: () => unknown,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  if (place === 'never') scheduler.touch()
  else scheduler.offer(place === 'free' ? undefined : place, () => (failure === undefined ? resolve(value()) : reject(failure.value)))
  // An abandoned rejection ends no program here: the recording shows that it ended none then.
  if (failure !== undefined) promise.catch(() => undefined)
  return promise
}

/** A call that cannot be served fails in the shape in which its function usually answers. */
export function refuse(shape: ResultShape, error: RepriseError): Interception {
  switch (shape) {
    case 'value':
      return { mode: 'served', threw: error }
    case 'promise':
    case 'promise-async-iterable':
    case 'promise-readable-stream':
      return { mode: 'served', returned: rejected(error) }
    case 'async-iterable':
      return { mode: 'served', returned: failingIterable(error) }
    case 'readable-stream':
      return { mode: 'served', returned: new ReadableStream({ start: (controller) => controller.error(error) }) }
  }
}

/**
 * Answers nothing, ever: for what a program still does in the background after its replay has ended, where an error would
 * come as an unhandled rejection. Where an answer must be given at once, an error is thrown.
 */
export function leaveOpen(shape: ResultShape, message: string): Interception {
  const pending = (): Promise<never> => new Promise<never>(() => undefined)
  switch (shape) {
    case 'value':
      return { mode: 'served', threw: new RepriseError('replay_diverged', message) }
    case 'promise':
    case 'promise-async-iterable':
    case 'promise-readable-stream':
      return { mode: 'served', returned: pending() }
    case 'async-iterable':
      return { mode: 'served', returned: { next: pending, [Symbol.asyncIterator]: () => ({ next: pending }) } }
    case 'readable-stream':
      return { mode: 'served', returned: new ReadableStream({ pull: pending }) }
  }
}

function rejected(error: unknown): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => undefined)
  return promise
}

function failingIterable(error: RepriseError): AsyncIterableIterator<never, undefined> {
  let failed = false
  const next = (): Promise<IteratorResult<never, undefined>> => {
    if (failed) return Promise.resolve({ value: undefined, done: true })
    failed = true
    return rejected(error)
  }
  return {
    next,
    return: () => Promise.resolve({ value: undefined, done: true }),
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

function isReadable(shape: ResultShape): boolean {
  return shape === 'readable-stream' || shape === 'promise-readable-stream'
}
