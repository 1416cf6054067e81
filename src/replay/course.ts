import { DeliveryScheduler } from './delivery.ts'
import { expandRanges } from './delivery-plan.ts'
import { type Departures, describeNode } from './departures.ts'
import type { LineageNode } from './lineage.ts'
import { isServed, type RecordedCalls } from './recorded-calls.ts'
import { type NumberedDelivery, Timeline } from './timeline.ts'

const BASE_PATIENCE_MILLIS = 1000
/** A machine may be this much slower than the one that recorded. */
const SLOWNESS = 10
/** Once the program has left the recorded course, waiting for the recorded order gains little. */
const LOST_PATIENCE_MILLIS = 100

/** Keeps a replay to the recorded order of calls and deliveries, and knows where that order had to be given up. */
export class Course {
  readonly scheduler: DeliveryScheduler
  readonly #timeline: Timeline
  readonly #departures: Departures
  readonly #calls: RecordedCalls
  readonly #nodeOfNumber = new Map<number, LineageNode>()
  /** Steps called or delivered after the order was given up. */
  readonly #unordered = new Set<LineageNode>()
  readonly #late = new Set<LineageNode>()

  constructor(calls: RecordedCalls, root: LineageNode, departures: Departures) {
    this.#calls = calls
    this.#departures = departures
    const deliveries: NumberedDelivery[] = []
    for (const node of calls.participants) {
      if (!isServed(node) || node === root) continue
      const numbers = expandRanges(node.record.core.deliveries ?? [])
      for (const [index, number] of numbers.entries()) {
        this.#nodeOfNumber.set(number, node)
        deliveries.push({ number, node, ended: endsStep(node) && index === numbers.length - 1 })
      }
    }
    this.#timeline = new Timeline(calls.participants, deliveries)
    this.scheduler = new DeliveryScheduler({
      numbers: [...this.#nodeOfNumber.keys()].sort((left, right) => left - right),
      callsMadeBefore: (number) => this.#timeline.callsMadeBefore(number),
      patienceMillis: () => this.patienceMillis(),
      onCallsGivenUp: (number) => this.#timeline.giveUpCallsBefore(number),
      onLate: (number) => this.#noteLate(this.#nodeOfNumber.get(number)),
      onDelivered: (number) => this.#noteUnordered(this.#nodeOfNumber.get(number)),
    })
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

  /** How long the program may be silent before replay stops waiting for what comes next. */
  patienceMillis(): number {
    const onCourse = this.#departures.total === 0 && this.scheduler.losses === 0
    return onCourse ? BASE_PATIENCE_MILLIS + SLOWNESS * this.#timeline.silenceMillis(true) : LOST_PATIENCE_MILLIS
  }

  /** How long the program may be silent before it counts as stuck: its own timers and I/O took no longer when recorded. */
  stuckMillis(): number {
    const onCourse = this.#departures.total === 0 && this.scheduler.losses === 0
    return 2 * BASE_PATIENCE_MILLIS + SLOWNESS * this.#timeline.silenceMillis(onCourse)
  }

  get durationMillis(): number {
    return this.#timeline.durationMillis
  }

  get backgroundPending(): boolean {
    return this.#timeline.backgroundPending
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
