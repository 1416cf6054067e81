import type { Step } from '../run/step.ts'

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

interface Item extends QueuedStep {
  sizeBytes: number
}

// What a step takes beside its payloads, roughly.
const STRUCTURE_BYTES = 1024
// Gaps of more runs than this are counted together.
const MAX_GAPS = 1000

/**
 * What waits to be sent, bounded by bytes. Past the bound payloads are given up first: those of the step that comes, then those
 * that wait, oldest first. Where nothing but structure is left, the step that comes is, and a gap is kept in its place. Errors
 * and roots of runs come last at each turn: they have a quarter more room, and other steps give way to them.
 */
export class SendQueue {
  readonly #maxBytes: number
  #items: (Item | undefined)[] = []
  #head = 0
  #length = 0
  #sizeBytes = 0
  #gaps = new Map<string, Gap>()
  // How far each kind of giving way has come: what lies before has been given up already.
  #stripped = 0
  #strippedAll = 0
  #evicted = 0
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
    return this.#length
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get gapCount(): number {
    return this.#gaps.size
  }

  push(step: Step, pending: boolean): void {
    const sizeBytes = STRUCTURE_BYTES + payloadBytes(step)
    if (this.#sizeBytes + sizeBytes <= this.#maxBytes) this.#add(step, pending, sizeBytes)
    // An announcement may be left out: the step itself comes later.
    else if (!pending) this.#pushIntoFull(step, sizeBytes)
  }

  #pushIntoFull(step: Step, sizeBytes: number): void {
    const favoured = isFavoured(step)
    const bound = favoured ? this.#maxBytes * 1.25 : this.#maxBytes
    const fits = (bytes: number): boolean => this.#sizeBytes + bytes <= bound
    for (let more = favoured; more && !fits(sizeBytes); ) more = this.#stripNext(false)
    if (fits(sizeBytes)) return this.#add(step, false, sizeBytes)
    step.dropPayloads()
    this.droppedPayloads++
    const leftBytes = STRUCTURE_BYTES + payloadBytes(step)
    for (let more = true; more && !fits(leftBytes); )
      more = this.#stripNext(false) || this.#stripNext(true) || (favoured && this.#evictNext())
    if (fits(leftBytes)) this.#add(step, false, leftBytes)
    else this.#giveUp(step)
  }

  shift(): QueuedStep | undefined {
    while (this.#head < this.#items.length) {
      const item = this.#items[this.#head]
      this.#items[this.#head++] = undefined
      this.#compact()
      if (item === undefined) continue
      this.taken++
      this.#length--
      this.#sizeBytes -= item.sizeBytes
      return item
    }
    return undefined
  }

  /** All that waits, errors and roots of runs first: for a process that may not have the time for all. */
  takeAll(): QueuedStep[] {
    const favoured: QueuedStep[] = []
    const others: QueuedStep[] = []
    for (let item = this.shift(); item !== undefined; item = this.shift()) (isFavoured(item.step) ? favoured : others).push(item)
    return favoured.concat(others)
  }

  addGap(runId: string | undefined, traceId: string | undefined, reason: string, count: number): void {
    const key = `${runId ?? ''} ${reason}`
    const found = this.#gaps.get(key)
    if (found !== undefined) found.count += count
    else if (this.#gaps.size < MAX_GAPS || runId === undefined) this.#gaps.set(key, { runId, traceId, reason, count })
    else this.addGap(undefined, undefined, reason, count)
  }

  takeGaps(): Gap[] {
    const gaps = [...this.#gaps.values()]
    this.#gaps = new Map()
    return gaps
  }

  #add(step: Step, pending: boolean, sizeBytes: number): void {
    this.#sizeBytes += sizeBytes
    this.#length++
    this.added++
    this.#items.push({ step, pending, sizeBytes })
  }

  /** Takes the payloads of the next step that has some. @returns whether there was one */
  #stripNext(all: boolean): boolean {
    let at = Math.max(this.#head, all ? this.#strippedAll : this.#stripped)
    for (; at < this.#items.length; at++) {
      const item = this.#items[at]
      if (item === undefined || (!all && isFavoured(item.step))) continue
      if (item.pending && item.step.endMillis !== undefined) {
        // Old news: the step itself waits further on.
        this.#remove(at, item)
        break
      }
      const leftBytes = STRUCTURE_BYTES + (item.step.error?.sizeBytes ?? 0) + item.step.effectBytes + eventBytes(item.step)
      if (leftBytes >= item.sizeBytes) continue
      item.step.dropPayloads()
      this.droppedPayloads++
      this.#sizeBytes -= item.sizeBytes - leftBytes
      item.sizeBytes = leftBytes
      break
    }
    if (all) this.#strippedAll = at
    else this.#stripped = at
    return at < this.#items.length
  }

  /** Gives up the oldest step that is neither an error nor a root. @returns whether there was one */
  #evictNext(): boolean {
    let at = Math.max(this.#head, this.#evicted)
    for (; at < this.#items.length; at++) {
      const item = this.#items[at]
      if (item === undefined || isFavoured(item.step)) continue
      this.#remove(at, item)
      if (!item.pending) this.#giveUp(item.step)
      break
    }
    this.#evicted = at
    return at < this.#items.length
  }

  #remove(at: number, item: Item): void {
    this.#items[at] = undefined
    this.#sizeBytes -= item.sizeBytes
    this.#length--
    this.taken++
  }

  #giveUp(step: Step): void {
    this.droppedSteps++
    this.addGap(step.run.id, step.ids.traceId, 'queue_full', 1)
  }

  #compact(): void {
    if (this.#head <= 1024 || this.#head * 2 <= this.#items.length) return
    this.#items = this.#items.slice(this.#head)
    this.#stripped = Math.max(0, this.#stripped - this.#head)
    this.#strippedAll = Math.max(0, this.#strippedAll - this.#head)
    this.#evicted = Math.max(0, this.#evicted - this.#head)
    this.#head = 0
  }
}

function isFavoured(step: Step): boolean {
  return step.isRoot || step.error !== undefined
}

function eventBytes(step: Step): number {
  return (step.events?.length ?? 0) * 200
}

function payloadBytes(step: Step): number {
  return (
    (step.input?.sizeBytes ?? 0) +
    (step.output?.sizeBytes ?? 0) +
    (step.error?.sizeBytes ?? 0) +
    (step.documents?.sizeBytes ?? 0) +
    (step.returned?.sizeBytes ?? 0) +
    step.effectBytes +
    eventBytes(step)
  )
}
