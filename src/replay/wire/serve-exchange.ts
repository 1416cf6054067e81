import { types } from 'node:util'
import type { Interception } from '../../sdk/index.ts'
import { type ServedExchange, type ServedResponse, servedExchange, type WireHead } from '../../sdk/wire/index.ts'
import type { DeliveryScheduler } from '../delivery/delivery.ts'
import { type DeliveryPlan, type Place, planOf } from '../delivery/delivery-plan.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { StreamCursor, type StreamEvents } from '../serving/served-stream.ts'

type Failure = { readonly value: unknown } | undefined
type Events = StreamEvents & {
  onOpened(cursor: StreamCursor): void
  /** Gives the chunks cut elsewhere; undefined where they stay as they are. */
  recut?(chunks: readonly unknown[]): readonly unknown[] | undefined
}

/** The call was an HTTP exchange: answered with the recorded response, head and chunks in their recorded turns. */
export function serveExchange(
  { record: { core } }: LineageNode,
  output: unknown,
  failure: Failure,
  scheduler: DeliveryScheduler,
  events: Events,
): Interception {
  const response = servedExchange(output, core.streamEnd === 'done' || core.streamEnd === undefined)
  const streams = core.streamEnd !== undefined && response !== undefined
  const plan = planOf(core, streams ? response.chunks.length : 0)
  const recut = streams ? events.recut?.(response.chunks) : undefined
  if (recut === undefined || !recut.every((chunk) => types.isUint8Array(chunk)))
    return { mode: 'served', returned: new RecordedExchange(response, plan, failure, streams, scheduler, events) }
  const chunks = placesOf(recut, response?.chunks ?? [], plan.chunks)
  const taken = new Set(chunks)
  for (const place of plan.chunks) if (typeof place === 'number' && !taken.has(place)) scheduler.skip(place)
  const returned = new RecordedExchange(
    response && { ...response, chunks: recut },
    { ...plan, chunks },
    failure,
    streams,
    scheduler,
    core.streamEnd === 'cancelled' ? leavingWithin(response?.chunks ?? [], recut, events) : events,
  )
  return { mode: 'served', returned }
}

/** A piece comes when the recorded chunk came in which it ends; of several that end in one the later ones come at once after the first. */
function placesOf(pieces: readonly Uint8Array[], chunks: readonly Uint8Array[], recorded: readonly Place[]): Place[] {
  let index = 0
  let chunkEnd = chunks[0]?.length ?? 0
  let pieceEnd = 0
  let last = -1
  return pieces.map(({ length }) => {
    pieceEnd += length
    while (chunkEnd < pieceEnd && index < chunks.length - 1) chunkEnd += chunks[++index]?.length ?? 0
    if (index === last) return 'free'
    last = index
    return recorded[index] ?? 'free'
  })
}

/** Of a reader that left: what made it leave stood in the last chunk that it took, and need not have been the end of that. */
function leavingWithin(chunks: readonly Uint8Array[], recut: readonly Uint8Array[], events: Events): Events {
  const needed = lengthOf(chunks.slice(0, -1))
  return {
    ...events,
    onLeft(taken, recorded) {
      if (lengthOf(recut.slice(0, taken)) <= needed) events.onLeft(taken, recorded)
    },
  }
}

function lengthOf(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, { length }) => sum + length, 0)
}

/** What the program aborts fails with the program's own reason, and otherwise as it did when recorded: in its turn. */
class RecordedExchange implements ServedExchange {
  readonly head: Promise<WireHead>
  readonly timedOut: boolean
  readonly leftAfter: number | undefined
  readonly #head: PromiseWithResolvers<WireHead> = Promise.withResolvers()
  readonly #chunks: readonly Uint8Array[]
  readonly #failure: Failure
  readonly #plan: DeliveryPlan
  readonly #scheduler: DeliveryScheduler
  readonly #onLeft: (taken: number, recorded: number) => void
  readonly #cursor: StreamCursor | undefined
  #takeBackHead: (() => void) | undefined
  #answered = false
  #taken = 0
  #aborted: { readonly reason: unknown } | undefined

  constructor(
    response: ServedResponse | undefined,
    plan: DeliveryPlan,
    failure: Failure,
    streams: boolean,
    scheduler: DeliveryScheduler,
    events: Events,
  ) {
    this.head = this.#head.promise
    // An abandoned rejection ends no program here: the recording shows that it ended none then.
    this.head.catch(() => undefined)
    this.timedOut = response?.timedOut === true
    this.#chunks = response?.chunks ?? []
    this.leftAfter = plan.end === 'beyond' ? this.#chunks.length : undefined
    this.#failure = failure
    this.#plan = plan
    this.#scheduler = scheduler
    this.#onLeft = events.onLeft
    if (streams) {
      this.#cursor = new StreamCursor(
        plan,
        this.#chunks,
        failure === undefined ? { returned: undefined } : { error: failure.value },
        scheduler,
        {
          onBeyond: events.onBeyond,
          onLeft: (taken, recorded) => {
            // It was aborted at this very place when recorded, too.
            if (this.#aborted === undefined || failure === undefined || taken < recorded) events.onLeft(taken, recorded)
          },
        },
      )
    }
    const place: Place = plan.promise ?? 'free'
    if (place === 'never') scheduler.touch()
    else this.#takeBackHead = scheduler.offer(place === 'free' ? undefined : place, () => this.#answer(response, failure, events))
  }

  async pull(): Promise<Uint8Array | undefined> {
    if (this.#cursor === undefined) return undefined
    try {
      const { done, value } = await this.#cursor.pull()
      if (done === true) return undefined
      this.#taken++
      return value as Uint8Array
    } catch (error) {
      throw this.#aborted === undefined || this.#failure === undefined ? error : this.#aborted.reason
    }
  }

  leave(): void {
    this.#cursor?.leave()
  }

  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return
    this.#aborted = { reason }
    if (this.#answered) {
      // What the recorded program had of it when it aborted, this one has too: the rest comes in its turn.
      if (this.#failure === undefined || this.#taken < this.#chunks.length) this.#cursor?.leave()
      return
    }
    if (this.#failure !== undefined && this.#cursor === undefined) return
    // When recorded it was not aborted before its response came.
    this.#takeBackHead?.()
    for (const number of this.#plan.numbers) this.#scheduler.skip(number)
    this.#onLeft(0, this.#chunks.length)
    this.#head.reject(reason)
    this.#scheduler.touch()
  }

  #answer(response: ServedResponse | undefined, failure: Failure, { onOpened }: Events): void {
    this.#answered = true
    // It failed before a response came: nothing of one was recorded.
    if (failure !== undefined && this.#cursor === undefined) {
      this.#head.reject(this.#aborted === undefined ? failure.value : this.#aborted.reason)
      return
    }
    if (response === undefined) {
      this.#head.reject(new TypeError('fetch failed'))
      return
    }
    if (this.#cursor !== undefined) onOpened(this.#cursor)
    this.#head.resolve(this.#cursor === undefined ? { ...response.head, hasBody: false } : response.head)
  }
}
