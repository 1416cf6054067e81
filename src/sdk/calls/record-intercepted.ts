import { ATTR, type ResultShape, randomId32, type StreamEnd } from '../../schemas/index.ts'
import type { Effects } from '../effects/effects.ts'
import { RecordedService } from '../effects/recorded-service.ts'
import type { Recorder } from '../recorder/recorder.ts'
import { RunState, randomSeed } from '../run/run-state.ts'
import type { Scope } from '../run/scope.ts'
import { nextSpanId } from '../run/span-ids.ts'
import { Step } from '../run/step.ts'
import { type CallSpec, callSpec, modelOf } from './call-spec.ts'
import type { Interception, RecordedInterception } from './interceptor.ts'
import type { Outcome } from './outcome.ts'

/**
 * The step of a call that an interceptor answers or lets run, where that is recorded: as `beginStep` makes one, without a span of the
 * user's OpenTelemetry SDK, which is to see nothing of a replay. Undefined for a call outside of the run.
 */
export function beginIntercepted(
  recorder: Recorder,
  { head, onOpened }: RecordedInterception,
  spec: CallSpec,
  scope: Scope,
  interception: Interception,
  args: readonly unknown[],
): Step | undefined {
  const above = scope.step
  if (above === undefined && spec.run === undefined) return undefined
  const seed = interception.mode === 'run' ? (interception.seed ?? spec.run?.seed) : undefined
  const { attributes } = interception
  const shown = interception.mode === 'run' ? interception.runId : undefined
  const all = { ...spec.attributes, ...attributes, ...(shown !== undefined && { [ATTR.shownRunId]: shown }) }
  const told = callSpec({ ...spec, ...(Object.keys(all).length > 0 && { attributes: all }) })
  const ids = { traceId: above?.ids.traceId ?? randomId32(), spanId: nextSpanId(), parentSpanId: above?.ids.spanId ?? '' }
  const enclosing = above?.run
  const training = spec.run?.training ?? enclosing?.training ?? false
  const isInner = spec.run === undefined && seed === undefined
  const run =
    enclosing === undefined
      ? new RunState(ids.traceId, seed ?? randomSeed(), training)
      : isInner
        ? (scope.run ?? enclosing)
        : enclosing.nest(seed, training)
  if (enclosing === undefined) {
    run.shared.shownId = shown
    if (recorder.options.effects.length > 0) run.keepEffects(recorder.options.effects, head)
    onOpened(run.id)
  }
  const step = new Step(recorder, run, above, ids, { spec: told, model: modelOf(spec, args) }, args)
  if (enclosing === undefined) run.shared.root = step
  if (run !== enclosing) {
    run.owner = step
    run.ownerToken = interception.mode === 'run' ? interception.token : undefined
  }
  recorder.started(step)
  return step
}

/** Where the code of a recorded step has time and chance from. */
export function effectsOfRecorded(served: Effects | undefined, { effects }: Step): Effects | undefined {
  return served === undefined || effects === undefined ? (served ?? effects) : new RecordedService(served, effects)
}

/** Tells two of one result. */
export class BothOutcomes implements Outcome {
  readonly #first: Outcome
  readonly #second: Outcome

  /** @param second whose scope the call runs in */
  constructor(first: Outcome, second: Outcome) {
    this.#first = first
    this.#second = second
  }

  within<T>(fn: () => T): T {
    return this.#second.within(fn)
  }

  delivered(): void {
    this.#first.delivered()
    this.#second.delivered()
  }

  settle(value: unknown, shape: ResultShape): void {
    this.#first.settle(value, shape)
    this.#second.settle(value, shape)
  }

  fail(error: unknown, shape: ResultShape): void {
    this.#first.fail(error, shape)
    this.#second.fail(error, shape)
  }

  openStream(shape: ResultShape): void {
    this.#first.openStream(shape)
    this.#second.openStream(shape)
  }

  chunk(value: unknown): void {
    this.#first.chunk(value)
    this.#second.chunk(value)
  }

  generatorReturned(value: unknown): void {
    this.#first.generatorReturned(value)
    this.#second.generatorReturned(value)
  }

  endStream(end: StreamEnd, error?: unknown): void {
    this.#first.endStream(end, error)
    this.#second.endStream(end, error)
  }
}
