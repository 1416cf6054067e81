import type { LineageNode } from './lineage.ts'

/**
 * When things happened in the recording. Nothing of it reaches a result; it says which calls the program had made before
 * a result came, and how long the program was silent in between, so that replay knows how long to wait for it.
 */
export class Timeline {
  readonly #calls: readonly TimedCall[]
  readonly #called = new Set<LineageNode>()
  /** Nanoseconds before which a delivery cannot have happened, by delivery number. */
  readonly #deliveredAfter: ReadonlyMap<number, bigint>
  #longestSilenceMillis = 0
  readonly #tailMillis: number
  readonly #rootEndNanos: bigint | undefined
  readonly durationMillis: number
  #next = 0

  /**
   * @param nodes steps that take part in replay, the root first
   * @param deliveries of the steps that replay serves
   */
  constructor(nodes: readonly LineageNode[], deliveries: readonly NumberedDelivery[]) {
    const events: bigint[] = []
    for (const { record } of nodes) {
      events.push(BigInt(record.core.startNanos))
      if (record.core.endNanos !== undefined) events.push(BigInt(record.core.endNanos))
    }
    events.sort(order)
    const silences = silenceBefore(events)
    this.#calls = nodes
      .map((node) => ({ node, startNanos: BigInt(node.record.core.startNanos) }))
      .sort((left, right) => order(left.startNanos, right.startNanos))
      .map((call) => ({ ...call, silenceMillis: silences.get(call.startNanos) ?? 0 }))
    for (const silence of silences.values()) if (silence > this.#longestSilenceMillis) this.#longestSilenceMillis = silence
    const rootEnd = nodes[0]?.record.core.endNanos
    this.#rootEndNanos = rootEnd === undefined ? undefined : BigInt(rootEnd)
    this.#tailMillis = this.#rootEndNanos === undefined ? 0 : (silences.get(this.#rootEndNanos) ?? 0)
    this.durationMillis = millisBetween(events[0] ?? 0n, events.at(-1) ?? 0n)
    this.#deliveredAfter = lowerBounds(deliveries)
  }

  /** The program made this call. Returns whether replay had stopped waiting for it. */
  called(node: LineageNode): boolean {
    const late = this.#called.has(node)
    this.#called.add(node)
    return late
  }

  callsMadeBefore(number: number): boolean {
    const pending = this.#firstPending()
    const bound = this.#deliveredAfter.get(number)
    // The recorder's clock is monotonic, and it reads a step's end before the program sees the result: a call that follows
    // from a result never starts before it.
    return pending === undefined || bound === undefined || pending.startNanos >= bound
  }

  giveUpCallsBefore(number: number): void {
    const bound = this.#deliveredAfter.get(number)
    if (bound === undefined) return
    for (let pending = this.#firstPending(); pending !== undefined && pending.startNanos < bound; pending = this.#firstPending()) {
      this.#called.add(pending.node)
    }
  }

  /** Replay no longer waits for this call. */
  giveUp(node: LineageNode): void {
    this.#called.add(node)
  }

  /** How long the program was silent, at this place in the recording, before it went on. */
  silenceMillis(orderKept: boolean): number {
    if (!orderKept) return this.#longestSilenceMillis
    return this.#firstPending()?.silenceMillis ?? this.#tailMillis
  }

  /** Whether the recording has calls, made after its root had ended, that the program has not made yet. */
  get backgroundPending(): boolean {
    const end = this.#rootEndNanos
    return end !== undefined && this.#calls.some(({ node, startNanos }) => startNanos >= end && !this.#called.has(node))
  }

  #firstPending(): TimedCall | undefined {
    let call = this.#calls[this.#next]
    while (call !== undefined && this.#called.has(call.node)) call = this.#calls[++this.#next]
    return call
  }
}

export interface NumberedDelivery {
  readonly number: number
  readonly node: LineageNode
  /** Whether the step ended at the moment of this delivery. */
  readonly ended: boolean
}

interface TimedCall {
  readonly node: LineageNode
  readonly startNanos: bigint
  readonly silenceMillis: number
}

function silenceBefore(sorted: readonly bigint[]): Map<bigint, number> {
  const silences = new Map<bigint, number>()
  for (const [index, time] of sorted.entries()) {
    const before = sorted[index - 1]
    if (!silences.has(time)) silences.set(time, before === undefined ? 0 : millisBetween(before, time))
  }
  return silences
}

/** The delivery that ended a step happened when the step ended; what is numbered higher happened no earlier. */
function lowerBounds(deliveries: readonly NumberedDelivery[]): Map<number, bigint> {
  const bounds = new Map<number, bigint>()
  let latest = 0n
  for (const { number, node, ended } of [...deliveries].sort((left, right) => left.number - right.number)) {
    const { endNanos } = node.record.core
    if (ended && endNanos !== undefined && BigInt(endNanos) > latest) latest = BigInt(endNanos)
    bounds.set(number, latest)
  }
  return bounds
}

function millisBetween(from: bigint, to: bigint): number {
  return Math.min(Number(to - from) / 1e6, 2 ** 31)
}

function order(left: bigint, right: bigint): number {
  return left < right ? -1 : left > right ? 1 : 0
}
