import type { Step } from './step.ts'

/** One thing to send: a step that has ended, or the announcement of one that has not. */
export interface QueuedStep {
  readonly step: Step
  readonly pending: boolean
  readonly sizeBytes: number
}

/** Spans that were given up, of one run and for one reason. */
export interface Gap {
  readonly runId: string | undefined
  readonly traceId: string | undefined
  readonly reason: string
  count: number
}

// What a step takes beside its payloads, roughly.
const STRUCTURE_BYTES = 1024
// Gaps of more runs than this are counted together.
const MAX_GAPS = 1000

/**
 * What waits to be sent, bounded by bytes. Past the bound a step's payloads are given up first; when what is left does not
 * fit either, the step is, and a gap is kept in its place. Errors and roots of runs get room beyond the bound, a quarter of it.
 */
export class SendQueue {
  readonly #maxBytes: number
  #items: (QueuedStep | undefined)[] = []
  #head = 0
  #sizeBytes = 0
  #gaps: Gap[] = []
  /** All that was ever put in, and all that was ever taken out. */
  added = 0
  taken = 0
  /** Steps and payloads given up since the start. */
  droppedSteps = 0
  droppedPayloads = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get length(): number {
    return this.#items.length - this.#head
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get gaps(): readonly Gap[] {
    return this.#gaps
  }

  push(step: Step, pending: boolean): void {
    const bound = step.isRoot || step.error !== undefined ? this.#maxBytes * 1.25 : this.#maxBytes
    const payloads = payloadBytes(step)
    let sizeBytes = STRUCTURE_BYTES + payloads
    if (this.#sizeBytes + sizeBytes > bound) {
      // An announcement may be left out: the step itself comes later.
      if (pending) return
      step.dropPayloads()
      this.droppedPayloads++
      sizeBytes = STRUCTURE_BYTES
    }
    if (this.#sizeBytes + sizeBytes > bound) {
      this.droppedSteps++
      this.addGap(step.run.id, step.ids.traceId, 'queue_full', 1)
      return
    }
    this.#sizeBytes += sizeBytes
    this.added++
    this.#items.push({ step, pending, sizeBytes })
  }

  shift(): QueuedStep | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.taken++
    this.#items[this.#head++] = undefined
    this.#sizeBytes -= item.sizeBytes
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  addGap(runId: string | undefined, traceId: string | undefined, reason: string, count: number): void {
    const found = this.#gaps.find((gap) => gap.runId === runId && gap.reason === reason)
    if (found !== undefined) found.count += count
    else if (this.#gaps.length < MAX_GAPS || runId === undefined) this.#gaps.push({ runId, traceId, reason, count })
    else this.addGap(undefined, undefined, reason, count)
  }

  takeGaps(): Gap[] {
    const gaps = this.#gaps
    this.#gaps = []
    return gaps
  }
}

function payloadBytes(step: Step): number {
  return (
    (step.input?.sizeBytes ?? 0) +
    (step.output?.sizeBytes ?? 0) +
    (step.error?.sizeBytes ?? 0) +
    (step.documents?.sizeBytes ?? 0) +
    (step.events?.length ?? 0) * 200
  )
}
