import type { TimerFiring } from '../effects/recorded-effects.ts'
import { isServed, type RecordedCalls } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import { type Departures, describeNode } from '../verdict/departures.ts'
import { DeliveryScheduler } from './delivery.ts'
import { expandRanges } from './delivery-plan.ts'
import { deliveryMillis } from './pacing.ts'
import { type NumberedDelivery, Timeline } from './timeline.ts'
import { nowMillis } from './turns.ts'

const BASE_PATIENCE_MILLIS = 1000
/** The machine, or what the program asks for besides its recorded calls, may be this much slower than when recorded. */
const SLOWNESS = 10
const TIMER_SLOWNESS = 1.5
const MAX_PATIENCE_MILLIS = 60_000
/** What was called this soon after what came before needed no timer of the program and no I/O. */
const AT_ONCE_MILLIS = 1
/** Once the program has left the recorded course, waiting gains little. */
const LOST_PATIENCE_MILLIS = 100
const LOST_STUCK_MAX_MILLIS = 10_000

/** Keeps a replay to the recorded order of calls and deliveries, and knows where that order had to be given up. */
export class Course {
  readonly scheduler: DeliveryScheduler
  /** Told, before each delivery, when it came in the recording: milliseconds since the start of the run. */
  onDelivered: ((offsetMillis: number) => void) | undefined
  readonly #timeline: Timeline
  readonly #departures: Departures
  readonly #calls: RecordedCalls
  readonly #startedMillis = nowMillis()
  #left = false
  readonly #nodeOfNumber = new Map<number, LineageNode>()
  /** Steps called or delivered after the order was given up. */
  readonly #unordered = new Set<LineageNode>()
  readonly #late = new Set<LineageNode>()

  /** @param scale of the recorded times that results keep to; 0 for none */
  constructor(calls: RecordedCalls, root: LineageNode, departures: Departures, firings: readonly TimerFiring[], scale = 0) {
    this.#calls = calls
    this.#departures = departures
    const deliveries: NumberedDelivery[] = []
    for (const node of calls.participants) {
      if (!isServed(node) || node === root) continue
      const numbers = expandRanges(node.record.core.deliveries ?? [])
      const last = endsStep(node) ? numbers.length - 1 : -1
      for (let index = 0; index < numbers.length; index++) {
        const number = numbers[index]!
        this.#nodeOfNumber.set(number, node)
        deliveries.push({ number, node, ended: index === last, offsetNanos: undefined })
      }
    }
    for (const { number, node, offsetNanos } of firings) deliveries.push({ number, node, ended: false, offsetNanos })
    deliveries.sort((left, right) => left.number - right.number)
    this.#timeline = new Timeline(calls.participants, deliveries)
    const paced = scale > 0 ? deliveryMillis(root, deliveries) : undefined
    this.scheduler = new DeliveryScheduler({
      numbers: distinctNumbers(deliveries),
      callsMadeBefore: (number) => this.#timeline.callsMadeBefore(number),
      patienceMillis: (number) => this.patienceMillis(number),
      ...(paced !== undefined && {
        dueInMillis: (number) => scale * (paced.get(number) ?? 0) - (nowMillis() - this.#startedMillis),
      }),
      onCallsGivenUp: (number) => this.#timeline.giveUpCallsBefore(number),
      onLate: (number) => this.#noteLate(this.#nodeOfNumber.get(number)),
      onDelivered: (number) => {
        if (this.scheduler.losses > 0) this.#noteUnordered(this.#nodeOfNumber.get(number))
        this.onDelivered?.(this.#timeline.offsetMillisOf(number))
      },
    })
  }

  /** When in the recording, in milliseconds since its start, the delivery came that is due next. */
  get nextOffsetMillis(): number | undefined {
    const number = this.scheduler.expected
    return number === undefined ? undefined : this.#timeline.offsetMillisOf(number)
  }

  /** The step that the program called next when it was recorded. */
  get nextCall(): LineageNode | undefined {
    return this.#timeline.nextCall
  }

  called(node: LineageNode): void {
    const givenUp = this.#timeline.called(node)
    this.#noteUnordered(node)
    // Given up because another call seemed to stand in its place: that was no matter of order.
    if (givenUp && this.scheduler.losses > 0) this.#noteLate(node)
  }

  /** Replay no longer waits for this step. */
  giveUp(node: LineageNode): void {
    this.#timeline.giveUp(node)
    for (const number of expandRanges(node.record.core.deliveries ?? [])) this.scheduler.skip(number)
  }

  /**
   * How long the program may be silent before replay stops waiting for what the recording has next. In replay the program
   * waits for its own timers and I/O alone, and these began no earlier than the run: so what they led to at some time after
   * the start of the run is due, at the latest, about that long after the start of the replay.
   */
  patienceMillis(number?: number): number {
    if (!this.#onCourse) return LOST_PATIENCE_MILLIS
    const { silenceMillis, offsetMillis, overtaken } = this.#timeline.awaited(number)
    if (overtaken || (number !== undefined && silenceMillis < AT_ONCE_MILLIS && offsetMillis < this.durationMillis))
      return BASE_PATIENCE_MILLIS
    return BASE_PATIENCE_MILLIS + Math.min(this.#dueMillis(silenceMillis, offsetMillis), MAX_PATIENCE_MILLIS)
  }

  /** How long the program may be silent, with nothing to be given to it, before it counts as stuck. */
  stuckMillis(): number {
    const { silenceMillis, offsetMillis } = this.#timeline.awaited()
    const own = this.#onCourse
      ? this.#dueMillis(silenceMillis, offsetMillis)
      : Math.min(SLOWNESS * this.#timeline.longestSilenceMillis, LOST_STUCK_MAX_MILLIS)
    return 2 * BASE_PATIENCE_MILLIS + own
  }

  /** The program may do other things than recorded from here on, so waiting for what it did then gains little. */
  leave(): void {
    this.#left = true
  }

  get #onCourse(): boolean {
    return !this.#left && this.#departures.total === 0 && this.scheduler.losses === 0
  }

  #dueMillis(silenceMillis: number, offsetMillis: number): number {
    const elapsed = nowMillis() - this.#startedMillis
    return Math.max(SLOWNESS * silenceMillis, TIMER_SLOWNESS * offsetMillis - elapsed, 0)
  }

  get durationMillis(): number {
    return this.#timeline.durationMillis
  }

  /** When, in milliseconds since the start, the program called next after its end when it was recorded; undefined where it did not. */
  get backgroundMillis(): number | undefined {
    return this.#timeline.backgroundMillis
  }

  /**
   * Equal calls that had different answers, where the recorded order could not be kept: which of them got which answer is
   * then no longer certain.
   */
  unstableSteps(): Set<LineageNode> {
    const unstable = new Set<LineageNode>()
    if (this.#late.size === 0) return unstable
    for (const group of this.#calls.repeated()) {
      if (answersDiffer(group)) for (const node of group) if (this.#unordered.has(node)) unstable.add(node)
    }
    return unstable
  }

  #noteUnordered(node: LineageNode | undefined): void {
    if (node !== undefined && this.scheduler.losses > 0) this.#unordered.add(node)
  }

  #noteLate(node: LineageNode | undefined): void {
    if (node === undefined) return
    this.#unordered.add(node)
    if (this.#late.has(node)) return
    this.#late.add(node)
    const message = `${describeNode(node)} came later among the other steps than recorded: the program took longer to ask for it`
    this.#departures.noteAt(node, 'order', message)
  }
}

/** @param deliveries ascending */
function distinctNumbers(deliveries: readonly NumberedDelivery[]): number[] {
  const numbers: number[] = []
  for (const { number } of deliveries) if (number !== numbers.at(-1)) numbers.push(number)
  return numbers
}

/** A stream that its consumer left, or that outlived its run, ended at some time after its last delivery. */
function endsStep({ record }: LineageNode): boolean {
  return record.core.streamEnd !== 'cancelled' && record.core.streamEnd !== 'open'
}

function answersDiffer(group: readonly LineageNode[]): boolean {
  const answers = new Set(
    group.map(({ record }) =>
      record.refs
        .filter(({ role }) => role === 'output' || role === 'error')
        .map(({ role, digest }) => `${role}:${digest}`)
        .sort()
        .join(),
    ),
  )
  return answers.size > 1
}
