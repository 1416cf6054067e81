import type { LineageNode } from '../recording/lineage.ts'

/**
 * When things happened in the recording. Nothing of it reaches a result; it says which calls the program had made before
 * a result came, and how long it took to make them, so that replay knows what to wait for and for how long.
 */
export class Timeline {
  /** In order of time. */
  readonly #calls: readonly TimedCall[]
  readonly #callOf = new Map<LineageNode, TimedCall>()
  /** Nanoseconds since the start, before which a delivery cannot have happened, by delivery number. */
  readonly #deliveredAfter: ReadonlyMap<number, number>
  readonly #rootEndNanos: number | undefined
  readonly #endNanos: number
  readonly longestSilenceMillis: number
  #next = 0
  #latestCalled = -1

  /**
   * @param nodes steps that take part in replay, the root first
   * @param deliveries of the steps that replay serves, ascending
   */
  constructor(nodes: readonly LineageNode[], deliveries: readonly NumberedDelivery[]) {
    const sinceStart = nanosSince(nodes[0]?.record.core.startNanos ?? '0')
    const calls: TimedCall[] = []
    const events = new Float64Array(2 * nodes.length)
    let count = 0
    for (const node of nodes) {
      const { core } = node.record
      const startNanos = sinceStart(core.startNanos)
      const endNanos = core.endNanos === undefined ? undefined : sinceStart(core.endNanos)
      const call: TimedCall = { node, startNanos, endNanos, silenceMillis: 0, place: 0, called: false }
      calls.push(call)
      this.#callOf.set(node, call)
      events[count++] = startNanos
      if (endNanos !== undefined) events[count++] = endNanos
    }
    const ordered = events.subarray(0, count).sort()
    this.#rootEndNanos = calls[0]?.endNanos
    this.#calls = calls.sort((left, right) => left.startNanos - right.startNanos)
    this.longestSilenceMillis = noteSilences(this.#calls, ordered)
    for (let place = 0; place < calls.length; place++) calls[place]!.place = place
    this.#endNanos = ordered.at(-1) ?? 0
    this.#deliveredAfter = lowerBounds(deliveries, this.#callOf)
  }

  get durationMillis(): number {
    return toMillis(this.#endNanos)
  }

  /** The first call in the recording that the program has not made yet. */
  get nextCall(): LineageNode | undefined {
    return this.#firstPending()?.node
  }

  /** The program made this call. Returns whether replay had stopped waiting for it. */
  called(node: LineageNode): boolean {
    const call = this.#callOf.get(node)
    if (call === undefined) return false
    const late = call.called
    call.called = true
    if (call.place > this.#latestCalled) this.#latestCalled = call.place
    return late
  }

  /** The earliest moment at which that delivery can have come, in milliseconds since the start. */
  offsetMillisOf(number: number): number {
    return toMillis(this.#deliveredAfter.get(number) ?? 0)
  }

  /** Replay no longer waits for this call. */
  giveUp(node: LineageNode): void {
    const call = this.#callOf.get(node)
    if (call !== undefined) call.called = true
  }

  giveUpCallsBefore(number: number): void {
    for (let call = this.#blocking(number); call !== undefined; call = this.#blocking(number)) call.called = true
  }

  callsMadeBefore(number: number): boolean {
    return this.#blocking(number) === undefined
  }

  /** What the program did next in the recording, before result `number` came; without a number, what it did next at all. */
  awaited(number?: number): Awaited {
    const call = number === undefined ? this.#firstPending() : this.#blocking(number)
    if (call === undefined) return { offsetMillis: this.durationMillis, silenceMillis: 0, overtaken: false }
    const overtaken = this.#latestCalled > call.place
    return { offsetMillis: toMillis(call.startNanos), silenceMillis: call.silenceMillis, overtaken }
  }

  /** When, in milliseconds since the start, the first call was made after the root had ended that the program has not made yet. */
  get backgroundMillis(): number | undefined {
    const end = this.#rootEndNanos
    if (end === undefined) return undefined
    const call = this.#calls.find(({ startNanos, called }) => startNanos >= end && !called)
    return call === undefined ? undefined : toMillis(call.startNanos)
  }

  /** The first call that the program has not made yet and had made before result `number` came. */
  #blocking(number: number): TimedCall | undefined {
    const pending = this.#firstPending()
    const bound = this.#deliveredAfter.get(number)
    // The recorder's clock is monotonic, and it reads a step's end before the program sees the result: a call that follows
    // from a result never starts before it.
    return pending === undefined || bound === undefined || pending.startNanos >= bound ? undefined : pending
  }

  #firstPending(): TimedCall | undefined {
    let call = this.#calls[this.#next]
    while (call?.called === true) call = this.#calls[++this.#next]
    return call
  }
}

export interface Awaited {
  /** Since the start of the run. */
  readonly offsetMillis: number
  /** How long nothing had been called and nothing had ended before it. */
  readonly silenceMillis: number
  /** The program has made a call that came later in the recording: it seems to have left this one out. */
  readonly overtaken: boolean
}

export interface NumberedDelivery {
  readonly number: number
  readonly node: LineageNode
  /** Whether the step ended at the moment of this delivery. */
  readonly ended: boolean
  /** Nanoseconds since the start of the run, of what was recorded with its time: a timer's firing. */
  readonly offsetNanos?: number | undefined
}

interface TimedCall {
  readonly node: LineageNode
  readonly startNanos: number
  readonly endNanos: number | undefined
  /** Since whatever had started or ended before it. */
  silenceMillis: number
  /** In order of time. */
  place: number
  /** The program made it, or replay no longer waits for it. */
  called: boolean
}

/**
 * Nanoseconds since a moment. Both are decimal digits beyond 2^53: what differs is in the last digits, nearly always, and numbers are
 * many times as fast as bigints.
 */
function nanosSince(origin: string): (nanos: string) => number {
  const bigOrigin = BigInt(origin)
  const cut = origin.length - 15
  const head = origin.slice(0, Math.max(0, cut))
  const tail = Number(origin.slice(Math.max(0, cut)))
  return (nanos) =>
    nanos.length === origin.length && nanos.startsWith(head) ? Number(nanos.slice(head.length)) - tail : Number(BigInt(nanos) - bigOrigin)
}

/** @param events when anything started or ended, ascending. Gives the longest silence, in milliseconds. */
function noteSilences(calls: readonly TimedCall[], events: Float64Array): number {
  let longest = 0
  let next = 0
  for (let index = 0; index < events.length; index++) {
    const time = events[index]!
    const before = events[index - 1] ?? time
    if (index > 0 && before === time) continue
    const silence = toMillis(time - before)
    longest = Math.max(longest, silence)
    for (let call = calls[next]; call !== undefined && call.startNanos <= time; call = calls[++next]) call.silenceMillis = silence
  }
  return longest
}

/**
 * A result comes after its call; the one that ended a step came when the step ended; and what is numbered higher came no
 * earlier than what is numbered lower.
 */
function lowerBounds(deliveries: readonly NumberedDelivery[], calls: ReadonlyMap<LineageNode, TimedCall>): Map<number, number> {
  const bounds = new Map<number, number>()
  let latest = 0
  for (const { number, node, ended, offsetNanos } of deliveries) {
    const time = calls.get(node)
    latest = Math.max(latest, (time?.startNanos ?? 0) + 1, ended ? (time?.endNanos ?? 0) : 0, offsetNanos ?? 0)
    bounds.set(number, latest)
  }
  return bounds
}

function toMillis(nanos: number): number {
  return nanos / 1e6
}
