import { types } from 'node:util'
import type { DeliveryScheduler } from '../delivery/delivery.ts'
import type { DeliveryPlan, Place } from '../delivery/delivery-plan.ts'

/** How a recorded stream ended: with an error, or with what its generator returned, most with nothing. */
export type RecordedEnd = { readonly error: unknown } | { readonly returned: unknown }

export interface StreamEvents {
  /** The program left the stream earlier than it did when recorded. */
  onLeft(taken: number, recorded: number): void
  /** The program asks for more than the recorded consumer took. Gives the error that it gets. */
  onBeyond(taken: number): unknown
}

type Settle = { resolve(result: IteratorResult<unknown, unknown>): void; reject(error: unknown): void }

/** Reads a recorded stream: each pull is answered in its recorded turn, so nothing flows that the program did not ask for. */
export class StreamCursor {
  readonly #plan: DeliveryPlan
  readonly #chunks: readonly unknown[]
  readonly #end: RecordedEnd
  readonly #scheduler: DeliveryScheduler
  readonly #events: StreamEvents
  readonly #open = new Map<Settle, () => void>()
  #pulls = 0
  #taken = 0
  #ended = false

  constructor(plan: DeliveryPlan, chunks: readonly unknown[], end: RecordedEnd, scheduler: DeliveryScheduler, events: StreamEvents) {
    this.#plan = plan
    this.#chunks = chunks
    this.#end = end
    this.#scheduler = scheduler
    this.#events = events
  }

  /** At the end of the run: a stream that was neither read to its recorded end nor left counts as left here. */
  finish(): void {
    if (!this.#ended) this.#noteLeft()
    this.#ended = true
  }

  pull(): Promise<IteratorResult<unknown, unknown>> {
    if (this.#ended) return Promise.resolve({ value: undefined, done: true })
    const { promise, resolve, reject } = Promise.withResolvers<IteratorResult<unknown, unknown>>()
    const settle: Settle = { resolve, reject }
    const index = this.#pulls++
    if (index < this.#chunks.length) {
      this.#offer(this.#plan.chunks[index] ?? 'free', settle, () => {
        this.#taken++
        resolve({ value: this.#chunks[index], done: false })
      })
    } else if (this.#plan.end === 'beyond') {
      this.#offer('free', settle, () => {
        this.#ended = true
        reject(this.#events.onBeyond(this.#taken))
      })
    } else {
      this.#offer(index === this.#chunks.length ? (this.#plan.end ?? 'never') : 'free', settle, () => {
        if (this.#ended) return resolve({ value: undefined, done: true })
        this.#ended = true
        if ('error' in this.#end) reject(this.#end.error)
        else resolve({ value: this.#end.returned, done: true })
      })
    }
    return promise
  }

  /** The consumer breaks, returns or cancels. */
  leave(): void {
    if (this.#ended) return
    this.#ended = true
    for (const [settle, withdraw] of this.#open) {
      withdraw()
      settle.resolve({ value: undefined, done: true })
    }
    this.#open.clear()
    for (const place of this.#plan.chunks.slice(this.#taken)) this.#skip(place)
    this.#skip(this.#plan.end)
    this.#noteLeft()
    this.#scheduler.touch()
  }

  #noteLeft(): void {
    if (this.#taken < this.#chunks.length || 'error' in this.#end) this.#events.onLeft(this.#taken, this.#chunks.length)
  }

  #offer(place: Place, settle: Settle, deliver: () => void): void {
    if (place === 'never') {
      this.#open.set(settle, () => undefined)
      this.#scheduler.touch()
      return
    }
    const withdraw = this.#scheduler.offer(place === 'free' ? undefined : place, () => {
      this.#open.delete(settle)
      deliver()
    })
    this.#open.set(settle, withdraw)
  }

  #skip(place: DeliveryPlan['end']): void {
    if (typeof place === 'number') this.#scheduler.skip(place)
  }
}

/** The recorded stream in the shape of an async generator object, which also serves where a plain iterable was recorded. */
export function iterableOf(cursor: StreamCursor): AsyncIterableIterator<unknown, unknown> & AsyncDisposable {
  return {
    next: () => cursor.pull(),
    return(value?: unknown) {
      cursor.leave()
      return Promise.resolve(value).then((settled) => ({ value: settled, done: true }))
    },
    throw(error?: unknown) {
      cursor.leave()
      return Promise.reject(error)
    },
    [Symbol.asyncIterator]() {
      return this
    },
    [Symbol.asyncDispose]() {
      cursor.leave()
      return Promise.resolve()
    },
  }
}

/** Nothing is queued ahead of the reader. A stream of bytes also takes readers that bring their own buffer. */
export function readableOf(cursor: StreamCursor, chunks: readonly unknown[]): ReadableStream<unknown> {
  if (chunks.length > 0 && chunks.every((chunk) => types.isUint8Array(chunk) && chunk.length > 0)) return readableBytes(cursor)
  return new ReadableStream<unknown>(
    {
      async pull(controller) {
        const result = await cursor.pull()
        if (result.done === true) controller.close()
        else controller.enqueue(result.value)
      },
      cancel: () => cursor.leave(),
    },
    { highWaterMark: 0 },
  )
}

function readableBytes(cursor: StreamCursor): ReadableStream<unknown> {
  return new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const result = await cursor.pull()
      if (result.done !== true) {
        // Enqueueing takes the buffer away, which decoded chunks may share.
        controller.enqueue(Uint8Array.from(result.value as Uint8Array))
        return
      }
      controller.close()
      controller.byobRequest?.respond(0)
    },
    cancel: () => cursor.leave(),
  })
}
