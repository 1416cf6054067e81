import type { ResultShape } from '../../schemas/index.ts'
import type { InterceptedCall, Interception } from '../../sdk/index.ts'
import type { Course } from '../delivery/course.ts'
import type { ForkChanges } from '../fork/fork-changes.ts'
import type { Comparable } from '../matching/comparison.ts'
import { nearestTo } from '../matching/nearest.ts'
import type { RecordedCalls } from '../matching/recorded-calls.ts'
import type { LineageNode } from '../recording/lineage.ts'
import type { ContainerChecks } from '../verdict/container-checks.ts'
import { type Departures, describeNode } from '../verdict/departures.ts'
import type { LiveCalls } from './live-calls.ts'
import { type LiveContainer, liveContainer, missMessage, referenceTo } from './live-container.ts'
import { refuse } from './served-result.ts'

/** Beyond this many departures, the nearest candidate is no longer searched for. */
const MAX_SEARCHED = 25

/** A call of the running program that no recorded step stands for. */
export interface UnmatchedCall {
  readonly kind: InterceptedCall['kind']
  readonly name: string
  readonly how: 'served' | 'ran'
}

/** What of a replay a refusal needs to know, and where it is told. */
export interface RefusingReplay {
  readonly calls: RecordedCalls
  readonly course: Course
  readonly live: LiveCalls
  readonly changes: ForkChanges | undefined
  readonly departures: Departures
  readonly unmatched: UnmatchedCall[]
  readonly served: ReadonlySet<LineageNode>
  readonly diverged: Set<LineageNode>
  readonly missing: Set<LineageNode>
  readonly isEdited: boolean
  readonly isClosed: boolean
}

/** What becomes of a call that the recording does not answer: it goes live where that is allowed, else it fails, and is told. */
export class Refusals {
  readonly #replay: RefusingReplay
  readonly #checks: ContainerChecks

  constructor(replay: RefusingReplay, checks: ContainerChecks) {
    this.#replay = replay
    this.#checks = checks
  }

  unmatched(
    call: InterceptedCall,
    parent: LiveContainer | undefined,
    path: string[],
    request: Comparable | undefined,
    recordedEqual: number,
  ): Interception {
    const found =
      request === undefined || this.#replay.departures.total >= MAX_SEARCHED
        ? undefined
        : nearestTo(
            { ...call, parent: parent?.recorded, requestDigest: request.digest, requestText: () => request.text() },
            this.#replay.calls.participants,
            (node) => this.#replay.served.has(node),
            (node) => this.#checks.recordedRequestText(node),
          )
    // The program makes this call in its place: waiting for the recorded one would only take time.
    if (found !== undefined && !this.#replay.served.has(found.node)) this.#replay.course.giveUp(found.node)
    if (this.#replay.live.allows(call)) {
      this.#replay.course.leave()
      return this.#replay.live.make(call, liveContainer(parent, call))
    }
    const namesakes = this.#replay.calls.named(parent?.recorded, call.operation, call.name).length
    const message = missMessage(call, parent, request, recordedEqual, namesakes) + this.#replay.live.refusal(call)
    this.#replay.unmatched.push({ kind: call.kind, name: call.name, how: 'served' })
    this.#replay.departures.note({
      reason: this.#replay.changes?.reached === true ? 'missing' : recordedEqual > 0 ? 'exhausted' : 'unmatched',
      kind: call.kind,
      name: call.name,
      path,
      message,
      ...(found === undefined ? {} : { nearest: referenceTo(found.node) }),
      differences: found?.differences ?? [],
    })
    return refuse(this.shapeOf(call, found?.node), this.#replay.departures.error('replay_diverged', message, path))
  }

  missing(call: InterceptedCall, node: LineageNode, path: string[], reason: string): Interception {
    const message = `${describeNode(node)} cannot be served: ${reason}`
    this.#replay.missing.add(node)
    this.#replay.course.giveUp(node)
    this.#replay.departures.noteAt(node, 'missing', message)
    return refuse(this.shapeOf(call, node), this.#replay.departures.error('artifact_missing', message, path))
  }

  /** The shape in which the caller expects an answer: that of the nearest recorded namesake, else of its kind. */
  shapeOf(call: InterceptedCall, nearest: LineageNode | undefined): ResultShape {
    const alike = ({ record: { core } }: LineageNode): boolean => core.stepName === call.name && core.operation === call.operation
    const namesake = nearest !== undefined && alike(nearest) ? nearest : this.#replay.calls.participants.find(alike)
    const relative = namesake ?? this.#replay.calls.participants.find((node) => node.record.core.kind === call.kind)
    return relative?.record.core.shape ?? 'promise'
  }

  left(node: LineageNode, taken: number, recorded: number): void {
    if (this.#replay.isClosed || this.#replay.isEdited) return
    this.#replay.diverged.add(node)
    const message = `the program left the stream of ${describeNode(node)} after ${taken} of ${recorded} recorded chunks`
    this.#replay.departures.noteAt(node, 'unused', message)
  }

  beyond(node: LineageNode, path: readonly string[], taken: number): unknown {
    const message = `the program wants more of ${describeNode(node)} than the ${taken} chunks that it took when recorded`
    ;(this.#replay.isEdited ? this.#replay.missing : this.#replay.diverged).add(node)
    this.#replay.departures.noteAt(node, this.#replay.isEdited ? 'missing' : 'exhausted', message)
    return this.#replay.departures.error('replay_diverged', message, path)
  }
}
