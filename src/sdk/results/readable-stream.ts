import type { Outcome } from '../calls/outcome.ts'

/**
 * A stream that reads `source` only when it is read itself: no queue of its own, so the backpressure stays that of the
 * source. Cancelling it cancels the source. The source is locked from here on, as if it had been handed to its reader.
 * @returns undefined when the source is locked already
 */
export function observeReadableStream(source: ReadableStream<unknown>, outcome: Outcome): ReadableStream<unknown> | undefined {
  if (source.locked) return undefined
  return isByteStream(source) ? observeBytes(source as ReadableStream<Uint8Array>, outcome) : observeValues(source, outcome)
}

function observeValues(source: ReadableStream<unknown>, outcome: Outcome): ReadableStream<unknown> {
  const reader = source.getReader()
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const { done, value } = await readWatched(() => reader.read(), outcome)
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: (reason) => cancelWatched(() => reader.cancel(reason), outcome),
    },
    { highWaterMark: 0 },
  )
}

/** A byte stream stays one: a reader that brings its own buffer has it filled by the source. */
function observeBytes(source: ReadableStream<Uint8Array>, outcome: Outcome): ReadableStream<unknown> {
  // The lock passes from reader to reader within one turn, so nobody else finds the source unlocked.
  let reader: ReadableStreamDefaultReader<Uint8Array> | ReadableStreamBYOBReader = source.getReader()
  return new ReadableStream(
    {
      type: 'bytes',
      async pull(controller) {
        const request = controller.byobRequest
        reader.releaseLock()
        if (request?.view == null) {
          const plain = source.getReader()
          reader = plain
          const { done, value } = await readWatched(() => plain.read(), outcome)
          if (done) controller.close()
          else controller.enqueue(value)
          return
        }
        const filling = source.getReader({ mode: 'byob' })
        reader = filling
        const { byteLength } = request.view
        const { done, value } = await readWatched(() => filling.read(new Uint8Array(byteLength)), outcome)
        if (done) {
          controller.close()
          request.respond(0)
        } else {
          new Uint8Array(request.view.buffer, request.view.byteOffset, value.byteLength).set(value)
          request.respond(value.byteLength)
        }
      },
      cancel: (reason) => cancelWatched(() => reader.cancel(reason), outcome),
    },
    { highWaterMark: 0 },
  )
}

async function readWatched<R extends { done: boolean; value?: unknown }>(read: () => Promise<R>, outcome: Outcome): Promise<R> {
  let result: R
  try {
    result = await outcome.within(read)
  } catch (error) {
    outcome.delivered()
    outcome.endStream('error', error)
    throw error
  }
  outcome.delivered()
  if (result.done) outcome.endStream('done')
  else outcome.chunk(result.value)
  return result
}

function cancelWatched(cancel: () => Promise<void>, outcome: Outcome): Promise<void> {
  outcome.endStream('cancelled')
  return outcome.within(cancel)
}

/** There is no flag to read: only a byte stream gives a reader of this mode. */
function isByteStream(source: ReadableStream<unknown>): boolean {
  try {
    source.getReader({ mode: 'byob' }).releaseLock()
    return true
  } catch {
    return false
  }
}
