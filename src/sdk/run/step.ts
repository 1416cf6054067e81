import type { Context, Span } from '@opentelemetry/api'
import { type Attributes, ErrorValue, OPERATION_OF_KIND, type ResultShape, SERVED_KINDS, type StreamEnd } from '../../schemas/index.ts'
import { type Call, type CallSpec, limitsFor } from '../calls/call-spec.ts'
import type { Interceptor } from '../calls/interceptor.ts'
import type { Outcome } from '../calls/outcome.ts'
import { suspendEffects } from '../effects/real.ts'
import { StepEffects } from '../effects/step-effects.ts'
import type { Recorder } from '../recorder/recorder.ts'
import type { ListCopier, Snapshot } from '../snapshot/snapshot.ts'
import { nowMillis } from './clock.ts'
import { withContext } from './otel-globals.ts'
import { RepeatedScope } from './repeated-scope.ts'
import type { RunState } from './run-state.ts'
import { runtime } from './runtime.ts'
import type { Scope } from './scope.ts'

export interface StepEvent {
  readonly name: string
  readonly millis: number
  readonly attributes: Attributes
}

export interface StepIds {
  readonly traceId: string
  readonly spanId: string
  /** '' at the top of a trace. */
  readonly parentSpanId: string
}

/** Events beyond this many of one step are counted, not kept. */
const MAX_EVENTS = 4096

/**
 * One recorded call, from its start to the moment it is sent. It is also the scope of what runs inside it: one object a
 * call. Everything that costs (text, digests, attribute lists) is left to the flush.
 */
export class Step implements Scope, Outcome, Call {
  // Scope
  readonly interceptor: Interceptor | undefined = undefined
  readonly token: unknown = undefined
  readonly step: Step = this
  readonly run: RunState
  otelContext: Context | undefined = undefined

  // Identity
  readonly ids: StepIds
  readonly spec: CallSpec
  readonly model: string | undefined
  readonly sequence: number
  /** The recorded step that this one stands under, also when a foreign span lies between. */
  readonly parent: Step | undefined
  /** The user's own OpenTelemetry span for this step, when an SDK of theirs made one. */
  span: Span | undefined = undefined
  /** Whether that span is recorded, so not dropped by their sampler. */
  spanRecorded = false

  // What happened
  readonly startMillis: number = nowMillis()
  endMillis: number | undefined = undefined
  input: Snapshot | undefined
  output: Snapshot | undefined = undefined
  error: Snapshot | undefined = undefined
  shape: ResultShape | undefined = undefined
  streamEnd: StreamEnd | undefined = undefined
  /** start, count, start, count, … */
  deliveries: number[] | undefined = undefined
  events: StepEvent[] | undefined = undefined
  droppedEvents = 0
  /** The user's view of the found documents, for kinds that have one. */
  documents: Snapshot | undefined = undefined
  /** What a generator returned; undefined where that is `undefined`, as of most. */
  returned: Snapshot | undefined = undefined
  /** The user's function for them threw. */
  documentsFailed = false
  /** True once the queue took the payloads away; the cut is in the record. */
  payloadsDropped = false

  // Among the open steps of the recorder
  older: Step | undefined = undefined
  newer: Step | undefined = undefined
  listed = false

  /** Keeps what its code reads of time and chance: not in and below a step that a replay serves. */
  readonly effects: StepEffects | undefined
  readonly #recorder: Recorder
  #chunks: ListCopier | undefined = undefined
  /** For the pulls of a stream. */
  #pulls: RepeatedScope | undefined = undefined

  constructor(recorder: Recorder, run: RunState, parent: Step | undefined, ids: StepIds, call: Call, args: readonly unknown[]) {
    this.#recorder = recorder
    this.run = run
    this.parent = parent
    this.ids = ids
    this.spec = call.spec
    this.model = call.model
    this.sequence = run.nextSequence()
    const { effects } = run.shared
    // Above exchanges that are recorded too, code of served steps may run again.
    const runsAgain = recorder.options.wire ? call.spec.kind !== 'wire' : !SERVED_KINDS.has(call.spec.kind)
    const noting = effects !== undefined && runsAgain && (parent === undefined || parent.effects !== undefined)
    this.effects = noting ? new StepEffects(this, effects) : undefined
    this.input = recorder.snapshot(args)
  }

  /** What its code read of time and chance, as it is sent. */
  encodeEffects(): number[] | undefined {
    return this.effects?.encode()
  }

  get effectBytes(): number {
    return this.effects?.sizeBytes ?? 0
  }

  get operation(): string {
    return OPERATION_OF_KIND[this.spec.kind]
  }

  /** Media type of an output that is bytes or text of a type of its own: an artifact. */
  get outputMediaType(): string | undefined {
    return this.spec.results?.mediaType
  }

  get isRoot(): boolean {
    return this.run.shared.root === this
  }

  within<T>(fn: () => T): T {
    const { otelContext } = this
    if (otelContext !== undefined) return runtime().scopes.run(this, () => withContext(otelContext, fn))
    return this.#pulls === undefined ? runtime().scopes.run(this, fn) : this.#pulls.run(fn)
  }

  delivered(): void {
    // The result of the root is the end of the run; what comes after the end of a stream is no part of it.
    if (this.isRoot || this.endMillis !== undefined) return
    const number = this.run.nextDelivery()
    const { deliveries } = this
    if (deliveries === undefined) {
      this.deliveries = [number, 1]
      return
    }
    const last = deliveries.length - 1
    if ((deliveries[last - 1] ?? 0) + (deliveries[last] ?? 0) === number) deliveries[last] = (deliveries[last] ?? 0) + 1
    else deliveries.push(number, 1)
  }

  settle(value: unknown, shape: ResultShape): void {
    if (this.endMillis !== undefined) return
    this.shape = shape
    if (value !== undefined) this.output = this.#recorder.snapshot(value, limitsFor(this.spec, this.#recorder.limits))
    this.#takeDocuments(value)
    this.#end()
  }

  fail(error: unknown, shape: ResultShape): void {
    if (this.endMillis !== undefined) return
    this.shape = shape
    this.error = this.#recorder.snapshot(error)
    this.#end()
  }

  openStream(shape: ResultShape): void {
    this.shape = shape
    this.#chunks = this.#recorder.openList()
    this.#pulls = new RepeatedScope(this)
    if (!this.run.shared.ended) this.run.shared.openStreams.add(this)
  }

  chunk(value: unknown): void {
    if (this.endMillis === undefined) this.#chunks?.add(value)
  }

  generatorReturned(value: unknown): void {
    if (this.endMillis === undefined) this.returned = this.#recorder.snapshot(value, limitsFor(this.spec, this.#recorder.limits))
  }

  endStream(end: StreamEnd, error?: unknown): void {
    if (this.endMillis !== undefined) return
    this.streamEnd = end
    const chunks = this.#chunks
    if (chunks !== undefined) {
      this.output = chunks.result()
      this.#chunks = undefined
    }
    this.#pulls = undefined
    if (end === 'error') this.error = this.#recorder.snapshot(error)
    this.run.shared.openStreams.delete(this)
    this.#end()
  }

  /** Lets go of what has been sent: something else of the program may hold the step for long, by its async context. */
  release(): void {
    this.input = undefined
    this.output = undefined
    this.error = undefined
    this.documents = undefined
    this.returned = undefined
    this.events = undefined
    this.effects?.release()
  }

  /** Gives up what weighs; the structure, and what was thrown, stay. */
  dropPayloads(): void {
    this.payloadsDropped = true
    this.input = undefined
    this.output = undefined
    this.documents = undefined
    this.returned = undefined
  }

  addEvent(name: string, attributes: Attributes): void {
    if (this.endMillis !== undefined) return
    const events = (this.events ??= [])
    if (events.length < MAX_EVENTS) events.push({ name, millis: nowMillis(), attributes })
    else this.droppedEvents++
  }

  /** For `error.type`: the name that the error gives itself. */
  get errorType(): string | undefined {
    const value = this.error?.value
    if (this.error === undefined) return undefined
    return value instanceof ErrorValue ? (value.fields.name ?? value.fields.type) : typeof value
  }

  #takeDocuments(value: unknown): void {
    const documents = this.spec.results?.documents
    if (documents === undefined) return
    try {
      this.documents = suspendEffects(() => this.#recorder.snapshot(documents(value)))
    } catch {
      this.documentsFailed = true
    }
  }

  #end(): void {
    this.endMillis = nowMillis()
    if (this.isRoot) {
      this.run.shared.ended = true
      for (const open of this.run.shared.openStreams) open.endStream('open')
    }
    // A span processor of the user's reads clocks, and none of them in a replay.
    suspendEffects(() => this.#recorder.ended(this))
  }
}
