import { ATTR, type Attributes } from '../schemas/index.ts'
import type { Effects } from '../sdk/effects/index.ts'
import {
  captureForComparison,
  createRandom,
  type InterceptedCall,
  type Interception,
  type Interceptor,
  type JsonOfValue,
  type RecordedInterception,
} from '../sdk/index.ts'
import { installClientHooks } from '../sdk/wire/index.ts'
import { Course } from './delivery/course.ts'
import { RecordedEffects } from './effects/recorded-effects.ts'
import { RunEffects } from './effects/run-effects.ts'
import type { ForkChanges } from './fork/fork-changes.ts'
import { InheritedChanges, inheritedAttributes } from './fork/inherited-changes.ts'
import type { Patch } from './fork/patch.ts'
import { type Comparable, Comparison } from './matching/comparison.ts'
import { isServed, nameKeyOf, RecordedCalls, servesKind } from './matching/recorded-calls.ts'
import { ignoredFieldsOf } from './recording/ignored-fields.ts'
import type { LineageNode } from './recording/lineage.ts'
import { pendingNote } from './recording/pending.ts'
import type { Recording } from './recording/recording.ts'
import { type CachedOptions, LiveCalls } from './serving/live-calls.ts'
import { changedArguments, type LiveContainer, liveContainer, nextCount, originOf } from './serving/live-container.ts'
import { Refusals, type UnmatchedCall } from './serving/refusals.ts'
import { resplit } from './serving/resplit.ts'
import { leaveOpen, readResult, restored, serveResult } from './serving/served-result.ts'
import type { StreamCursor } from './serving/served-stream.ts'
import { ContainerChecks } from './verdict/container-checks.ts'
import { Departures } from './verdict/departures.ts'
import type { OutcomeCheck, ReplayedOutcome } from './verdict/outcome.ts'
import type { ProgramEnd } from './wait-for-end.ts'
import { OpenedCalls } from './wire/over-the-wire.ts'

export interface SessionOptions {
  /** Undefined in an exact replay: nothing is ever called. */
  readonly live?: CachedOptions
  /** What a fork changes. */
  readonly changes?: ForkChanges
  /** Records what happens as a run of its own. */
  readonly record?: boolean
  /** Of the recorded times that results keep to; 0, the default: none. */
  readonly scale?: number
  /** Cuts streams of text elsewhere. */
  readonly resplit?: string
}

/** One replay of one recording: answers the program's calls from it, and notes every departure. Runs once. */
export class ReplaySession implements Interceptor {
  readonly recording: Recording
  readonly calls: RecordedCalls
  readonly course: Course
  readonly effects: RunEffects
  readonly live: LiveCalls
  readonly changes: ForkChanges | undefined
  readonly recorded: RecordedInterception | undefined
  /** Of the run that is recorded; undefined before it opens, and where nothing is recorded. */
  recordedRunId: string | undefined
  readonly departures: Departures = new Departures()
  readonly unmatched: UnmatchedCall[] = []
  /** Containers that the recording does not have, where what they call goes live. */
  readonly added: Pick<UnmatchedCall, 'kind' | 'name'>[] = []
  readonly served: Set<LineageNode> = new Set()
  readonly ran: Set<LineageNode> = new Set()
  readonly diverged: Set<LineageNode> = new Set()
  readonly missing: Set<LineageNode> = new Set()
  /** Containers that ran otherwise than recorded, as they may once something was changed or went live. */
  readonly altered: Set<LineageNode> = new Set()
  /** Streams whose chunks were cut elsewhere than recorded. */
  readonly recut: Set<LineageNode> = new Set()
  /** The root's outcome against the recorded one; undefined until the root has ended. */
  rootCheck: OutcomeCheck | undefined
  readonly #comparison: Comparison
  readonly #cursors: StreamCursor[] = []
  readonly #inherited: InheritedChanges
  readonly #resplit: string | undefined
  readonly #checks: ContainerChecks
  readonly #refusals: Refusals
  readonly #opened: OpenedCalls
  readonly #hasWire: boolean
  #rootReturned = false
  #closed = false

  /** Throws RepriseError `recording_version` when the recording's redaction policy is not known. */
  constructor(recording: Recording, { live, changes, record = false, scale = 0, resplit }: SessionOptions = {}) {
    this.recording = recording
    this.changes = changes
    this.#resplit = resplit
    this.#comparison = new Comparison(recording.policy, recording.root.record.core.namespace, () => this.calls.requests())
    this.#checks = new ContainerChecks(this, this.#comparison)
    this.#refusals = new Refusals(this, this.#checks)
    this.#opened = OpenedCalls.of(recording.nodes)
    this.#hasWire = recording.nodes.some(({ record }) => record.core.kind === 'wire')
    if (this.#hasWire) installClientHooks()
    this.calls = new RecordedCalls(recording.nodes, recording.root, changes?.opened)
    this.#inherited = new InheritedChanges(recording, this.calls)
    const recorded = new RecordedEffects(recording, this.calls.participants)
    this.course = new Course(this.calls, recording.root, this.departures, recorded.firings, scale)
    this.live = new LiveCalls(live, this.course.scheduler)
    this.recorded = record ? { head: recorded.head, onOpened: (runId) => (this.recordedRunId = runId) } : undefined
    this.effects = new RunEffects(recording, recorded, this.course, () => this.rootCheck === undefined && !this.#closed)
  }

  /** Something was changed or went live: what follows cannot be held against the program. */
  get isEdited(): boolean {
    return this.live.any || this.changes?.reached === true
  }

  get isClosed(): boolean {
    return this.#closed
  }

  intercept(call: InterceptedCall): Interception {
    const parent = call.parent as LiveContainer | undefined
    if (!this.#closed) this.course.scheduler.touch()
    if (parent === undefined && this.ran.size === 0) return this.#startRoot(call)
    const inherited = this.#inherit(call, parent)
    if (inherited === undefined) return this.#answer(call, parent)
    const { args, attributes } = inherited
    const interception = this.#answer({ ...call, args }, parent)
    return { args, ...interception, attributes: { ...attributes, ...interception.attributes } }
  }

  #answer(call: InterceptedCall, parent: LiveContainer | undefined): Interception {
    const served = servesKind(call.kind) && !this.#opened.has(parent?.recorded, call.operation, call.name)
    return served ? this.#serve(call, parent) : this.#run(call, parent)
  }

  /** The arguments as they were changed for this call when the recording, a fork, was made. */
  #inherit(call: InterceptedCall, parent: LiveContainer | undefined): { args: unknown[]; attributes: Attributes } | undefined {
    if (parent?.recorded === undefined || this.#closed || !this.#inherited.concern(parent.recorded)) return undefined
    const ordinal = nextCount(parent, `inherited ${nameKeyOf(call.operation, call.name)}`)
    const change = this.#inherited.at(parent.recorded, call, ordinal)
    if (change === undefined) return undefined
    try {
      const args = change.patch.applyToInput(call.args)
      if (this.#requestOf({ ...call, args })?.digest !== change.node.requestDigest) return undefined
      return { args, attributes: inheritedAttributes(change) }
    } catch {
      return undefined
    }
  }

  answersWire(token: unknown): boolean {
    return this.#hasWire && (token as LiveContainer | undefined)?.isLive !== true
  }

  effectsOf(token: unknown): Effects | undefined {
    return (token as LiveContainer | undefined)?.effects
  }

  onEvent(token: unknown, event: { readonly name: string; readonly attributes: Attributes }): void {
    const recorded = (token as LiveContainer | undefined)?.recorded
    if (recorded !== undefined) this.#checks.onEvent(recorded, event.attributes)
  }

  /** Notes how the program came to its end. */
  finish(end: ProgramEnd): void {
    const { root } = this.recording
    const endedWhenRecorded = root.record.core.endNanos !== undefined
    if (end.how === 'timeout' || (end.how === 'stuck' && endedWhenRecorded)) {
      this.diverged.add(root)
      const silence = end.how === 'stuck' ? `was silent for ${end.afterMillis} ms` : `ran for ${end.afterMillis} ms`
      const { manifest, folder } = this.recording
      const pending = pendingNote(
        [...this.served].map(({ record }) => record),
        manifest.runId,
        folder,
      )
      this.departures.noteAt(root, 'output', `the program ${silence} and did not end; it had ended when recorded${pending}`)
    }
    if (this.#rootReturned && this.departures.anyThrown)
      this.departures.noteAt(root, 'swallowed', 'the program caught the error that says so and went on as if nothing had happened')
  }

  /** Ends the replay: late calls get no answer, and nothing is noted any more. */
  close(): void {
    for (const cursor of this.#cursors) cursor.finish()
    this.#closed = true
    this.course.scheduler.close()
  }

  #startRoot(call: InterceptedCall): Interception {
    const { root, manifest } = this.recording
    const live: LiveContainer = { recorded: root, path: [root.record.core.stepName], ...this.#freshOf(root) }
    this.ran.add(root)
    this.course.called(root)
    const patch = this.#changeAt(root)
    const changed = changedArguments(patch, call)
    this.#checks.checkRequest(root, this.#requestOf({ ...call, ...changed }, root))
    const shownId = root.record.core.attributes[ATTR.shownRunId]
    const seed = patch?.seed ?? manifest.seed
    return {
      mode: 'run',
      token: live,
      runId: typeof shownId === 'string' ? shownId : manifest.runId,
      ...(seed === undefined ? {} : { seed }),
      ...(changed.args !== undefined && { args: changed.args }),
      attributes: { [ATTR.parentRunId]: manifest.runId, ...originOf(root), ...this.changes?.attributes },
      onEnd: (outcome) => {
        this.#rootReturned = outcome.ok
        this.rootCheck = this.#checkOutcome(root, outcome)
      },
    }
  }

  /** Code that is no effect itself runs again, above what is served. */
  #run(call: InterceptedCall, parent: LiveContainer | undefined): Interception {
    const isLive = parent?.isLive === true ? ({ isLive: true, effects: undefined } as const) : {}
    const request = this.#requestOf(call)
    const recorded = this.#pair(call, parent, request)
    if (parent?.isLive === true && recorded === undefined) return this.live.within(liveContainer(parent, call))
    const live: LiveContainer = { recorded, path: [...(parent?.path ?? []), call.name], ...this.#freshOf(recorded), ...isLive }
    const changed = changedArguments(this.#changeAt(recorded), call)
    if (recorded !== undefined) {
      this.ran.add(recorded)
      this.course.called(recorded)
      this.#checks.checkRequest(recorded, changed.args === undefined ? request : this.#requestOf({ ...call, ...changed }))
    } else if (this.live.onMiss === 'live') {
      this.added.push({ kind: call.kind, name: call.name })
    } else if (!this.#closed) {
      this.unmatched.push({ kind: call.kind, name: call.name, how: 'ran' })
      const message = `the recording has no ${call.kind} ${call.name} here; nothing beneath it can be served`
      this.departures.note({ reason: 'unmatched', kind: call.kind, name: call.name, path: [...live.path], message, differences: [] })
    }
    return {
      mode: 'run',
      token: live,
      ...(changed.args !== undefined && { args: changed.args }),
      ...(recorded === undefined ? {} : { attributes: { ...originOf(recorded), ...changed.attributes } }),
      onEnd: (outcome, json) => {
        if (recorded !== undefined) this.#checkOutcome(recorded, outcome, json)
        else if (!this.#closed) this.course.scheduler.touch()
      },
    }
  }

  /** An equal recorded container if one is left, else the one at the same ordinal among its namesakes, else any of them. */
  #pair(call: InterceptedCall, parent: LiveContainer | undefined, request: Comparable | undefined): LineageNode | undefined {
    if (parent?.recorded === undefined || this.#closed) return undefined
    const ordinal = nextCount(parent, nameKeyOf(call.operation, call.name))
    const free = (node: LineageNode | undefined): node is LineageNode => node !== undefined && !this.ran.has(node) && !isServed(node)
    const pick = (nodes: readonly LineageNode[], place: number): LineageNode | undefined =>
      // Nearly always it is the one at its place; a search from the start would make long loops quadratic.
      free(nodes[place]) ? nodes[place] : nodes.find(free)
    const namesakes = this.calls.named(parent.recorded, call.operation, call.name)
    if (request === undefined) return pick(namesakes, ordinal)
    const equal = this.calls.equal(parent.recorded, call.operation, call.name, request.digest)
    return (equal && pick(equal.nodes, nextCount(parent, equal))) ?? pick(namesakes, ordinal)
  }

  #serve(call: InterceptedCall, parent: LiveContainer | undefined): Interception {
    const path = (): string[] => [...(parent?.path ?? []), call.name]
    if (this.#closed) return leaveOpen(this.#refusals.shapeOf(call, undefined), `${call.name} was called after the replay had ended`)
    const request = this.#requestOf(call)
    const equal = request && this.calls.equal(parent?.recorded, call.operation, call.name, request.digest)
    const node = equal && parent && equal.nodes[nextCount(parent, equal)]
    if (node === undefined || !isServed(node)) return this.#refusals.unmatched(call, parent, path(), request, equal?.nodes.length ?? 0)
    const patch = this.#changeAt(node)
    if (patch?.setsInput === true) return this.#callChanged(call, parent, node, path(), patch)
    this.course.called(node)
    this.served.add(node)
    const recorded = readResult(this.recording, node)
    const isGiven = patch?.setsResult === true
    const result = restored(isGiven ? (this.changes?.resultOf(recorded) ?? recorded) : recorded, node, call.restore)
    if (result.state === 'missing') return this.#refusals.missing(call, node, path(), result.reason)
    const served = serveResult(node, result, this.course.scheduler, isGiven, () => ({
      recut: (chunks) => this.#recut(node, chunks),
      onOpened: (cursor) => this.#cursors.push(cursor),
      onLeft: (taken, recorded) => this.#refusals.left(node, taken, recorded),
      onBeyond: (taken) => this.#refusals.beyond(node, path(), taken),
    }))
    if (this.recorded === undefined) return served
    return { ...served, attributes: { ...originOf(node), [ATTR.label]: this.live.servedLabel } }
  }

  #recut(node: LineageNode, chunks: readonly unknown[]): readonly unknown[] | undefined {
    const seed = this.#resplit
    const cut = seed === undefined ? undefined : resplit(chunks, createRandom(seed, `resplit ${node.lineage}`))
    if (cut !== undefined) this.recut.add(node)
    return cut
  }

  /** Notes that a step is called. Gives what is changed there. */
  #changeAt(node: LineageNode | undefined): Patch | undefined {
    const patch = this.#closed ? undefined : this.changes?.at(node)
    if (patch !== undefined && node !== undefined) {
      this.effects.change(node, patch)
      this.course.leave()
    }
    return patch
  }

  /** A served step is called after all, with another input; what it calls in turn still stands under it. */
  #callChanged(call: InterceptedCall, parent: LiveContainer | undefined, node: LineageNode, path: string[], patch: Patch): Interception {
    this.course.called(node)
    this.course.giveUp(node)
    if (!this.live.allows(call)) return this.#refusals.missing(call, node, path, `it would have to be called${this.live.refusal(call)}`)
    const made = this.live.make(call, { ...liveContainer(parent, call), recorded: node }, node)
    return {
      ...made,
      args: patch.applyToInput(call.args),
      attributes: { ...made.attributes, ...originOf(node), ...inheritedAttributes({ patch }) },
    }
  }

  #freshOf(recorded: LineageNode | undefined): Pick<LiveContainer, 'counts' | 'effects'> {
    return { counts: new Map(), effects: this.effects.of(recorded) }
  }

  #checkOutcome(recorded: LineageNode, outcome: ReplayedOutcome, json?: JsonOfValue): OutcomeCheck | undefined {
    this.#checks.end(recorded)
    if (this.#closed) return undefined
    this.course.scheduler.touch()
    return this.#checks.checkOutcome(recorded, outcome, json)
  }

  /** @param next the recorded call that it most likely is */
  #requestOf(call: InterceptedCall, next: LineageNode | undefined = this.course.nextCall): Comparable | undefined {
    try {
      const ignored = this.calls.ignoredOf(call.operation, call.name)
      // Of a call that is compared without some fields, equal bytes say the same and its digest something else.
      const input = next && ignoredFieldsOf(next.record.core).length === 0 ? this.recording.jsonOf(next.record, 'input') : undefined
      const expected = next && input && { json: input.json, bytesDigest: input.bytesDigest, digest: next.requestDigest }
      return this.#comparison.compareArguments(captureForComparison(call.args), call.kind, ignored, expected)
    } catch {
      // What cannot be redacted was withheld when recorded: it has no equal, and its text may not be shown.
      return undefined
    }
  }
}
